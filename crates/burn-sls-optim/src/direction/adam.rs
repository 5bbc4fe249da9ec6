//! Adam's direction, with and without momentum: the directions of ADAMSLS and PLASLS.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Pass, pass};

/// Adam, searched along its momentum-free direction.
///
/// ```text
/// m = β1·m + (1-β1)·g          m^ = m/(1-β1^t)
/// v = β2·v + (1-β2)·g²         v^ = v/(1-β2^t)         P = 1/(sqrt(v^) + ε)
///
/// search direction  d = -P·g
/// update direction  u = -P·m^
/// ```
///
/// Armijo's rule needs a direction of descent. `-P·g` is one always, since `P > 0`; `-P·m^` points
/// where past gradients pointed, and may lead uphill on this mini-batch. So the step size is
/// searched along `d` and then taken along `u`. The slope is `s = Σ P·g²`.
///
/// As an ordinary Burn optimizer, outside a line search, it moves a parameter by `lr·u`.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `beta_1` | 0.9 | [0, 1) | decay of the first moment |
/// | `beta_2` | 0.999 | [0, 1) | decay of the second moment |
/// | `epsilon` | 1e-8 | > 0 | added to the root of `v^` |
///
/// # References
///
/// The paper, Eq. 5; D. Kingma, J. Ba: *Adam: A Method for Stochastic Optimization*, ICLR 2015.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Decay of the first moment `β1`.
    pub beta_1: f64,
    /// Decay of the second moment `β2`.
    pub beta_2: f64,
    /// The `ε` outside the root.
    pub epsilon: f64,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }
}

/// The moments of one parameter.
#[derive(Clone, Debug)]
pub struct AdamState<const D: usize> {
    /// Updates so far, `t`.
    pub time: usize,
    /// First moment `m`, uncorrected.
    pub moment_1: Tensor<D>,
    /// Second moment `v`, uncorrected.
    pub moment_2: Tensor<D>,
}

impl Adam {
    /// `v` after this gradient, and `t`.
    fn second_moment<const D: usize>(
        &self,
        grad: &Tensor<D>,
        state: Option<(usize, Tensor<D>)>,
    ) -> (usize, Tensor<D>) {
        let new = grad.clone().square().mul_scalar(1.0 - self.beta_2);
        match state {
            Some((time, moment)) => (time + 1, moment.mul_scalar(self.beta_2).add(new)),
            None => (1, new),
        }
    }

    /// `-x·P`, where `P` comes from `v` and `t`.
    fn precondition<const D: usize>(&self, x: Tensor<D>, time: usize, v: Tensor<D>) -> Tensor<D> {
        let correction = (1.0 - self.beta_2.powi(time as i32)).sqrt();
        // sqrt(v/(1-β2^t)) + ε, negated: the sign rides along with the scale.
        let denominator = v
            .sqrt()
            .mul_scalar(-1.0 / correction)
            .sub_scalar(self.epsilon);
        x.div(denominator)
    }

    /// The search direction `d = -P·g`. Looks at the state and leaves it alone.
    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<&AdamState<D>>,
    ) -> Tensor<D> {
        let state = state.map(|state| (state.time, state.moment_2.clone()));
        let (time, v) = self.second_moment(&grad, state);
        self.precondition(grad, time, v)
    }

    /// The update direction `u = -P·m^`, and the state advanced by this gradient.
    fn update_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, AdamState<D>) {
        let (moment_1, second) = match state {
            Some(state) => (
                Some(state.moment_1.mul_scalar(self.beta_1)),
                Some((state.time, state.moment_2)),
            ),
            None => (None, None),
        };
        let (time, moment_2) = self.second_moment(&grad, second);
        let new = grad.mul_scalar(1.0 - self.beta_1);
        let moment_1 = match moment_1 {
            Some(moment) => moment.add(new),
            None => new,
        };
        let correction = 1.0 - self.beta_1.powi(time as i32);
        let corrected = moment_1.clone().div_scalar(correction);
        let direction = self.precondition(corrected, time, moment_2.clone());
        let state = AdamState {
            time,
            moment_1,
            moment_2,
        };
        (direction, state)
    }
}

impl Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        match pass() {
            Pass::Search => (self.search_direction(grad, state.as_ref()), state),
            Pass::Update => {
                let (direction, state) = self.update_direction(grad, state);
                (direction, Some(state))
            }
            Pass::Step => {
                let (direction, state) = self.update_direction(grad, state);
                (tensor + direction * lr, Some(state))
            }
        }
    }

    fn to_device<const D: usize>(mut state: Self::State<D>, device: &Device) -> Self::State<D> {
        state.moment_1 = state.moment_1.to_device(device);
        state.moment_2 = state.moment_2.to_device(device);
        state
    }
}

// Written by hand: the derive expands to paths of burn-optim itself.
impl<const D: usize> RecordState for AdamState<D> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        out.push_scalar(prefix, "time", self.time.into());
        out.push_tensor(prefix, "moment_1", self.moment_1.to_data());
        out.push_tensor(prefix, "moment_2", self.moment_2.to_data());
    }

    fn state_unflatten(prefix: &str, src: &mut StateSource, device: &Device) -> Option<Self> {
        let time = usize::try_from(src.take_scalar(prefix, "time")?).ok()?;
        let mut tensor = |leaf| {
            let data = src.take_tensor(prefix, leaf)?;
            let dtype = data.dtype();
            Some(Tensor::from_data(data, (device, dtype)))
        };
        Some(Self {
            time,
            moment_1: tensor("moment_1")?,
            moment_2: tensor("moment_2")?,
        })
    }
}
