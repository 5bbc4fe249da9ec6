//! The losses of a unit's steps: whether they have come down.

use crate::config::Averaging;
use crate::state::UnitState;

/// How many first steps make the early loss.
const EARLY: u64 = 20;

/// A loss has come down by this part of the early loss.
const PART: f64 = 0.1;

/// Or by this many standard deviations from step to step, if that is less. By chance the two means
/// are about a quarter of one apart.
const DEVIATIONS: f64 = 0.75;

/// By this many where mini-batches do not agree. Steps that become shorter lower the loss by more
/// than chance, though nothing is learnt yet.
const DEVIATIONS_OF_NOISE: f64 = 4.0;

/// Decay of the mean of the latest losses. By chance it is as far off as the mean of nineteen.
const LATEST: f64 = 0.9;

/// A loss is falling where that mean is below the early loss by this part of it.
const FALLING: f64 = 0.05;

/// Whether the loss has come down since the early steps: by a part of what it was, or by more than
/// it differs from step to step.
pub(super) fn has_fallen(unit: &UnitState) -> bool {
    let state = &unit.average;
    let part = PART * state.early_loss.abs();
    let deviations = match state.agreement.absent {
        true => DEVIATIONS_OF_NOISE,
        false => DEVIATIONS,
    };
    let least = part.min(deviations * state.scatter.sqrt());
    state.early_loss - state.recent_loss > least
}

/// Whether the latest losses are below the early ones. This is seen sooner than that the loss
/// [has fallen](has_fallen), and it is less certain.
pub(super) fn is_falling(unit: &UnitState) -> bool {
    let state = &unit.average;
    state.early_loss - state.latest_loss > FALLING * state.early_loss.abs()
}

/// Takes the loss of a step into the means.
pub(super) fn note_loss(rule: &Averaging, unit: &mut UnitState, loss: f64) {
    let state = &mut unit.average;
    if state.searched == 0.0 || !loss.is_finite() {
        return;
    }
    if state.steps <= EARLY {
        state.early_loss += (loss - state.early_loss) / state.steps.max(1) as f64;
        state.recent_loss = state.early_loss;
        state.latest_loss = state.early_loss;
    }
    state.latest_loss += (1.0 - LATEST) * (loss - state.latest_loss);
    let (off, new) = (loss - state.recent_loss, 1.0 - rule.decay);
    state.recent_loss += new * off;
    state.scatter = rule.decay * (state.scatter + new * off * off);
}

#[cfg(test)]
mod tests {
    use super::super::averaging::begin;
    use super::*;

    #[test]
    fn a_loss_has_come_down_by_a_tenth_or_by_more_than_it_differs_from_step_to_step() {
        // A loss far from 0 whose mean falls by a hundredth, in noise of ±1 or of ±0.5.
        for (noise, fall, expected) in [(1.0, 1.0, true), (1.0, 0.5, false), (0.5, 0.5, true)] {
            let mut unit = UnitState::new(1.0);
            begin(&Averaging::default(), &mut unit);
            for k in 1..=500u64 {
                unit.average.steps = k;
                let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
                let fallen = fall * (k as f64 / 100.0).min(1.0);
                note_loss(
                    &Averaging::default(),
                    &mut unit,
                    100.0 - fallen + noise * sign,
                );
            }
            assert_eq!(has_fallen(&unit), expected, "{noise} {fall}");
        }
    }
    #[test]
    fn that_a_loss_is_falling_is_seen_before_it_has_fallen() {
        for (fall, falling) in [(0.0, false), (0.15, true)] {
            let mut unit = UnitState::new(1.0);
            begin(&Averaging::default(), &mut unit);
            for k in 1..=60u64 {
                unit.average.steps = k;
                let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
                let fallen = fall * (k.saturating_sub(20) as f64 / 20.0).min(1.0);
                note_loss(&Averaging::default(), &mut unit, 0.7 - fallen + 0.2 * sign);
            }
            assert!(!has_fallen(&unit), "{fall}");
            assert_eq!(is_falling(&unit), falling, "{fall}");
        }
    }
}
