//! The steps of a training: forward with the model, then search and move.

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::train::{InferenceStep, TrainOutput, TrainStep};

use super::batch_loss::TrainingLoss;
use super::wrapper::LineSearch;
use crate::engine::{Request, Stepped};
use crate::error::{LineSearchError, StepError};
use crate::objective::MicroBatch;
use crate::report::StepReport;

/// The error of a move without a batch.
const NO_BATCH: LineSearchError = LineSearchError::Settings {
    reason: "a line search needs the batch that the gradients are of: call `TrainStep::step` on \
             the same model before `TrainStep::optimize`. Training on several devices, whose \
             workers keep their batches, is not supported",
};

/// The error of an optimization that is sharded over devices.
const SHARDED: LineSearchError = LineSearchError::Settings {
    reason: "a line search trains on one device: the workers of several keep the batches that its \
             trials need",
};

impl<M: TrainStep<Input: Clone, Output: TrainingLoss> + Module> TrainStep for LineSearch<M> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> TrainOutput<Self::Output> {
        // A training that is to stop still needs the output of this step.
        if self.reporter.first().is_some() {
            return self.model.step(item);
        }
        let mut slot = self.slot();
        let run_seed = *slot
            .run_seed
            .get_or_insert_with(|| self.engine.run_seed(&self.model));
        let index = slot.batches.len();
        let seed = match self.engine.prepare(&self.model, run_seed, index) {
            Ok(seed) => seed,
            // The model's own backward pass could only panic too.
            Err(LineSearchError::NoGradient) => panic!("{}", LineSearchError::NoGradient),
            Err(error) => {
                drop(slot);
                self.reporter.report(error);
                return self.model.step(item);
            }
        };
        let output = self.model.step(item.clone());
        slot.batches.push(MicroBatch {
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
        let slot = std::mem::take(&mut *self.slot());
        let value = lr.base();
        let run_seed = slot.run_seed.filter(|_| !slot.batches.is_empty());
        let error = match (self.reporter.first(), run_seed) {
            (Some(error), _) => error,
            (None, Some(_)) if value != 1.0 && !self.factors_allowed => {
                LineSearchError::LearningRate { value }
            }
            (None, Some(run_seed)) => {
                let losses = &self.losses;
                let losses = |model: &M, item: &M::Input| losses(model, item);
                let request = Request {
                    run_seed,
                    ..Request::default()
                };
                let step = self.engine.step(
                    optim,
                    &lr,
                    self.model,
                    grads,
                    &slot.batches,
                    losses,
                    request,
                );
                match step {
                    Ok(Stepped { model, report, .. }) => {
                        let stepped = Self { model, ..self };
                        return stepped.finish(report, slot.batches.len());
                    }
                    Err(StepError { model, source }) => {
                        self.model = model;
                        source
                    }
                }
            }
            (None, None) => NO_BATCH,
        };
        self.reporter.report(error);
        self
    }

    fn optimize_multi(
        self,
        _optim: &mut ModuleOptimizer,
        _lr: ModuleLearningRate,
        _grads: MultiGradientsParams,
    ) -> Self {
        self.reporter.report(SHARDED);
        self
    }
}

impl<M: TrainStep> LineSearch<M> {
    /// After a step that consumed so many batches: passes its report on.
    fn finish(mut self, report: StepReport, batches: usize) -> Self {
        if report.outcome.moved()
            && let Some(after_step) = &self.after_step
        {
            self.model = after_step(self.model);
        }
        for observer in &self.observers {
            observer(&report);
        }
        for metrics in &self.metrics {
            metrics.record(&report, &self.engine.state, batches);
        }
        self.last = Some(report);
        self
    }
}

impl<M: TrainStep + InferenceStep> InferenceStep for LineSearch<M> {
    type Input = <M as InferenceStep>::Input;
    type Output = <M as InferenceStep>::Output;

    fn step(&self, item: Self::Input) -> Self::Output {
        InferenceStep::step(&self.model, item)
    }
}
