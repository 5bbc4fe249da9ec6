//! A small classifier with dropout, as a user would write it for Burn's `Learner`.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Dropout, DropoutConfig, Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Device, Distribution, Int, Tensor};
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};
use burn_sls_optim::BatchLoss;

use crate::bits;

/// Two linear layers with dropout between them.
#[derive(Module, Debug)]
pub struct Classifier {
    /// From the features to the hidden layer.
    pub hidden: Linear,
    /// Active on an autodiff device.
    pub dropout: Dropout,
    /// From the hidden layer to the logits.
    pub output: Linear,
}

/// Inputs `[batch, features]` and classes `[batch]`.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The features.
    pub inputs: Tensor<2>,
    /// The right classes.
    pub targets: Tensor<1, Int>,
}

/// Features of an example of the test problem.
pub const FEATURES: usize = 6;

impl Classifier {
    /// A classifier of two classes with 16 hidden units, drawn from the device's generator.
    pub fn new(dropout: f64, device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(FEATURES, 16).init(device),
            dropout: DropoutConfig::new(dropout).init(),
            output: LinearConfig::new(16, 2).init(device),
        }
    }

    /// The logits, `[batch, 2]`.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let hidden = relu(self.hidden.forward(inputs));
        self.output.forward(self.dropout.forward(hidden))
    }
}

impl Batch {
    /// A random batch whose class is the sign of a product of two features.
    pub fn random(size: usize, device: &Device) -> Self {
        let shape = [size, FEATURES];
        let inputs = Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), device);
        let product = inputs.clone().narrow(1, 0, 1) * inputs.clone().narrow(1, 1, 1);
        Self {
            inputs,
            targets: product.greater_elem(0.0).int().squeeze_dim(1),
        }
    }
}

/// A classifier, drawn with that seed, and so many batches of so many examples: the same whenever
/// called.
pub fn problem(
    device: &Device,
    seed: u64,
    dropout: f64,
    batches: usize,
    size: usize,
) -> (Classifier, Vec<Batch>) {
    device.seed(seed);
    let model = Classifier::new(dropout, device);
    bits(&model); // parameters are drawn when they are first looked at: now, before the batches
    let batches = (0..batches).map(|_| Batch::random(size, device));
    (model, batches.collect())
}

impl BatchLoss for Classifier {
    fn batch_loss(&self, batch: &Batch) -> Tensor<1> {
        let log_probabilities = log_softmax(self.forward(batch.inputs.clone()), 1);
        let of_targets = log_probabilities.gather(1, batch.targets.clone().unsqueeze_dim(1));
        of_targets.squeeze_dim::<1>(1).neg()
    }
}

impl TrainStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = InferenceStep::step(self, batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        let logits = self.forward(batch.inputs);
        let loss = CrossEntropyLossConfig::new().init(&logits.device());
        ClassificationOutput {
            loss: loss.forward(logits.clone(), batch.targets.clone()),
            output: logits,
            targets: batch.targets,
        }
    }
}
