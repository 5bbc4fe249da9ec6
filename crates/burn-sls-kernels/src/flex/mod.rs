//! The kernels on tensors of the flex backend.
//!
//! A function returns its inputs if they are not all 32-bit tensors of that backend.

mod adam;
mod attention;
mod layer_norm;
mod linear;
mod values;
mod vectors;

pub(crate) use adam::{adam_search_direction, adam_update};
pub(crate) use attention::attention_weights;
pub(crate) use layer_norm::residual_layer_norm;
pub(crate) use linear::{linear, linear_gelu};
pub(crate) use values::home;
pub(crate) use vectors::{add_scaled, inner_product};
