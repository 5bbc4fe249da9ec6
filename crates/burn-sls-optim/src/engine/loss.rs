//! How large losses are: what their rounding errors are, and whether their lower bound is one.

use super::machine::Engine;
use crate::objective::Objective;

/// Losses of at least this size are taken to have the rounding error of a loss around 1, as a
/// cross-entropy has however small it becomes. A loss that has never been as large is in small
/// units.
const LARGE_LOSS: f64 = 1e-3;

impl Engine {
    /// The largest mean size of a loss so far, with that of this iteration.
    pub(in crate::engine) fn largest_loss<I, L>(
        &self,
        objective: &Objective<'_, I, L>,
        loss: f64,
    ) -> f64 {
        match loss.is_finite() {
            true => self.state.loss_scale.max(objective.magnitude()),
            false => self.state.loss_scale,
        }
    }

    /// Sets the scale of the rounding errors of the objective's losses.
    pub(in crate::engine) fn scale_losses<I, L>(
        &self,
        objective: &mut Objective<'_, I, L>,
        loss: f64,
    ) {
        objective.loss_scale = rounding_scale(self.largest_loss(objective, loss));
    }

    /// The lower bound of the sum of the losses of so many micro-batches, by the bound of the
    /// settings for each, unless the loss of an earlier iteration was below it by more than rounding:
    /// then it is none.
    pub(in crate::engine) fn lower_bound(&self, batches: usize) -> Option<f64> {
        let bound = self.config.search.loss_lower_bound;
        let bound = bound.filter(|bound| *bound <= self.state.lowest_below);
        bound.map(|bound| bound * batches as f64)
    }

    /// Whether the sum of the losses of so many micro-batches is below the bound of the settings by
    /// more than rounding. A mean whose terms cancel, as in `1 - cos`, may be some units in its last
    /// place below 0. `scale` is the size of a loss below which rounding does not become smaller.
    pub(in crate::engine) fn is_below_bound(&self, loss: f64, batches: usize, scale: f64) -> bool {
        let search = &self.config.search;
        let noise = noise_of_mean(search.rounding.unwrap_or(0.0), loss, scale);
        let bound = search.loss_lower_bound;
        bound.is_some_and(|bound| bound * batches as f64 - loss > noise)
    }
}

/// The size of a loss below which its rounding error does not become smaller.
pub(in crate::engine) fn rounding_scale(largest_loss: f64) -> f64 {
    match largest_loss >= LARGE_LOSS {
        true => 1.0,
        false => largest_loss,
    }
}

/// A difference of two mean losses that rounding may explain, where `rounding` is the error of the
/// loss of one example of a size of 1.
pub(in crate::engine) fn noise_of_mean(rounding: f64, loss: f64, scale: f64) -> f64 {
    10.0 * rounding * loss.abs().max(scale)
}
