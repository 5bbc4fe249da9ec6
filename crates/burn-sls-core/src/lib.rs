#![doc = include_str!("../README.md")]
//!
//! ## Symbols
//!
//! The same letters are used throughout the documentation of this crate and of `burn-sls-optim`.
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
//! ## References
//!
//! - P. Kenneweg, L. Galli, T. Kenneweg, B. Hammer: *Faster Convergence for Transformer
//!   Fine-tuning with Line Search Methods*, IJCNN 2023 ("the paper").
//! - S. Vaswani et al.: *Painless Stochastic Gradient: Interpolation, Line-Search, and Convergence
//!   Rates*, NeurIPS 2019.
//! - L. Armijo: *Minimization of functions having Lipschitz continuous first partial
//!   derivatives*, Pacific Journal of Mathematics 16 (1966).

mod acceptance;
mod armijo;
mod comparison;
mod merge;
pub mod random;
mod reductions;
mod schedule;
mod search;
mod step_size;
mod tail;

pub use acceptance::{Acceptance, Memory};
pub use armijo::{Armijo, Verdict};
pub use comparison::Comparison;
pub use merge::{Merge, merge};
#[doc(hidden)] // for the directions of `burn-sls-optim`
pub use reductions::widen;
pub use reductions::{Read, Reductions, inner_product};
pub use schedule::{Frequency, Rhythm};
pub use search::{Backtracking, Conclusion, Search, Trial};
pub use step_size::{Growth, Shrink, parabola, polyak};
pub use tail::{Tail, TailState};
