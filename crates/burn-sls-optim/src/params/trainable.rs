//! Which parameters are to be trained.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// Whether a parameter is to be trained: neither frozen nor a buffer. A copy for validation and a
/// model that has not been drawn answer as the trained model does; nothing is drawn for it.
pub(crate) fn trainable<const D: usize>(param: &Param<Tensor<D>>) -> bool {
    let known = match param.is_initialized() {
        true => param.clone(),
        // Burn tells it of a loaded parameter alone: so a copy is loaded.
        false => {
            let device = param.lazy_device();
            let zeros = Tensor::<D>::zeros(param.lazy_shape(), &device);
            param.clone().transform_for_load(zeros, param.id)
        }
    };
    known.is_require_grad() || Module::train(known).is_require_grad()
}
