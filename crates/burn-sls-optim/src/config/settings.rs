//! What some of the settings may be.

use burn::grad_clipping::GradientClipping;
use serde::{Deserialize, Serialize};

use crate::direction::{Adam, Sgd};

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

/// The steps of an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Procedure {
    /// As in the paper: one first search of all units together, then each unit searched from `w_k`.
    #[default]
    Paper,
    /// As in the paper's published code, its departures from the paper included: see
    /// [`Preset::Reference`](crate::Preset::Reference).
    Reference,
}

/// What to do when a search has used up its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenExhausted {
    /// Take the step with the step size after the last shrink, unless the last trial's loss was
    /// not finite.
    Move,
    /// Leave the model and the optimizer's state as they were.
    Stay,
}

/// The direction that a search tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tested {
    /// The search direction `d`: the paper's. What is taken is the update direction `u`.
    #[default]
    Search,
    /// The update direction `u`, the one that is taken, wherever it leads downhill: `⟨g, u⟩ < 0` for
    /// what is searched. Otherwise `d`; the [report](crate::StepReport::tested) says which. With
    /// weight decay `u` contains it, and so do the loss and the slope.
    ///
    /// Adam's moments are held twice during the search, so that a failure leaves them as they were;
    /// the second moment is computed once in a step, and not twice.
    Taken,
}

/// How a search begins that knows nothing of the magnitude: the first one, and one after a search whose
/// budget was spent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// The `c` of the [Polyak step](burn_sls_core::polyak) that it begins at,
    /// `f_k(w_k)/(c·s)`, positive. It takes the lowest loss there can be to be 0.
    pub polyak: f64,
    /// The factor, above 1, by which it goes on while the loss falls, if it does: see
    /// [`Search::expanding`](burn_sls_core::Search::expanding).
    pub expand: Option<f64>,
}

/// How the losses that a search compares are made comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrialMode {
    /// Dropout stays on. The device is seeded with the same number before the training forward and
    /// before every trial, so that all draw the same masks. For one thread drawing random numbers.
    /// A model without random numbers is searched exactly.
    ReplayDropout,
    /// Dropout is off in the trials, and `f_k(w_k)` is evaluated again with dropout off, at the
    /// cost of one more forward pass per step. For several workers, or where replay does not hold.
    ///
    /// The gradient is still that of the training forward, so the slope is of another function than
    /// the losses: close where dropout is all that differs. Batch normalisation uses its running
    /// statistics in what is compared, which early in training are far from those of the batch;
    /// prefer [`ReplayDropout`](Self::ReplayDropout) there.
    Deterministic,
}

/// How gradients are clipped before a direction is made of them: per parameter tensor, as in Burn.
///
/// The slope is that of the clipped direction along the gradient as it is, so the rule still speaks
/// of the loss. Adam's direction depends little on the scale of a gradient, and the step size is
/// searched: clipping matters less here than it does with a learning rate.
///
/// Burn sums the squares of a tensor of more than some four million elements over threads in no fixed
/// order: with `Norm`, runs of such a model agree to rounding, and not to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Clipping {
    /// Every element to at most this magnitude.
    Value(f64),
    /// The Euclidean norm of every tensor to at most this.
    Norm(f64),
}

impl From<Clipping> for GradientClipping {
    fn from(clipping: Clipping) -> Self {
        match clipping {
            Clipping::Value(limit) => Self::Value(limit as f32),
            Clipping::Norm(limit) => Self::Norm(limit as f32),
        }
    }
}
