//! The evaluation after an epoch.

use burn::tensor::Tensor;
use burn_sls_bert::glue::{Label, Labels, Metric};

use super::{Recorder, State, floats};
use crate::model::Part;

/// What has been evaluated of a set since the epoch's end.
#[derive(Default)]
pub(super) struct Evaluation {
    pub(super) losses: Vec<f64>,
    pub(super) predictions: Vec<Label>,
    pub(super) labels: Vec<Label>,
}

impl Recorder {
    /// An evaluated batch.
    pub(crate) fn evaluated(
        &self,
        part: Part,
        losses: Tensor<1>,
        predictions: Labels,
        labels: Labels,
    ) {
        let losses = floats(losses.into_data());
        let mut state = self.state();
        let set = match part {
            Part::Training => &mut state.training,
            Part::Validation => &mut state.validation,
            Part::Mismatched => &mut state.mismatched,
        };
        set.losses.extend(losses);
        set.predictions.extend(predictions.read());
        set.labels.extend(labels.read());
    }

    /// The value of the leading metric on what has been evaluated of the validation set.
    pub(crate) fn leading_metric(&self) -> f64 {
        let state = self.state();
        let set = &state.validation;
        self.metrics[0].of(&set.predictions, &set.labels)
    }

    /// The name of the leading metric.
    pub(crate) fn leading_metric_name(&self) -> String {
        self.metrics[0].to_string()
    }

    /// The metrics in `run.json`, the leading one first: those of the validation set, and then
    /// those of MNLI's second one, if it is there.
    pub(super) fn metric_names(&self, state: &State) -> Vec<String> {
        let names: Vec<String> = self.metrics.iter().map(Metric::to_string).collect();
        let second = names.iter().map(|name| format!("{name}_mismatched"));
        let second: Vec<String> = match state.run.mismatched_examples {
            Some(_) => second.collect(),
            None => Vec::new(),
        };
        [names, second].concat()
    }
}
