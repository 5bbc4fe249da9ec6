//! What a training problem is.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

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
