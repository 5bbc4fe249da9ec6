//! The steps of a training: forward with the model, then search and move.

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams};
use burn::tensor::Device;
use burn::train::{InferenceStep, TrainOutput, TrainStep};

use super::batch_loss::TrainingLoss;
use super::wrapper::LineSearch;
use crate::engine::{Request, Stepped};
use crate::error::{LineSearchError, StepError};
use crate::objective::{Main, MicroBatch, OnDevices, draw_seed, to_main};
use crate::report::StepReport;

/// The error of a move without a batch.
const NO_BATCH: LineSearchError = LineSearchError::Settings {
    reason: "a line search needs the batch that the gradients are of: call `TrainStep::step` on \
             the same model, on a clone of it, or on forks of clones as Burn's workers do, before \
             `TrainStep::optimize`",
};

/// The error of an optimization that is sharded over devices.
const SHARDED: LineSearchError = LineSearchError::Settings {
    reason: "a line search takes one decision for all devices, on the main one: train with \
             `MultiDeviceOptim::OptimMainDevice` in place of `OptimSharded`",
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
        let worker = self.workers.worker();
        let made = slot.batches.len();
        let (run_seed, index) = match &worker {
            None => {
                let draw = || self.engine.run_seed(&self.model);
                (*slot.run_seed.get_or_insert_with(draw), made)
            }
            Some(worker) => {
                let draw = || draw_seed(worker.main);
                let draw = || self.engine.run_seed_or(&self.model, draw);
                (worker.run_seed(draw), worker.place(made))
            }
        };
        let _turn = match &worker {
            None => self.engine.turn_of_model(&self.model),
            Some(worker) => self.engine.generator_turn(worker.device),
        };
        let prepared = match &worker {
            None => self.engine.prepare(&self.model, run_seed, index),
            Some(worker) => {
                let engine = &self.engine;
                engine.prepare_on(worker.device, &self.model, run_seed, index)
            }
        };
        let seed = match prepared {
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
        let batch = MicroBatch {
            item,
            losses: output.item.training_loss().inner(),
            seed,
            device: worker.as_ref().map(|worker| worker.device.clone()),
        };
        if let Some(worker) = worker {
            worker.leave(index, batch.clone());
        }
        slot.batches.push(batch);
        output
    }

    fn optimize(
        mut self,
        optim: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        grads: GradientsParams,
    ) -> Self {
        let (run_seed, mut batches) = self.take_batches();
        let value = lr.base();
        let run_seed = run_seed.filter(|_| !batches.is_empty());
        let error = match (self.reporter.first(), run_seed) {
            (Some(error), _) => error,
            (None, Some(_)) if value != 1.0 && !self.factors_allowed => {
                LineSearchError::LearningRate { value }
            }
            (None, Some(run_seed)) => {
                let losses = &self.losses;
                let main = Main::of(&self.model);
                gather(&main.device, &mut batches);
                let losses = |model: &M, item: &M::Input| losses(model, item);
                let losses = OnDevices { main, losses };
                let request = Request {
                    run_seed,
                    ..Request::default()
                };
                let step = self
                    .engine
                    .step(optim, &lr, self.model, grads, &batches, losses, request);
                match step {
                    Ok(Stepped { model, report, .. }) => {
                        let stepped = Self { model, ..self };
                        return stepped.finish(report, batches.len());
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

/// Brings the losses of the training forwards to the main device.
fn gather<I>(main: &Device, batches: &mut [MicroBatch<I>]) {
    for batch in batches {
        batch.losses = to_main(batch.losses.clone(), main);
    }
}

impl<M: TrainStep + Module> LineSearch<M> {
    /// The seed of the run and the micro-batches since the last move: this model's own, or else
    /// those of workers. Nothing is left for a later move.
    fn take_batches(&mut self) -> (Option<u64>, Vec<MicroBatch<M::Input>>) {
        let slot = std::mem::take(&mut *self.slot());
        let left = self.workers.take();
        self.workers = self.workers.renewed();
        match slot.batches.is_empty() {
            true => left,
            false => (slot.run_seed, slot.batches),
        }
    }

    /// After a step that consumed so many batches: passes its report on.
    fn finish(mut self, report: StepReport, batches: usize) -> Self {
        if report.outcome.moved()
            && let Some(after_step) = &self.after_step
        {
            let after_step = |model| after_step(model);
            self.model = self.engine.change_weights(self.model, after_step);
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
