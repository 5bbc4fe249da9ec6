//! Adam's direction, with and without momentum: the directions of ADAMSLS and PLASLS.

mod state;

use burn::tensor::{Device, Tensor};
use burn_sls_core::{Sum, inner_product, widen};
use burn_sls_kernels::AdamConstants;
use serde::{Deserialize, Serialize};

use super::search_direction::{SearchDirection, Update, decay, longest_with};
pub use state::AdamState;

/// Adam, searched along its momentum-free direction.
///
/// ```text
/// m = β1·m + (1-β1)·g          m^ = m/(1-β1^t)
/// v = β2·v + (1-β2)·g²         v^ = v/(1-β2^t)         P = 1/(sqrt(v^) + ε)
///
/// search direction  d = -P·g
/// update direction  u = -P·m^ - λ·w
/// ```
///
/// Armijo's rule needs a direction of descent. `-P·g` is one always, since `P > 0`; `-P·m^` points
/// where past gradients pointed, and may lead uphill on this mini-batch. So the step size is
/// searched along `d` and then taken along `u`. The slope is `s = Σ P·g²`.
///
/// *Weight decay* `λ` is AdamW's: decoupled from the gradient, so that it shrinks the weights by
/// `η·λ` of themselves in a step. `d` does not contain it. No step size is longer than `1/λ`, where
/// nothing is left of a weight. Adam's step sizes stay far below that; SGDSLS's would not where
/// gradients vanish.
///
/// With *AMSGrad*, `v` in the denominator is the largest that `v` has been so far.
///
/// Moments of half-precision parameters are kept in f32, where `g²` does not underflow.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `beta_1` | 0.9 | [0, 1) | decay of the first moment |
/// | `beta_2` | 0.999 | [0, 1) | decay of the second moment |
/// | `epsilon` | 1e-8 | > 0 | added to the root of `v^` |
/// | `weight_decay` | 0 | >= 0 | decoupled weight decay `λ` |
/// | `amsgrad` | false | | whether `v` in `P` never decreases |
///
/// # References
///
/// The paper, Eq. 5; D. Kingma, J. Ba: *Adam: A Method for Stochastic Optimization*, ICLR 2015;
/// I. Loshchilov, F. Hutter: *Decoupled Weight Decay Regularization*, ICLR 2019; S. Reddi, S. Kale,
/// S. Kumar: *On the Convergence of Adam and Beyond*, ICLR 2018.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Decay of the first moment `β1`.
    pub beta_1: f64,
    /// Decay of the second moment `β2`.
    pub beta_2: f64,
    /// The `ε` outside the root.
    pub epsilon: f64,
    /// Decoupled weight decay `λ`.
    pub weight_decay: f64,
    /// Whether to use the largest second moment so far.
    pub amsgrad: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            amsgrad: false,
        }
    }
}

/// `β^t`.
fn power(beta: f64, time: usize) -> f64 {
    beta.powi(i32::try_from(time).unwrap_or(i32::MAX))
}

/// The part of the state that both directions need.
struct SecondMoment<const D: usize> {
    time: usize,
    moment: Tensor<D>,
    max: Option<Tensor<D>>,
}

impl Adam {
    /// `v` after this gradient, and what comes with it, from what they were before.
    fn second_moment<const D: usize>(
        &self,
        grad: &Tensor<D>,
        before: Option<SecondMoment<D>>,
    ) -> SecondMoment<D> {
        let new = grad.clone().square().mul_scalar(1.0 - self.beta_2);
        let (time, moment, max) = match before {
            Some(SecondMoment { time, moment, max }) => {
                (time + 1, moment.mul_scalar(self.beta_2).add(new), max)
            }
            None => (1, new, None),
        };
        let max = self.amsgrad.then(|| match max {
            Some(max) => max.max_pair(moment.clone()),
            None => moment.clone(),
        });
        SecondMoment { time, moment, max }
    }

    /// `-1/P`, where `P` comes from the second moment: what is divided by it becomes a direction.
    fn denominator<const D: usize>(&self, second: SecondMoment<D>) -> Tensor<D> {
        let correction = (1.0 - power(self.beta_2, second.time)).sqrt();
        // sqrt(v/(1-β2^t)) + ε, negated: the sign rides along with the scale.
        second
            .max
            .unwrap_or(second.moment)
            .sqrt()
            .mul_scalar(-1.0 / correction)
            .sub_scalar(self.epsilon)
    }

    /// `-P·m^`, and the state advanced by this gradient. With `along_last`, also `⟨g, -P·m^⟩` with
    /// the first moment before it.
    fn advance<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
        along_last: bool,
    ) -> Update<D, AdamState<D>> {
        let (grad, state) = match self.advance_fused(grad, state, along_last) {
            Ok(update) => return update,
            Err(inputs) => inputs,
        };
        // Taken apart, not cloned, so that the moments can be updated in place.
        let (moment_1, before) = match state {
            Some(state) => {
                let before = SecondMoment {
                    time: state.time,
                    moment: state.moment_2,
                    max: state.max_moment_2,
                };
                (state.moment_1, Some(before))
            }
            None => (None, None),
        };
        let second = self.second_moment(&grad, before);
        let (time, moment_2, max_moment_2) =
            (second.time, second.moment.clone(), second.max.clone());
        let denominator = self.denominator(second);
        let along_last = along_last.then(|| match &moment_1 {
            Some(moment) => {
                let correction = 1.0 - power(self.beta_1, time - 1);
                let uncorrected = moment.clone().div(denominator.clone());
                inner_product(grad.clone(), uncorrected) / correction
            }
            None => Sum::Known(0.0),
        });
        let (direction, moment_1) = match self.beta_1 == 0.0 && along_last.is_none() {
            true => (grad.div(denominator), None),
            false => {
                let new = grad.mul_scalar(1.0 - self.beta_1);
                let moment = match moment_1 {
                    Some(moment) => moment.mul_scalar(self.beta_1).add(new),
                    None => new,
                };
                let correction = 1.0 - power(self.beta_1, time);
                let direction = moment.clone().div_scalar(correction).div(denominator);
                (direction, Some(moment))
            }
        };
        Update {
            direction,
            state: Some(AdamState {
                time,
                moment_1,
                moment_2,
                max_moment_2,
            }),
            along_last,
        }
    }
}

impl Adam {
    /// What [`burn_sls_kernels`] has to know, if it can take the step: AMSGrad is not among its
    /// kernels.
    fn fused(&self) -> Option<AdamConstants> {
        (!self.amsgrad).then_some(AdamConstants {
            beta_1: self.beta_1,
            beta_2: self.beta_2,
            epsilon: self.epsilon,
        })
    }

    /// [`advance`](Self::advance) by a kernel, or else its inputs.
    #[expect(clippy::result_large_err, reason = "a few handles, moved once")]
    fn advance_fused<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
        along_last: bool,
    ) -> Result<Update<D, AdamState<D>>, (Tensor<D>, Option<AdamState<D>>)> {
        let Some(constants) = self.fused() else {
            return Err((grad, state));
        };
        if self.beta_1 == 0.0 && !along_last {
            let time = state.as_ref().map_or(0, |state| state.time);
            let before = state.map(|state| (state.time, state.moment_2));
            return match constants.update_without_momentum(grad, before) {
                Ok((direction, moment_2)) => Ok(Update {
                    direction,
                    state: Some(AdamState::of_moment_2(time + 1, moment_2)),
                    along_last: None,
                }),
                Err((grad, before)) => {
                    let state = before.map(|(time, moment)| AdamState::of_moment_2(time, moment));
                    Err((grad, state))
                }
            };
        }
        let moments = state.map(AdamState::into_moments);
        match constants.update(grad, moments, along_last) {
            Ok(update) => Ok(Update {
                direction: update.direction,
                state: Some(AdamState::of_moments(update.moments)),
                along_last: update.along_last.map(Sum::Known),
            }),
            Err((grad, moments)) => Err((grad, moments.map(AdamState::of_moments))),
        }
    }
}

impl SearchDirection for Adam {
    type State<const D: usize> = AdamState<D>;

    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<&AdamState<D>>,
    ) -> Tensor<D> {
        let fused = self.fused().and_then(|constants| {
            let before = state.map(|state| (state.time, &state.moment_2));
            constants.search_direction(&grad, before)
        });
        if let Some(direction) = fused {
            return direction;
        }
        let before = state.map(|state| SecondMoment {
            time: state.time,
            moment: state.moment_2.clone(),
            max: state.max_moment_2.clone(),
        });
        let second = self.second_moment(&grad, before);
        grad.div(self.denominator(second))
    }

    fn update_direction<const D: usize>(
        &self,
        tensor: &Tensor<D>,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
        along_last: bool,
    ) -> Update<D, AdamState<D>> {
        let update = self.advance(grad, state, along_last);
        Update {
            direction: decay(update.direction, tensor, self.weight_decay),
            ..update
        }
    }

    fn update_product<const D: usize>(
        &self,
        tensor: &Tensor<D>,
        grad: &Tensor<D>,
        state: Option<&AdamState<D>>,
    ) -> Option<Sum> {
        let (constants, state) = (self.fused()?, state?);
        let moment_1 = match self.beta_1 == 0.0 {
            true => grad,
            false => state.moment_1.as_ref()?,
        };
        let weights = match self.weight_decay == 0.0 {
            true => grad.clone(),
            false => widen(tensor.clone()),
        };
        let (moments, decayed) = ([moment_1, &state.moment_2], (&weights, self.weight_decay));
        let product = constants.product(grad, state.time, moments, decayed);
        product.map(Sum::Known)
    }

    fn longest_step_size(&self) -> Option<f64> {
        longest_with(self.weight_decay)
    }

    fn to_device<const D: usize>(mut state: AdamState<D>, device: &Device) -> AdamState<D> {
        state.moment_1 = state.moment_1.map(|moment| moment.to_device(device));
        state.moment_2 = state.moment_2.to_device(device);
        state.max_moment_2 = state.max_moment_2.map(|max| max.to_device(device));
        state
    }
}

#[cfg(test)]
mod tests;
