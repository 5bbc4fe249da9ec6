//! Your own loop and the `Learner` behind one call, so that a test can be made of each.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::train::TrainStep;
use burn_sls_optim::direction::Directions;
use burn_sls_optim::{
    BatchLoss, LineSearch, LineSearchConfig, LineSearchOptimizer, SearchState, StepReport,
};

use crate::bits;

/// A model in training, in one of the two ways.
// A test makes two of them: their size does not matter.
#[allow(clippy::large_enum_variant)]
pub enum Trainer<M: BatchLoss + Module> {
    /// Your own loop.
    Loop(M, LineSearchOptimizer),
    /// What Burn's `Learner` does.
    Learner(LineSearch<M>, ModuleOptimizer),
}

impl<M: BatchLoss + Module + 'static> Trainer<M> {
    /// The model in both ways, with the configuration's own direction.
    pub fn both(model: &M, config: &LineSearchConfig) -> [Self; 2] {
        let (wrapped, optim) = config.clone().for_learner(model.clone()).into_parts();
        let looped = Self::Loop(model.clone(), config.clone().init());
        [looped, Self::Learner(wrapped, optim)]
    }

    /// The model in both ways, searched along the displacement of another optimizer.
    pub fn both_with(model: &M, config: &LineSearchConfig, optim: &ModuleOptimizer) -> [Self; 2] {
        let directions = Directions::adopted(optim.clone());
        let own = config.clone().init_with(directions.clone());
        let wrapped = config.clone().for_learner(model.clone());
        let (wrapped, optim) = wrapped.with_directions(directions).into_parts();
        [
            Self::Loop(model.clone(), own),
            Self::Learner(wrapped, optim),
        ]
    }

    /// One step on a batch.
    pub fn step(&mut self, batch: &M::Input) -> StepReport {
        self.try_step(batch)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// One step on a batch, or the message of the error, which the `Learner` can only panic with.
    pub fn try_step(&mut self, batch: &M::Input) -> Result<StepReport, String> {
        match self {
            Self::Loop(model, optim) => {
                let step = optim.step(model.clone(), |m: &M| m.batch_loss(batch));
                let step = step.map_err(|error| error.to_string())?;
                *model = step.model;
                Ok(step.report)
            }
            Self::Learner(model, optim) => {
                let step = || learner_step(model.clone(), optim, batch);
                let (moved, report) = catch_unwind(AssertUnwindSafe(step)).map_err(|panic| {
                    // Other panics are the loss's own.
                    *panic
                        .downcast::<String>()
                        .unwrap_or_else(|panic| resume_unwind(panic))
                })?;
                *model = moved;
                Ok(report)
            }
        }
    }

    /// The model.
    pub fn model(&self) -> &M {
        match self {
            Self::Loop(model, _) => model,
            Self::Learner(model, _) => model.inner(),
        }
    }

    /// The model to use: the average, where weights are averaged.
    pub fn averaged(&self) -> M {
        match self {
            Self::Loop(model, optim) => optim.averaged(model),
            Self::Learner(model, _) => model.averaged(),
        }
    }

    /// The state of the search.
    pub fn state(&self) -> &SearchState {
        match self {
            Self::Loop(_, optim) => optim.state(),
            Self::Learner(model, _) => model.state(),
        }
    }

    /// The record of the optimizer's own state, such as moments. The order of parameters in it is
    /// not defined, so it is sorted.
    pub fn moments(&self) -> Vec<u8> {
        let record = self.optimizer_record();
        record.into_bytes().expect("a record").to_vec()
    }

    /// The record of the optimizer's own state.
    pub fn optimizer_record(&self) -> OptimizerRecord {
        match self {
            Self::Loop(_, optim) => optim.to_record().optimizer,
            Self::Learner(_, optim) => optim.to_record(),
        }
    }

    /// Gives the optimizer another state, as a resumed training does.
    pub fn load_optimizer(&mut self, record: OptimizerRecord) {
        match self {
            Self::Loop(_, optim) => {
                let mut whole = optim.to_record();
                whole.optimizer = record;
                *optim = optim.clone().load_record(whole).expect("it fits");
            }
            Self::Learner(model, optim) => {
                *optim = optim.clone().load_record(record);
                let own = model.clone().into_record();
                *model = model.clone().load_record(own);
            }
        }
    }

    /// Everything that a step without success must leave alone: parameters and their averages,
    /// moments, step sizes.
    pub fn fingerprint(&self) -> (Vec<u64>, Vec<u8>, Vec<f64>) {
        let parameters = [bits(self.model()), bits(&self.averaged())].concat();
        (parameters, self.moments(), self.state().step_sizes())
    }

    /// Which of the two it is, for messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Loop(..) => "loop",
            Self::Learner(..) => "learner",
        }
    }
}

/// A step as Burn's `Learner` makes it.
pub fn learner_step<M: BatchLoss + Module>(
    model: LineSearch<M>,
    optim: &mut ModuleOptimizer,
    batch: &M::Input,
) -> (LineSearch<M>, StepReport) {
    let output = TrainStep::step(&model, batch.clone());
    let model = model.optimize(optim, 1.0.into(), output.grads);
    let report = model.last_report().expect("a report").clone();
    (model, report)
}

/// The forwards of one micro-batch: training, trials, and a self-check if there was one.
pub fn forwards(report: &StepReport) -> usize {
    1 + report.trials.len() + usize::from(report.checked)
}
