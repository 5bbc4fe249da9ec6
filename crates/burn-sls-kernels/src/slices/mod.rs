//! The kernels, on slices of f32.
//!
//! Each kernel passes over its numbers once, in loops that the compiler vectorises for the
//! processor. With the feature `rayon` it uses all threads. Its sums are in a fixed order, so the
//! bits depend neither on the number of threads nor on the width of the vectors. Products of
//! matrices are those of a library (`product`), and may depend on the width.

pub(crate) mod adam;
pub(crate) mod averaging;
pub(crate) mod bias;
pub(crate) mod dropout;
pub(crate) mod gelu;
pub(crate) mod lanes;
pub(crate) mod layer_norm;
pub(crate) mod math;
pub(crate) mod parallel;
pub(crate) mod philox;
pub(crate) mod product;
pub(crate) mod softmax;
pub(crate) mod vectors;

#[cfg(test)]
mod tests;
