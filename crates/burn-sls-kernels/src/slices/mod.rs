//! The kernels, on slices of f32.
//!
//! Each goes over its numbers once, on all threads with the feature `rayon`, in loops that the compiler
//! vectorises for the processor at hand. Nothing depends on the number of threads or the width of vectors: products and sums
//! are in a fixed order, so that a run repeats its bits.

pub(crate) mod adam;
pub(crate) mod bias;
pub(crate) mod gelu;
pub(crate) mod lanes;
pub(crate) mod layer_norm;
pub(crate) mod math;
pub(crate) mod parallel;
pub(crate) mod softmax;
pub(crate) mod vectors;
