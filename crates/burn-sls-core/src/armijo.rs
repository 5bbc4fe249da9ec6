//! The acceptance rule: has the loss decreased enough for the step that was taken?

use serde::{Deserialize, Serialize};

use crate::comparison::Comparison;

/// Armijo's rule of sufficient decrease.
///
/// ```text
/// f_k(w_k + η·d) <= f_k(w_k) - c·η·s,      s = -⟨g, d⟩ > 0
/// ```
///
/// The first-order model of the loss promises a decrease of `η·s`; the rule asks for the fraction
/// `c` of it. A loss that is *exactly* the one at `w_k` is accepted too, unless the rule is
/// [strict](Self::strict): the arithmetic could not tell the two points apart, and backtracking from
/// there only shrinks the step size towards a point that it can tell apart even less.
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

/// What the acceptance rule says of one trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The loss decreased enough.
    Accepted,
    /// The loss did not decrease enough.
    Rejected,
    /// Neither the decrease nor what was demanded of it is above the noise of the arithmetic: the two
    /// points cannot be told apart.
    Indistinguishable,
    /// The loss at the trial point is NaN or infinite; this rejects the trial.
    NonFinite,
}

impl Armijo {
    /// The rule with constant `c`, which accepts an equal loss.
    pub const fn new(c: f64) -> Self {
        Self {
            c,
            accept_equal: true,
        }
    }

    /// The inequality alone: an equal loss is rejected, since `c·η·s > 0`.
    pub const fn strict(c: f64) -> Self {
        Self {
            c,
            accept_equal: false,
        }
    }

    /// By how much the trial misses the rule: `c·η·s - (f - f_trial)`.
    ///
    /// Zero or negative where the rule holds; `+∞` for a loss that is NaN, so that comparisons
    /// with it reject. The decrease is taken first: the difference of two losses that are close is
    /// exact, where `f - c·η·s` would round a small demand away.
    pub fn decrease_error(&self, base: f64, slope: f64, step_size: f64, trial: f64) -> f64 {
        let error = self.c * step_size * slope - (base - trial);
        if error.is_nan() { f64::INFINITY } else { error }
    }

    /// Judges the loss `trial` found at step size `step_size`, from the loss `base` at `w_k` and
    /// the slope `s`.
    pub fn judge(&self, base: f64, slope: f64, step_size: f64, trial: f64) -> Verdict {
        let compared = Comparison::of_means(base, trial);
        self.judge_with_slack(slope, step_size, &compared, 0.0)
    }

    /// Judges a trial of which more is known than its mean loss, and which may miss the demand
    /// `D = c·η·s` by `slack`.
    ///
    /// With the noise `N` of the [comparison](Comparison), there are three answers:
    ///
    /// ```text
    /// Δ + slack >= D         accepted
    /// max(|Δ|, D) <= N       indistinguishable
    /// otherwise              rejected
    /// ```
    ///
    /// Where nothing is known of the noise, losses that are exactly equal are all that cannot be told
    /// apart, and [`accept_equal`](Self::accept_equal) says what becomes of them.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_holds_up_to_its_boundary_and_not_beyond() {
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
        // However little is asked for.
        assert_eq!(
            Armijo::strict(0.5).judge(1.0, 1e-100, 1.0, 1.0),
            Verdict::Rejected
        );
    }

    #[test]
    fn what_noise_hides_is_indistinguishable_and_what_it_does_not_hide_is_judged() {
        let rule = Armijo::new(0.5);
        let noisy = |decrease: f64| Comparison {
            noise: 1e-6,
            ..Comparison::of_means(decrease, 0.0)
        };
        // The demand is c·η·s = 0.5·η.
        for (decrease, step_size, verdict) in [
            (4e-7, 1e-6, Verdict::Indistinguishable),
            (5e-7, 1e-6, Verdict::Accepted), // as much as is demanded
            (-1e-6, 1e-6, Verdict::Indistinguishable),
            (-1.1e-6, 1e-6, Verdict::Rejected), // an increase that can be seen
            (0.0, 1e-6, Verdict::Indistinguishable),
            (0.0, 4e-6, Verdict::Rejected), // the demand could have been seen
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
