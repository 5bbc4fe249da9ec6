//! The launch of a training.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering;

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Tensor;
use burn::train::{Learner, LearnerModel, LearningResult, SupervisedTraining, TrainStep};

use super::batch_loss::TrainingLoss;
use super::wrapper::LineSearch;
use crate::error::LineSearchError;
use crate::objective::message_of;

impl<M: LearnerModel + TrainStep<Input: Clone, Output: TrainingLoss>> LineSearch<M> {
    /// Trains the model.
    ///
    /// Makes the `Learner`, with the optimizer that belongs to this line search and the
    /// [schedule](Self::with_schedule) if there is one, and launches the training with it. The
    /// result's model is the bare model, in validation mode ([`Module::valid`]): the
    /// [average](Self::averaged), where weights are averaged.
    ///
    /// Errors of Burn's own, of a data loader or a metric, end the training too; they are in the
    /// result's `error`.
    ///
    /// # Errors
    ///
    /// The first error of the line search, after Burn has stopped the training. Checkpoints of
    /// earlier epochs are still there.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
    /// use burn::train::{LearnerModel, SupervisedTraining, TrainLoader, ValidLoader};
    /// use burn_sls_optim::{BatchLoss, LineSearchConfig, LineSearchError};
    ///
    /// fn train<M: LearnerModel + BatchLoss>(
    ///     model: M,
    ///     batches: TrainLoader<M>,
    ///     validation: ValidLoader<M>,
    /// ) -> Result<M, LineSearchError> {
    ///     // From 1 to 0.1 in 1000 steps.
    ///     let schedule = LinearLrSchedulerConfig::new(1.0, 0.1, 1000).init().expect("in range");
    ///     let training = SupervisedTraining::new("runs/1", batches, validation).num_epochs(3);
    ///     let model = LineSearchConfig::adamsls().for_learner(model);
    ///     let trained = model.with_schedule(schedule).launch(training)?;
    ///     Ok(trained.model)
    /// }
    /// ```
    pub fn launch(
        mut self,
        training: SupervisedTraining<Self>,
    ) -> Result<LearningResult<M>, LineSearchError> {
        if !trainable(&self.model) {
            return Err(LineSearchError::NoGradient);
        }
        let scheduler = self.scheduler.take();
        let scheduler = scheduler.unwrap_or_else(|| ModuleLrScheduler::new(1.0_f64));
        let stoppable = self.with_interrupter(training.interrupter());
        let (model, optim) = stoppable.into_parts();
        let on_several = model.workers.seen();
        let launch = || training.launch(Learner::new(model, optim, scheduler));
        let result = match catch_unwind(AssertUnwindSafe(launch)) {
            Ok(result) => result,
            // Burn has no error for a device that is lost between two steps.
            Err(panic) if on_several.load(Ordering::Relaxed) => {
                let message = message_of(panic.as_ref());
                return Err(LineSearchError::Device { message });
            }
            Err(panic) => resume_unwind(panic),
        };
        match result.model.reporter.first() {
            Some(error) => Err(error),
            None => Ok(LearningResult {
                model: result.model.into_inner(),
                renderer: result.renderer,
                interrupted: result.interrupted,
                error: result.error,
            }),
        }
    }
}

/// Whether any parameter asks for a gradient. One that is not drawn yet is not drawn here, since a
/// checkpoint may be loaded in its place; on an autodiff device it counts as trainable.
fn trainable<M: Module>(model: &M) -> bool {
    struct Trainable(bool);
    impl ModuleVisitor for Trainable {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 |= match param.is_initialized() {
                true => param.is_require_grad(),
                false => param.lazy_device().is_autodiff(),
            };
        }
    }
    let mut trainable = Trainable(false);
    model.visit(&mut trainable);
    trainable.0
}
