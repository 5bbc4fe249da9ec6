//! The mathematics of line-search optimizers, without a model in sight.
//!
//! A line search looks along a direction `d` for a step size `η` that lowers the loss of the
//! current mini-batch *enough*. This crate holds what that takes: the rule that says what enough
//! is ([`Armijo`]), the search that proposes step sizes and is told losses ([`Search`]), the way a
//! step size grows from one iteration to the next ([`Growth`]), the merging of units whose step
//! sizes have collapsed ([`merge`](crate::merge::merge)), and the sums over tensors that the rule
//! needs, brought to the host in one device read ([`Reductions`]).
//!
//! It knows no module, no optimizer and no training loop: those are in `burn-sls-optim`. Any
//! trainer can drive the [`Search`] directly, since it is *asked* for a step size and *told* the
//! loss found there.
//!
//! # Symbols
//!
//! The same letters are used throughout the documentation of both crates.
//!
//! | symbol | meaning |
//! |---|---|
//! | `w_k`, `k` | parameters before iteration `k = 0, 1, …`; `t = k + 1` |
//! | `f_k(w)` | mean loss of mini-batch `k` at `w` |
//! | `g` | gradient of `f_k` at `w_k` |
//! | `m^`, `v^` | Adam's moments, corrected for their bias |
//! | `P` | `1/(sqrt(v^) + ε)`, elementwise |
//! | `d`, `u` | search direction and update direction. SGD: `d = u = -g`. Adam: `d = -P·g`, `u = -P·m^` |
//! | unit | a group of parameters with a step size of its own |
//! | `η` | step size; `η^(u)` that of unit `u` |
//! | `s_u` | slope of unit `u` as a positive number, `-⟨g_u, d_u⟩` |
//! | `c`, `δ`, `γ` | Armijo's constant, the backtracking factor, the growth factor |
//! | `n` | mini-batches per epoch |
//!
//! # References
//!
//! - P. Kenneweg, L. Galli, T. Kenneweg, B. Hammer: *Faster Convergence for Transformer
//!   Fine-tuning with Line Search Methods*, IJCNN 2023 ("the paper").
//! - S. Vaswani et al.: *Painless Stochastic Gradient: Interpolation, Line-Search, and Convergence
//!   Rates*, NeurIPS 2019.
//! - L. Armijo: *Minimization of functions having Lipschitz continuous first partial
//!   derivatives*, Pacific Journal of Mathematics 16 (1966).

pub mod acceptance;
pub mod armijo;
pub mod comparison;
pub mod merge;
pub mod random;
pub mod reductions;
pub mod schedule;
pub mod search;
pub mod step_size;
pub mod tail;

pub use acceptance::{Acceptance, Memory};
pub use armijo::{Armijo, Verdict};
pub use comparison::Comparison;
pub use reductions::Reductions;
pub use schedule::{Frequency, Rhythm};
pub use search::{Backtracking, Conclusion, Search, Trial};
pub use step_size::{Growth, Shrink};
pub use tail::{Tail, TailState};
