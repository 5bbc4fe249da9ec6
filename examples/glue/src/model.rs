//! BERT as Burn's `Learner` wants it, and what its steps give to the metrics.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{ExecutionError, Tensor};
use burn::train::metric::{Adaptor, LossInput};
use burn::train::{InferenceStep, ItemLazy, TrainOutput, TrainStep};
use burn_sls_bert::BertClassifier;
use burn_sls_bert::glue::{GlueBatch, Labels};
use burn_sls_optim::{BatchLoss, TrainingLoss};

use crate::settings::Settings;

/// Writes down the run.
pub type Recorder = burn_sls_run::recorder::Recorder<Settings>;

/// The classifier, and the recorder of the run it is part of.
#[derive(Module, Debug)]
pub struct GlueModel {
    /// BERT with its head.
    pub classifier: BertClassifier,
    /// Notes the steps of an optimizer that does not report them itself.
    #[module(skip)]
    pub recorder: Arc<Recorder>,
}

impl GlueModel {
    /// The path of the classifier's parameters.
    pub const CLASSIFIER: &str = "classifier";
}

/// Which set an evaluated batch is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The validation set, for the metrics.
    Validation,
    /// MNLI's second validation set, for metrics of its own.
    Mismatched,
    /// The training set, for the loss after the epoch.
    Training,
}

/// A batch to evaluate.
#[derive(Clone, Debug)]
pub struct EvaluationBatch {
    /// The set it is of.
    pub part: Part,
    /// The batch.
    pub batch: GlueBatch,
}

/// What a training step gives.
pub struct TrainingOutput {
    /// The loss of every example, `[batch]`: cross-entropy, or the squared error of a score.
    pub losses: Tensor<1>,
}

/// What an evaluation step gives.
#[derive(Clone)]
pub struct EvaluationOutput {
    /// The set the batch is of.
    pub part: Part,
    /// The loss of every example, `[batch]`: cross-entropy, or the squared error of a score.
    pub losses: Tensor<1>,
    /// The model's answers, `[batch]`.
    pub predictions: Labels,
    /// The right answers, `[batch]`.
    pub labels: Labels,
}

impl TrainStep for GlueModel {
    type Input = GlueBatch;
    type Output = TrainingOutput;

    fn step(&self, batch: GlueBatch) -> TrainOutput<TrainingOutput> {
        let losses = self.batch_loss(&batch);
        let gradients = losses.clone().mean().backward();
        let losses = losses.inner();
        self.recorder.training_losses(losses.clone());
        let output = TrainingOutput { losses };
        TrainOutput::new(self, gradients, output)
    }

    /// Only optimizers with a learning rate come here; a line search has its own way.
    fn optimize(
        self,
        optim: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        grads: GradientsParams,
    ) -> Self {
        let rate = lr.base();
        let model = optim.step(lr, self, grads);
        model.recorder.rate_step(rate);
        model
    }
}

impl BatchLoss for GlueModel {
    fn batch_loss(&self, batch: &GlueBatch) -> Tensor<1> {
        batch.labels.losses(self.classifier.forward(&batch.input))
    }
}

impl TrainingLoss for TrainingOutput {
    fn training_loss(&self) -> Tensor<1> {
        self.losses.clone()
    }
}

impl InferenceStep for GlueModel {
    type Input = EvaluationBatch;
    type Output = EvaluationOutput;

    fn step(&self, EvaluationBatch { part, batch }: EvaluationBatch) -> EvaluationOutput {
        let outputs = self.classifier.forward(&batch.input);
        EvaluationOutput {
            part,
            losses: batch.labels.losses(outputs.clone()),
            predictions: batch.labels.predicted(outputs),
            labels: batch.labels,
        }
    }
}

impl ItemLazy for TrainingOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.losses.device().flush()?;
        Ok(self)
    }
}

impl ItemLazy for EvaluationOutput {
    fn sync(self) -> Result<Self, ExecutionError> {
        self.losses.device().flush()?;
        Ok(self)
    }
}

impl Adaptor<LossInput> for TrainingOutput {
    fn adapt(&self) -> LossInput {
        LossInput::new(self.losses.clone())
    }
}
