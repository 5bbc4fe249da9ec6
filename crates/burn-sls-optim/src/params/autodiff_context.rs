//! What autodiff knows of a parameter, kept while the parameter moves.

use burn::module::ParamId;
use burn::tensor::{GradientCheckpointingStrategy, Tensor};

/// The autodiff state of a parameter, read before it is moved and put back afterwards. If a part
/// were lost, the parameter's gradient, or the synchronisation of gradients, would stop silently.
pub(crate) struct AutodiffContext {
    autodiff: bool,
    require_grad: bool,
    distributed: bool,
    checkpointing: Option<GradientCheckpointingStrategy>,
}

impl AutodiffContext {
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        Self {
            autodiff: tensor.is_autodiff(),
            require_grad: tensor.is_require_grad(),
            // Quantised tensors have no gradient, and would panic at the second question.
            distributed: tensor.is_require_grad() && tensor.is_distributed(),
            checkpointing: tensor.gradient_checkpointing_strategy(),
        }
    }

    /// Back onto the autodiff device, without a gradient.
    pub(crate) fn lift<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        if !self.autodiff {
            return tensor;
        }
        let tensor = Tensor::from_inner(tensor);
        match self.checkpointing {
            Some(strategy) => tensor.with_gradient_checkpointing_strategy(strategy),
            None => tensor,
        }
    }

    /// The tensor with everything that it had.
    pub(crate) fn restore<const D: usize>(&self, tensor: Tensor<D>, id: ParamId) -> Tensor<D> {
        let mut tensor = self.lift(tensor);
        if self.require_grad {
            tensor = tensor.require_grad();
        }
        if self.distributed {
            tensor = tensor.set_distributed(id);
        }
        tensor
    }
}
