//! What a training problem is, and how a family of problems makes one.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::suite::competitor::{Competitor, Rates};
use crate::suite::files::{Files, FilesError};
use crate::suite::record::Record;
use crate::suite::run::{Run, StepError};

/// A training problem, drawn from a seed: a model, its mini-batches, the loss, and what is
/// measured.
///
/// Everything is a function of the problem's seed and of the arguments, so that every competitor
/// meets the same problem, and a trial the same noise.
pub trait Problem {
    /// The network, on a device with autodiff.
    type Model: Module + Clone + 'static;

    /// A mini-batch.
    type Batch: Clone;

    /// The length of a run, and what the loss can be.
    fn plan(&self) -> Plan;

    /// The network as training begins. The same for every call.
    fn model(&self, device: &Device) -> Self::Model;

    /// The mini-batch of step 0, 1, ... The same for every call with the same step.
    fn batch(&self, step: usize, device: &Device) -> Self::Batch;

    /// The loss of every example, `[batch]`, or `[1]` where a problem has one loss. Random numbers
    /// come from the device, which is seeded before every forward pass of a step.
    fn losses(&self, model: &Self::Model, batch: &Self::Batch) -> Tensor<1>;

    /// Measures a model on a device without autodiff, as `model.valid()` makes it.
    fn evaluate(&self, model: &Self::Model, device: &Device) -> Evaluation;
}

/// The length of a run, and what the loss can be.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Steps of a whole run.
    pub steps: usize,
    /// Examples in a mini-batch.
    pub batch: usize,
    /// What the loss cannot fall below; `None` where there is no such number.
    pub lower_bound: Option<f64>,
    /// The evaluated training loss at which the problem is solved and the run ends.
    pub threshold: Option<f64>,
    /// Evaluations through the run, beside the one before the first step.
    pub evaluations: usize,
}

impl Plan {
    /// A run of `steps` steps, with a loss that is never negative, evaluated 25 times.
    pub fn new(steps: usize, batch: usize) -> Self {
        Self {
            steps,
            batch,
            lower_bound: Some(0.0),
            threshold: None,
            evaluations: 25,
        }
    }

    /// The same for a loss without a known lower bound.
    #[must_use]
    pub fn unbounded(self) -> Self {
        Self {
            lower_bound: None,
            ..self
        }
    }

    /// The same with an evaluated training loss at which the problem is solved and the run ends.
    #[must_use]
    pub fn with_threshold(self, threshold: f64) -> Self {
        Self {
            threshold: Some(threshold),
            ..self
        }
    }

    /// The same with another number of evaluations.
    #[must_use]
    pub fn with_evaluations(self, evaluations: usize) -> Self {
        Self {
            evaluations,
            ..self
        }
    }
}

/// What is measured of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean loss over fixed examples that are trained on.
    pub loss: f64,
    /// The mean loss over examples held out.
    pub held_out: Option<f64>,
    /// The share of held-out examples classified correctly, in `[0, 1]`.
    pub accuracy: Option<f64>,
}

impl Evaluation {
    /// Of a problem that has nothing but a training loss.
    pub fn loss(loss: f64) -> Self {
        Self {
            loss,
            held_out: None,
            accuracy: None,
        }
    }
}

/// A [`Problem`] of any kind.
pub trait AnyProblem {
    /// The length of a run, and what the loss can be.
    fn plan(&self) -> Plan;

    /// Trains the problem's model from its beginning.
    ///
    /// # Errors
    ///
    /// See [`StepError`].
    fn run(&self, competitor: &Competitor, run: &Run) -> Result<Record, StepError>;
}

impl<P: Problem> AnyProblem for P {
    fn plan(&self) -> Plan {
        Problem::plan(self)
    }

    fn run(&self, competitor: &Competitor, run: &Run) -> Result<Record, StepError> {
        crate::suite::run::train(self, competitor, run)
    }
}

/// Which problem of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Draws the data, the initial weights and the mini-batches.
    pub seed: u64,
    /// Draws the shape of the problem: width, depth, activation, normalisation, initial scale,
    /// label noise, input scale, batch size, length of run, where the family has them. `None` is
    /// the nominal problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<u64>,
}

impl Variant {
    /// The nominal problem.
    pub fn nominal(seed: u64) -> Self {
        Self { seed, drawn: None }
    }
}

/// Problems of one kind.
pub struct Family {
    /// Its name, such as `mnist1d-cnn`, or `ill-conditioned/3` for a level of difficulty.
    pub name: &'static str,
    /// What it belongs to in tables, such as `lightbench`.
    pub group: &'static str,
    /// One line: data, model, source.
    pub doc: &'static str,
    /// Whether it has variants beside the nominal problem.
    pub varies: bool,
    /// How it makes a problem.
    pub make: Make,
}

/// How a family makes a problem.
pub enum Make {
    /// From the variant alone. The network is trained from scratch.
    Scratch(fn(&Variant) -> Box<dyn AnyProblem>),
    /// From files too. The network is a pre-trained one.
    Pretrained(fn(&Variant, &Files) -> MadeFromFiles),
}

/// A problem, or why the files do not make one.
pub type MadeFromFiles = Result<Box<dyn AnyProblem>, FilesError>;

impl Family {
    /// The problem.
    ///
    /// # Errors
    ///
    /// If the family needs files, and they are not named or cannot be read.
    pub fn problem(&self, variant: &Variant, files: &Files) -> MadeFromFiles {
        match self.make {
            Make::Scratch(make) => Ok(make(variant)),
            Make::Pretrained(make) => make(variant, files),
        }
    }

    /// Whether it needs [`Files`].
    pub fn reads_files(&self) -> bool {
        matches!(self.make, Make::Pretrained(_))
    }

    /// The learning rates that the bars choose from.
    pub fn rates(&self) -> Rates {
        match self.make {
            Make::Scratch(_) => Rates::SCRATCH,
            Make::Pretrained(_) => Rates::PRETRAINED,
        }
    }
}
