//! Schedule-Free averaging around any optimizer of Burn.

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};

use super::iterates::{Blend, Iterates};
use super::schedule_free_record::{ScheduleFreeRecord, Weights};
use crate::direction::displacement;

/// Schedule-Free averaging around any optimizer of Burn: a learning rate that stays where it is,
/// and the average of the steps in the place of its decay.
///
/// Step `k = 0, 1, …` at the learning rate `γ`:
///
/// ```text
/// Δ = the optimizer's displacement of y, at γ            y = (1 - β)·z + β·x, the model
/// z ← z + Δ
/// x ← (1 - c)·x + c·z                                    c = ω/Σ ω,  ω = (k + 1)^r·(max γ)^p
/// ```
///
/// The model that is trained, and whose gradients are taken, is `y`. The one to evaluate, to save
/// and to use is `x`: [`averaged`](Self::averaged). `β` takes the place of momentum, so the
/// optimizer is best without its own: RMSProp, Adam with `β₁ = 0`, SGD. Its weight decay is at `y`.
///
/// This is the `ScheduleFreeWrapper` of the authors' package, with `weight_decay_at_y`. There, the
/// optimizer steps from `z`; from `y` its displacement is the same but for weight decay.
///
/// A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: *The Road Less Scheduled*,
/// NeurIPS 2024, arXiv:2405.15682.
///
/// # Example
///
/// ```
/// use burn::module::Module;
/// use burn::optim::{AdamWConfig, GradientsParams};
/// use burn::tensor::Tensor;
/// use burn_sls_optim::ScheduleFree;
///
/// fn train<M: Module>(mut model: M, loss: impl Fn(&M) -> Tensor<1>) -> M {
///     let adam = AdamWConfig::new().with_beta_1(0.0).with_weight_decay(0.01).init();
///     let mut optim = ScheduleFree::new(adam);
///     for step in 0..1000 {
///         let rate = 0.0025 * f64::from(step + 1).min(50.0) / 50.0; // a warm-up
///         let grads = GradientsParams::from_grads(loss(&model).backward(), &model);
///         model = optim.step(rate, model, grads);
///     }
///     optim.averaged(&model.valid())
/// }
/// ```
#[derive(Clone)]
pub struct ScheduleFree {
    optimizer: ModuleOptimizer,
    beta: f64,
    r: f64,
    weight_lr_power: f64,
    iterates: Iterates,
    weights: Weights,
}

impl ScheduleFree {
    /// Averages the steps of `optimizer`, with the settings of the authors' package: `β` 0.9, `r`
    /// 0, and the learning rate squared as the weight of a step.
    pub fn new(optimizer: ModuleOptimizer) -> Self {
        Self {
            optimizer,
            beta: 0.9,
            r: 0.0,
            weight_lr_power: 2.0,
            iterates: Iterates::default(),
            weights: Weights::default(),
        }
    }

    /// Sets `β`, the share of the average in the point where gradients are taken.
    ///
    /// # Panics
    ///
    /// Unless `0 < β <= 1`.
    #[must_use]
    pub fn with_beta(mut self, beta: f64) -> Self {
        assert!(
            0.0 < beta && beta <= 1.0,
            "beta must be above 0 and at most 1, and it is {beta}"
        );
        self.beta = beta;
        self
    }

    /// Sets `r`, the power of the step's number in its weight.
    #[must_use]
    pub fn with_r(mut self, r: f64) -> Self {
        self.r = r;
        self
    }

    /// Sets `p`, the power of the largest learning rate so far in the weight of a step. 0 weighs
    /// the steps of a warm-up like all others.
    #[must_use]
    pub fn with_weight_lr_power(mut self, power: f64) -> Self {
        self.weight_lr_power = power;
        self
    }

    /// One step of the model that is trained. With a rate of its own for a parameter group, steps
    /// are weighed by the base rate.
    pub fn step<M: Module>(
        &mut self,
        lr: impl Into<ModuleLearningRate>,
        model: M,
        grads: GradientsParams,
    ) -> M {
        let lr = lr.into();
        let share = self.weigh(lr.base());
        let blend = Blend {
            share,
            iterate: 1.0,
            point: 1.0 - self.beta * (1.0 - share),
        };
        let direction = displacement(&mut self.optimizer, lr, &model, grads);
        self.iterates.advance(model, direction, |_| blend)
    }

    /// `c` of the next step.
    fn weigh(&mut self, lr: f64) -> f64 {
        let weights = &mut self.weights;
        weights.steps += 1;
        weights.largest_lr = weights.largest_lr.max(lr);
        let of_rate = weights.largest_lr.powf(self.weight_lr_power);
        let weight = (weights.steps as f64).powf(self.r) * of_rate;
        weights.sum += weight;
        match weights.sum {
            0.0 => 0.0,
            sum => weight / sum,
        }
    }

    /// The model to evaluate, to save and to use, `x`, for the model that is trained. Buffers and
    /// frozen parameters are those of `model`, and so is what autodiff knows of it.
    pub fn averaged<M: Module>(&self, model: &M) -> M {
        self.iterates.averaged(model.clone(), self.beta)
    }

    /// Everything that a resumed training needs beside the model that is trained, which has its own
    /// record. Load that too *before* the next step: it restores the ids of parameters.
    pub fn to_record(&self) -> ScheduleFreeRecord {
        ScheduleFreeRecord {
            optimizer: self.optimizer.to_record(),
            weights: self.weights,
            iterates: self.iterates.clone(),
        }
    }

    /// Takes over a record. Settings are not part of it.
    #[must_use]
    pub fn load_record(mut self, record: ScheduleFreeRecord) -> Self {
        self.optimizer = self.optimizer.load_record(record.optimizer);
        self.weights = record.weights;
        self.iterates = record.iterates;
        self
    }
}
