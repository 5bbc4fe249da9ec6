//! Prodigy: Adam whose learning rate is an estimate of the distance to the solution.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn_sls_core::Reductions;

use super::shadow::{self, Beginning, Tensors};
use super::{Baseline, Rule};

/// The settings of [`Prodigy`], by default those of its authors' package.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProdigyConfig {
    /// `β₁`, of the mean of the gradients. Default 0.9.
    pub beta_1: f64,
    /// `β₂`, of the mean of their squares. Default 0.999.
    pub beta_2: f64,
    /// `β₃`, of the sums that `d` is estimated from. Default: the square root of `β₂`.
    pub beta_3: Option<f64>,
    /// `ε`, in the denominator of the step. Default 1e-8.
    pub epsilon: f64,
    /// Decoupled weight decay, as a part of the rate. Default 0.
    pub weight_decay: f64,
    /// The first estimate `d₀`; it should be too small. Default 1e-6.
    pub d0: f64,
    /// A factor on the estimate: the authors' preferred way to tune the method. Default 1.
    pub d_coef: f64,
    /// The most that `d` grows by in a step, as a factor. Default: infinite.
    pub growth_rate: f64,
    /// Whether the rate has Adam's bias correction. Default: no.
    pub use_bias_correction: bool,
    /// Whether the learning rate is left out of the denominator of the estimate, for schedules that
    /// warm up. Default: no.
    pub safeguard_warmup: bool,
}

impl Default for ProdigyConfig {
    fn default() -> Self {
        Self {
            beta_1: 0.9,
            beta_2: 0.999,
            beta_3: None,
            epsilon: 1e-8,
            weight_decay: 0.0,
            d0: 1e-6,
            d_coef: 1.0,
            growth_rate: f64::INFINITY,
            use_bias_correction: false,
            safeguard_warmup: false,
        }
    }
}

impl ProdigyConfig {
    /// The model, to be trained by Prodigy.
    pub fn init<M: Module>(self, model: M) -> Baseline<M, Prodigy> {
        Baseline::new(model, Prodigy::new(self))
    }
}

/// Adam with the step size that Prodigy estimates.
///
/// With `x₀` the parameters at first, `g` the gradient, `γ` the learning rate (1, or a schedule
/// that falls from 1), and all of the sums over all parameters with a gradient, a step is
///
/// ```text
/// m ← β₁ m + (1 − β₁) d g            v ← β₂ v + (1 − β₂) d² g²
/// r ← β₃ r + γ d² ⟨g, x₀ − x⟩ / d₀   s ← β₃ s + γ d² g / d₀
/// d' = max(d, d_coef · r / ‖s‖₁)
/// x ← x − γ d m / (√v + d' ε)
/// ```
///
/// and `d'` is the next step's `d`, which never falls. The step itself is taken with the `d` from
/// before, and its rate is `γ d`. Where all gradients are zero or missing, or `γ` is 0, nothing
/// changes. All this is what the authors' package `prodigyopt` 1.1.2 does, with its `slice_p` left
/// out. The paper's Adam version has `1 − β₃` in both sums and no `d₀`, which cancels, and `d ε`
/// where the package has `d' ε`.
///
/// # References
///
/// K. Mishchenko, A. Defazio: *Prodigy: An Expeditiously Adaptive Parameter-Free Learner*, ICML
/// 2024, arXiv:2306.06101.
#[derive(Clone, Debug, PartialEq)]
pub struct Prodigy {
    config: ProdigyConfig,
    d: f64,
    /// The largest estimate, which `d` may lag behind if its growth is limited.
    d_max: f64,
    /// `r`.
    numerator: f64,
    steps: u64,
}

/// The kept tensors of a parameter, by their places in [`Rule::KEPT`].
const START: usize = 0;
const FIRST: usize = 1;
const SECOND: usize = 2;
const SUM: usize = 3;

impl Prodigy {
    /// Before its first step.
    pub fn new(config: ProdigyConfig) -> Self {
        Self {
            config,
            d: config.d0,
            d_max: config.d0,
            numerator: 0.0,
            steps: 0,
        }
    }

    /// The estimate that the next step is taken with.
    pub fn d(&self) -> f64 {
        self.d
    }

    /// What the present estimate makes of a learning rate.
    fn rate(&self, lr: f64) -> f64 {
        let ProdigyConfig { beta_1, beta_2, .. } = self.config;
        let correction = if self.config.use_bias_correction {
            let steps = (self.steps + 1) as f64;
            (1.0 - beta_2.powf(steps)).sqrt() / (1.0 - beta_1.powf(steps))
        } else {
            1.0
        };
        self.d * lr * correction
    }

    /// The next estimate from the sums over all parameters.
    fn estimate(&mut self, numerator: f64, denominator: f64) {
        let estimate = self.config.d_coef * numerator / denominator;
        self.numerator = numerator;
        if self.d == self.config.d0 {
            self.d = self.d.max(estimate);
        }
        self.d_max = self.d_max.max(estimate);
        self.d = self.d_max.min(self.d * self.config.growth_rate);
        self.steps += 1;
    }
}

impl Rule for Prodigy {
    const NAME: &'static str = "prodigy";
    const KEPT: &'static [(&'static str, Beginning)] = &[
        ("start", Beginning::Start),
        ("first_moment", Beginning::Zero),
        ("second_moment", Beginning::Zero),
        ("sum", Beginning::Zero),
    ];

    fn numbers(&self) -> Vec<f64> {
        vec![self.d, self.d_max, self.numerator, self.steps as f64]
    }

    fn set_numbers(&mut self, numbers: &[f64]) {
        [self.d, self.d_max, self.numerator] = [numbers[0], numbers[1], numbers[2]];
        self.steps = numbers[3] as u64;
    }

    fn step<M: Module>(
        &mut self,
        lr: f64,
        model: M,
        kept: &mut [Tensors],
        gradients: &GradientsParams,
    ) -> (M, f64) {
        let rate = self.rate(lr);
        if rate <= 0.0 {
            return (model, 0.0);
        }
        let config = &self.config;
        let beta_3 = config.beta_3.unwrap_or(config.beta_2.sqrt());
        // Divided by d₀, as otherwise these would be too small for single precision.
        let scale = self.d / config.d0;
        let mut averages = Averages {
            config,
            d: self.d,
            beta_3,
            weight: match config.safeguard_warmup {
                true => scale * self.d,
                false => scale * rate,
            },
            gradients,
            kept,
            updated: Default::default(),
            sums: Reductions::new(),
        };
        model.visit(&mut averages);
        let Averages { updated, sums, .. } = averages;
        let sums = sums.read().sums;
        let progress: f64 = sums.iter().step_by(2).sum();
        let denominator: f64 = sums.iter().skip(1).step_by(2).sum();
        if denominator == 0.0 {
            return (model, rate);
        }
        self.estimate(
            beta_3 * self.numerator + scale * rate * progress,
            denominator,
        );
        let model = model.map(&mut Move {
            rate,
            decay: self.config.weight_decay * rate,
            epsilon: self.d * self.config.epsilon,
            moments: &updated,
        });
        let [first, second, sum] = updated;
        [kept[FIRST], kept[SECOND], kept[SUM]] = [first, second, sum];
        (model, rate)
    }
}

/// Brings the averages up to date, and registers `⟨g, x₀ − x⟩` and `‖s‖₁` of every parameter.
struct Averages<'a> {
    config: &'a ProdigyConfig,
    d: f64,
    beta_3: f64,
    /// Of the gradient in `s`.
    weight: f64,
    gradients: &'a GradientsParams,
    kept: &'a [Tensors],
    /// `m`, `v` and `s` of the parameters with a gradient.
    updated: [Tensors; 3],
    sums: Reductions,
}

impl ModuleVisitor for Averages<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let id = param.id;
        let Some(gradient) = self.gradients.get::<D>(id) else {
            return;
        };
        let [start, first, second, sum] =
            [START, FIRST, SECOND, SUM].map(|kept| shadow::of::<D>(&self.kept[kept], id));
        let ProdigyConfig { beta_1, beta_2, .. } = *self.config;

        let way = start - param.val().inner();
        self.sums.inner_product(gradient.clone(), way);

        let sum = sum * self.beta_3 + gradient.clone() * self.weight;
        self.sums.inner_product(sum.clone(), sum.clone().sign());

        let first = first * beta_1 + gradient.clone() * (self.d * (1.0 - beta_1));
        let second = second * beta_2 + gradient.square() * (self.d * self.d * (1.0 - beta_2));
        let updated = [first, second, sum];
        for (tensors, tensor) in self.updated.iter_mut().zip(updated) {
            tensors.register::<D>(id, tensor);
        }
    }
}

/// Moves every parameter by its moments.
struct Move<'a> {
    rate: f64,
    decay: f64,
    epsilon: f64,
    moments: &'a [Tensors; 3],
}

impl ModuleMapper for Move<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let [first, second, _] = self.moments.each_ref().map(|moment| moment.get(param.id));
        let (Some(first), Some(second)) = (first, second) else {
            return param;
        };
        shadow::replaced(param, |x| {
            let x = match self.decay {
                0.0 => x,
                decay => x.clone() - x * decay,
            };
            x - first / (second.sqrt() + self.epsilon) * self.rate
        })
    }
}
