//! Averaging: how long the steps are, and how much of them goes into the average.

use super::rule::{Candidate, Rule};
use crate::average::Blend;
use crate::config::Averaging;
use crate::state::UnitState;

/// Steps of slow growth before a search asks whether training should begin again.
const PATIENCE: u64 = 20;

/// How many times longer than the present step size such a search has to find one.
pub(crate) const FAR: f64 = 100.0;

/// The part of an early loss by which it has come down, if steps have an effect.
const FALLEN: f64 = 0.1;

/// Steps before the means of the growth say anything.
const SETTLED: u64 = 3;

/// The growth of step sizes, up to the longest that there may be at all.
pub(super) struct Lengthening {
    pub(super) averaging: Averaging,
    pub(super) longest: f64,
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
        if !behind || state.steps < SETTLED {
            state.at_bound = 0;
            return;
        }
        let until = rule.until * state.searched;
        let grown = match unit.step_size < until {
            true => (unit.step_size * rule.growth).min(until),
            false => {
                state.at_bound += 1;
                unit.step_size * rule.slow_growth
            }
        };
        let longest = (rule.longest * state.searched).min(self.longest);
        unit.step_size = grown.min(longest.max(unit.step_size));
    }

    /// The first search, and one that begins again.
    fn is_due(&self, search: &Candidate<'_>) -> bool {
        search.fresh || search.unjudged
    }
}

/// Whether a step size has grown for so long that the first search may have been no measure for it.
/// Each search that finds nothing better doubles the time.
///
/// It is none only where the loss has not come down either.
pub(super) fn is_hopeless(unit: &UnitState, loss: f64) -> bool {
    let failed = u32::try_from(unit.history.failed_restarts).unwrap_or(u32::MAX);
    let factor = 2u64.checked_pow(failed).unwrap_or(u64::MAX);
    unit.average.at_bound >= PATIENCE.saturating_mul(factor) && !has_fallen(unit, loss)
}

/// Whether the loss has come down since an early step.
pub(super) fn has_fallen(unit: &UnitState, loss: f64) -> bool {
    let early = unit.average.early_loss;
    unit.average.steps > SETTLED && early - loss > FALLEN * early.abs()
}

/// Remembers the loss of an early step.
pub(super) fn note_loss(unit: &mut UnitState, loss: f64) {
    if unit.average.steps == SETTLED {
        unit.average.early_loss = loss;
    }
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

/// Counts a step of this length, and returns the share `c` of the last iterate in the average.
pub(crate) fn count(rule: &Averaging, unit: &mut UnitState, step: f64) -> f64 {
    let state = &mut unit.average;
    state.steps += 1;
    state.longest_step = state.longest_step.max(step);
    let weight = (state.steps as f64).powf(rule.power) * state.longest_step.powi(2);
    state.weights += weight;
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

    #[test]
    fn a_step_size_grows_while_the_loss_falls_towards_the_last_step() {
        let mut unit = unit();
        assert_eq!(unit.step_size, 0.25);
        for _ in 0..8 {
            rule().observe(&mut unit, 1.0, 10.0);
        }
        assert!((unit.step_size - 0.5).abs() < 1e-12);
        for _ in 0..100 {
            rule().observe(&mut unit, 1.0, 10.0);
        }
        // 24 steps to twice the searched one, and then a doubling in 64.
        assert!((unit.step_size - 2f64.powf(1.0 + 84.0 / 64.0)).abs() < 1e-9);
        for _ in 0..1000 {
            rule().observe(&mut unit, 1.0, 10.0);
        }
        assert_eq!(unit.step_size, 16.0);
        assert!(is_hopeless(&unit, 0.0));
        unit.average.early_loss = 1.0;
        assert!(is_hopeless(&unit, 0.95) && !is_hopeless(&unit, 0.85));
        // The other way, the means turn, and nothing grows.
        for _ in 0..50 {
            rule().observe(&mut unit, 1.0, -10.0);
        }
        assert_eq!(unit.average.at_bound, 0);
    }

    #[test]
    fn nothing_grows_within_the_threshold_or_beyond_weight_decays_bound() {
        let mut unit = unit();
        for _ in 0..50 {
            rule().observe(&mut unit, 1.0, 0.29 * 0.25 * 0.9);
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
    }
}
