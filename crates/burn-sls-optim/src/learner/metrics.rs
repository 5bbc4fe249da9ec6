//! Metrics of a line search, for Burn's dashboard and log files.
//!
//! Burn's training loop hands an item to the metrics *after* the `optimize` of its iteration, and
//! on a thread of its own, which may be two iterations behind the training. The report that was
//! made last is therefore not always that of the item at hand. So the training items are counted on
//! both sides, and a metric looks for the report of the step that ended with its item; an item
//! within a window of gradient accumulation has none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use burn::tensor::TensorReadError;
use burn::train::metric::{
    Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes, NumericEntry,
    SerializedEntry,
};

use crate::error::LineSearchError;
use crate::report::StepReport;
use crate::state::SearchState;

/// The metrics of a model that is trained by a line search.
///
/// Made by [`LineSearch::with_metrics`](crate::LineSearch::with_metrics). Each method makes a
/// metric for `SupervisedTraining::metric_train_numeric`; make them before training begins, since a
/// metric counts the training items from where it was made.
///
/// # Example
///
/// ```
/// use burn::train::{LearnerModel, SupervisedTraining};
/// use burn_sls_optim::{BatchLoss, LineSearchConfig, LineSearchError, Units};
/// # use burn::train::{TrainLoader, ValidLoader};
///
/// # fn example<M: LearnerModel + BatchLoss>(
/// #     units: Units,
/// #     model: M,
/// #     train: TrainLoader<M>,
/// #     valid: ValidLoader<M>,
/// # ) -> Result<(), LineSearchError> {
/// let model = LineSearchConfig::plasls(units).for_learner(model);
/// let (model, metrics) = model.with_metrics();
/// let training = SupervisedTraining::new("runs/1", train, valid)
///     .metric_train_numeric(metrics.step_size())
///     .metric_train_numeric(metrics.step_size_of("head")?)
///     .metric_train_numeric(metrics.trials());
/// model.launch(training)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SearchMetrics(Arc<Shared>);

/// A metric of a line search; made by [`SearchMetrics`].
///
/// The log file gets a line per *step*: under gradient accumulation, items that end no step leave
/// none, and count for nothing. At the end of an epoch a step size logs the value that it has
/// then, and every other metric its mean over the steps of the epoch. On a split that is not
/// trained on, it shows nothing.
#[derive(Clone, Debug)]
pub struct SearchMetric {
    name: MetricName,
    quantity: Quantity,
    shared: Arc<Shared>,
    /// Training items that Burn has handed over.
    items: usize,
    /// Whether the last of them ended a step.
    stepped: bool,
    /// The value of the latest step.
    current: f64,
    /// The sum over the steps of this epoch, and their number.
    sum: f64,
    steps: usize,
}

/// What a metric shows of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    MeanStepSize,
    /// That of the original unit of this index.
    StepSize(usize),
    Trials,
    Forwards,
    Failed,
}

/// What the thread that trains leaves for the thread of the metrics.
#[derive(Debug)]
struct Shared {
    units: Vec<String>,
    steps: Mutex<Steps>,
}

/// The latest steps.
#[derive(Debug, Default)]
struct Steps {
    /// Training items that all steps so far have consumed.
    items: usize,
    latest: VecDeque<Step>,
}

#[derive(Debug)]
struct Step {
    /// The number, counted from 1, of the training item that ended the step.
    item: usize,
    report: StepReport,
    /// The present unit of every original unit.
    unit_of: Vec<usize>,
}

/// Steps that are kept; the metrics are never more than two behind.
const KEPT: usize = 16;

impl SearchMetrics {
    /// Metrics of a search with units of these names.
    pub(super) fn new(units: Vec<String>) -> Self {
        Self(Arc::new(Shared {
            units,
            steps: Mutex::default(),
        }))
    }

    /// The step size now, of several units the mean: `Step size`.
    pub fn step_size(&self) -> SearchMetric {
        self.metric("Step size", Quantity::MeanStepSize)
    }

    /// The step size that the unit of this name has now, after a merge that of the unit it has
    /// become part of: `Step size of <name>`.
    ///
    /// # Errors
    ///
    /// If no unit has this name.
    pub fn step_size_of(&self, unit: &str) -> Result<SearchMetric, LineSearchError> {
        let units = &self.0.units;
        match units.iter().position(|name| name == unit) {
            // The metric's name becomes that of a file.
            Some(index) => Ok(self.metric(
                &format!("Step size of {}", unit.replace(['/', '\\'], "_")),
                Quantity::StepSize(index),
            )),
            None => Err(LineSearchError::UnknownUnit {
                name: unit.to_string(),
                known: units.clone(),
            }),
        }
    }

    /// The trials of a step: `Trials`. A first trial that is accepted is 1.
    pub fn trials(&self) -> SearchMetric {
        self.metric("Trials", Quantity::Trials)
    }

    /// The forward passes of a step, its training forward included: `Forward passes`.
    pub fn forwards(&self) -> SearchMetric {
        self.metric("Forward passes", Quantity::Forwards)
    }

    /// The share of steps whose search failed, in percent: `Failed searches`. A search fails when
    /// its trials are used up, even if the step is taken with the shrunk step size, and when the
    /// step is skipped; [`Outcome`](crate::Outcome) tells them apart.
    pub fn failed(&self) -> SearchMetric {
        self.metric("Failed searches", Quantity::Failed)
    }

    fn metric(&self, name: &str, quantity: Quantity) -> SearchMetric {
        SearchMetric {
            name: Arc::new(name.to_string()),
            quantity,
            shared: self.0.clone(),
            items: self.0.steps().items,
            stepped: false,
            current: f64::NAN,
            sum: 0.0,
            steps: 0,
        }
    }

    /// Takes in a step that was made of that many training items.
    pub(super) fn record(&self, report: &StepReport, state: &SearchState, items: usize) {
        let mut steps = self.0.steps();
        steps.items += items;
        if steps.latest.len() == KEPT {
            steps.latest.pop_front();
        }
        let item = steps.items;
        steps.latest.push_back(Step {
            item,
            report: report.clone(),
            unit_of: state.unit_of.clone(),
        });
    }
}

impl Shared {
    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.steps.lock().unwrap_or_else(|p| p.into_inner())
    }
}

impl Quantity {
    fn of(self, step: &Step) -> f64 {
        let Step {
            report, unit_of, ..
        } = step;
        let step_sizes = &report.step_sizes;
        match self {
            Self::MeanStepSize => step_sizes.iter().sum::<f64>() / step_sizes.len() as f64,
            Self::StepSize(unit) => step_sizes[unit_of[unit]],
            Self::Trials => report.trials.len() as f64,
            Self::Forwards => report.forwards as f64,
            Self::Failed => {
                let outcome = report.outcome;
                let failed = outcome.exhausted() || outcome.skipped();
                if failed { 100.0 } else { 0.0 }
            }
        }
    }

    fn is_step_size(self) -> bool {
        matches!(self, Self::MeanStepSize | Self::StepSize(_))
    }

    fn unit(self) -> Option<String> {
        (self == Self::Failed).then(|| "%".to_string())
    }
}

impl SearchMetric {
    /// What an epoch's steps come to: the step size at its end, or the mean over them.
    fn aggregate(&self) -> f64 {
        match self.quantity.is_step_size() {
            true => self.current,
            false => self.sum / self.steps as f64,
        }
    }

    /// What is shown, and what is logged if there is something to log.
    fn entry(&self, logged: Option<NumericEntry>) -> SerializedEntry {
        let current = self.current;
        let shown = match self.quantity {
            _ if self.aggregate().is_nan() => SerializedEntry::NOT_AVAILABLE.to_string(),
            Quantity::MeanStepSize | Quantity::StepSize(_) => format!("{current:.2e}"),
            Quantity::Failed => format!("epoch {:.2} % - step {current} %", self.aggregate()),
            _ => format!("epoch {:.2} - step {current}", self.aggregate()),
        };
        // Burn writes no line for what is not available.
        let logged = logged.map_or(SerializedEntry::NOT_AVAILABLE.into(), |e| e.serialize());
        SerializedEntry::new(shown, logged)
    }
}

impl Metric for SearchMetric {
    type Input = ();

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn attributes(&self) -> MetricAttributes {
        let attributes = NumericAttributes {
            unit: self.quantity.unit(),
            higher_is_better: false,
        };
        attributes.into()
    }

    fn update(
        &mut self,
        (): &(),
        metadata: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        // Burn gives a learning rate with the items that are trained on, and no others.
        self.stepped = false;
        if metadata.lr.is_some() {
            self.items += 1;
            let steps = self.shared.steps();
            if let Some(step) = steps.latest.iter().find(|step| step.item == self.items) {
                self.current = self.quantity.of(step);
                self.sum += self.current;
                self.steps += 1;
                self.stepped = true;
            }
        }
        Ok(self.entry(self.value()))
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        let made_steps = self.steps > 0;
        Ok(self.entry(made_steps.then(|| self.final_value())))
    }

    fn clear(&mut self) {
        self.sum = 0.0;
        self.steps = 0;
    }
}

impl Numeric for SearchMetric {
    fn value(&self) -> Option<NumericEntry> {
        self.stepped.then_some(NumericEntry::Value(self.current))
    }

    fn running_value(&self) -> Option<NumericEntry> {
        let running = match self.quantity.is_step_size() {
            true => NumericEntry::Value(self.current),
            false => NumericEntry::Aggregated {
                aggregated_value: self.aggregate(),
                count: self.steps,
            },
        };
        (self.steps > 0).then_some(running)
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.aggregate())
    }
}
