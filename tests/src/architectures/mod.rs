//! Four architectures, each with a problem of its own, and the loop that trains them all.
//!
//! Every problem has two classes whose inputs have the same mean. A linear model can then do no
//! better than to ignore its inputs: its loss is convex in its weights, and at weights of zero the
//! gradient is the difference of the classes' means, which is zero.

use burn::module::Module;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor, TensorData};
use burn_sls_core::random::Generator;
use burn_sls_optim::{LineSearchOptimizer, StepReport};

use crate::bits;
use crate::classifier::Batch;
use crate::device;

pub mod cnn;
pub mod lstm;
pub mod mlp;
pub mod transformer;

/// A model of an architecture, and the problem that it learns.
pub trait Architecture: Module {
    /// The model, drawn from the device's generator.
    fn new(device: &Device) -> Self;

    /// An example of the given class: its inputs, always of the same number.
    fn example(class: usize, generator: &mut Generator) -> Vec<f32>;

    /// The logits `[batch, 2]` of the inputs `[batch, numbers]`.
    fn logits(&self, inputs: Tensor<2>) -> Tensor<2>;

    /// The cross-entropy of every example, `[batch]`.
    fn losses(&self, batch: &Batch) -> Tensor<1> {
        let log_probabilities = log_softmax(self.logits(batch.inputs.clone()), 1);
        let of_targets = log_probabilities.gather(1, batch.targets.clone().unsqueeze_dim(1));
        of_targets.squeeze_dim::<1>(1).neg()
    }
}

/// How much data there is, and how often it is gone through.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Examples to learn from.
    pub examples: usize,
    /// Examples in a mini-batch.
    pub batch: usize,
    /// Times that every example is seen.
    pub epochs: usize,
}

/// A trained model, how it got there, and what it can do.
#[derive(Debug)]
pub struct Trained<A> {
    /// The model, as it is used after training: the average, where weights are averaged.
    pub model: A,
    /// Every step.
    pub reports: Vec<StepReport>,
    /// Its mean loss on the examples that it learned from.
    pub loss: f64,
    /// The share of fresh examples that it tells the class of.
    pub accuracy: f64,
}

/// Examples that are kept from the model while it trains.
const FRESH: usize = 1000;

/// Trains on mini-batches in an order that changes from epoch to epoch.
pub fn train<A: Architecture>(
    optim: &mut LineSearchOptimizer,
    plan: &Plan,
    seed: u64,
) -> Trained<A> {
    let mut reports = Vec::new();
    let (model, examples) = learn::<A>(plan, seed, |model, batch| {
        let step = optim.step(model, |m| m.losses(batch)).expect("a step");
        reports.push(step.report);
        step.model
    });
    let (model, loss, accuracy) = examples.judge(optim.averaged(&model));
    Trained {
        model,
        reports,
        loss,
        accuracy,
    }
}

/// Trains likewise, by a step of any kind: the model, its mean loss on the examples that it learned
/// from, and the share of fresh ones that it tells the class of.
pub fn train_with<A: Architecture>(
    plan: &Plan,
    seed: u64,
    step: impl FnMut(A, &Batch) -> A,
) -> (A, f64, f64) {
    let (model, examples) = learn::<A>(plan, seed, step);
    examples.judge(model)
}

/// What a model has seen, and what it has not.
struct Examples {
    known: Vec<Example>,
    fresh: Vec<Example>,
}

/// The model after its training, and the examples.
fn learn<A: Architecture>(
    plan: &Plan,
    seed: u64,
    mut step: impl FnMut(A, &Batch) -> A,
) -> (A, Examples) {
    let device = device().autodiff();
    device.seed(seed);
    let mut model = A::new(&device);
    let _ = bits(&model); // drawn now, before a step seeds the device

    let mut generator = Generator::new(seed);
    let mut known = examples::<A>(plan.examples, &mut generator);
    let fresh = examples::<A>(FRESH, &mut generator);

    for _ in 0..plan.epochs {
        generator.shuffle(&mut known);
        for chunk in known.chunks(plan.batch) {
            model = step(model, &batch(chunk, &device));
        }
    }
    (model, Examples { known, fresh })
}

impl Examples {
    /// The model as it is used, its loss on the known examples, and its accuracy on the others.
    fn judge<A: Architecture>(&self, model: A) -> (A, f64, f64) {
        let model = model.valid();
        let device = device();
        let loss = model.losses(&batch(&self.known, &device)).mean();
        let accuracy = accuracy(&model, &batch(&self.fresh, &device));
        (model, loss.into_scalar(), accuracy)
    }
}

/// Inputs, and their class.
pub type Example = (Vec<f32>, usize);

/// Examples of both classes in turn.
pub fn examples<A: Architecture>(count: usize, generator: &mut Generator) -> Vec<Example> {
    (0..count)
        .map(|i| (A::example(i % 2, generator), i % 2))
        .collect()
}

/// The examples as tensors.
pub fn batch(examples: &[Example], device: &Device) -> Batch {
    let inputs: Vec<f32> = examples.iter().flat_map(|e| e.0.clone()).collect();
    let targets: Vec<i64> = examples.iter().map(|e| e.1 as i64).collect();
    let shape = [examples.len(), inputs.len() / examples.len()];
    Batch {
        inputs: Tensor::from_data(TensorData::new(inputs, shape), device),
        targets: Tensor::from_data(TensorData::from(targets.as_slice()), device),
    }
}

/// The share of the examples whose class has the largest logit.
pub fn accuracy<A: Architecture>(model: &A, batch: &Batch) -> f64 {
    let predicted = model.logits(batch.inputs.clone()).argmax(1);
    let right = predicted.squeeze_dim::<1>(1).equal(batch.targets.clone());
    right.float().mean().into_scalar()
}

/// A number between `low` and `high`.
fn uniform(low: f64, high: f64, generator: &mut Generator) -> f64 {
    let unit = (generator.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
    low + (high - low) * unit
}
