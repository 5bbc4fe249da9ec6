//! How a step size changes: from one trial to the next, from one search to the next, and where the first
//! one begins.

use serde::{Deserialize, Serialize};

/// Growth of the step size before a search, so that it can recover from earlier backtracking.
///
/// ```text
/// η ← γ^(1/n)·η
/// ```
///
/// with `n` mini-batches per epoch: a step size that is never rejected grows by `γ` in an epoch,
/// whatever the size of the data.
///
/// # References
///
/// The paper, Eq. 4; Vaswani et al. (2019), `γ^(b/N)` for batches of `b` out of `N` examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The growth `γ >= 1` over an epoch.
    pub gamma: f64,
    /// Mini-batches per epoch `n`, positive; it need not be whole, since the last batch may be
    /// smaller than the others.
    pub batches_per_epoch: f64,
}

impl Growth {
    /// The factor `γ^(1/n)` of one step.
    pub fn factor(&self) -> f64 {
        self.gamma.powf(1.0 / self.batches_per_epoch)
    }

    /// The step size after one growth, kept finite.
    pub fn grow(&self, step_size: f64) -> f64 {
        self.grow_over(step_size, 1)
    }

    /// The step size after `γ^(k/n)`, the growth of `iterations` `k`, kept finite.
    pub fn grow_over(&self, step_size: f64, iterations: u64) -> f64 {
        let factor = self.gamma.powf(iterations as f64 / self.batches_per_epoch);
        (step_size * factor).min(f64::MAX)
    }
}

/// How a rejected step size is made smaller.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shrink {
    /// To the [best step size on a parabola](parabola), but to no less than `least·η` and no more than
    /// `most·η`. For a quadratic loss the next trial is accepted, if the bounds let it be made.
    Parabola {
        /// The smallest factor, in (0, 1). It is taken, too, after a loss that is not finite.
        least: f64,
        /// The largest factor, in (0, 1).
        most: f64,
    },
    /// By a constant factor `δ`, in (0, 1): the paper's. In a file it is a plain number.
    #[serde(untagged)]
    Factor(f64),
}

impl From<f64> for Shrink {
    /// A constant factor.
    fn from(factor: f64) -> Self {
        Self::Factor(factor)
    }
}

impl Shrink {
    /// The step size to try after `step_size` was rejected by a rule with the constant `c`, with the loss
    /// decreased by `decrease` (negative if it has increased), along a direction of slope `s`. It never becomes zero: there
    /// would be no way back by growth.
    pub fn shrink(&self, step_size: f64, c: f64, slope: f64, decrease: f64) -> f64 {
        let factor = match *self {
            Self::Factor(factor) => factor,
            Self::Parabola { least, most } => {
                let factor = parabola(step_size, c, slope, decrease);
                match decrease.is_finite() && factor.is_finite() {
                    true => factor.clamp(least, most),
                    false => least,
                }
            }
        };
        (factor * step_size).max(f64::MIN_POSITIVE)
    }
}

/// The factor from a step size that was tried to the best one that Armijo's rule with the constant `c` accepts
/// on the parabola with the loss and the slope at `w_k` and the loss of the trial:
///
/// ```text
/// min(1, 2·(1-c)) · η·s / (2·(η·s - decrease)).
/// ```
///
/// For a rule with `c <= 1/2` that is the parabola's minimum; one that demands more stops short of it. Not
/// positive, or infinite, if the loss has fallen by as much as the slope promised or more.
pub fn parabola(step_size: f64, c: f64, slope: f64, decrease: f64) -> f64 {
    let promised = step_size * slope;
    let minimum = promised / (2.0 * (promised - decrease));
    minimum * (2.0 * (1.0 - c)).min(1.0)
}

/// The Polyak step `(f - f*)/(c·s)`: where the first-order model, a fraction `c` of it, has come down to
/// the lowest loss there can be, `f*`.
///
/// No larger step size passes Armijo's rule with that `c`. Zero or less, or not finite, where loss and
/// slope say nothing.
///
/// # References
///
/// B. Polyak: *Introduction to Optimization*, 1987; N. Loizou et al.: *Stochastic Polyak Step-size for
/// SGD*, AISTATS 2021.
pub fn polyak(loss: f64, lowest: f64, c: f64, slope: f64) -> f64 {
    (loss - lowest) / (c * slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::armijo::{Armijo, Verdict};
    use proptest::prelude::*;

    #[test]
    fn an_epoch_without_backtracking_multiplies_the_step_size_by_gamma() {
        for n in [1.0, 15.625, 500.0] {
            let growth = Growth {
                gamma: 2.0,
                batches_per_epoch: n,
            };
            let grown = growth.factor().powf(n);
            assert!((grown - 2.0).abs() < 1e-12, "n = {n}: {grown}");
            let apart = growth.grow_over(growth.grow_over(0.1, 3), 4);
            let at_once = growth.grow_over(0.1, 7);
            assert!((apart / at_once - 1.0).abs() < 1e-12, "n = {n}: {apart}");
        }
    }

    #[test]
    fn a_step_size_never_grows_to_infinity() {
        let growth = Growth {
            gamma: 2.0,
            batches_per_epoch: 1.0,
        };
        assert_eq!(growth.grow(f64::MAX), f64::MAX);
        assert_eq!(growth.grow_over(1.0, u64::MAX), f64::MAX);
    }

    const PARABOLA: Shrink = Shrink::Parabola {
        least: 0.1,
        most: 0.7,
    };

    #[test]
    fn a_loss_that_is_not_finite_shrinks_by_the_smallest_factor() {
        for decrease in [f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(PARABOLA.shrink(1.0, 0.1, 1.0, decrease), 0.1);
        }
        let smallest = f64::MIN_POSITIVE;
        assert_eq!(PARABOLA.shrink(smallest, 0.1, 1.0, 0.0), smallest);
        assert_eq!(
            Shrink::Factor(0.9).shrink(smallest, 0.1, 1.0, 0.0),
            smallest
        );
    }

    proptest! {
        /// f(η) = -s·η + K·η²/2 has its minimum at s/K, and satisfies the rule up to 2·(1-c)·s/K.
        #[test]
        fn the_parabola_finds_the_best_step_size_that_is_accepted_on_a_quadratic(
            slope in 1e-3..1e3f64, curvature in 1e-3..1e6f64, beyond in 1.44..9.8f64,
            c in 0.01..0.99f64,
        ) {
            let best = (2.0 * (1.0 - c)).min(1.0) * slope / curvature;
            let step_size = beyond * best; // between most and least
            let decrease = |eta: f64| slope * eta - curvature * eta.powi(2) / 2.0;
            let shrunk = PARABOLA.shrink(step_size, c, slope, decrease(step_size));
            prop_assert!((shrunk / best - 1.0).abs() < 1e-9);
            let rule = Armijo::new(c - 1e-6);
            let verdict = rule.judge(0.0, slope, shrunk, -decrease(shrunk));
            prop_assert_eq!(verdict, Verdict::Accepted);
        }

        /// Losses are not negative, so what passes Armijo's rule is at most the Polyak step.
        #[test]
        fn no_step_size_above_the_polyak_step_passes(
            loss in 0.0..10.0f64, trial in 0.0..10.0f64, slope in 1e-3..1e3f64,
            c in 0.01..0.99f64, beyond in 1.001..1e3f64,
        ) {
            let step_size = beyond * polyak(loss, 0.0, c, slope);
            let verdict = Armijo::strict(c).judge(loss, slope, step_size, trial);
            prop_assert_ne!(verdict, Verdict::Accepted);
        }
    }
}
