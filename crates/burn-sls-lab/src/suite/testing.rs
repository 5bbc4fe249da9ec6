//! Runs and a problem for the unit tests.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::module::{Module, Param};
use burn::tensor::{Device, Distribution, Tensor};

use crate::suite::problem::{Evaluation, Plan, Problem};
use crate::suite::record::{Key, Point, Record};
use crate::suite::variant::Variant;

/// Keeps other tests that do the same from the random numbers of the device, which all threads of a
/// process share. For tests that seed it.
pub(crate) fn alone_with_the_device() -> MutexGuard<'static, ()> {
    static DEVICE: Mutex<()> = Mutex::new(());
    DEVICE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run with these evaluations, ten steps apart.
pub(crate) fn record(problem: &str, competitor: &str, losses: &[f64]) -> Record {
    let points = losses.iter().enumerate();
    let points = points
        .map(|(index, &loss)| Point::new(10 * index, 30 * index as u64, Evaluation::loss(loss)));
    let curve: Vec<Point> = points.collect();
    let steps = 10 * (losses.len() - 1);
    Record {
        key: Key {
            problem: problem.to_string(),
            variant: Variant::nominal(1),
            competitor: competitor.to_string(),
            length: 1.0,
        },
        group: "made".to_string(),
        chosen: None,
        planned: steps,
        steps,
        batch: 8,
        lower_bound: Some(0.0),
        passed: None,
        forwards: steps as u64,
        equivalents: 3 * steps as u64,
        seconds: 1.0,
        non_finite: losses.iter().any(|loss| !loss.is_finite()),
        counts: BTreeMap::new(),
        curve,
        kept_for: None,
    }
}

/// Two numbers that should become 0, with noise from the device.
pub(crate) struct Small {
    /// What is measured as solved.
    pub(crate) threshold: Option<f64>,
}

/// The two numbers.
#[derive(Module, Debug)]
pub(crate) struct Numbers {
    both: Param<Tensor<1>>,
}

impl Problem for Small {
    type Model = Numbers;
    type Batch = Tensor<1>;

    fn plan(&self) -> Plan {
        Plan {
            threshold: self.threshold,
            ..Plan::new(40, 1).with_evaluations(10)
        }
    }

    fn model(&self, device: &Device) -> Numbers {
        let start = Tensor::random([2], Distribution::Uniform(1.0, 2.0), device);
        Numbers {
            both: Param::from_tensor(start),
        }
    }

    fn batch(&self, step: usize, device: &Device) -> Tensor<1> {
        Tensor::from_data([1.0, 1.0 + (step % 3) as f32], device)
    }

    fn losses(&self, model: &Numbers, batch: &Tensor<1>) -> Tensor<1> {
        let noise = Distribution::Uniform(0.9, 1.1);
        let noise = Tensor::random([2], noise, &batch.device());
        (model.both.val().square() * batch.clone() * noise).mean()
    }

    fn evaluate(&self, model: &Numbers, _device: &Device) -> Evaluation {
        let squares: Vec<f64> = model.both.val().square().into_data().iter().collect();
        Evaluation::loss(squares.iter().sum())
    }
}
