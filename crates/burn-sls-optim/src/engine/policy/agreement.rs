//! Agreement: what the direction of one mini-batch is worth to the next.

use super::averaging::weight;
use super::losses::{has_fallen, is_falling};
use crate::config::Averaging;
use crate::state::{Agreement, UnitState};

/// Steps before the first sample. Until then the average is where the last step is.
const FIRST: u64 = 4;

/// How many samples there are, one in a step. So it is decided after 60 steps.
const SAMPLES: u64 = 57;

/// Takes a gradient in, by `s_u = -⟨g_u, u_u⟩` and `s'_u = -⟨g_u, z_u - y_u⟩` of every unit. After
/// step `k`, of length `e`, the step has the part `1 - c` in `z - x = (z - y)/β`, and earlier ones
/// have less. So
///
/// ```text
/// ρ = Σ_u s'_u / Σ_u β·(1 - c_u)·e_u·s_u,    c = w/Σ w
/// ```
///
/// is 0 where the latest steps promise this mini-batch nothing. If the last one promises it what it
/// promised its own, and earlier ones nothing, it is 1; if they do, too, more. With the mean of all
/// samples and its standard error `σ`, mini-batches do not agree if `mean <= σ` and
/// `|mean| + 2·σ < agreement`, while the loss has not come down and is not falling: then a direction
/// is worth next to nothing, for certain. The step size that the first mini-batch allowed is no
/// measure for the others, and becomes shorter. As in the first search, all units are asked
/// together.
///
/// Where steps are of a good length the mean is soon further below 0: it shows the curvature that
/// ends their growth.
pub(super) fn observe(rule: &Averaging, units: &mut [UnitState], slopes: &[(f64, f64)]) {
    let (mut kept, mut promised) = (0.0, 0.0);
    for (unit, &(slope, towards_iterate)) in units.iter().zip(slopes) {
        if let Some(own) = promise(rule, unit, slope).filter(|_| towards_iterate.is_finite()) {
            kept += towards_iterate;
            promised += own;
        }
    }
    // Steps may be lost in rounding.
    if kept == 0.0 || promised == 0.0 {
        return;
    }
    let asked = units.iter_mut().filter(|unit| is_asked(unit));
    asked.for_each(|unit| take(rule, unit, kept / promised));
}

/// Whether the unit still takes samples in, and has had none since its last step.
fn is_asked(unit: &UnitState) -> bool {
    let (state, samples) = (&unit.average, unit.average.agreement.samples);
    samples < SAMPLES && state.steps >= FIRST + samples
}

/// What the last step would promise if it were as good as the next: `β·(1 - c)·e·s`. Uphill, and
/// where a step was too long for the weights of the average, that says nothing.
fn promise(rule: &Averaging, unit: &UnitState, slope: f64) -> Option<f64> {
    let state = &unit.average;
    let known = state.steps >= FIRST && state.weights.is_finite();
    (known && slope > 0.0 && slope.is_finite()).then(|| {
        let share = weight(rule, state.steps, state.longest_step) / state.weights;
        let last = (1.0 - share) * state.agreement.last_step;
        rule.beta * last * slope
    })
}

/// Takes a sample in, and decides after the last one.
fn take(rule: &Averaging, unit: &mut UnitState, sample: f64) {
    let agreement = &mut unit.average.agreement;
    agreement.add(sample);
    if agreement.samples < SAMPLES || !is_noise(agreement, rule.agreement) {
        return;
    }
    if has_fallen(unit) || is_falling(unit) {
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
        unit.average.latest_loss = loss;
        unit.average.scatter = 1.0;
        for k in 1..=70 {
            let step = unit.step_size * warm_up(&rule, k);
            let share = count(&rule, &mut unit, step);
            let agreement = agreements[k as usize % agreements.len()];
            let along = rule.beta * (1.0 - share) * step * agreement;
            for _ in 0..repeated {
                observe(
                    &rule,
                    std::slice::from_mut(&mut unit),
                    &[(2.0, 2.0 * along)],
                );
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
            (&[-0.08, -0.09][..], false),
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
    fn where_the_loss_comes_down_a_step_is_no_noise() {
        for (loss, noise) in [(0.96, true), (0.94, false), (0.85, false)] {
            let unit = after(&[0.01, -0.01], loss);
            assert_eq!(unit.average.agreement.absent, noise, "{loss}");
        }
    }

    #[test]
    fn it_is_decided_once_and_a_step_is_one_sample() {
        let mut unit = training(&[0.01, -0.01], 1.0, 3);
        assert_eq!(unit.average.searched, 1.0 / 16.0);
        let decided = unit;
        let units = std::slice::from_mut(&mut unit);
        observe(&Averaging::default(), units, &[(1.0, 1e-3)]);
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

    #[test]
    fn units_are_asked_together() {
        let rule = Averaging::default();
        let mut units = [UnitState::new(1.0); 2];
        units.iter_mut().for_each(|unit| begin(&rule, unit));
        for k in 1..=60 {
            for unit in &mut units {
                let step = unit.step_size * warm_up(&rule, k);
                count(&rule, unit, step);
            }
            // Each by itself is of both signs, and together they are worth nothing.
            let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
            let kept = |unit: &UnitState| promise(&rule, unit, 2.0).unwrap_or(0.0) * sign;
            let slopes = [(2.0, kept(&units[0])), (2.0, -0.99 * kept(&units[1]))];
            observe(&rule, &mut units, &slopes);
        }
        assert!(units.iter().all(|unit| unit.average.agreement.absent));
        assert_eq!(units[0].step_size, units[1].step_size);
    }
}
