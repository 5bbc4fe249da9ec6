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
//! | `d`, `u` | search and update direction. SGD: `d = u = -g`; Adam: `d = -P·g`, `u = -P·m^` |
//! | unit | a group of parameters that share a step size |
//! | `η`, `η^(u)` | step size; step size of unit `u` |
//! | `s_u`, `s` | slope `-⟨g_u, d_u⟩` of unit `u`, positive; sum of the searched units' slopes |
//! | `c`, `δ`, `γ` | Armijo's constant, the backtracking factor, the growth factor |
//! | `n` | mini-batches per epoch |
//! | `Δ`, `SE(Δ)` | decrease `f_k(w_k) - f_k(w_k + η·d)` of a trial, and its standard error |
//!
//! ## References
//!
//! - P. Kenneweg, L. Galli, T. Kenneweg, B. Hammer: *Faster Convergence for Transformer
//!   Fine-tuning with Line Search Methods*, IJCNN 2023 ("the paper").
//! - S. Vaswani et al.: *Painless Stochastic Gradient: Interpolation, Line-Search, and Convergence
//!   Rates*, NeurIPS 2019.
//! - P. Kenneweg, T. Kenneweg, F. Fumagalli, B. Hammer: *No Learning Rates Needed: Introducing
//!   SaLSa*, IJCNN 2024 ("SaLSa").
//! - L. Galli, H. Rauhut, M. Schmidt: *Don't Be So Monotone: Relaxing Stochastic Line Search in
//!   Over-Parameterized Models*, NeurIPS 2023 ("PoNoS").
//! - H. Zhang, W. Hager: *A Nonmonotone Line Search Technique and Its Application to Unconstrained
//!   Optimization*, SIAM Journal on Optimization 14 (2004).
//! - L. Armijo: *Minimization of functions having Lipschitz continuous first partial
//!   derivatives*, Pacific Journal of Mathematics 16 (1966).

mod backtracking;
mod condition;
mod interpolation;
mod merge;
pub mod random;
mod reductions;
mod sample;
mod step_size;
mod sum;

pub use backtracking::{Backtracking, Conclusion, Search, Trial};
pub use condition::{Acceptance, AcceptanceState, Armijo, Verdict};
pub use interpolation::{parabola, polyak};
pub use merge::{Merge, merge};
pub use reductions::{Read, Reductions};
pub use sample::Comparison;
pub use step_size::{Growth, Shrink};
#[doc(hidden)] // for the directions of `burn-sls-optim`
pub use sum::widen;
pub use sum::{Sum, inner_product};
