//! The progress as the renderer of Burn's training and evaluation.

use std::error::Error;

use burn::train::LearnerSummary;
use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::{MetricAttributes, MetricDefinition};
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};

use super::epochs::Epochs;
use super::{Metric, Progress};

impl TrainingProgressLogger for Progress {
    fn start(
        &mut self,
        total_epochs: usize,
        starting_epoch: usize,
        total_items: Option<usize>,
        label: Option<&str>,
    ) {
        let complete = starting_epoch.saturating_sub(1);
        self.epochs = Epochs {
            total: total_epochs,
            skipped: complete,
            complete,
            fraction: 0.0,
        };
        self.begin();
        if let Some(items) = total_items {
            self.begin_split(label.unwrap_or("train"), items);
        }
    }

    fn update_epoch(&mut self, epoch: usize) {
        self.epochs.complete = epoch;
        self.epochs.fraction = 0.0;
        self.show_epochs();
    }

    fn start_split(&mut self, split: &str, total_items: usize) {
        self.begin_split(split, total_items);
    }

    fn update_split(&mut self, items_processed: usize) {
        let of_training = self.split_name.eq_ignore_ascii_case("train");
        self.advance(items_processed, of_training);
    }

    fn end_split(&mut self) {
        self.split.set_message(self.describe_metrics());
    }

    fn end(&mut self) {
        self.clear();
    }

    fn log_event_training(&mut self, _event: String) {}
}

impl MetricsRendererTraining for Progress {
    fn update_train(&mut self, state: MetricState) {
        self.record(state);
    }

    fn update_valid(&mut self, state: MetricState) {
        self.record(state);
    }

    /// Ends the bars and leaves the summary to the program.
    fn on_train_end(&mut self, _summary: Option<LearnerSummary>) -> Result<(), Box<dyn Error>> {
        self.clear();
        Ok(())
    }
}

impl EvaluationProgressLogger for Progress {
    fn start_global_progress(&mut self, _total_tests: usize) {
        self.epochs = Epochs::default();
        self.begin();
    }

    fn start_test(&mut self, name: &str, total_items: usize) {
        self.begin_split(name, total_items);
    }

    fn update_test_progress(&mut self, items_processed: usize) {
        self.advance(items_processed, false);
    }

    fn end_test(&mut self) {}

    fn end_global_progress(&mut self) {
        self.clear();
    }

    fn log_event_evaluation(&mut self, _event: String) {}
}

impl MetricsRendererEvaluation for Progress {
    fn update_test(&mut self, _name: EvaluationName, state: MetricState) {
        self.record(state);
    }

    /// Ends the bars and leaves the summary to the program.
    fn on_test_end(&mut self, _summary: Option<LearnerSummary>) -> Result<(), Box<dyn Error>> {
        self.clear();
        Ok(())
    }
}

impl MetricsRenderer for Progress {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        let MetricAttributes::Numeric(attributes) = definition.attributes else {
            return;
        };
        if self
            .metrics
            .iter()
            .any(|metric| metric.id == definition.metric_id)
        {
            return;
        }
        self.metrics.push(Metric {
            id: definition.metric_id,
            name: definition.name.to_string(),
            unit: attributes.unit.unwrap_or_default(),
            latest: None,
        });
    }
}
