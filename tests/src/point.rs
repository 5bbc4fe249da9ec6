//! A model that is a vector, with a loss that is any function of it.

use std::sync::Arc;

use burn::module::{Module, Param};
use burn::tensor::{DType, ExecutionError, Tensor};
use burn::train::{ItemLazy, TrainOutput, TrainStep};
use burn_sls_optim::{BatchLoss, TrainingLoss};

use crate::double;
use crate::network::parameter;

/// The loss is a function of this vector alone.
#[derive(Module, Debug)]
pub struct Point {
    /// The vector.
    pub at: Param<Tensor<1>>,
}

/// A "batch": the losses as a function of the point.
#[derive(Clone)]
pub struct Loss(Arc<dyn Fn(&Point) -> Tensor<1> + Send + Sync>);

/// The losses of a training step.
pub struct Losses(Tensor<1>);

/// The point with the given coordinates in float64, on an autodiff device.
pub fn point(values: &[f64]) -> Point {
    let device = double().autodiff();
    Point {
        at: parameter(values.to_vec(), [values.len()], DType::F64, &device),
    }
}

impl Loss {
    /// The losses are what `losses` says.
    pub fn new(losses: impl Fn(&Point) -> Tensor<1> + Send + Sync + 'static) -> Self {
        Self(Arc::new(losses))
    }

    /// A bowl with its minimum at 0: one loss per coordinate.
    pub fn bowl() -> Self {
        Self::new(|point| point.at.val().square())
    }
}

impl BatchLoss for Point {
    fn batch_loss(&self, loss: &Loss) -> Tensor<1> {
        (loss.0)(self)
    }
}

impl TrainStep for Point {
    type Input = Loss;
    type Output = Losses;

    fn step(&self, loss: Loss) -> TrainOutput<Losses> {
        let losses = self.batch_loss(&loss);
        let grads = losses.clone().mean().backward();
        TrainOutput::new(self, grads, Losses(losses))
    }
}

impl TrainingLoss for Losses {
    fn training_loss(&self) -> Tensor<1> {
        self.0.clone()
    }
}

impl ItemLazy for Losses {
    fn sync(self) -> Result<Self, ExecutionError> {
        Ok(self)
    }
}
