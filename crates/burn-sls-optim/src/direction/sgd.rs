//! Steepest descent, the direction of SGDSLS.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use burn_sls_core::widen;
use serde::{Deserialize, Serialize};

use super::{Pass, decay, pass};

/// Stochastic gradient descent: `d = -g`, `u = -g - λ·w`.
///
/// Its slope is the squared norm of the gradient, `s = ‖g‖²`.
///
/// As an ordinary Burn optimizer, outside a line search, it moves a parameter by `lr·u`.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `weight_decay` | 0 | >= 0 | decoupled weight decay `λ` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Decoupled weight decay `λ`; see [`Adam`](super::Adam) for what the search makes of it.
    pub weight_decay: f64,
}

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
        let search_direction = widen(grad).neg();
        let out = match pass() {
            Pass::Search => search_direction,
            Pass::Update { .. } => decay(search_direction, &tensor, self.weight_decay),
            Pass::Step => {
                let direction = decay(search_direction, &tensor, self.weight_decay);
                super::moved(tensor, direction, lr)
            }
        };
        (out, None)
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
