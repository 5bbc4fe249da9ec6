//! Bounds of a step size: the Polyak step, and the longest step size of the settings.

use burn_sls_core::polyak;

use super::rule::{Candidate, Rule, Start};
use super::start::usable_polyak;
use crate::state::UnitState;

/// No search begins above `(f_k - f*)/(c·s)`: a longer step could not pass Armijo's rule with that
/// `c`.
pub(super) struct PolyakCap(pub(super) f64);

impl Rule for PolyakCap {
    fn first_trial(&self, search: &Candidate<'_>, start: Start) -> Start {
        match usable_polyak(search, self.0) {
            Some(cap) => Start {
                step_size: start.step_size.min(cap),
                ..start
            },
            None => start,
        }
    }
}

/// The factor that brings a whole step below the Polyak step: `c·Σ η^(u)·s_u <= f_k - f*`, where
/// `promised` is the sum. 1 where it is, uphill, and where there is no bound; 0 where the sum
/// overflows, and where the loss is at the bound.
pub(super) fn polyak_factor(c: f64, loss: f64, bound: Option<f64>, promised: f64) -> f64 {
    match bound.map(|bound| polyak(loss, bound, c, promised)) {
        Some(most) if promised > 0.0 && !most.is_nan() => most.clamp(0.0, 1.0),
        _ => 1.0,
    }
}

/// No step size is longer than this: the configured bound, or `1/λ` with weight decay `λ`.
pub(super) struct MaxStepSize(pub(super) f64);

impl Rule for MaxStepSize {
    /// A record may be of a run with another bound.
    fn observe(&self, unit: &mut UnitState, _slope: f64, _along_last: f64) {
        unit.step_size = unit.step_size.min(self.0);
    }

    fn first_trial(&self, _search: &Candidate<'_>, start: Start) -> Start {
        Start {
            step_size: start.step_size.min(self.0),
            capped: start.step_size > self.0,
            ..start
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_promises_more_than_the_loss_is_shortened_to_it() {
        let factor = |loss, bound, promised| polyak_factor(0.5, loss, bound, promised);
        assert_eq!(factor(1.0, Some(0.0), 4.0), 0.5);
        assert_eq!(factor(1.0, Some(0.0), 2.0), 1.0);
        assert_eq!(factor(1.0, Some(-1.0), 4.0), 1.0);
        // At the bound, or below it by rounding, there is nothing left to promise.
        assert_eq!(factor(0.0, Some(0.0), 4.0), 0.0);
        assert_eq!(factor(-1e-9, Some(0.0), 4.0), 0.0);
        assert_eq!(factor(1.0, Some(0.0), f64::INFINITY), 0.0);
        // Without a bound, and uphill, there is nothing to shorten to.
        assert_eq!(factor(1.0, None, 4.0), 1.0);
        assert_eq!(factor(1.0, Some(0.0), -4.0), 1.0);
    }
}
