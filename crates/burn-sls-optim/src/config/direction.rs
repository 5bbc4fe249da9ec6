//! Group 1: the directions along which a step size is searched, and the step is taken.

use burn::grad_clipping::GradientClippingConfig;
use burn::optim::ModuleOptimizer;
use serde::{Deserialize, Serialize};

use crate::direction::{Adam, SearchDirection, Sgd};

/// Where the directions come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectionConfig {
    /// The search direction `d` and the update direction `u`.
    pub kind: Direction,
    /// How gradients are clipped before a direction is made of them, if they are: per parameter
    /// tensor, with the limits of Burn's [`GradientClippingConfig`].
    ///
    /// The slope is that of the clipped direction along the gradient as it is, so the rule still
    /// speaks of the loss. Adam's direction depends little on the scale of a gradient, and the step
    /// size is searched: clipping matters less here than it does with a learning rate.
    ///
    /// Burn sums the squares of a tensor of more than some four million elements over threads in no
    /// fixed order: with `Norm`, runs of such a model agree to rounding, and not to the bit.
    pub clipping: Option<GradientClippingConfig>,
}

/// Search direction `d` and update direction `u`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Direction {
    /// [`Sgd`]: `d = u = -g`.
    Sgd(Sgd),
    /// [`Adam`]: `d = -P·g`, `u = -P·m^`.
    Adam(Adam),
}

impl Direction {
    /// The decoupled weight decay `λ`.
    pub(super) fn weight_decay(&self) -> f64 {
        match self {
            Self::Sgd(sgd) => sgd.weight_decay,
            Self::Adam(adam) => adam.weight_decay,
        }
    }
}

impl DirectionConfig {
    /// The Burn optimizer that gives the directions, with Adam's momentum or without.
    pub(super) fn optimizer(&self, momentum: bool) -> ModuleOptimizer {
        let optimizer = match self.kind {
            Direction::Sgd(sgd) => sgd.into_optimizer(),
            Direction::Adam(adam) => {
                let beta_1 = if momentum { adam.beta_1 } else { 0.0 };
                Adam { beta_1, ..adam }.into_optimizer()
            }
        };
        match &self.clipping {
            Some(clipping) => optimizer.with_grad_clipping(clipping.init()),
            None => optimizer,
        }
    }
}

/// By hand, since Burn's setting has no equality.
impl PartialEq for DirectionConfig {
    fn eq(&self, other: &Self) -> bool {
        use GradientClippingConfig::{Norm, Value};
        let clipping = match (&self.clipping, &other.clipping) {
            (None, None) => true,
            (Some(Value(a)), Some(Value(b))) | (Some(Norm(a)), Some(Norm(b))) => a == b,
            _ => false,
        };
        self.kind == other.kind && clipping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clippings_are_equal_if_kind_and_limit_are() {
        let clipped = |clipping| DirectionConfig {
            kind: Direction::Adam(Adam::default()),
            clipping,
        };
        let all = [
            clipped(None),
            clipped(Some(GradientClippingConfig::Norm(1.0))),
            clipped(Some(GradientClippingConfig::Norm(2.0))),
            clipped(Some(GradientClippingConfig::Value(1.0))),
        ];
        for (i, a) in all.iter().enumerate() {
            for (j, b) in all.iter().enumerate() {
                assert_eq!(a == b, i == j, "{a:?}, {b:?}");
            }
        }
    }
}
