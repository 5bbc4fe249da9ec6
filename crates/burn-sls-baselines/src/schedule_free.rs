//! Schedule-Free AdamW: an average of the iterates in the place of a schedule.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::shadow::{self, Beginning, Tensors};
use super::{Baseline, Rule};

/// The settings of [`ScheduleFree`], by default those of its authors' package. The learning rate
/// comes with every step; it should be constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScheduleFreeConfig {
    /// `β₁`, where the gradient is taken between the average and the last iterate; above 0. Default
    /// 0.9.
    pub beta_1: f64,
    /// `β₂`, of the mean of the gradients' squares. Default 0.999.
    pub beta_2: f64,
    /// `ε`, in the denominator of the step. Default 1e-8.
    pub epsilon: f64,
    /// Weight decay at `y`, as a part of the learning rate. Default 0.
    pub weight_decay: f64,
    /// Steps over which the learning rate rises to its value, the first of them at one part of it.
    /// Default 0.
    pub warmup_steps: u64,
    /// The power of the step's number in its weight in the average. Default 0.
    pub r: f64,
    /// The power of the largest learning rate so far in that weight. Default 2.
    pub weight_lr_power: f64,
}

impl Default for ScheduleFreeConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            warmup_steps: 0,
            r: 0.0,
            weight_lr_power: 2.0,
        }
    }
}

impl ScheduleFreeConfig {
    /// The model, to be trained by Schedule-Free AdamW.
    pub fn init<M: Module>(self, model: M) -> Baseline<M, ScheduleFree> {
        Baseline::new(model, ScheduleFree::new(self))
    }
}

/// AdamW without momentum on `z`, with gradients taken near an average of its iterates.
///
/// Step `k = 0, 1, …` with the learning rate `γ`, reduced to `γ (k + 1) / w` in the first `w` steps
/// of a warm-up, is
///
/// ```text
/// v ← β₂ v + (1 − β₂) g²             g the gradient at y = (1 − β₁) z + β₁ x
/// u = g / (√(v / (1 − β₂ᵏ⁺¹)) + ε) + decay · y
/// z ← z − γ u
/// x ← (1 − c) x + c z                c = ω / (sum of all ω so far), ω = (k + 1)ʳ · (largest γ)²
/// ```
///
/// The model that is trained is `y`, the answer is `x`: `y` and `z` are kept, and `x = y + (1 −
/// 1/β₁)(z − y)`. A step is taken as in the authors' package `schedulefree` 1.4.1, which never
/// forms `x`: `y ← y + c (z − y) + γ (β₁ (1 − c) − 1) u`, with the `z` from before.
///
/// # References
///
/// A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: *The Road Less Scheduled*,
/// NeurIPS 2024, arXiv:2405.15682.
#[derive(Clone, Debug, PartialEq)]
pub struct ScheduleFree {
    config: ScheduleFreeConfig,
    steps: u64,
    largest_lr: f64,
    weights: f64,
}

/// The kept tensors of a parameter, by their places in [`Rule::KEPT`].
const ITERATE: usize = 0;
const SECOND: usize = 1;

impl ScheduleFree {
    /// Before its first step.
    ///
    /// # Panics
    ///
    /// Unless `0 < β₁ < 1`: the kept tensors would not give the answer.
    pub fn new(config: ScheduleFreeConfig) -> Self {
        let beta_1 = config.beta_1;
        assert!(
            0.0 < beta_1 && beta_1 < 1.0,
            "beta_1 of Schedule-Free must be between 0 and 1, and it is {beta_1}"
        );
        Self {
            config,
            steps: 0,
            largest_lr: 0.0,
            weights: 0.0,
        }
    }

    /// The learning rate of the next step.
    fn rate(&self, lr: f64) -> f64 {
        let warmup = self.config.warmup_steps;
        match self.steps < warmup {
            true => lr * ((self.steps + 1) as f64 / warmup as f64),
            false => lr,
        }
    }

    /// `c` of the next step, with learning rate `rate`.
    fn weigh(&mut self, rate: f64) -> f64 {
        let ScheduleFreeConfig {
            r, weight_lr_power, ..
        } = self.config;
        self.steps += 1;
        self.largest_lr = self.largest_lr.max(rate);
        let weight = (self.steps as f64).powf(r) * self.largest_lr.powf(weight_lr_power);
        self.weights += weight;
        match self.weights {
            0.0 => 0.0,
            weights => weight / weights,
        }
    }
}

impl Rule for ScheduleFree {
    const NAME: &'static str = "schedule_free";
    const KEPT: &'static [(&'static str, Beginning)] = &[
        ("iterate", Beginning::Start),
        ("second_moment", Beginning::Zero),
    ];

    fn numbers(&self) -> Vec<f64> {
        vec![self.steps as f64, self.largest_lr, self.weights]
    }

    fn set_numbers(&mut self, numbers: &[f64]) {
        self.steps = numbers[0] as u64;
        [self.largest_lr, self.weights] = [numbers[1], numbers[2]];
    }

    fn step<M: Module>(
        &mut self,
        lr: f64,
        model: M,
        kept: &mut [Tensors],
        gradients: &GradientsParams,
    ) -> (M, f64) {
        let rate = self.rate(lr);
        let share = self.weigh(rate);
        let model = model.map(&mut Step {
            config: &self.config,
            rate,
            share,
            correction: 1.0 - self.config.beta_2.powf(self.steps as f64),
            gradients,
            kept,
        });
        (model, rate)
    }

    fn answer<M: Module>(&self, model: M, kept: &[Tensors]) -> M {
        model.map(&mut Average {
            towards_iterate: 1.0 - 1.0 / self.config.beta_1,
            iterate: &kept[ITERATE],
        })
    }
}

struct Step<'a> {
    config: &'a ScheduleFreeConfig,
    rate: f64,
    /// `c`.
    share: f64,
    /// The bias correction of the second moment.
    correction: f64,
    gradients: &'a GradientsParams,
    kept: &'a mut [Tensors],
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        let Some(gradient) = self.gradients.get::<D>(id) else {
            return param;
        };
        let ScheduleFreeConfig {
            beta_1,
            beta_2,
            epsilon,
            weight_decay,
            ..
        } = *self.config;
        let [z, second] = [ITERATE, SECOND].map(|kept| shadow::of::<D>(&self.kept[kept], id));
        let second = second * beta_2 + gradient.clone().square() * (1.0 - beta_2);
        let scale = (second.clone() / self.correction).sqrt() + epsilon;
        self.kept[SECOND].register::<D>(id, second);
        shadow::replaced(param, |y| {
            let update = gradient / scale;
            let update = match weight_decay {
                0.0 => update,
                decay => update + y.clone() * decay,
            };
            let z_next = z.clone() - update.clone() * self.rate;
            self.kept[ITERATE].register::<D>(id, z_next);
            let towards_z = (z - y.clone()) * self.share;
            y + towards_z + update * (self.rate * (beta_1 * (1.0 - self.share) - 1.0))
        })
    }
}

/// From `y` to `x`.
struct Average<'a> {
    towards_iterate: f64,
    iterate: &'a Tensors,
}

impl ModuleMapper for Average<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        // Values without a gradient, such as running statistics, are no average of anything.
        if !param.is_require_grad() {
            return param;
        }
        let z = shadow::of::<D>(self.iterate, param.id);
        shadow::replaced(param, |y| y.clone() + (z - y) * self.towards_iterate)
    }
}
