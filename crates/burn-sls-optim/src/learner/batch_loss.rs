//! What the `Learner` asks of a model: the loss of a batch.

use burn::tensor::Tensor;
use burn::train::{
    ClassificationOutput, MultiLabelClassificationOutput, RegressionOutput, SequenceOutput,
    TrainStep,
};

/// The loss of a batch, for the trials of a search: the only thing that a model needs beside its
/// [`TrainStep`].
///
/// The trials call it with copies of the model at other points. It must compute the same loss as
/// the training step does.
///
/// # Example
///
/// ```
/// use burn::module::Module;
/// use burn::nn::Linear;
/// use burn::tensor::Tensor;
/// use burn::train::{RegressionOutput, TrainOutput, TrainStep};
/// use burn_sls_optim::BatchLoss;
///
/// #[derive(Module, Debug)]
/// struct Model {
///     linear: Linear,
/// }
///
/// impl TrainStep for Model {
///     type Input = (Tensor<2>, Tensor<2>);
///     type Output = RegressionOutput;
///
///     fn step(&self, (x, y): Self::Input) -> TrainOutput<RegressionOutput> {
///         let output = self.linear.forward(x);
///         let loss = (output.clone() - y.clone()).square().mean();
///         let grads = loss.backward();
///         TrainOutput::new(self, grads, RegressionOutput::new(loss, output, y))
///     }
/// }
///
/// impl BatchLoss for Model {
///     fn batch_loss(&self, (x, y): &Self::Input) -> Tensor<1> {
///         (self.linear.forward(x.clone()) - y.clone()).square().mean()
///     }
/// }
/// ```
///
/// For a model of another crate you cannot implement it, but
/// [`for_learner_by`](crate::LineSearchConfig::for_learner_by) takes the loss as a closure.
#[diagnostic::on_unimplemented(
    message = "a line search does not know the loss of a batch of `{Self}`",
    label = "`BatchLoss` is not implemented for `{Self}`",
    note = "implement `burn_sls_optim::BatchLoss` for `{Self}`: one method, `batch_loss`, which \
            computes the loss that its `TrainStep` computes",
    note = "for a model of another crate, give the loss as a closure: \
            `config.for_learner_by(model, |model, batch| ..)`"
)]
pub trait BatchLoss: TrainStep<Input: Clone, Output: TrainingLoss> {
    /// The loss of a batch: one number per example `[batch]` (preferred), or their mean `[1]`.
    ///
    /// If the [output](TrainingLoss) of the training step has only the mean, losses per example are
    /// averaged on the device, as the training step averages them.
    fn batch_loss(&self, batch: &Self::Input) -> Tensor<1>;
}

/// The loss in the output of a training step. Burn's own outputs for classification, regression and
/// sequences have it.
#[diagnostic::on_unimplemented(
    message = "a line search cannot read the loss of a training step from `{Self}`",
    label = "`TrainingLoss` is not implemented for `{Self}`",
    note = "implement `burn_sls_optim::TrainingLoss` for the `Output` of the model's `TrainStep`: \
            one method, which returns its loss"
)]
pub trait TrainingLoss {
    /// The losses of the training forward: one per example `[batch]`, or their mean `[1]`.
    fn training_loss(&self) -> Tensor<1>;
}

macro_rules! training_loss {
    ($($output:ty),*) => {$(
        impl TrainingLoss for $output {
            fn training_loss(&self) -> Tensor<1> {
                self.loss.clone()
            }
        }
    )*};
}

training_loss!(
    ClassificationOutput,
    MultiLabelClassificationOutput,
    RegressionOutput,
    SequenceOutput
);
