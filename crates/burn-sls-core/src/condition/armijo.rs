//! Armijo's condition of sufficient decrease.

use serde::{Deserialize, Serialize};

use super::{AcceptanceState, Condition, TrialPoint, Verdict};
use crate::sample::Comparison;

/// Armijo's condition of sufficient decrease.
///
/// ```text
/// f_k(w_k + η·d) <= f_k(w_k) - c·η·s,      s = -⟨g, d⟩ > 0
/// ```
///
/// The first-order model of the loss promises a decrease of `η·s`, and the condition demands the
/// fraction `c` of it. A loss that is *exactly* the one at `w_k` is accepted too, unless the rule
/// is [strict](Self::strict): the arithmetic cannot tell the two points apart, and backtracking
/// would only lead to points that are even harder to tell apart.
///
/// # Example
///
/// ```
/// use burn_sls_core::{Armijo, Verdict};
///
/// let rule = Armijo::new(0.25);
/// let (base, slope) = (1.0, 2.0);
/// assert_eq!(rule.judge(base, slope, 0.5, 0.75), Verdict::Accepted); // 1 - 0.25·0.5·2
/// assert_eq!(rule.judge(base, slope, 0.5, 0.76), Verdict::Rejected);
/// assert_eq!(rule.judge(base, slope, 0.5, f64::NAN), Verdict::NonFinite);
/// ```
///
/// # References
///
/// The paper, Eq. 3; Armijo (1966).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Armijo {
    /// Armijo's constant `c`, in (0, 1): the fraction of the promised decrease that must be kept.
    pub c: f64,
    /// Whether a loss that is exactly the one at `w_k` is accepted.
    pub accept_equal: bool,
}

impl Armijo {
    /// The rule with constant `c`, which accepts an equal loss.
    pub const fn new(c: f64) -> Self {
        Self {
            c,
            accept_equal: true,
        }
    }

    /// The inequality alone, which rejects an equal loss, since `c·η·s > 0`.
    pub const fn strict(c: f64) -> Self {
        Self {
            c,
            accept_equal: false,
        }
    }

    /// By how much the trial misses the demand: `c·η·s - (f - f_trial)`.
    ///
    /// Zero or negative where the condition holds, and `+∞` for a loss that is NaN, so that
    /// comparisons with it reject. The decrease is computed first: the difference of two close
    /// losses is exact, while `f - c·η·s` would round a small demand away.
    pub fn decrease_error(&self, base: f64, slope: f64, step_size: f64, trial: f64) -> f64 {
        let error = self.c * step_size * slope - (base - trial);
        if error.is_nan() { f64::INFINITY } else { error }
    }

    /// Judges the loss `trial` at the step size `step_size`, given the loss `base` at `w_k` and the
    /// slope `s`.
    pub fn judge(&self, base: f64, slope: f64, step_size: f64, trial: f64) -> Verdict {
        let compared = Comparison::of_means(base, trial);
        self.judge_with_slack(slope, step_size, &compared, 0.0)
    }

    /// Judges a trial whose decrease may fall short of the demand `D = c·η·s` by `slack`.
    ///
    /// With the [noise](Comparison::noise) `N` of the comparison, a finite loss has one of three
    /// verdicts:
    ///
    /// ```text
    /// Δ + slack >= D         accepted
    /// max(|Δ|, D) <= N       indistinguishable
    /// otherwise              rejected
    /// ```
    ///
    /// With an unknown noise, `N = 0`, only losses that are exactly equal cannot be told apart.
    /// [`accept_equal`](Self::accept_equal) says whether they are accepted.
    pub fn judge_with_slack(
        &self,
        slope: f64,
        step_size: f64,
        trial: &Comparison,
        slack: f64,
    ) -> Verdict {
        let demand = self.c * step_size * slope;
        let (decrease, noise) = (trial.decrease, trial.noise);
        let equal = self.accept_equal && noise == 0.0 && decrease == 0.0;
        if !trial.loss.is_finite() {
            Verdict::NonFinite
        } else if equal || demand - decrease <= slack {
            Verdict::Accepted
        } else if noise > 0.0 && decrease.abs().max(demand) <= noise {
            Verdict::Indistinguishable
        } else {
            Verdict::Rejected
        }
    }
}

/// Armijo's condition as it is: no slack, and no state.
pub(super) struct Monotone;

impl Condition for Monotone {
    fn slack(&self, _state: &AcceptanceState, _point: &TrialPoint) -> f64 {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_condition_holds_up_to_its_boundary_and_not_beyond() {
        // 1 - 0.5·0.25·2 = 0.75: every number is exact in binary.
        let rule = Armijo::new(0.5);
        let limit = 0.75;
        for (trial, verdict) in [
            (f64::MIN, Verdict::Accepted),
            (limit, Verdict::Accepted),
            (limit + f64::EPSILON, Verdict::Rejected),
            (1.0 - f64::EPSILON, Verdict::Rejected),
            (1.0, Verdict::Accepted), // exactly equal: indistinguishable
            (1.0 + f64::EPSILON, Verdict::Rejected),
            (f64::MAX, Verdict::Rejected),
            (f64::INFINITY, Verdict::NonFinite),
            (f64::NEG_INFINITY, Verdict::NonFinite),
            (f64::NAN, Verdict::NonFinite),
        ] {
            assert_eq!(rule.judge(1.0, 2.0, 0.25, trial), verdict, "trial {trial}");
        }
    }

    #[test]
    fn only_the_strict_rule_rejects_an_equal_loss() {
        for (loss, new, strict) in [
            (0.75, Verdict::Accepted, Verdict::Accepted),
            (1.0 - f64::EPSILON, Verdict::Rejected, Verdict::Rejected),
            (1.0, Verdict::Accepted, Verdict::Rejected),
        ] {
            assert_eq!(Armijo::new(0.5).judge(1.0, 2.0, 0.25, loss), new);
            assert_eq!(Armijo::strict(0.5).judge(1.0, 2.0, 0.25, loss), strict);
        }
        // However small the demand.
        assert_eq!(
            Armijo::strict(0.5).judge(1.0, 1e-100, 1.0, 1.0),
            Verdict::Rejected
        );
    }

    #[test]
    fn a_trial_within_the_noise_is_indistinguishable_and_any_other_is_judged() {
        let rule = Armijo::new(0.5);
        let noisy = |decrease: f64| Comparison {
            noise: 1e-6,
            ..Comparison::of_means(decrease, 0.0)
        };
        // The demand is c·η·s = 0.5·η.
        for (decrease, step_size, verdict) in [
            (4e-7, 1e-6, Verdict::Indistinguishable),
            (5e-7, 1e-6, Verdict::Accepted), // as much as demanded
            (-1e-6, 1e-6, Verdict::Indistinguishable),
            (-1.1e-6, 1e-6, Verdict::Rejected), // an increase beyond the noise
            (0.0, 1e-6, Verdict::Indistinguishable),
            (0.0, 4e-6, Verdict::Rejected), // a demand beyond the noise
            (f64::NAN, 1e-6, Verdict::NonFinite),
        ] {
            let trial = Comparison {
                loss: decrease,
                ..noisy(decrease)
            };
            let judged = rule.judge_with_slack(1.0, step_size, &trial, 0.0);
            assert_eq!(judged, verdict, "Δ = {decrease}, η = {step_size}");
        }
        let slack = rule.judge_with_slack(1.0, 1.0, &noisy(0.25), 0.25);
        assert_eq!(slack, Verdict::Accepted);
    }

    proptest! {
        #[test]
        fn a_lower_trial_loss_is_never_judged_worse(
            base in -10.0..10.0f64, slope in 1e-6..1e3f64, step in 1e-9..10.0f64,
            trial in -10.0..10.0f64, less in 0.0..10.0f64,
        ) {
            let rule = Armijo::new(0.1);
            if trial != base && rule.judge(base, slope, step, trial) == Verdict::Accepted {
                prop_assert_eq!(rule.judge(base, slope, step, trial - less), Verdict::Accepted);
            }
        }
    }
}
