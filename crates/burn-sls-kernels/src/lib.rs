//! Fused operations for training on a CPU: one pass over memory where composed operations take many.
//!
//! Training a small transformer on a CPU spends half of its time outside matrix products: in activations,
//! normalisations, softmax, biases, and in the optimizer. Each of these is composed of elementary
//! operations on whole tensors, one after the other, and more of them in the backward pass. The functions
//! here make one pass of each, on all threads and in vectors, with a hand-written backward pass.
//!
//! They act on 32-bit tensors of Burn's flex backend, with or without autodiff, and need the feature `flex`.
//! Everywhere else (another backend, another precision, gradient checkpointing) those of a transformer
//! compose Burn's own operations: the results are the same up to rounding, and the caller need not care.
//! [`inner_product`] and [`AdamConstants`] leave that to a caller who knows better how.
//!
//! | function | computes |
//! |---|---|
//! | [`linear`] | `x·W + b` |
//! | [`linear_gelu`] | `gelu(x·W + b)` |
//! | [`residual_layer_norm`] | `LayerNorm(x + residual)` |
//! | [`attention_weights`] | `softmax(scale·scores + bias)` |
//! | [`inner_product`] | `⟨a, b⟩` |
//! | [`add_scaled`] | `w + a·d` |
//! | [`log1p`] | `log(1 + x)`, also of a small `x`, on any backend |
//! | [`AdamConstants`] | Adam's moments and directions |
//!
//! What a kernel computes does not depend on the number of threads, nor on the width of the processor's
//! vectors: sums are in a fixed order, so a run repeats its bits. (Matrix products are Burn's.)
//!
//! # Example
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use burn_sls_kernels::{linear_gelu, residual_layer_norm};
//!
//! # fn run(device: &Device) {
//! let x = Tensor::<2>::ones([3, 4], device);
//! let (weight, bias) = (Tensor::eye(4, device), Tensor::zeros([4], device));
//! let wide = linear_gelu(x.clone(), weight, bias); // [3, 4]
//! let (gamma, beta) = (Tensor::ones([4], device), Tensor::zeros([4], device));
//! let normalised = residual_layer_norm(wide, x, gamma, beta, 1e-12); // [3, 4]
//! # }
//! ```

// What a kernel does not take is given back by value: a few handles, moved once in an operation.
#![allow(clippy::result_large_err)]

mod adam;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "flex")]
mod slices;
mod transformer;
mod vectors;

pub use adam::{AdamConstants, AdamMoments, AdamUpdate};
pub use transformer::{attention_weights, linear, linear_gelu, residual_layer_norm};
pub use vectors::{add_scaled, inner_product, log1p};
