//! Buffers of a model, such as the running statistics of batch normalisation, kept from the trials.
//!
//! Burn's `RunningState` is shared between the clones of a model. The forward pass of a trial, in
//! training mode, would leave the statistics of a trial point in it. So they are kept before a
//! search and put back after it.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::autodiff_context::AutodiffContext;

/// The float values of a model that ask for no gradient, as they were when they were kept.
pub(crate) struct Buffers(GradientsParams);

impl Buffers {
    /// Keeps the buffers of `model`. Copies handles, not tensors. A model without buffers is only
    /// visited.
    pub(crate) fn keep<M: Module>(model: &M) -> Self {
        let mut buffers = Self(GradientsParams::new());
        model.visit(&mut buffers);
        if !buffers.0.is_empty() {
            settle(model);
            buffers.0 = GradientsParams::new();
            model.visit(&mut buffers);
        }
        buffers
    }

    /// Whether the model has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts the buffers back into `model`, and so into all its clones.
    pub(crate) fn restore<M: Module>(mut self, model: &M) {
        if self.0.is_empty() {
            return;
        }
        settle(model);
        let _ = model.clone().map(&mut self);
    }
}

/// Brings running statistics up to date. Burn leaves their last update pending until the next one,
/// or until a validation copy is made.
fn settle<M: Module>(model: &M) {
    drop(model.valid());
}

impl ModuleVisitor for Buffers {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            return;
        }
        let tensor = param.base();
        if tensor.dtype().is_float() {
            self.0.register::<D>(param.id, tensor.inner());
        }
    }
}

impl ModuleMapper for Buffers {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        match self.0.remove::<D>(param.id) {
            Some(kept) => param.map(|now| AutodiffContext::of(&now).lift(kept)),
            None => param,
        }
    }
}
