//! Averaging: how long the steps are, and how much of them goes into the average.

use super::losses::has_fallen;
use super::rule::{Candidate, Rule};
use crate::average::Blend;
use crate::config::Averaging;
use crate::state::UnitState;

/// Steps in a row that could have been longer before a search asks whether training should begin
/// again.
const PATIENCE: u64 = 20;

/// A step that promises less than this part of the loss may be for nothing.
const HOPELESS: f64 = 1e-3;

/// How many times longer than the present step size such a search has to find one.
pub(crate) const FAR: f64 = 100.0;

/// Steps before the means of the growth say anything.
const SETTLED: u64 = 3;

/// The least threshold, and the greatest decay, along the displacements of another optimizer. Its
/// own momentum carries steps on after the slope has turned, and a long mean would not notice in
/// time.
const ADOPTED: (f64, f64) = (0.3, 0.9);

/// The growth of step sizes, up to the longest that there may be at all.
pub(super) struct Lengthening {
    averaging: Averaging,
    longest: f64,
}

impl Lengthening {
    /// The growth by these settings, of steps along an optimizer's own directions or displacements
    /// that are `adopted`.
    pub(super) fn new(averaging: Averaging, longest: f64, adopted: bool) -> Self {
        let mut averaging = averaging;
        if adopted {
            let (threshold, decay) = ADOPTED;
            averaging.threshold = averaging.threshold.max(threshold);
            averaging.decay = averaging.decay.min(decay);
        }
        Self { averaging, longest }
    }

    /// Makes the step size of a unit longer whose average is behind.
    fn lengthen(&self, unit: &mut UnitState) {
        let rule = &self.averaging;
        let searched = unit.average.searched;
        let until = rule.until * searched;
        let grown = if unit.step_size < until {
            (unit.step_size * rule.growth).min(until)
        } else {
            unit.average.at_bound += 1;
            match has_fallen(unit) {
                true => unit.step_size * rule.slow_growth,
                false => return,
            }
        };
        let longest = (rule.longest * searched).min(self.longest);
        unit.step_size = grown.min(longest.max(unit.step_size));
    }
}

impl Rule for Lengthening {
    /// With `s' = -⟨g, z - y⟩`, and `z - x = (z - y)/β`.
    fn observe(&self, unit: &mut UnitState, slope: f64, towards_iterate: f64) {
        let rule = &self.averaging;
        if unit.average.searched == 0.0 || !slope.is_finite() || !towards_iterate.is_finite() {
            return;
        }
        let step = unit.step_size * warm_up(rule, unit.average.steps + 1);
        let state = &mut unit.average;
        let mean = |mean: f64, new: f64| rule.decay * mean + (1.0 - rule.decay) * new;
        state.along = mean(state.along, -towards_iterate / rule.beta);
        state.promised = mean(state.promised, step * slope);
        // Steps that are lost in rounding leave `z` where `y` is.
        let lost = state.along == 0.0 && state.promised > 0.0;
        let behind = lost || state.along < -rule.threshold * state.promised;
        match behind && state.steps >= SETTLED {
            true => self.lengthen(unit),
            false => state.at_bound = 0,
        }
    }

    /// The first search, and one that begins again.
    fn is_due(&self, search: &Candidate<'_>) -> bool {
        search.fresh || search.unjudged
    }
}

/// Whether steps could have been longer for so long that the first search may have been no measure
/// for them. Each search that finds nothing better doubles the time.
///
/// The first search is no measure only where the loss has not come down, and where the steps of all
/// `units` do not promise that it will. On a plateau, a single mini-batch lets a step go far, and
/// the next one does not. Where mini-batches do not agree, no search says more than the first.
pub(super) fn is_hopeless(unit: &UnitState, units: usize) -> bool {
    let failed = u32::try_from(unit.history.failed_restarts).unwrap_or(u32::MAX);
    let factor = 2u64.checked_pow(failed).unwrap_or(u64::MAX);
    let state = &unit.average;
    let size = state.early_loss.abs().max(state.recent_loss.abs());
    state.at_bound >= PATIENCE.saturating_mul(factor)
        && !state.agreement.absent
        && !has_fallen(unit)
        && state.promised * (units as f64) < HOPELESS * size
}

/// How far the next step, shortened by `factor`, moves `y` for a direction of length 1.
pub(super) fn next_move(rule: &Averaging, unit: &UnitState, factor: f64) -> f64 {
    let step = factor * unit.step_size * warm_up(rule, unit.average.steps + 1);
    let share = count(rule, &mut unit.clone(), step);
    blend(rule, share, step).point
}

/// The factor of step `k = 1, 2, …`.
pub(crate) fn warm_up(rule: &Averaging, step: u64) -> f64 {
    (step as f64 / rule.warm_up as f64).min(1.0)
}

/// Begins the training of a unit with the step size that a search has found.
pub(crate) fn begin(rule: &Averaging, unit: &mut UnitState) {
    unit.average = crate::state::AverageState {
        searched: unit.step_size,
        ..Default::default()
    };
    unit.step_size = (rule.share * unit.step_size).max(f64::MIN_POSITIVE);
}

/// The weight of step `k` in the average, `w = k^power·(max e)²`.
pub(super) fn weight(rule: &Averaging, step: u64, longest_step: f64) -> f64 {
    (step as f64).powf(rule.power) * longest_step.powi(2)
}

/// Counts a step of this length, and returns the share `c` of the last iterate in the average.
pub(crate) fn count(rule: &Averaging, unit: &mut UnitState, step: f64) -> f64 {
    let state = &mut unit.average;
    state.steps += 1;
    state.longest_step = state.longest_step.max(step);
    state.agreement.last_step = step;
    let weight = weight(rule, state.steps, state.longest_step);
    state.weights += weight;
    if state.weights.is_infinite() {
        // So long a step that the others are nothing beside it. The Polyak cap makes it shorter.
        return 1.0;
    }
    match state.weights > 0.0 {
        true => weight / state.weights,
        false => 0.0,
    }
}

/// How far a parameter moves with step `step` and share `c`.
pub(crate) fn blend(rule: &Averaging, share: f64, step: f64) -> Blend {
    Blend {
        share,
        iterate: step,
        point: step * (1.0 - rule.beta * (1.0 - share)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::losses::note_loss;
    use super::*;

    fn rule() -> Lengthening {
        Lengthening {
            averaging: Averaging::default(),
            longest: f64::INFINITY,
        }
    }

    fn unit() -> UnitState {
        let mut unit = UnitState::new(1.0);
        begin(&Averaging::default(), &mut unit);
        unit.average.steps = 100;
        unit
    }

    /// Two hundred losses of this mean and a standard deviation of 0.2.
    fn lost(unit: &mut UnitState, mean: f64) {
        for k in 0..200 {
            let loss = mean + if k % 2 == 0 { 0.2 } else { -0.2 };
            note_loss(&Averaging::default(), unit, loss);
        }
    }

    /// After a hundred steps, at an early loss of 1.
    fn fallen() -> UnitState {
        let mut unit = unit();
        unit.average.early_loss = 1.0;
        unit.average.recent_loss = 1.0;
        lost(&mut unit, 0.5);
        unit
    }

    #[test]
    fn a_step_size_grows_while_the_loss_falls_towards_the_last_step() {
        let mut unit = fallen();
        assert_eq!(unit.step_size, 0.25);
        for _ in 0..4 {
            rule().observe(&mut unit, 1.0, 10.0);
        }
        assert!((unit.step_size - 0.5).abs() < 1e-12);
        for _ in 0..100 {
            rule().observe(&mut unit, 1.0, 10.0);
        }
        // 8 steps to the searched one, one more for rounding, and then a doubling in 64.
        assert!((unit.step_size - 2f64.powf(95.0 / 64.0)).abs() < 1e-9);
        for _ in 0..1000 {
            rule().observe(&mut unit, 1.0, 10.0);
        }
        assert_eq!(unit.step_size, 16.0);
        assert!(unit.average.at_bound > PATIENCE && !is_hopeless(&unit, 1));
        // The other way, the means turn, and nothing grows.
        for _ in 0..200 {
            rule().observe(&mut unit, 1.0, -10.0);
        }
        assert_eq!(unit.average.at_bound, 0);
    }

    #[test]
    fn on_a_plateau_nothing_grows_beyond_what_was_searched() {
        let mut unit = unit();
        unit.average.early_loss = 1.0;
        unit.average.recent_loss = 1.0;
        lost(&mut unit, 0.95);
        for _ in 0..7 + PATIENCE {
            assert!(!is_hopeless(&unit, 1));
            rule().observe(&mut unit, 1e-4, 10.0);
        }
        assert!((unit.step_size - 1.0).abs() < 1e-12);
        rule().observe(&mut unit, 1e-4, 10.0);
        rule().observe(&mut unit, 1e-4, 10.0);
        assert!(is_hopeless(&unit, 1));
        let promising = |promised| {
            unit.average.promised = promised;
            !is_hopeless(&unit, 1)
        };
        assert_eq!([2e-3, 1e-4].map(promising), [true, false]);
        lost(&mut unit, 0.85);
        assert!(!is_hopeless(&unit, 1));
        rule().observe(&mut unit, 1e-4, 10.0);
        assert!(unit.step_size > 1.0);
    }

    #[test]
    fn nothing_grows_within_the_threshold_or_beyond_weight_decays_bound() {
        let mut unit = fallen();
        for _ in 0..50 {
            rule().observe(&mut unit, 1.0, 0.019 * 0.25 * rule().averaging.beta);
        }
        assert_eq!(unit.step_size, 0.25);
        let bounded = Lengthening {
            longest: 0.3,
            ..rule()
        };
        for _ in 0..50 {
            bounded.observe(&mut unit, 1.0, 10.0);
        }
        assert_eq!(unit.step_size, 0.3);
    }

    #[test]
    fn the_average_has_the_weights_of_its_equation() {
        let averaging = Averaging {
            power: 1.0,
            ..Averaging::default()
        };
        let mut unit = unit();
        unit.average.steps = 0;
        let steps = [0.5, 1.0, 0.25];
        let shares: Vec<f64> = steps.map(|step| count(&averaging, &mut unit, step)).into();
        let weights = [1.0 * 0.25, 2.0 * 1.0, 3.0 * 1.0];
        assert_eq!(shares, [1.0, 2.0 / 2.25, 3.0 / 5.25]);
        assert_eq!(unit.average.weights, weights.iter().sum::<f64>());
        assert_eq!(count(&averaging, &mut UnitState::new(1.0), 0.0), 0.0);
        assert_eq!(count(&averaging, &mut unit, 1e300), 1.0);
    }
}
