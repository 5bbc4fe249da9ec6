//! Random numbers of problems.

use std::f64::consts::TAU;

use burn_sls_core::random::{Generator, seed};

/// What a problem draws. Each has numbers of its own, so that more of one leave another as it is.
#[derive(Clone, Copy, Debug)]
pub enum Draw {
    /// Examples, noise that stays.
    Data,
    /// Examples held out.
    HeldOut,
    /// Initial weights.
    Weights,
    /// The order of the examples, or what is fresh in a step.
    Batches,
    /// The shape of a variant.
    Shape,
    /// What is wrong with labels.
    Labels,
}

/// A stream of numbers that depends on its seed alone.
#[derive(Clone, Debug)]
pub struct Numbers(Generator);

impl Numbers {
    /// The stream of `draw` in a problem with this seed; `index` is that of a step or an epoch.
    pub fn new(problem: u64, draw: Draw, index: u64) -> Self {
        Self(Generator::new(seed(problem, index, draw as u64)))
    }

    /// Uniform in `[0, 1)`.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform between two numbers.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Between two positive numbers, with a uniform logarithm.
    pub fn log_uniform(&mut self, low: f64, high: f64) -> f64 {
        self.uniform(low.ln(), high.ln()).exp()
    }

    /// Normal, with mean 0 and variance 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }

    /// Cauchy, with median 0 and scale 1.
    pub fn cauchy(&mut self) -> f64 {
        (std::f64::consts::PI * (self.unit() - 0.5)).tan()
    }

    /// A whole number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0.below(bound)
    }

    /// One of the items.
    pub fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Puts the items in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        self.0.shuffle(items);
    }

    /// As many normal numbers.
    pub fn normals(&mut self, count: usize) -> Vec<f64> {
        (0..count).map(|_| self.normal()).collect()
    }
}

/// In single precision.
pub fn singles(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&x| x as f32).collect()
}
