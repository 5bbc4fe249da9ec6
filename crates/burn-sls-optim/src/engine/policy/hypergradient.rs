//! The hypergradient: what a gradient says about the step before it.

use super::rule::{Candidate, Rule, Start};
use crate::config::Hypergradient;
use crate::state::UnitState;

/// With `s' = -⟨g_k, u_{k-1}⟩` and `s = -⟨g_k, u_k⟩`, the mean of the normalised hypergradient is
///
/// ```text
/// h ← decay·h + (1 - decay)·clamp(s'/|s|, -1, 1),
/// ```
///
/// and a search begins at
///
/// ```text
/// η ← min(η, clamp(shortest·η_first/η_last, 1/factor, 1)·η_last)     if h <= threshold
/// η ← min(η, max(longest·η_first/η_last, 1)·η_last)                   otherwise.
/// ```
impl Rule for Hypergradient {
    fn observe(&self, unit: &mut UnitState, slope: f64, along_last: f64) {
        let mean = &mut unit.history.hypergradient_mean;
        let ratio = along_last / slope.abs();
        if !ratio.is_nan() {
            *mean = self.decay * *mean + (1.0 - self.decay) * ratio.clamp(-1.0, 1.0);
        }
    }

    fn first_trial(&self, search: &Candidate<'_>, start: Start) -> Start {
        if search.fresh || !search.has_hypergradient {
            return start;
        }
        let allowed = search.units.iter().map(|unit| self.allowed(unit));
        let allowed = allowed.fold(f64::MAX, f64::min) * search.last;
        Start {
            step_size: start.step_size.min(allowed),
            ..start
        }
    }
}

impl Hypergradient {
    /// How many times longer than the last step size a search may begin.
    ///
    /// Where `h` is negative, steps go too far, though each was good for its own mini-batch. For
    /// Adam a step size is a length by which each weight moves, and a good length does not change
    /// much in a training. So it stays near what the first search found. A search alone has no such
    /// bound: near 0 a loss has hardly a slope, and any length passes. Nor have the gradients:
    /// where nothing is left to learn, or nothing is learnt yet, they contradict each other
    /// whatever the step size is.
    fn allowed(&self, unit: &UnitState) -> f64 {
        let first = unit.history.first_step_size / unit.step_size;
        match unit.history.hypergradient_mean <= self.threshold {
            true => (self.shortest * first).clamp(1.0 / self.factor, 1.0),
            false => (self.longest * first).max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Hypergradient = Hypergradient {
        decay: 0.97,
        threshold: -0.1,
        factor: 2.0,
        shortest: 0.5,
        longest: 4.0,
    };

    #[test]
    fn a_sample_of_the_hypergradient_has_a_sign_and_is_at_most_1() {
        let mut unit = UnitState::new(1.0);
        let mut observe = |along_last: f64, slope: f64| {
            RULE.observe(&mut unit, slope, along_last);
            unit.history.hypergradient_mean
        };
        assert!((observe(1e300, 1e-300) - 0.03).abs() < 1e-15);
        // An uphill direction has a size, too.
        assert!((observe(1.0, -2.0) - (0.97 * 0.03 + 0.015)).abs() < 1e-15);
        // A ratio that is no number says nothing.
        assert_eq!(observe(0.0, 0.0), observe(f64::NAN, 1.0));
        assert!((0..1000).all(|_| observe(-3.0, 1.0) > -1.0));
        assert!(observe(-3.0, 1.0) < -0.999);
    }

    #[test]
    fn a_search_begins_near_the_step_size_that_was_found_first() {
        let sizes = [0.0625, 0.5, 0.625, 1.0, 2.0, 4.0, 8.0];
        for (mean, expected) in [
            (-0.0999, [64.0, 8.0, 6.4, 4.0, 2.0, 1.0, 1.0]),
            (-0.1, [1.0, 1.0, 0.8, 0.5, 0.5, 0.5, 0.5]),
        ] {
            let allowed = sizes.map(|step_size| {
                let mut unit = UnitState::new(step_size);
                unit.history.record_search(1.0, 1.5, (0.9, 0.99));
                unit.history.hypergradient_mean = mean;
                RULE.allowed(&unit)
            });
            assert_eq!(allowed, expected, "{mean}");
        }
    }
}
