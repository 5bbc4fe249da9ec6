//! A problem that is one formula of its parameters.

use std::cell::Cell;

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::suite::problem::{Evaluation, Plan, Problem};

use super::super::supervised::{host, mean};

/// Vectors of parameters.
#[derive(Module, Debug)]
pub struct Point {
    parts: Vec<Param<Tensor<1>>>,
}

/// The loss `[1]` of the parameters and of what belongs to the step.
type LossOf = Box<dyn Fn(&[Tensor<1>], &[Tensor<1>]) -> Tensor<1>>;

/// What is measured of the parameters before a step.
type MeasureOf = Box<dyn Fn(&[Vec<f64>], usize) -> f64>;

/// Steps of most runs.
const STEPS: usize = 5000;
/// How often a run is measured, and may pass.
const EVALUATIONS: usize = 250;

/// A formula, where it starts, and what is measured.
pub struct Formula {
    start: Vec<Vec<f32>>,
    inputs: Box<dyn Fn(usize) -> Vec<Vec<f32>>>,
    loss: LossOf,
    measure: Option<MeasureOf>,
    plan: Plan,
    /// The step that comes next: after the last one whose batch was asked for.
    clock: Cell<usize>,
}

impl Formula {
    /// A loss of the parameters alone, passed at `threshold`.
    pub fn new(
        start: Vec<Vec<f32>>,
        threshold: f64,
        loss: impl Fn(&[Tensor<1>], &[Tensor<1>]) -> Tensor<1> + 'static,
    ) -> Self {
        Self {
            start,
            inputs: Box::new(|_| Vec::new()),
            loss: Box::new(loss),
            measure: None,
            plan: Plan::new(STEPS, 1)
                .with_threshold(threshold)
                .with_evaluations(EVALUATIONS),
            clock: Cell::new(0),
        }
    }

    /// With vectors that belong to a step: noise, or constants.
    #[must_use]
    pub fn with_inputs(self, inputs: impl Fn(usize) -> Vec<Vec<f32>> + 'static) -> Self {
        Self {
            inputs: Box::new(inputs),
            ..self
        }
    }

    /// With something else measured than the loss, computed in double precision.
    #[must_use]
    pub fn measured(self, measure: impl Fn(&[Vec<f64>], usize) -> f64 + 'static) -> Self {
        Self {
            measure: Some(Box::new(measure)),
            ..self
        }
    }

    /// Passed when the root mean square of the parameters is below `rms`: the mean square is
    /// measured, and the threshold is the square.
    #[must_use]
    pub fn passed_at_rms(mut self, rms: f64) -> Self {
        self.plan.threshold = Some(rms * rms);
        self.measured(|parts, _| mean_square(parts))
    }

    /// With another number of steps.
    #[must_use]
    pub fn within(mut self, steps: usize) -> Self {
        self.plan.steps = steps;
        self
    }

    /// The vectors of a step, as tensors.
    fn tensors(&self, step: usize, device: &Device) -> Vec<Tensor<1>> {
        let tensor = |numbers: Vec<f32>| {
            let count = numbers.len();
            Tensor::from_data(TensorData::new(numbers, [count]), device)
        };
        (self.inputs)(step).into_iter().map(tensor).collect()
    }
}

/// The mean square of all numbers.
pub fn mean_square(parts: &[Vec<f64>]) -> f64 {
    let squares: Vec<f64> = parts.concat().iter().map(|x| x * x).collect();
    mean(&squares)
}

#[cfg(test)]
impl Formula {
    /// The loss of these parameters with what belongs to a step.
    pub(super) fn loss_of(&self, parts: &[Tensor<1>], inputs: &[Tensor<1>]) -> Tensor<1> {
        (self.loss)(parts, inputs)
    }

    /// A point with these parameters.
    pub(super) fn model_of(&self, parts: &[Vec<f64>], device: &Device) -> Point {
        Point::new(
            parts
                .iter()
                .map(|part| super::super::numbers::singles(part)),
            device,
        )
    }
}

impl Point {
    fn new(parts: impl Iterator<Item = Vec<f32>>, device: &Device) -> Self {
        let part = |numbers: Vec<f32>| Param::from_data(numbers.as_slice(), device);
        Self {
            parts: parts.map(part).collect(),
        }
    }

    fn values(&self) -> Vec<Tensor<1>> {
        self.parts.iter().map(Param::val).collect()
    }
}

impl Problem for Formula {
    type Model = Point;
    type Batch = Vec<Tensor<1>>;

    fn plan(&self) -> Plan {
        self.plan.clone()
    }

    fn model(&self, device: &Device) -> Point {
        self.clock.set(0);
        Point::new(self.start.iter().cloned(), device)
    }

    fn batch(&self, step: usize, device: &Device) -> Vec<Tensor<1>> {
        self.clock.set(step + 1);
        self.tensors(step, device)
    }

    fn losses(&self, model: &Point, batch: &Vec<Tensor<1>>) -> Tensor<1> {
        (self.loss)(&model.values(), batch)
    }

    fn evaluate(&self, model: &Point, device: &Device) -> Evaluation {
        let step = self.clock.get();
        Evaluation::loss(match &self.measure {
            Some(measure) => {
                let parts: Vec<Vec<f64>> = model.values().into_iter().map(host).collect();
                measure(&parts, step)
            }
            None => {
                let inputs = self.tensors(step, device);
                host((self.loss)(&model.values(), &inputs))[0]
            }
        })
    }
}
