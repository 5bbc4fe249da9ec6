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
pub use transformer::{
    attention_weights, batch_matmul, dropout, linear, linear_gelu, residual_layer_norm,
};
pub use vectors::{add_scaled, inner_product, inner_product_with_difference, log1p};

/// Whether the caller is a thread of a rayon pool. Without the feature `rayon` none is.
///
/// Such a thread must not wait for a lock whose holder computes with rayon: while it waits for its
/// own work, a pool has it begin with other work, and that may be what the holder waits for.
pub fn is_pool_thread() -> bool {
    #[cfg(feature = "rayon")]
    return rayon::current_thread_index().is_some();
    #[cfg(not(feature = "rayon"))]
    return false;
}
