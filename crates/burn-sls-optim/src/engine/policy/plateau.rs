//! Shorter steps on a plateau of the loss, in a training whose length is not known.

use crate::config::ReduceOnPlateau;
use crate::state::PlateauState;

/// Takes in the loss of an iteration: with the losses of a window, of mean `μ` and standard error
/// `σ`, and the lowest mean `μ*` (and its `σ*`) of the windows before, the factor falls unless
///
/// ```text
/// μ < μ* - sqrt(σ² + σ*²).
/// ```
///
/// A loss that is not finite says nothing.
pub(crate) fn record_loss(rule: &ReduceOnPlateau, state: &mut PlateauState, loss: f64) {
    if !loss.is_finite() {
        return;
    }
    // B. P. Welford's recurrence.
    state.seen += 1;
    let before = loss - state.mean;
    state.mean += before / state.seen as f64;
    state.squares += before * (loss - state.mean);
    if state.seen < rule.window {
        return;
    }
    let count = state.seen as f64;
    let variance = state.squares / (count - 1.0) / count;
    let falls = state.mean < state.best - (variance + state.best_variance).sqrt();
    if !falls {
        state.factor = (rule.decay * state.factor).max(rule.least);
    }
    if state.mean < state.best {
        (state.best, state.best_variance) = (state.mean, variance);
    }
    (state.seen, state.mean, state.squares) = (0, 0.0, 0.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn_sls_core::random::Generator;

    /// Losses around `mean(k)`, uniform in ±1.
    fn factors(rule: ReduceOnPlateau, iterations: u64, mean: impl Fn(u64) -> f64) -> Vec<f64> {
        let mut generator = Generator::new(1);
        let mut state = PlateauState::default();
        let mut noise = || generator.next_u64() as f64 / u64::MAX as f64 * 2.0 - 1.0;
        (0..iterations)
            .map(|k| {
                record_loss(&rule, &mut state, mean(k) + noise());
                state.factor
            })
            .collect()
    }

    #[test]
    fn losses_that_fall_keep_the_steps_as_they_are() {
        // By 0.4 in a window of 100, whose mean has a standard error of 0.058.
        let factors = factors(ReduceOnPlateau::new(100), 2000, |k| 9.0 - 0.004 * k as f64);
        assert!(factors.iter().all(|factor| *factor == 1.0));
    }

    #[test]
    fn losses_that_stay_halve_them_window_by_window_down_to_the_least() {
        let rule = ReduceOnPlateau {
            least: 0.2,
            ..ReduceOnPlateau::new(50)
        };
        let factors = factors(rule, 1000, |_| 3.0);
        assert!(factors[..99].iter().all(|factor| *factor == 1.0));
        assert_eq!(factors.last(), Some(&0.2));
        assert!(factors.contains(&0.5) && factors.contains(&0.25));
    }

    #[test]
    fn the_factor_never_grows_and_changes_only_at_the_end_of_a_window() {
        let factors = factors(ReduceOnPlateau::new(10), 500, |k| (k as f64 / 30.0).sin());
        for (k, pair) in factors.windows(2).enumerate() {
            assert!(pair[1] <= pair[0]);
            assert!(pair[1] == pair[0] || (k + 2) % 10 == 0);
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_is_not_counted() {
        let mut state = PlateauState::default();
        record_loss(&ReduceOnPlateau::new(2), &mut state, f64::NAN);
        assert_eq!(state, PlateauState::default());
    }
}
