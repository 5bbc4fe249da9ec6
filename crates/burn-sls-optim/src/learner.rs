//! The face for Burn's own `Learner`.

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn::train::{
    ClassificationOutput, InferenceStep, MultiLabelClassificationOutput, RegressionOutput,
    SequenceOutput, TrainOutput, TrainStep,
};

use crate::choice::Turn;
use crate::config::LineSearchConfig;
use crate::engine::Engine;
use crate::metrics::SearchMetrics;
use crate::objective::{MicroBatch, prepare};
use crate::report::{Searched, StepReport};
use crate::state::SearchState;
use crate::units::Units;

/// What a model must be able to say beside its [`TrainStep`]: the loss of a batch, and nothing else.
///
/// The trials of a search call it with a gradient-free copy of the model. It must compute the same
/// loss as the training step does.
pub trait BatchLoss: TrainStep<Input: Clone, Output: TrainingLoss> {
    /// The loss of a batch: one per example `[batch]` (preferred), or their mean `[1]`.
    ///
    /// Where the training step's [output](TrainingLoss) carries the mean, per-example losses are
    /// averaged on the device as it is.
    fn batch_loss(&self, batch: &Self::Input) -> Tensor<1>;
}

/// The loss that the output of a training step carries. Burn's own outputs have it.
pub trait TrainingLoss {
    /// The losses of the training forward: one per example `[batch]`, or their mean `[1]`.
    fn training_loss(&self) -> Tensor<1>;
}

macro_rules! training_loss {
    ($($output:ty),*) => {$(
        impl TrainingLoss for $output {
            fn training_loss(&self) -> Tensor<1> {
                self.loss.clone()
            }
        }
    )*};
}

training_loss!(
    ClassificationOutput,
    MultiLabelClassificationOutput,
    RegressionOutput,
    SequenceOutput
);

/// What is told of every step while training runs.
type Observer = Arc<dyn Fn(&StepReport) + Send + Sync>;

/// A model that is trained by a line search under Burn's `Learner`.
///
/// Made by [`LineSearchConfig::for_learner`] together with the optimizer that belongs beside it.
/// It is a `Module` and a `TrainStep` itself, and stands wherever the model stood:
///
/// ```
/// use burn::train::{Learner, LearnerModel};
/// use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig};
///
/// fn learner<M: LearnerModel + BatchLoss>(model: M) -> Learner<LineSearch<M>> {
///     let (model, optim) = LineSearchConfig::adamsls().for_learner(model);
///     //  was: let optim = AdamConfig::new().init();
///     Learner::new(model, optim, 1.0)
///     //  was: Learner::new(model, optim, 2e-5)
/// }
/// ```
///
/// `SupervisedTraining` launches it as ever, and [`into_inner`](Self::into_inner) gives the trained
/// model back. [`with_metrics`](Self::with_metrics) gives metrics for the dashboard.
///
/// # How it works
///
/// `TrainStep::step` seeds the device, runs the model's own step, and keeps the batch and its loss;
/// `TrainStep::optimize` searches on what was kept, and moves. Under gradient accumulation all
/// micro-batches since the last move are kept, and the objective is the sum of their losses, which
/// is what the accumulated gradients are of. The learning rate that the `Learner` passes multiplies
/// the searched step sizes: 1.0 means the search alone, and any of Burn's schedulers shapes a run.
///
/// # Records
///
/// The parameters keep the paths they have in the bare model. The state of the search is recorded
/// beside them, under `line_search`, so that training resumes bit for bit from any checkpoint. To
/// load a wrapped model's record into the bare model, allow unused tensors
/// (`record.allow_unused(true)`); to load a bare model's record into the wrapper, allow missing ones
/// (`record.allow_partial(true)`).
///
/// # Batches
///
/// Every `TrainStep::step` must be followed by an `optimize` on the same model, after one batch or after
/// a window of accumulation: the batches in between are what is searched on. A data loader of one's own
/// whose progress never reads complete makes Burn drop the gradients of a last, partial window; its
/// batches would then still be here.
///
/// # Panics
///
/// Burn's `TrainStep::optimize` returns no error, so what [`LineSearchOptimizer::step`] returns as
/// [`LineSearchError`](crate::LineSearchError) is a panic here, with the same text. Sharded
/// optimization over several devices (`optimize_multi`) is not supported, and panics.
///
/// [`LineSearchOptimizer::step`]: crate::LineSearchOptimizer::step
pub struct LineSearch<M: BatchLoss> {
    model: M,
    engine: Engine,
    last: Option<StepReport>,
    observers: Vec<Observer>,
    metrics: Vec<SearchMetrics>,
    /// The id under which the state is recorded.
    state_id: ParamId,
    /// What has been seen since the last move. Behind a lock because `TrainStep::step` takes
    /// `&self`; never shared between clones.
    slot: Mutex<Vec<MicroBatch<M::Input>>>,
}

impl<M: BatchLoss> LineSearch<M> {
    pub(crate) fn new(model: M, config: LineSearchConfig) -> Self {
        Self {
            model,
            engine: Engine::new(config),
            last: None,
            observers: Vec::new(),
            metrics: Vec::new(),
            state_id: ParamId::new(),
            slot: Mutex::default(),
        }
    }

    /// Tells `observer` of every step's report, on the thread that trains. There may be several;
    /// they are told in the order in which they were added.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Fn(&StepReport) + Send + Sync + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Lets `rule` choose the units of every search but the first; see
    /// [`LineSearchOptimizer::with_unit_rule`](crate::LineSearchOptimizer::with_unit_rule).
    #[must_use]
    pub fn with_unit_rule(
        mut self,
        rule: impl Fn(&Turn<'_>) -> Searched + Send + Sync + 'static,
    ) -> Self {
        self.engine.rule = Some(Arc::new(rule));
        self
    }

    /// Feeds `metrics` with every step.
    pub(crate) fn feeding(mut self, metrics: SearchMetrics) -> Self {
        self.metrics.push(metrics);
        self
    }

    /// The units as they were configured.
    pub(crate) fn units(&self) -> &Units {
        &self.engine.config.units
    }

    /// The model itself.
    pub fn inner(&self) -> &M {
        &self.model
    }

    /// The model itself, without the line search.
    pub fn into_inner(self) -> M {
        self.model
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

    fn slot(&self) -> MutexGuard<'_, Vec<MicroBatch<M::Input>>> {
        self.slot
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The same search around another state of the model, with nothing kept from before.
    fn around(&self, model: M) -> Self {
        Self {
            model,
            engine: self.engine.clone(),
            last: self.last.clone(),
            observers: self.observers.clone(),
            metrics: self.metrics.clone(),
            state_id: self.state_id,
            slot: Mutex::default(),
        }
    }

    /// The state as a parameter of the module, for records.
    fn state_param(&self) -> Param<Tensor<1, Int>>
    where
        M: Module,
    {
        let code = self.engine.state.encode();
        let device = self.model.devices().into_iter().next();
        let device = device.expect("a model with parameters").inner();
        let data = TensorData::from(code.as_slice());
        let tensor = Tensor::from_data(data, (&device, DType::I32));
        Param::initialized(self.state_id, tensor)
    }
}

impl<M: BatchLoss + Module> TrainStep for LineSearch<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> TrainOutput<Self::Output> {
        let mut slot = self.slot();
        let seed = self.engine.batch_seed(slot.len());
        prepare(&self.model, seed).unwrap_or_else(|error| panic!("{error}"));
        let output = self.model.step(item.clone());
        slot.push(MicroBatch {
            item,
            losses: output.item.training_loss().inner(),
            seed,
        });
        output
    }

    fn optimize(
        mut self,
        optim: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        grads: GradientsParams,
    ) -> Self {
        let batches = std::mem::take(&mut *self.slot());
        assert!(
            !batches.is_empty(),
            "a line search needs the batch that the gradients are of: call `TrainStep::step` on \
             the same model before `TrainStep::optimize`. Training on several devices, whose \
             workers keep their batches, is not supported"
        );
        let losses = |model: &M, batch: &M::Input| model.batch_loss(batch);
        let (model, report) = self
            .engine
            .iterate(optim, &lr, self.model, grads, &batches, losses)
            .unwrap_or_else(|error| panic!("{error}"));
        for observer in &self.observers {
            observer(&report);
        }
        for metrics in &self.metrics {
            metrics.record(&report, &self.engine.state, batches.len());
        }
        Self {
            model,
            last: Some(report),
            ..self
        }
    }

    fn optimize_multi(
        self,
        _optim: &mut ModuleOptimizer,
        _lr: ModuleLearningRate,
        _grads: MultiGradientsParams,
    ) -> Self {
        panic!(
            "a line search trains on one device: the workers of several keep the batches that its \
             trials need"
        )
    }
}

impl<M: BatchLoss + InferenceStep> InferenceStep for LineSearch<M> {
    type Input = <M as InferenceStep>::Input;
    type Output = <M as InferenceStep>::Output;

    fn step(&self, item: Self::Input) -> Self::Output {
        InferenceStep::step(&self.model, item)
    }
}

/// The name under which the state is recorded, beside the model's own parameters.
const STATE: &str = "line_search";

impl<M: BatchLoss + Module> Module for LineSearch<M> {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.model.visit(visitor);
        visitor.enter_module(STATE, "Struct:LineSearch");
        visitor.visit_int(&self.state_param());
        visitor.exit_module(STATE, "Struct:LineSearch");
    }

    fn map<P: ModuleMapper>(mut self, mapper: &mut P) -> Self {
        let param = self.state_param();
        self.model = self.model.map(mapper);
        mapper.enter_module(STATE, "Struct:LineSearch");
        let (id, state, _) = mapper.map_int(param).consume();
        mapper.exit_module(STATE, "Struct:LineSearch");
        let units = &self.engine.config.units;
        let state = SearchState::decode(&state.into_data(), units.len())
            .and_then(|state| state.check(units).map(|()| state));
        self.state_id = id;
        self.engine.state = state.unwrap_or_else(|error| panic!("{error}"));
        self
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.model.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.around(self.model.clone().fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.around(self.model.clone().to_device(device))
    }

    fn valid(&self) -> Self {
        self.around(self.model.valid())
    }

    fn train(self) -> Self {
        self.around(self.model.clone().train())
    }

    fn materialize(self) -> Self {
        self.around(self.model.clone().materialize())
    }
}

impl<M: BatchLoss + Clone> Clone for LineSearch<M> {
    fn clone(&self) -> Self {
        let slot = Mutex::new(self.slot().clone());
        Self {
            slot,
            ..self.around(self.model.clone())
        }
    }
}

impl<M: BatchLoss + fmt::Debug> fmt::Debug for LineSearch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSearch")
            .field("model", &self.model)
            .field("config", &self.engine.config)
            .field("state", &self.engine.state)
            .finish_non_exhaustive()
    }
}

impl<M: BatchLoss + fmt::Display> fmt::Display for LineSearch<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}
