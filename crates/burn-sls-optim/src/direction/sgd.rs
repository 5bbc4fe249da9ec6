//! Steepest descent, the direction of SGDSLS.

use burn::tensor::{Device, Tensor};
use burn_sls_core::{Sum, inner_product};
use serde::{Deserialize, Serialize};

use super::search_direction::{NoState, SearchDirection, Update, decay, longest_with};

/// Stochastic gradient descent: `d = -g`, `u = -g - λ·w`.
///
/// Its slope is the squared norm of the gradient, `s = ‖g‖²`.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `weight_decay` | 0 | >= 0 | decoupled weight decay `λ` |
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// Decoupled weight decay `λ`; [`Adam`](super::Adam) says how a search treats it.
    pub weight_decay: f64,
}

impl SearchDirection for Sgd {
    type State<const D: usize> = NoState<D>;

    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        _state: Option<&NoState<D>>,
    ) -> Tensor<D> {
        grad.neg()
    }

    fn update_direction<const D: usize>(
        &self,
        tensor: &Tensor<D>,
        grad: Tensor<D>,
        _state: Option<NoState<D>>,
        _along_last: bool,
    ) -> Update<D, NoState<D>> {
        Update::of(decay(grad.neg(), tensor, self.weight_decay))
    }

    fn update_product<const D: usize>(
        &self,
        _tensor: &Tensor<D>,
        grad: &Tensor<D>,
        _state: Option<&NoState<D>>,
    ) -> Option<Sum> {
        let along_gradient = self.weight_decay == 0.0;
        along_gradient.then(|| -inner_product(grad.clone(), grad.clone()))
    }

    fn longest_step_size(&self) -> Option<f64> {
        longest_with(self.weight_decay)
    }

    fn to_device<const D: usize>(state: NoState<D>, _device: &Device) -> NoState<D> {
        state
    }
}
