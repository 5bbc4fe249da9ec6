//! Dropout in the layers of the model.

use burn::nn::Dropout;
use burn::tensor::Tensor;

/// What the layer makes of x. It does nothing where Burn's own forward pass does nothing: on a
/// device without autodiff, and after the module was frozen.
///
/// # Shapes
///
/// - `x`, output: any
pub(crate) fn dropped<const D: usize>(layer: &Dropout, x: Tensor<D>) -> Tensor<D> {
    let trains = layer.training.is_enabled() && x.device().is_autodiff();
    match trains {
        true => burn_sls_kernels::dropout(x, layer.prob),
        false => x,
    }
}
