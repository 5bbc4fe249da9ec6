//! A network that learns from examples.

use burn::tensor::{Device, Tensor};

use crate::suite::nets::{Net, initialised};
use crate::suite::problem::{Evaluation, Plan, Problem};

use super::examples::{Batch, Examples};
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::Shape;

/// Examples of a stream: inputs and targets.
type Fresh = Box<dyn Fn(&mut Numbers) -> (Vec<f32>, Vec<f32>)>;

/// Makes the network of a shape, with weights that are drawn later.
type Build<N> = Box<dyn Fn(&Shape, &Device) -> N>;

/// Where mini-batches come from.
enum Source {
    /// A set that is gone through again and again.
    Set(Examples),
    /// Fresh examples in every step.
    Stream(Fresh),
}

/// A network, the examples that it learns from, and the loss.
pub struct Supervised<N> {
    seed: u64,
    shape: Shape,
    build: Build<N>,
    source: Source,
    measured: Examples,
    held_out: Option<Examples>,
    loss: Loss,
    plan: Plan,
}

/// Examples whose loss is measured, of a set.
const MEASURED: usize = 1000;
/// Examples that a measurement takes at a time.
const AT_ONCE: usize = 250;

impl<N: Net> Supervised<N> {
    /// A problem with a set of examples, the first thousand of which are measured.
    pub fn new(
        seed: u64,
        shape: Shape,
        loss: Loss,
        train: Examples,
        held_out: Examples,
        build: impl Fn(&Shape, &Device) -> N + 'static,
    ) -> Self {
        let (measured, held_out) = (train.first(MEASURED), Some(held_out));
        Self::from_source(
            seed,
            shape,
            loss,
            Source::Set(train),
            (measured, held_out),
            Box::new(build),
        )
    }

    /// A problem that never sees an example twice. Five hundred others are measured.
    pub fn stream(
        seed: u64,
        shape: Shape,
        loss: Loss,
        example: impl Fn(&mut Numbers) -> (Vec<f32>, Vec<f32>) + 'static,
        build: impl Fn(&Shape, &Device) -> N + 'static,
    ) -> Self {
        let numbers = &mut Numbers::new(seed, Draw::HeldOut, 0);
        let measured = Examples::draw(MEASURED / 2, |_| example(numbers));
        Self::from_source(
            seed,
            shape,
            loss,
            Source::Stream(Box::new(example)),
            (measured, None),
            Box::new(build),
        )
    }

    fn from_source(
        seed: u64,
        shape: Shape,
        loss: Loss,
        source: Source,
        (measured, held_out): (Examples, Option<Examples>),
        build: Build<N>,
    ) -> Self {
        let batch = match &source {
            Source::Set(set) => shape.batch.min(set.count()),
            Source::Stream(_) => shape.batch,
        };
        let plan = Plan::new(shape.steps, batch);
        Self {
            seed,
            shape,
            build,
            source,
            measured,
            held_out,
            loss,
            plan: match loss {
                Loss::Gaussian => plan.unbounded(),
                _ => plan,
            },
        }
    }

    /// The same with another plan.
    #[must_use]
    pub fn planned(self, change: impl FnOnce(Plan) -> Plan) -> Self {
        Self {
            plan: change(self.plan),
            ..self
        }
    }

    /// With only the first `count` examples, and as many of those held out, in a measurement: for
    /// networks whose forward pass costs much.
    #[must_use]
    pub fn measuring(mut self, count: usize) -> Self {
        self.measured = self.measured.first(count);
        self.held_out = self.held_out.map(|set| set.first(count));
        self
    }

    /// The mean loss, and the share of targets that are right.
    fn measure(&self, model: &N, set: &Examples, device: &Device) -> (f64, Option<f64>) {
        let indices: Vec<usize> = (0..set.count()).collect();
        let (mut losses, mut right) = (Vec::new(), Vec::new());
        for chunk in indices.chunks(AT_ONCE) {
            let Batch { inputs, targets } = set.select(chunk).batch(device);
            let outputs = model.forward(inputs);
            losses.extend(host(self.loss.of(outputs.clone(), targets.clone())));
            right.extend(self.loss.right(outputs, targets).map(host));
        }
        let right = right.concat();
        (mean(&losses), (!right.is_empty()).then(|| mean(&right)))
    }
}

impl<N: Net> Problem for Supervised<N> {
    type Model = N;
    type Batch = Batch;

    fn plan(&self) -> Plan {
        self.plan.clone()
    }

    fn model(&self, device: &Device) -> N {
        let seed = burn_sls_core::random::seed(self.seed, 0, Draw::Weights as u64);
        initialised(seed, self.shape.initial_scale, device, |device| {
            (self.build)(&self.shape, device)
        })
    }

    fn batch(&self, step: usize, device: &Device) -> Batch {
        match &self.source {
            Source::Set(set) => set.at(step, self.plan.batch, self.seed),
            Source::Stream(example) => {
                let numbers = &mut Numbers::new(self.seed, Draw::Batches, step as u64);
                Examples::draw(self.plan.batch, |_| example(numbers))
            }
        }
        .batch(device)
    }

    fn losses(&self, model: &N, batch: &Batch) -> Tensor<1> {
        let outputs = model.forward(batch.inputs.clone());
        self.loss.of(outputs, batch.targets.clone())
    }

    fn evaluate(&self, model: &N, device: &Device) -> Evaluation {
        let (loss, of_measured) = self.measure(model, &self.measured, device);
        let held_out = self
            .held_out
            .as_ref()
            .map(|set| self.measure(model, set, device));
        Evaluation {
            loss,
            held_out: held_out.map(|(loss, _)| loss),
            // The examples of a stream are as fresh as held-out ones.
            accuracy: held_out.map_or(of_measured, |(_, accuracy)| accuracy),
        }
    }
}

/// The numbers of a tensor.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.try_into_vec_as::<f64>().expect("numbers")
}

/// Their mean.
pub fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}
