#![doc = include_str!("../README.md")]
// A kernel that does not apply returns its inputs: a few handles, moved once per operation.
#![allow(clippy::result_large_err)]

mod adam;
mod averaging;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "flex")]
mod slices;
mod transformer;
mod vectors;

pub use adam::{AdamConstants, AdamMoments, AdamUpdate, GradientAndMoment};
pub use averaging::AveragedMove;
pub use transformer::{attention_weights, linear, linear_gelu, residual_layer_norm};
pub use vectors::{add_scaled, inner_product, inner_product_with_difference, log1p};
