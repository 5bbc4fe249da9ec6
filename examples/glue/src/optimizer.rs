//! Which optimizer trains, with which schedule.

use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::train::metric::LearningRateMetric;
use burn::train::{Learner, LearnerModel, LearningResult, SupervisedTraining};
use burn_sls_baselines::{
    Baseline, ProdigyConfig, ScheduleFreeConfig, unused_optimizer, warmup_cosine,
};
use burn_sls_optim::LineSearchError;
use burn_sls_run::RunError;

use crate::error::GlueError;
use crate::learner::{Ending, Training, failed};
use crate::model::GlueModel;
use crate::names::{OptimizerName, ScheduleName};

impl Training {
    /// Trains with the optimizer of the settings.
    pub fn run(mut self, model: GlueModel) -> Result<Ending, GlueError> {
        // Finished epochs count with the steps they had, whatever their devices.
        let to_come = (self.settings.epochs - self.done) * self.recorder.steps_per_epoch();
        let steps = self.recorder.steps() + to_come;
        let cosine = |peak: f64, warmup: usize| {
            warmup_cosine(peak, warmup, steps).map_err(|error| GlueError::usage(error.to_string()))
        };
        if let Some(search) = self.search.take() {
            let recorder = self.recorder.clone();
            let model = search.for_learner(model);
            let model = model.with_observer(move |report| recorder.search_step(report));
            let model = match self.settings.schedule {
                ScheduleName::Constant => model,
                ScheduleName::Cosine => model.with_schedule(cosine(1.0, 0)?),
            };
            let (model, metrics) = model.with_metrics();
            let show = |training: SupervisedTraining<_>| {
                training
                    .metric_train_numeric(metrics.step_size())
                    .metric_train_numeric(metrics.trials())
            };
            return self.launch(model, show, |model, training| {
                model.launch(training).map_err(|error| match error {
                    LineSearchError::Device { message } => RunError::Device(message),
                    error => failed(error),
                })
            });
        }
        let peak = self.settings.lr.unwrap_or_default();
        // That of the beginning, since the recorded place in the schedule counts from it.
        let warmup = self.settings.epochs * self.recorder.steps_of_first_epoch() / 10;
        let recorder = self.recorder.clone();
        let observer = move |rate| recorder.rate_step(rate);
        let optim = match self.settings.optimizer {
            OptimizerName::Prodigy => {
                let model = ProdigyConfig::default().init(model);
                let model = model.with_observer(observer);
                // The schedule that its authors recommend has no warm-up.
                let run = learner(unused_optimizer(), cosine(peak, 0)?, Baseline::into_inner);
                return self.launch(model, |shown| shown, run);
            }
            OptimizerName::ScheduleFree => {
                let config = ScheduleFreeConfig {
                    warmup_steps: warmup as u64,
                    ..ScheduleFreeConfig::default()
                };
                let model = config.init(model).with_observer(observer);
                let run = learner(unused_optimizer(), peak.into(), Baseline::into_inner);
                return self.launch(model, |shown| shown, run);
            }
            OptimizerName::Adam => AdamConfig::new().with_epsilon(1e-8).init(),
            OptimizerName::Adamw => AdamWConfig::new().with_epsilon(1e-8).init(),
            _ => SgdConfig::new().init(),
        };
        let show = |training: SupervisedTraining<_>| {
            training.metric_train_numeric(LearningRateMetric::new())
        };
        // The paper's baseline: warm-up over the first tenth of the steps, then a cosine.
        let run = learner(optim, cosine(peak, warmup)?, |model| model);
        self.launch(model, show, run)
    }
}

/// A training by Burn's `Learner`; `bare` takes the trained model out of its wrapper.
fn learner<M: LearnerModel>(
    optim: ModuleOptimizer,
    schedule: ModuleLrScheduler,
    bare: impl FnOnce(M) -> GlueModel,
) -> impl FnOnce(M, SupervisedTraining<M>) -> Result<LearningResult<GlueModel>, RunError> {
    move |model, training| {
        let result = training.launch(Learner::new(model, optim, schedule));
        Ok(LearningResult {
            model: bare(result.model),
            renderer: result.renderer,
            interrupted: result.interrupted,
            error: result.error,
        })
    }
}
