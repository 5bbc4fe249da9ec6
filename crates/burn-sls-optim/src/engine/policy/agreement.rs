//! Agreement: what the direction of one mini-batch is worth to the next.

use super::averaging::{has_fallen, weight};
use crate::config::Averaging;
use crate::state::{Agreement, UnitState};

/// Steps before the first sample. Until then the average is where the last step is.
const FIRST: u64 = 4;

/// How many samples there are, one in a step. So it is decided after 60 steps.
const SAMPLES: u64 = 57;

/// Takes a gradient in, by `s = -⟨g, u⟩` and `s' = -⟨g, z - y⟩`. After step `k`, of length `e`, the
/// step has the part `1 - c` in `z - x = (z - y)/β`, and earlier ones have less. So
///
/// ```text
/// ρ = s'/(β·(1 - c)·e·s),    c = w/Σ w
/// ```
///
/// is 0 where the latest steps promise this mini-batch nothing. If the last one promises it what it
/// promised its own, and earlier ones nothing, it is 1; if they do, too, more. With the mean of all samples and its standard error `σ`, mini-batches do not
/// agree if the loss has not come down, `mean <= σ` and `|mean| + 2·σ < agreement`: then a direction
/// is worth next to nothing, for certain. The step size that the first mini-batch allowed is no
/// measure for the others, and becomes shorter.
///
/// Where steps are of a good length the mean is soon further below 0: it shows the curvature that
/// ends their growth.
pub(super) fn observe(rule: &Averaging, unit: &mut UnitState, slope: f64, towards_iterate: f64) {
    let state = &mut unit.average;
    let agreement = &mut state.agreement;
    let seen = agreement.samples >= SAMPLES || state.steps < FIRST + agreement.samples;
    // Steps may be lost in rounding, uphill, or too long for their weights.
    if seen || towards_iterate == 0.0 || slope <= 0.0 || !state.weights.is_finite() {
        return;
    }
    let share = weight(rule, state.steps, state.longest_step) / state.weights;
    let last = (1.0 - share) * agreement.last_step;
    agreement.add(towards_iterate / (rule.beta * last * slope));
    if agreement.samples < SAMPLES || !is_noise(agreement, rule.agreement) || has_fallen(unit) {
        return;
    }
    let shorter = |size: f64| (size * rule.disagreement).max(f64::MIN_POSITIVE);
    unit.average.agreement.absent = true;
    unit.average.searched = shorter(unit.average.searched);
    unit.step_size = shorter(unit.step_size);
}

/// Whether the mean is not above 0 by more than chance, and nearer to it than `least` for certain.
fn is_noise(agreement: &Agreement, least: f64) -> bool {
    let error = agreement.standard_error();
    agreement.mean <= error && agreement.mean.abs() + 2.0 * error < least
}

#[cfg(test)]
mod tests {
    use super::super::averaging::{begin, count, warm_up};
    use super::*;

    /// The unit after 70 steps whose gradients have these agreements, in turn. The mean loss of the
    /// first steps is 1, and then this one.
    fn after(agreements: &[f64], loss: f64) -> UnitState {
        training(agreements, loss, 1)
    }

    /// The same with gradients that are seen so many times after each step.
    fn training(agreements: &[f64], loss: f64, repeated: usize) -> UnitState {
        let rule = Averaging::default();
        let mut unit = UnitState::new(1.0);
        begin(&rule, &mut unit);
        unit.average.early_loss = 1.0;
        unit.average.recent_loss = loss;
        unit.average.scatter = 1.0;
        for k in 1..=70 {
            let step = unit.step_size * warm_up(&rule, k);
            let share = count(&rule, &mut unit, step);
            let agreement = agreements[k as usize % agreements.len()];
            let along = rule.beta * (1.0 - share) * step * agreement;
            for _ in 0..repeated {
                observe(&rule, &mut unit, 2.0, 2.0 * along);
            }
        }
        unit
    }

    #[test]
    fn a_step_size_is_noise_only_where_directions_are_worth_nothing_for_certain() {
        for (agreements, noise) in [
            (&[0.01, 0.05, -0.05][..], true),
            (&[-0.04, 0.02][..], true),
            // Certainly below 0: curvature.
            (&[-0.05, -0.06][..], false),
            // The mean is small, and certainly above 0.
            (&[0.02, 0.03][..], false),
            // It may be 0 by chance.
            (&[0.5, -0.5][..], false),
            (&[0.3][..], false),
        ] {
            let unit = after(agreements, 1.0);
            assert_eq!(unit.average.agreement.absent, noise, "{agreements:?}");
            let shorter = if noise { 1.0 / 16.0 } else { 1.0 };
            assert_eq!(unit.average.searched, shorter);
            assert_eq!(unit.step_size, 0.25 * shorter);
        }
    }

    #[test]
    fn where_the_loss_has_come_down_a_step_is_no_noise() {
        for (loss, noise) in [(0.95, true), (0.85, false)] {
            let unit = after(&[0.01, -0.01], loss);
            assert_eq!(unit.average.agreement.absent, noise, "{loss}");
        }
    }

    #[test]
    fn it_is_decided_once_and_a_step_is_one_sample() {
        let mut unit = training(&[0.01, -0.01], 1.0, 3);
        assert_eq!(unit.average.searched, 1.0 / 16.0);
        let decided = unit;
        observe(&Averaging::default(), &mut unit, 1.0, 1e-3);
        assert_eq!(unit, decided);
        assert_eq!(unit.average.agreement.samples, SAMPLES);
    }

    #[test]
    fn what_is_no_number_or_lost_in_rounding_is_no_sample() {
        for agreement in [f64::NAN, f64::INFINITY, 0.0] {
            let unit = after(&[agreement], 1.0);
            assert_eq!(unit.average.agreement.samples, 0, "{agreement}");
            assert_eq!(unit.average.searched, 1.0);
        }
    }
}
