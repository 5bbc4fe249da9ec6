//! Rules that grant Armijo's rule a slack.

use serde::{Deserialize, Serialize};

use crate::comparison::Comparison;

/// What is asked of a trial beside Armijo's demand: how much less than `c·η·s` the loss may decrease.
///
/// ```text
/// Δ + slack >= c·η·s,      Δ = f_k(w_k) - f_k(w_k + η·d)
/// ```
///
/// Every mini-batch has a minimum of its own, and a rule that wants a decrease on each takes short steps
/// where they differ. These rules look at more than the mini-batch at hand, or at how much it knows.
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
/// // The loss was 2 and is now 1: it may rise again to the mean of the two.
/// let earlier = Search::begin(&rule, 2.0, 1.0, 0.5);
/// let mut search = Search::begin(&rule, 1.0, 1.0, 0.5).remembering(earlier.memory());
/// assert_eq!(search.tell(1.25), Verdict::Accepted); // 1.25 <= 1.5 - 0.1·0.5·1
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Acceptance {
    /// None: Armijo's rule.
    #[default]
    Monotone,
    /// Decrease and demand are smoothed over iterations, both with the same factor (SaLSa):
    ///
    /// ```text
    /// β·H + (1-β)·Δ >= c·η·(β·S + (1-β)·s),
    /// ```
    ///
    /// where `H` and `S` are the moving averages of accepted decreases and their slopes. Both begin at
    /// 0, so their bias is the same on either side.
    Smoothed {
        /// The decay `β`, in [0, 1).
        beta: f64,
    },
    /// The loss may rise to a weighted mean `C` of the losses so far (Zhang and Hager), and `f_k(w_k)`
    /// where that is higher (PoNoS):
    ///
    /// ```text
    /// f_k(w_k + η·d) <= max(C, f_k(w_k)) - c·η·s,   C ← (ξ·Q·C + f_k(w_k))/(ξ·Q + 1),   Q ← ξ·Q + 1
    /// ```
    Nonmonotone {
        /// How much earlier losses weigh, `ξ`, in [0, 1]; with 0 the rule is Armijo's.
        xi: f64,
    },
    /// The examples of the mini-batch are a sample, and their mean decrease is known up to a standard
    /// error: a decrease that may well be the demanded one is accepted.
    ///
    /// ```text
    /// Δ + z·SE(Δ) >= c·η·s
    /// ```
    Paired {
        /// How many standard errors, `z >= 0`.
        z: f64,
    },
}

/// What a rule remembers from one iteration to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Of the smoothed rule, the decrease `H`; of the nonmonotone one, the loss `C`.
    pub value: f64,
    /// Of the smoothed rule, the slope `S`; of the nonmonotone one, the weight `Q`.
    pub scale: f64,
}

impl Acceptance {
    /// The memory that the trials of an iteration are judged by, now that its `f_k(w_k)` is known.
    pub(crate) fn enter(&self, memory: Memory, base: f64) -> Memory {
        match *self {
            Self::Nonmonotone { xi } => {
                let weight = xi * memory.scale;
                Memory {
                    value: (weight * memory.value + base) / (weight + 1.0),
                    scale: weight + 1.0,
                }
            }
            _ => memory,
        }
    }

    /// How much less than demanded is enough.
    pub(crate) fn slack(
        &self,
        memory: &Memory,
        c: f64,
        base: f64,
        step_size: f64,
        trial: &Comparison,
    ) -> f64 {
        match *self {
            Self::Monotone => 0.0,
            Self::Smoothed { beta } => {
                beta / (1.0 - beta) * (memory.value - c * step_size * memory.scale)
            }
            Self::Nonmonotone { .. } => (memory.value - base).max(0.0),
            Self::Paired { z } => z * trial.standard_error,
        }
    }

    /// The memory after an iteration in which `trial` was accepted.
    pub(crate) fn leave(&self, memory: Memory, trial: &Comparison, slope: f64) -> Memory {
        match *self {
            Self::Smoothed { beta } => Memory {
                value: beta * memory.value + (1.0 - beta) * trial.decrease,
                scale: beta * memory.scale + (1.0 - beta) * slope,
            },
            _ => memory,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn the_nonmonotone_rule_remembers_the_weighted_mean_of_the_losses() {
        let mean = |xi: f64, losses: &[f64]| {
            let rule = Acceptance::Nonmonotone { xi };
            let enter = |memory, loss: &f64| rule.enter(memory, *loss);
            losses.iter().fold(Memory::default(), enter).value
        };
        let losses = [3.0, 1.0, 2.0];
        assert_eq!(mean(1.0, &losses), 2.0);
        assert_eq!(mean(0.0, &losses), 2.0); // the last
        assert!((mean(0.5, &losses) - (0.25 * 3.0 + 0.5 + 2.0) / 1.75).abs() < 1e-15);
    }

    proptest! {
        /// SaLSa's criterion as it is published, beside the slack that it comes down to.
        #[test]
        fn the_smoothed_rule_is_the_published_one(
            beta in 0.0..0.995f64, c in 0.01..0.9f64,
            steps in vec((1e-4..1.0f64, -0.5..1.0f64, 0.1..10.0f64), 1..20),
        ) {
            let rule = Acceptance::Smoothed { beta };
            let mut memory = Memory::default();
            let (mut smoothed_decrease, mut smoothed_slope) = (0.0, 0.0);
            for (step_size, decrease, slope) in steps {
                let trial = Comparison::of_means(1.0, 1.0 - decrease);
                let h = beta * smoothed_decrease + (1.0 - beta) * trial.decrease;
                let s = beta * smoothed_slope + (1.0 - beta) * slope;
                let published = h - c * step_size * s;
                let slack = rule.slack(&memory, c, 1.0, step_size, &trial);
                let ours = (1.0 - beta) * (trial.decrease + slack - c * step_size * slope);
                prop_assert!((ours - published).abs() < 1e-12, "{ours} beside {published}");
                (smoothed_decrease, smoothed_slope) = (h, s);
                memory = rule.leave(memory, &trial, slope);
            }
        }

        #[test]
        fn no_rule_asks_for_more_than_armijo_where_it_has_seen_nothing(
            trial in -5.0..5.0f64, step_size in 1e-6..1.0f64,
        ) {
            let trial = Comparison { standard_error: 0.1, ..Comparison::of_means(1.0, trial) };
            for rule in [
                Acceptance::Monotone,
                Acceptance::Smoothed { beta: 0.9 },
                Acceptance::Nonmonotone { xi: 0.5 },
                Acceptance::Paired { z: 1.0 },
            ] {
                let memory = rule.enter(Memory::default(), 1.0);
                prop_assert!(rule.slack(&memory, 0.1, 1.0, step_size, &trial) >= 0.0);
            }
        }
    }
}
