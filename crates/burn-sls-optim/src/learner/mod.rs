//! Training under Burn's `Learner`.
//!
//! [`LineSearch`] wraps a model, and is a Burn `Module` (`module.rs`) and a `TrainStep` (`step.rs`)
//! itself. The one thing that the model has to add is the loss of a batch (`batch_loss.rs`).

mod batch_loss;
mod entries;
mod failure;
mod launch;
mod metrics;
mod mistakes;
mod module;
mod step;
mod with;
mod workers;
mod wrapper;

use std::sync::Arc;

use burn::tensor::Tensor;
use burn::train::TrainStep;

pub use batch_loss::{BatchLoss, TrainingLoss};
pub use failure::Failure;
pub use metrics::{SearchMetric, SearchMetrics};
pub use wrapper::LineSearch;

use crate::config::LineSearchConfig;

impl LineSearchConfig {
    /// Wraps a model for Burn's `Learner`; see [`LineSearch`].
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    pub fn for_learner<M: BatchLoss + 'static>(self, model: M) -> LineSearch<M> {
        self.for_learner_by(model, M::batch_loss)
    }

    /// Wraps a model of another crate, which cannot implement [`BatchLoss`], for Burn's `Learner`.
    ///
    /// `losses` evaluates the loss of a batch, as [`BatchLoss::batch_loss`] does.
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::tensor::Tensor;
    /// use burn::train::{LearnerModel, RegressionOutput, TrainStep};
    /// use burn_sls_optim::{LineSearch, LineSearchConfig};
    ///
    /// type Batch = (Tensor<2>, Tensor<2>);
    ///
    /// fn wrap<M>(model: M, predict: fn(&M, Tensor<2>) -> Tensor<2>) -> LineSearch<M>
    /// where
    ///     M: LearnerModel + TrainStep<Input = Batch, Output = RegressionOutput>,
    /// {
    ///     LineSearchConfig::adamsls().for_learner_by(model, move |model, (x, y)| {
    ///         (predict(model, x.clone()) - y.clone()).square().mean()
    ///     })
    /// }
    /// ```
    pub fn for_learner_by<M>(
        self,
        model: M,
        losses: impl Fn(&M, &M::Input) -> Tensor<1> + Send + Sync + 'static,
    ) -> LineSearch<M>
    where
        M: TrainStep<Input: Clone, Output: TrainingLoss>,
    {
        LineSearch::new(self, model, Arc::new(losses))
    }
}
