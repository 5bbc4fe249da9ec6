//! Settings of a training beside those of the search, and the parts of a `Learner`.

use std::sync::Arc;

use burn::optim::ModuleOptimizer;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::train::{Interrupter, TrainStep};

use super::failure::Failure;
use super::metrics::SearchMetrics;
use super::workers::Workers;
use super::wrapper::LineSearch;
use crate::direction::Directions;
use crate::error::LineSearchError;
use crate::report::StepReport;
use crate::units::{Searched, Turn};

impl<M: TrainStep> LineSearch<M> {
    /// Takes the directions from elsewhere than the configuration: from a
    /// [`SearchDirection`](crate::direction::SearchDirection) of your own, or from any Burn
    /// optimizer, `Directions::adopted(RmsPropConfig::new().init())`.
    ///
    /// # Panics
    ///
    /// If the configuration sets weight decay or clipping: they belong to the direction that is
    /// replaced.
    #[must_use]
    pub fn with_directions(mut self, directions: Directions) -> Self {
        let valid = self.engine.config.validate_adopted();
        valid.unwrap_or_else(|error| panic!("{error}"));
        self.engine.adopted = directions.adopted;
        self.optimizer = directions.optimizer;
        self
    }

    /// Multiplies the step sizes that are found by the factors of a Burn scheduler under
    /// [`launch`](Self::launch). Its values are factors, not learning rates: between 0 and 1, with
    /// a peak of 1.
    #[must_use]
    pub fn with_schedule(mut self, scheduler: impl Into<ModuleLrScheduler>) -> Self {
        self.scheduler = Some(scheduler.into());
        self.with_factors_allowed()
    }

    /// Allows learning rates other than 1, where you make the `Learner`: they are factors of the
    /// step sizes that are found. Without this call, a rate that was meant for another optimizer is
    /// [`LineSearchError::LearningRate`].
    #[must_use]
    pub fn with_factors_allowed(mut self) -> Self {
        self.factors_allowed = true;
        self
    }

    /// Calls `after_step` with the model after every step that moved it, for instance to clip its
    /// weights. The average changes along with it. The model's own `TrainStep::optimize` is not
    /// called.
    #[must_use]
    pub fn with_after_step(mut self, after_step: impl Fn(M) -> M + Send + Sync + 'static) -> Self {
        self.after_step = Some(Arc::new(after_step));
        self
    }

    /// Calls `observer` with every step's report, on the thread that trains. There may be several;
    /// they are called in the order in which they were added.
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

    /// Stops the training at the first error, with `training.interrupter()`.
    /// [`launch`](Self::launch) does this itself.
    ///
    /// An error of an earlier training, of which this model is a clone, is forgotten.
    #[must_use]
    pub fn with_interrupter(mut self, interrupter: Interrupter) -> Self {
        if self.reporter.failure.error().is_some() {
            self.reporter.failure = Failure::default();
        }
        self.reporter.interrupter = Some(interrupter);
        self
    }

    /// The model, and metrics of its training for Burn's dashboard and log files.
    pub fn with_metrics(mut self) -> (Self, SearchMetrics) {
        let units = self.engine.config.units.names();
        let metrics = SearchMetrics::new(units.map(str::to_string).collect());
        self.metrics.push(metrics.clone());
        (self, metrics)
    }

    /// The model, and the optimizer that belongs beside it in a `Learner`.
    ///
    /// A schedule set by [`with_schedule`](Self::with_schedule) does not come along, and would be
    /// lost: the first step then reports [`LineSearchError::Settings`].
    pub fn into_parts(mut self) -> (Self, ModuleOptimizer) {
        if self.scheduler.take().is_some() {
            self.reporter.postpone(LineSearchError::Settings {
                reason: "a schedule set by `with_schedule` belongs to `launch`: give it to \
                         `Learner::new`, and use `with_factors_allowed` in its place",
            });
        }
        let optimizer = self.optimizer.clone();
        // A training of its own, whatever else is trained from a clone of this model.
        self.workers = Workers::default();
        (self, optimizer)
    }
}
