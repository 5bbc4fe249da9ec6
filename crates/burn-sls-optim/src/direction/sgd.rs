//! Steepest descent, the direction of SGDSLS.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

use super::{Pass, pass};

/// Stochastic gradient descent: `d = u = -g`.
///
/// Its slope is the squared norm of the gradient, `s = ‖g‖²`.
///
/// As an ordinary Burn optimizer, outside a line search, it moves a parameter by `-lr·g`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sgd;

/// The state of [`Sgd`]: there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct SgdState<const D: usize>;

impl Optimizer for Sgd {
    type State<const D: usize> = SgdState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        _state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        match pass() {
            Pass::Search | Pass::Update => (grad.neg(), None),
            Pass::Step => (tensor - grad * lr, None),
        }
    }

    fn to_device<const D: usize>(state: Self::State<D>, _device: &Device) -> Self::State<D> {
        state
    }
}

impl<const D: usize> RecordState for SgdState<D> {
    fn state_flatten(&self, _prefix: &str, _out: &mut StateSink) {}

    fn state_unflatten(_: &str, _: &mut StateSource, _: &Device) -> Option<Self> {
        Some(Self)
    }
}
