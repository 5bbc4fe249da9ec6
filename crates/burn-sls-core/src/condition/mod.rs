//! Acceptance conditions: has the loss decreased enough for the step that was taken?
//!
//! Each condition is Armijo's with a slack of its own, in a file with its equation and its boundary
//! table. [`Acceptance`] is the setting that names one of them.

mod armijo;
mod nonmonotone;
mod paired;
mod smoothed;

use serde::{Deserialize, Serialize};

pub use armijo::Armijo;

use crate::sample::Comparison;
use armijo::Monotone;
use nonmonotone::Nonmonotone;
use paired::Paired;
use smoothed::Smoothed;

/// How an acceptance condition judges one trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The loss decreased enough.
    Accepted,
    /// The loss did not decrease enough.
    Rejected,
    /// Both the decrease and the demanded decrease are within the noise of the arithmetic, so the
    /// two points cannot be told apart.
    Indistinguishable,
    /// The loss at the trial point is NaN or infinite. This rejects the trial.
    NonFinite,
}

/// The acceptance condition: how far a decrease may fall short of Armijo's demand `c·η·s`.
///
/// ```text
/// Δ + slack >= c·η·s,      Δ = f_k(w_k) - f_k(w_k + η·d)
/// ```
///
/// Every mini-batch has its own minimum. A condition that demands a decrease on each of them takes
/// short steps where these minima are far apart. The conditions with a slack also use the losses of
/// earlier mini-batches, or how precisely the mini-batch at hand measures the decrease.
///
/// # Example
///
/// ```
/// use burn_sls_core::{Acceptance, Backtracking, Search, Verdict};
///
/// let rule = Backtracking {
///     acceptance: Acceptance::Nonmonotone { xi: 1.0 },
///     ..Backtracking::new(0.1, 0.5, 10)
/// };
/// // The loss was 2 and is now 1, so it may rise to the mean of the two, less the demand.
/// let earlier = Search::begin(&rule, 2.0, 1.0, 0.5);
/// let mut search = Search::begin(&rule, 1.0, 1.0, 0.5).with_state(earlier.acceptance_state());
/// assert_eq!(search.tell(1.25), Verdict::Accepted); // 1.25 <= 1.5 - 0.1·0.5·1
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Acceptance {
    /// Armijo's condition, without slack.
    #[default]
    Monotone,
    /// The decrease and the demand are smoothed over iterations, both with the same factor (SaLSa):
    ///
    /// ```text
    /// β·H + (1-β)·Δ >= c·η·(β·S + (1-β)·s)
    /// ```
    ///
    /// `H` and `S` are the moving averages of the accepted decreases and their slopes. Both begin
    /// at 0, so both sides have the same bias.
    Smoothed {
        /// The decay `β`, in [0, 1).
        beta: f64,
    },
    /// The loss may rise to a weighted mean `C` of the losses so far (Zhang and Hager), or to
    /// `f_k(w_k)` where that is higher (PoNoS):
    ///
    /// ```text
    /// f_k(w_k + η·d) <= max(C, f_k(w_k)) - c·η·s
    /// C ← (ξ·Q·C + f_k(w_k))/(ξ·Q + 1),   Q ← ξ·Q + 1
    /// ```
    Nonmonotone {
        /// The weight `ξ` of earlier losses, in [0, 1]. With 0 the condition is Armijo's.
        xi: f64,
    },
    /// The examples of the mini-batch are a sample, and their mean decrease has a standard error.
    /// A decrease is accepted if it reaches the demand within `z` standard errors:
    ///
    /// ```text
    /// Δ + z·SE(Δ) >= c·η·s
    /// ```
    Paired {
        /// The number of standard errors, `z >= 0`.
        z: f64,
    },
}

/// The state that an acceptance condition carries from one iteration to the next.
///
/// A condition that meets the state of another one begins without a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AcceptanceState {
    /// Nothing is carried: the conditions without a state, and all before their first iteration.
    #[default]
    None,
    /// Of the smoothed condition.
    Smoothed {
        /// The moving average `H` of accepted decreases.
        decrease: f64,
        /// The moving average `S` of their slopes.
        slope: f64,
    },
    /// Of the nonmonotone condition.
    Nonmonotone {
        /// The weighted mean `C` of the losses.
        loss: f64,
        /// The sum `Q` of the weights.
        weight: f64,
    },
}

/// A trial, and everything that the demand on it depends on.
pub(crate) struct TrialPoint<'a> {
    /// Armijo's constant `c`.
    pub c: f64,
    /// The loss `f_k(w_k)`.
    pub base: f64,
    /// The slope `s = -⟨g, d⟩`.
    pub slope: f64,
    /// The step size `η`.
    pub step_size: f64,
    /// The losses at `w_k` and at the trial point, compared.
    pub compared: &'a Comparison,
}

/// Armijo's condition with a slack: `Δ + slack >= c·η·s`.
pub(crate) trait Condition {
    /// The state that the trials of an iteration are judged with, once `base`, its `f_k(w_k)`, is
    /// known.
    fn begin(&self, state: AcceptanceState, _base: f64) -> AcceptanceState {
        state
    }

    /// By how much the decrease may fall short of the demand. Negative if more is demanded.
    fn slack(&self, state: &AcceptanceState, point: &TrialPoint) -> f64;

    /// The state after an iteration in which the trial at `point` was accepted.
    fn update(&self, state: AcceptanceState, _point: &TrialPoint) -> AcceptanceState {
        state
    }
}

impl Acceptance {
    /// Calls `with` on the condition that this setting names.
    fn condition<T>(&self, with: impl FnOnce(&dyn Condition) -> T) -> T {
        match *self {
            Self::Monotone => with(&Monotone),
            Self::Smoothed { beta } => with(&Smoothed { beta }),
            Self::Nonmonotone { xi } => with(&Nonmonotone { xi }),
            Self::Paired { z } => with(&Paired { z }),
        }
    }
}

impl Condition for Acceptance {
    fn begin(&self, state: AcceptanceState, base: f64) -> AcceptanceState {
        self.condition(|condition| condition.begin(state, base))
    }

    fn slack(&self, state: &AcceptanceState, point: &TrialPoint) -> f64 {
        self.condition(|condition| condition.slack(state, point))
    }

    fn update(&self, state: AcceptanceState, point: &TrialPoint) -> AcceptanceState {
        self.condition(|condition| condition.update(state, point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks that `condition` with `state` accepts losses up to `limit`, and no higher one, from a
    /// loss of 1 and for a demand of `c·η·s = 0.5·0.25·2 = 0.25`.
    pub(super) fn assert_limit(
        condition: &dyn Condition,
        state: AcceptanceState,
        standard_error: f64,
        limit: f64,
    ) {
        for (trial, verdict) in [
            (f64::MIN, Verdict::Accepted),
            (limit - f64::EPSILON, Verdict::Accepted),
            (limit, Verdict::Accepted),
            (limit + f64::EPSILON, Verdict::Rejected),
            (f64::MAX, Verdict::Rejected),
            (f64::INFINITY, Verdict::NonFinite),
            (f64::NAN, Verdict::NonFinite),
        ] {
            let compared = Comparison {
                standard_error,
                ..Comparison::of_means(1.0, trial)
            };
            let point = TrialPoint {
                c: 0.5,
                base: 1.0,
                slope: 2.0,
                step_size: 0.25,
                compared: &compared,
            };
            let slack = condition.slack(&condition.begin(state, 1.0), &point);
            let judged = Armijo::new(0.5).judge_with_slack(2.0, 0.25, &compared, slack);
            assert_eq!(judged, verdict, "trial {trial}, limit {limit}, {state:?}");
        }
    }

    #[test]
    fn a_setting_has_the_equation_of_the_condition_that_it_names() {
        let state = AcceptanceState::Smoothed {
            decrease: 0.1875,
            slope: 1.0,
        };
        for (acceptance, limit) in [
            (Acceptance::Monotone, 0.75),
            (Acceptance::Smoothed { beta: 0.5 }, 0.8125),
            (Acceptance::Nonmonotone { xi: 1.0 }, 0.75),
            (Acceptance::Paired { z: 1.0 }, 0.8125),
        ] {
            assert_limit(&acceptance, state, 0.0625, limit);
        }
    }

    proptest! {
        #[test]
        fn no_condition_demands_more_than_armijo_before_its_first_iteration(
            trial in -5.0..5.0f64, step_size in 1e-6..1.0f64,
        ) {
            let compared = Comparison { standard_error: 0.1, ..Comparison::of_means(1.0, trial) };
            let point = TrialPoint {
                c: 0.1, base: 1.0, slope: 1.0, step_size, compared: &compared,
            };
            for acceptance in [
                Acceptance::Monotone,
                Acceptance::Smoothed { beta: 0.9 },
                Acceptance::Nonmonotone { xi: 0.5 },
                Acceptance::Paired { z: 1.0 },
            ] {
                let state = acceptance.begin(AcceptanceState::default(), 1.0);
                prop_assert!(acceptance.slack(&state, &point) >= 0.0);
            }
        }
    }
}
