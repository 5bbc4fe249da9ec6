//! Which optimizer trains, with which schedule.

use burn::optim::{AdamConfig, AdamWConfig, SgdConfig};
use burn::train::SupervisedTraining;
use burn::train::metric::LearningRateMetric;
use burn_sls_optim::LineSearch;

use super::{Ending, Training};
use crate::baselines::{Baseline, ProdigyConfig, ScheduleFreeConfig, unused_optimizer};
use crate::error::GlueError;
use crate::model::GlueModel;
use crate::schedule::warmup_cosine;
use crate::settings::{OptimizerName, ScheduleName};

impl Training {
    /// Trains with the optimizer of the settings.
    pub(super) fn run(mut self, model: GlueModel) -> Result<Ending, GlueError> {
        let steps = self.settings.epochs * self.recorder.batches_per_epoch();
        let cosine = |peak: f64, warmup: usize| {
            warmup_cosine(peak, warmup, steps).map_err(|error| GlueError::Usage(error.to_string()))
        };
        if let Some(search) = self.search.take() {
            let schedule = match self.settings.schedule {
                ScheduleName::Constant => 1.0.into(),
                ScheduleName::Cosine => cosine(1.0, 0)?,
            };
            let recorder = self.recorder.clone();
            let (model, optim) = search.for_learner(model);
            let model = model.with_observer(move |report| recorder.search_step(report));
            let (model, metrics) = model.with_metrics();
            let show = |training: SupervisedTraining<_>| {
                training
                    .metric_train_numeric(metrics.step_size())
                    .metric_train_numeric(metrics.trials())
            };
            return self.launch(model, optim, schedule, show, LineSearch::into_inner);
        }
        let peak = self.settings.lr.unwrap_or_default();
        let warmup = steps / 10;
        let recorder = self.recorder.clone();
        let observer = move |rate| recorder.baseline_step(rate);
        let optim = match self.settings.optimizer {
            OptimizerName::Prodigy => {
                let model = ProdigyConfig::default().init(model);
                let model = model.with_observer(observer);
                // The schedule that its authors recommend has no warm-up.
                let (optim, schedule) = (unused_optimizer(), cosine(peak, 0)?);
                return self.launch(model, optim, schedule, |shown| shown, Baseline::into_inner);
            }
            OptimizerName::ScheduleFree => {
                let config = ScheduleFreeConfig {
                    warmup_steps: warmup as u64,
                    ..ScheduleFreeConfig::default()
                };
                let model = config.init(model).with_observer(observer);
                let (optim, constant) = (unused_optimizer(), peak.into());
                return self.launch(model, optim, constant, |shown| shown, Baseline::into_inner);
            }
            OptimizerName::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
            OptimizerName::Adamw => AdamWConfig::new().with_epsilon(1e-8).init(),
            _ => SgdConfig::new().init(),
        };
        let show = |training: SupervisedTraining<_>| {
            training.metric_train_numeric(LearningRateMetric::new())
        };
        // The paper's baseline: warm-up over the first tenth of the steps, then a cosine.
        self.launch(model, optim, cosine(peak, warmup)?, show, |model| model)
    }
}
