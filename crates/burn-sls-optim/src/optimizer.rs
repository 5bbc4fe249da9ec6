//! The face for a training loop of one's own.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;

use crate::choice::Turn;
use crate::config::LineSearchConfig;
use crate::engine::Engine;
use crate::error::LineSearchError;
use crate::objective::{MicroBatch, prepare};
use crate::record::LineSearchRecord;
use crate::report::{Counts, Searched, StepReport};
use crate::stages::{self, Plan, Stages};
use crate::state::SearchState;

/// An optimizer that finds its step sizes by a line search, for a training loop of one's own.
///
/// # Example
///
/// Least squares, without a learning rate:
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_sls_optim::LineSearchConfig;
///
/// let device = Device::flex().autodiff();
/// let x = Tensor::<2>::random([64, 4], Distribution::Default, &device);
/// let y = x.clone().sum_dim(1);
/// let mut model: Linear = LinearConfig::new(4, 1).init(&device);
///
/// let mut optim = LineSearchConfig::adamsls().init();
/// for _ in 0..100 {
///     let step = optim.step(model, |m| {
///         (m.forward(x.clone()) - y.clone()).square().reshape([-1]) // one loss per example
///     })?;
///     model = step.model;
///     println!("{} after {} trials", step.report.loss, step.report.trials.len());
/// }
/// # Ok::<(), burn_sls_optim::LineSearchError>(())
/// ```
#[derive(Clone)]
pub struct LineSearchOptimizer {
    optim: ModuleOptimizer,
    engine: Engine,
    plan: Plan,
}

/// What a step gives back.
#[derive(Clone, Debug)]
pub struct Step<M> {
    /// The model after the step; as it was, where the report says that nothing was changed.
    pub model: M,
    /// What was decided, and what it cost.
    pub report: StepReport,
}

impl LineSearchOptimizer {
    pub(crate) fn new(config: LineSearchConfig, optim: ModuleOptimizer) -> Self {
        Self {
            optim,
            engine: Engine::new(config),
            plan: Plan::default(),
        }
    }

    /// One iteration: forward, backward, search, move.
    ///
    /// `losses` evaluates the loss of the current mini-batch: one loss per example `[batch]`
    /// (preferred: they are averaged in f64), or their mean `[1]`. It is called once with the model
    /// itself, and once per trial with a gradient-free copy; it must do the same each time.
    /// Dropout is taken care of by [`TrialMode`](crate::TrialMode).
    ///
    /// # Errors
    ///
    /// If the loss carries no gradient, is empty, or changes its shape between calls, and if the
    /// units do not cover the parameters. The optimizer is then as it was. The model is gone with the
    /// error: a loop that goes on after one keeps a clone (cloning a model copies no tensor).
    pub fn step<M: Module>(
        &mut self,
        model: M,
        losses: impl Fn(&M) -> Tensor<1>,
    ) -> Result<Step<M>, LineSearchError> {
        self.step_scheduled(1.0, model, losses)
    }

    /// Like [`step`](Self::step), with the accepted step sizes multiplied by `lr`, a factor from one
    /// of Burn's learning-rate schedulers: at most 1, or the step is longer than the one that was
    /// tested; at 0 nothing moves, and the optimizer's state advances.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step); also if `lr` is negative or not finite.
    pub fn step_scheduled<M: Module>(
        &mut self,
        lr: impl Into<ModuleLearningRate>,
        model: M,
        losses: impl Fn(&M) -> Tensor<1>,
    ) -> Result<Step<M>, LineSearchError> {
        self.step_accumulated(lr, model, &[()], |model, ()| losses(model))
    }

    /// Like [`step_scheduled`](Self::step_scheduled), over several micro-batches: their gradients
    /// are added up, and the objective that is searched is the sum of their mean losses.
    ///
    /// `losses` evaluates the loss of one micro-batch. Each costs a forward pass per trial.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step); also if there is no micro-batch.
    pub fn step_accumulated<M: Module, I>(
        &mut self,
        lr: impl Into<ModuleLearningRate>,
        model: M,
        batches: &[I],
        losses: impl Fn(&M, &I) -> Tensor<1>,
    ) -> Result<Step<M>, LineSearchError> {
        let (kept, grads) = self.train(&model, batches, |model, item, _| {
            (losses(model, item), item)
        })?;
        let (model, report) = self.engine.iterate(
            &mut self.optim,
            &lr.into(),
            model,
            grads,
            &kept,
            |model: &M, item: &&I| losses(model, item),
        )?;
        Ok(Step { model, report })
    }

    /// Like [`step_accumulated`](Self::step_accumulated), for a model that is given in
    /// [`Stages`]: trials begin at the first stage of what is searched.
    ///
    /// # Errors
    ///
    /// As [`step_accumulated`](Self::step_accumulated).
    ///
    /// # Panics
    ///
    /// If the model has no stage.
    pub fn step_in_stages<M: Stages<I>, I>(
        &mut self,
        lr: impl Into<ModuleLearningRate>,
        model: M,
        batches: &[I],
    ) -> Result<Step<M>, LineSearchError> {
        self.plan.cover(&model);
        let (kept, grads) = self.train(&model, batches, stages::forward)?;
        let (optim, plan) = (&mut self.optim, &self.plan);
        let (model, report) = self
            .engine
            .iterate(optim, &lr.into(), model, grads, &kept, plan)?;
        Ok(Step { model, report })
    }

    /// The training forwards of all micro-batches, with what `forward` keeps of each, and the sum of their
    /// gradients.
    fn train<'a, M: Module, I, K>(
        &self,
        model: &M,
        batches: &'a [I],
        forward: impl Fn(&M, &'a I, u64) -> (Tensor<1>, K),
    ) -> Result<(Vec<MicroBatch<K>>, GradientsParams), LineSearchError> {
        let mut kept = Vec::new();
        let mut grads = GradientsAccumulator::new();
        for (index, item) in batches.iter().enumerate() {
            let seed = self.engine.batch_seed(index);
            prepare(model, seed)?;
            let (base, item) = forward(model, item, seed);
            if base.dims()[0] == 0 {
                return Err(LineSearchError::EmptyLoss);
            }
            if !base.is_tracked() {
                return Err(LineSearchError::NoGradient);
            }
            let losses = base.clone().inner();
            kept.push(MicroBatch { item, losses, seed });
            let gradients = GradientsParams::from_grads(base.mean().backward(), model);
            grads.accumulate(model, gradients);
        }
        match kept.is_empty() {
            true => Err(LineSearchError::EmptyLoss),
            false => Ok((kept, grads.grads())),
        }
    }

    /// Lets `rule` choose the units of every search but the first, in place of the configuration's
    /// [`UnitChoice`](crate::UnitChoice).
    ///
    /// It must be a function of what it is told alone, so that a resumed run repeats it; a rule is
    /// not part of the record.
    ///
    /// # Example
    ///
    /// Search where the first-order model promises the most, and all units every tenth iteration:
    ///
    /// ```
    /// use burn_sls_optim::{LineSearchConfig, Searched, Units};
    ///
    /// let units = Units::named([("encoder", vec!["encoder"]), ("head", vec!["head"])]);
    /// let optim = LineSearchConfig::plasls(units).init().with_unit_rule(|turn| {
    ///     if turn.step % 10 == 0 {
    ///         return Searched::All;
    ///     }
    ///     let promise = |unit: &usize| turn.step_sizes[*unit] * turn.slopes[*unit];
    ///     let units = 0..turn.slopes.len();
    ///     let best = units.max_by(|a, b| promise(a).total_cmp(&promise(b)));
    ///     Searched::Unit(best.unwrap_or(turn.cyclic))
    /// });
    /// ```
    #[must_use]
    pub fn with_unit_rule(
        mut self,
        rule: impl Fn(&Turn<'_>) -> Searched + Send + Sync + 'static,
    ) -> Self {
        self.engine.rule = Some(Arc::new(rule));
        self
    }

    /// The settings.
    pub fn config(&self) -> &LineSearchConfig {
        &self.engine.config
    }

    /// The step size of every original unit, by name.
    pub fn step_sizes(&self) -> impl Iterator<Item = (&str, f64)> {
        self.engine.step_sizes()
    }

    /// How the iterations so far have ended, and what they have cost.
    pub fn counts(&self) -> Counts {
        self.engine.state.counts
    }

    /// The state of the search.
    pub fn state(&self) -> &SearchState {
        &self.engine.state
    }

    /// Everything that a resumed training needs beside the model.
    ///
    /// The model's own record must be loaded too, *before* the next step: the optimizer's state is
    /// kept by the parameter ids that the model's record restores.
    pub fn to_record(&self) -> LineSearchRecord {
        LineSearchRecord {
            search: self.engine.state.clone(),
            optimizer: self.optim.to_record(),
        }
    }

    /// Takes over a record. Training continues bit for bit.
    ///
    /// # Errors
    ///
    /// If the record was made with other units.
    pub fn load_record(mut self, record: LineSearchRecord) -> Result<Self, LineSearchError> {
        record.search.check(&self.engine.config.units)?;
        self.engine.state = record.search;
        self.optim = self.optim.load_record(record.optimizer);
        Ok(self)
    }
}
