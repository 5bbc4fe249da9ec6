//! A model together with the line search that trains it.

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use burn::module::{Module, ParamId};
use burn::optim::ModuleOptimizer;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Tensor;
use burn::train::TrainStep;

use super::failure::{Failure, Reporter};
use super::metrics::SearchMetrics;
use super::workers::Workers;
use crate::config::LineSearchConfig;
use crate::engine::Engine;
use crate::objective::MicroBatch;
use crate::report::StepReport;
use crate::state::SearchState;

/// The loss of a batch, as the trials evaluate it.
pub(super) type BatchLosses<M> =
    Arc<dyn Fn(&M, &<M as TrainStep>::Input) -> Tensor<1> + Send + Sync>;

/// A function that is called with the report of every step.
type Observer = Arc<dyn Fn(&StepReport) + Send + Sync>;

/// A model that is trained by a line search under Burn's `Learner`.
///
/// Made by [`LineSearchConfig::for_learner`]. [`launch`](Self::launch) trains it and returns the
/// bare model:
///
/// ```
/// use burn::train::{LearnerModel, SupervisedTraining};
/// use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig, LineSearchError};
///
/// fn train<M: LearnerModel + BatchLoss>(
///     model: M,
///     training: SupervisedTraining<LineSearch<M>>,
/// ) -> Result<M, LineSearchError> {
///     let model = LineSearchConfig::adamsls().for_learner(model);
///     let trained = model.launch(training)?;
///     //  was: let learner = Learner::new(model, AdamConfig::new().init(), 2e-5);
///     //       let trained = training.launch(learner);
///     Ok(trained.model)
/// }
/// ```
///
/// The wrapper is a `Module`, a `TrainStep` and an `InferenceStep` itself, so a `Learner` of your
/// own takes it as well. The learning rate is then 1, since it multiplies the step size that is
/// found:
///
/// ```
/// use burn::train::{Learner, LearnerModel, SupervisedTraining};
/// use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig};
///
/// fn train<M: LearnerModel + BatchLoss>(
///     model: M,
///     training: SupervisedTraining<LineSearch<M>>,
/// ) -> M {
///     let model = LineSearchConfig::adamsls().for_learner(model);
///     let model = model.with_interrupter(training.interrupter());
///     let failure = model.failure();
///     let (model, optim) = model.into_parts();
///     let trained = training.launch(Learner::new(model, optim, 1.0));
///     assert_eq!(failure.error(), None);
///     trained.model.into_inner()
/// }
/// ```
///
/// # Batches
///
/// `TrainStep::step` runs the model's own step and keeps the batch and its loss;
/// `TrainStep::optimize` searches on what was kept, and moves the model. Every `step` must be
/// followed by an `optimize` on the same model. Burn's `SupervisedTraining` does so.
///
/// *Gradient accumulation* is Burn's, `grads_accumulation(n)`. All batches since the last move are
/// kept, and the objective is the sum of their losses: its gradient is the accumulated one. A
/// data loader of your own whose progress never reads complete makes Burn drop the gradients of a
/// last, partial window; its batches would then count in the next one.
///
/// # Seeds
///
/// So that the trials see the dropout masks of the training forward, the device is seeded before
/// every training forward and every trial, and once more after the step: the [trial
/// mode](crate::TrialMode) `ReplayDropout`, which every preset has. The seeds come from the
/// seed of the run ([`LineSearchConfig::seed`]) and the number of the step. The whole device is
/// seeded: whatever else draws random numbers on it, such as a batcher that augments its images
/// there, draws from a generator that the line search has set. [`TrialMode::Deterministic`] and
/// [`TrialMode::NoRandomNumbers`] leave the generator alone.
///
/// # Averaged weights
///
/// Where the configuration averages weights, as `default` does, there are two models. The one that
/// is trained makes the training forwards, whose metrics are its own: [`inner`](Self::inner). The
/// one to use is the average: [`averaged`](Self::averaged), [`into_inner`](Self::into_inner),
/// copies for validation, and the result of `launch`. Buffers, such as the running statistics of
/// batch normalisation, are the trained model's in both. A function that changes weights after a
/// step ([`with_after_step`](Self::with_after_step)) changes those of the trained model, and the
/// average changes along with it.
///
/// # Records
///
/// The parameters keep the paths that they have in the bare model. In the records of training
/// (checkpoints), the state of the search lies beside them under `line_search`, and a training
/// resumed from any checkpoint repeats the bits. Copies for validation ([`Module::valid`]) have no
/// such entry: a trained model is saved and loaded as the bare one. To load a checkpoint into the
/// bare model, allow the entry that is not the model's (`record.allow_unused(true)`); to load a
/// record of the bare model into the wrapper, allow the one that is missing
/// (`record.allow_partial(true)`), before the first step.
///
/// Of averaged weights, a checkpoint has the average in the place of the model: the bare model that
/// it is loaded into is the one to use. The model that is trained is beside it, under
/// `line_search.point`, and what else the average is made of under `line_search.iterate`: a
/// checkpoint is three times as large as the model. A visitor of the wrapper sees the trained model
/// and these entries.
///
/// A state that does not fit, of other units or damaged, is reported by the first step after it was
/// loaded, since loading has no error for it.
///
/// # Errors
///
/// Burn's `TrainStep::optimize` returns no error. A [`LineSearchError`] therefore stops the
/// training: `launch` returns it. With an [interrupter](Self::with_interrupter), Burn ends the
/// training with an error that contains its text, and [`failure`](Self::failure) has the error
/// itself; until then, steps return the outputs of the model and change nothing. Without an
/// interrupter, an error is a panic with that text. A model without any trainable parameter is an
/// error of `launch`; where that cannot be seen before the first step, and with a `Learner` of your
/// own, the first step panics, as its backward pass could only panic too.
///
/// Early stopping, a stop by the interrupter and errors of Burn's own end the training as they do
/// with any optimizer.
///
/// # Several devices
///
/// With `ExecutionStrategy::multi(devices, MultiDeviceOptim::OptimMainDevice)`, one decision is
/// taken for all devices, on the first of them: the objective is the sum of the workers' mean
/// losses, as the gradient is the sum of theirs. Every trial is evaluated on all devices side by
/// side, each on its own micro-batches. So a step is that of one device which accumulates the
/// gradients of as many batches: to the bit with two workers and no accumulation, and otherwise up
/// to the order in which Burn adds gradients.
///
/// So that the masks of dropout can be drawn again, workers of one process make their training
/// steps one after the other, where devices are [seeded](#seeds): a backend has one generator for
/// all threads. Where a step is only launched, as on a GPU, only the launch waits. Burn's remote
/// devices have generators of their own, and need not wait.
///
/// A panic on another device, or a connection that is lost, ends the training: Burn reports a
/// failed training step in the result's `error`, and `launch` any later panic as
/// [`LineSearchError::Device`]. The other strategies are refused: `OptimSharded`, where nobody
/// holds the whole model, and `ExecutionStrategy::ddp`, where each device would take a decision of
/// its own.
///
/// [`LineSearchError`]: crate::LineSearchError
/// [`LineSearchError::Device`]: crate::LineSearchError::Device
/// [`Module::valid`]: burn::module::Module::valid
/// [`TrialMode::Deterministic`]: crate::TrialMode::Deterministic
/// [`TrialMode::NoRandomNumbers`]: crate::TrialMode::NoRandomNumbers
pub struct LineSearch<M: TrainStep> {
    pub(super) model: M,
    pub(super) losses: BatchLosses<M>,
    pub(super) engine: Engine,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) scheduler: Option<ModuleLrScheduler>,
    /// Whether a learning rate other than 1 is meant as a factor.
    pub(super) factors_allowed: bool,
    pub(super) after_step: Option<Arc<dyn Fn(M) -> M + Send + Sync>>,
    pub(super) observers: Vec<Observer>,
    pub(super) metrics: Vec<SearchMetrics>,
    pub(super) reporter: Reporter,
    pub(super) last: Option<StepReport>,
    /// The id under which the state is recorded.
    pub(super) state_id: ParamId,
    /// Whether this is a copy for validation, whose records are those of the bare model.
    pub(super) inference: bool,
    /// Behind a lock because `TrainStep::step` takes `&self`; never shared between clones.
    pub(super) slot: Mutex<Slot<M::Input>>,
    /// What the workers of a training on several devices leave.
    pub(super) workers: Workers<M::Input>,
}

/// What the training forwards since the last move have left.
#[derive(Clone)]
pub(super) struct Slot<I> {
    /// The seed of the run, once the first forward has asked for it.
    pub(super) run_seed: Option<u64>,
    pub(super) batches: Vec<MicroBatch<I>>,
}

impl<I> Default for Slot<I> {
    fn default() -> Self {
        Self {
            run_seed: None,
            batches: Vec::new(),
        }
    }
}

impl<M: TrainStep> LineSearch<M> {
    pub(super) fn new(config: LineSearchConfig, model: M, losses: BatchLosses<M>) -> Self {
        config.validate().unwrap_or_else(|error| panic!("{error}"));
        Self {
            model,
            losses,
            optimizer: config.optimizer(),
            engine: Engine::new(config, false),
            scheduler: None,
            factors_allowed: false,
            after_step: None,
            observers: Vec::new(),
            metrics: Vec::new(),
            reporter: Reporter::default(),
            last: None,
            state_id: ParamId::new(),
            inference: false,
            slot: Mutex::default(),
            workers: Workers::default(),
        }
    }

    /// The model itself: the one that is trained, where weights are averaged.
    pub fn inner(&self) -> &M {
        &self.model
    }

    /// The report of the last step, if one was made since the wrapper was created or loaded.
    pub fn last_report(&self) -> Option<&StepReport> {
        self.last.as_ref()
    }

    /// The step size of every original unit, by name.
    pub fn step_sizes(&self) -> impl Iterator<Item = (&str, f64)> {
        self.engine.step_sizes()
    }

    /// The state of the search.
    pub fn state(&self) -> &SearchState {
        &self.engine.state
    }

    /// The error that stops a training with an [interrupter](Self::with_interrupter), to be asked
    /// after the training has ended. Take it after the interrupter was given.
    pub fn failure(&self) -> Failure {
        self.reporter.failure.clone()
    }

    /// `β` of the averaging, if the model is not at the average already.
    pub(super) fn averaging(&self) -> Option<f64> {
        self.engine.averaging_beta().filter(|_| !self.inference)
    }

    pub(super) fn slot(&self) -> MutexGuard<'_, Slot<M::Input>> {
        self.slot.lock().unwrap_or_else(|p| p.into_inner())
    }

    /// The same search around the changed model, with no batches kept from before.
    pub(super) fn map_model(self, change: impl FnOnce(M) -> M) -> Self {
        Self {
            model: change(self.model),
            slot: Mutex::default(),
            workers: self.workers.renewed(),
            ..self
        }
    }

    /// The same search around another state of the model, with no batches kept from before.
    pub(super) fn around(&self, model: M) -> Self {
        Self {
            model,
            losses: self.losses.clone(),
            engine: self.engine.clone(),
            optimizer: self.optimizer.clone(),
            scheduler: self.scheduler.clone(),
            factors_allowed: self.factors_allowed,
            after_step: self.after_step.clone(),
            observers: self.observers.clone(),
            metrics: self.metrics.clone(),
            reporter: self.reporter.clone(),
            last: self.last.clone(),
            state_id: self.state_id,
            inference: self.inference,
            slot: Mutex::default(),
            workers: self.workers.renewed(),
        }
    }
}

impl<M: TrainStep + Module> LineSearch<M> {
    /// The model to evaluate, to save and to use: the average of its weights, or the model itself
    /// where nothing is averaged. It tracks gradients as the model does.
    pub fn averaged(&self) -> M {
        match self.averaging() {
            Some(beta) => self.engine.iterates.averaged(self.model.clone(), beta),
            None => self.model.clone(),
        }
    }

    /// The model to use, without the line search: see [`averaged`](Self::averaged).
    pub fn into_inner(self) -> M {
        match self.averaging() {
            Some(beta) => self.engine.iterates.averaged(self.model, beta),
            None => self.model,
        }
    }
}

impl<M: TrainStep<Input: Clone> + Clone> Clone for LineSearch<M> {
    fn clone(&self) -> Self {
        let slot = Mutex::new(self.slot().clone());
        Self {
            slot,
            workers: self.workers.of_clone(),
            ..self.around(self.model.clone())
        }
    }
}

impl<M: TrainStep + fmt::Debug> fmt::Debug for LineSearch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSearch")
            .field("model", &self.model)
            .field("config", &self.engine.config)
            .field("state", &self.engine.state)
            .finish_non_exhaustive()
    }
}

impl<M: TrainStep + fmt::Display> fmt::Display for LineSearch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}
