//! What is measured of the model after an epoch.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::tensor::TensorReadError;
use burn::train::metric::{
    Adaptor, Metric, MetricAttributes, MetricMetadata, MetricName, Numeric, NumericAttributes,
    NumericEntry, SerializedEntry, format_float,
};
use burn_sls_bert::glue::{self, Label};
use burn_sls_run::recorder::Evaluated;

use crate::model::{EvaluationOutput, Part};

/// What has been evaluated since the epoch's end.
pub struct Evaluations {
    /// The task's, the leading one first.
    metrics: Vec<glue::Metric>,
    sets: Mutex<[Set; 3]>,
}

/// Losses, answers and labels of a set.
#[derive(Default)]
struct Set {
    losses: Vec<f64>,
    predictions: Vec<Label>,
    labels: Vec<Label>,
}

impl Set {
    fn value(&self, metric: glue::Metric) -> f64 {
        metric.of(&self.predictions, &self.labels)
    }
}

impl Evaluations {
    /// Nothing yet.
    pub fn new(metrics: Vec<glue::Metric>) -> Self {
        Self {
            metrics,
            sets: Mutex::default(),
        }
    }

    fn sets(&self) -> MutexGuard<'_, [Set; 3]> {
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an evaluated batch.
    fn add(&self, batch: EvaluationOutput) {
        let losses = batch.losses.into_data();
        let (predictions, labels) = (batch.predictions.read(), batch.labels.read());
        let set = &mut self.sets()[batch.part as usize];
        set.losses.extend(losses.iter::<f64>());
        set.predictions.extend(predictions);
        set.labels.extend(labels);
    }

    /// The leading metric on the validation examples so far.
    fn leading(&self) -> f64 {
        self.sets()[Part::Validation as usize].value(self.metrics[0])
    }

    /// The results of an epoch, whose evaluation is over: those of the validation set, and then
    /// those of MNLI's second one, if it is there.
    pub fn take(&self) -> Evaluated {
        let sets = std::mem::take(&mut *self.sets());
        let [validation, mismatched, training] = &sets;
        let second = (!mismatched.labels.is_empty()).then_some((mismatched, "_mismatched"));
        let values = [(validation, "")].into_iter().chain(second);
        let values = values.flat_map(|(set, ending)| {
            let value =
                move |metric: &glue::Metric| (format!("{metric}{ending}"), set.value(*metric));
            self.metrics.iter().map(value)
        });
        let losses = &training.losses;
        Evaluated {
            train_loss: losses.iter().sum::<f64>() / losses.len() as f64,
            metrics: values.collect(),
        }
    }
}

/// The task's leading metric on the validation set, for Burn's dashboard and log files. It also
/// gathers every evaluated batch, of which the results of the epoch are computed.
#[derive(Clone)]
pub struct EvaluationMetric {
    name: MetricName,
    evaluations: Arc<Evaluations>,
    value: f64,
}

impl EvaluationMetric {
    /// Gathers what is evaluated.
    pub fn new(evaluations: Arc<Evaluations>) -> Self {
        Self {
            name: Arc::new(evaluations.metrics[0].to_string()),
            evaluations,
            value: f64::NAN,
        }
    }

    fn entry(&self) -> SerializedEntry {
        SerializedEntry::new(format_float(self.value, 4), self.value.to_string())
    }
}

impl Adaptor<EvaluationOutput> for EvaluationOutput {
    fn adapt(&self) -> EvaluationOutput {
        self.clone()
    }
}

impl Metric for EvaluationMetric {
    type Input = EvaluationOutput;

    fn name(&self) -> MetricName {
        self.name.clone()
    }

    fn update(
        &mut self,
        batch: &EvaluationOutput,
        _: &MetricMetadata,
    ) -> Result<SerializedEntry, TensorReadError> {
        self.evaluations.add(batch.clone());
        if batch.part == Part::Validation {
            self.value = self.evaluations.leading();
        }
        Ok(self.entry())
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(self.entry())
    }

    fn clear(&mut self) {
        self.value = f64::NAN;
    }

    fn attributes(&self) -> MetricAttributes {
        NumericAttributes::default().into()
    }
}

impl Numeric for EvaluationMetric {
    fn value(&self) -> Option<NumericEntry> {
        Some(NumericEntry::Value(self.value))
    }

    fn running_value(&self) -> Option<NumericEntry> {
        Some(NumericEntry::Value(self.value))
    }

    fn final_value(&self) -> NumericEntry {
        NumericEntry::Final(self.value)
    }
}
