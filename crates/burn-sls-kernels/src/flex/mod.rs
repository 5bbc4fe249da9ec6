//! The kernels on tensors of the flex backend.
//!
//! A function returns its inputs if they are not all 32-bit tensors of that backend.

mod adam;
mod attention;
mod averaging;
mod dropout;
mod layer_norm;
mod linear;
mod product;
mod values;
mod vectors;

pub(crate) use adam::{
    adam_product, adam_search_direction, adam_update, adam_update_without_momentum,
};
pub(crate) use attention::attention_weights;
pub(crate) use averaging::averaged_move;
pub(crate) use dropout::dropout;
pub(crate) use layer_norm::residual_layer_norm;
pub(crate) use linear::{linear, linear_gelu};
pub(crate) use product::batch_matmul;
pub(crate) use values::home;
pub(crate) use vectors::{add_scaled, inner_product, inner_product_with_difference};

#[cfg(test)]
mod tests;
