//! The shape of a problem, nominal or drawn.

use burn_sls_core::random::seed;

use crate::suite::nets::{Activation, Norm};
use crate::suite::variant::Variant;

use super::numbers::{Draw, Numbers};

/// What a variant changes of a problem. A family takes what it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Numbers of a hidden layer, or channels, or numbers of a token.
    pub width: usize,
    /// Hidden layers.
    pub depth: usize,
    /// Between the layers.
    pub activation: Activation,
    /// Between the layers.
    pub norm: Norm,
    /// What matrices and kernels are multiplied by at the start.
    pub initial_scale: f64,
    /// Label noise. For classes: the share of labels that are replaced by random ones. For numbers:
    /// the standard deviation of added noise, in standard deviations of the targets.
    pub label_noise: f64,
    /// What inputs are multiplied by.
    pub input_scale: f64,
    /// Examples in a mini-batch.
    pub batch: usize,
    /// Steps of a run.
    pub steps: usize,
}

/// How far a family's variants go.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The deepest.
    pub depth: usize,
    /// The largest mini-batch.
    pub batch: usize,
}

impl Limits {
    /// Of a cheap network.
    pub const CHEAP: Self = Self {
        depth: 4,
        batch: 128,
    };
    /// Of one whose step costs more.
    pub const COSTLY: Self = Self {
        depth: 2,
        batch: 32,
    };
}

impl Shape {
    /// A nominal shape: ReLU, no normalisation, weights, labels and inputs as they are.
    pub const fn new(width: usize, depth: usize, batch: usize, steps: usize) -> Self {
        Self {
            width,
            depth,
            activation: Activation::Relu,
            norm: Norm::None,
            initial_scale: 1.0,
            label_noise: 0.0,
            input_scale: 1.0,
            batch,
            steps,
        }
    }

    /// The shape of a variant: this one, if it is the nominal one. Otherwise
    ///
    /// | | |
    /// |---|---|
    /// | width | times 1/2 to 2, log-uniform, a multiple of four |
    /// | depth | 1 to the limit |
    /// | activation | ReLU, GELU, tanh, SiLU |
    /// | normalisation | none, layer, batch |
    /// | initial scale | 0.5 to 2, log-uniform |
    /// | label noise | 0 in a third of the variants, else uniform to 0.2 |
    /// | input scale | 0.3 to 3, log-uniform |
    /// | mini-batch | 8 to the limit, log-uniform |
    /// | length of run | times 1/2 to 2, log-uniform |
    pub fn of(self, variant: &Variant, limits: Limits) -> Self {
        let Some(drawn) = variant.drawn else {
            return self;
        };
        // Families with other sizes draw other shapes.
        let sizes = [self.width, self.depth, self.batch, self.steps];
        let own = |hash, size: usize| seed(hash, size as u64, 0);
        let hash = sizes.into_iter().fold(drawn, own);
        let n = &mut Numbers::new(hash, Draw::Shape, 0);
        let width = self.width as f64 * n.log_uniform(0.5, 2.0) / 4.0;
        Self {
            width: 4 * (width.round() as usize).max(1),
            depth: 1 + n.below(limits.depth),
            activation: n.choose(&Activation::ALL),
            norm: n.choose(&Norm::ALL),
            initial_scale: n.log_uniform(0.5, 2.0),
            label_noise: n.uniform(-0.1, 0.2).max(0.0),
            input_scale: n.log_uniform(0.3, 3.0),
            batch: n.log_uniform(8.0, limits.batch as f64).round() as usize,
            steps: (self.steps as f64 * n.log_uniform(0.5, 2.0)).round() as usize,
        }
    }
}
