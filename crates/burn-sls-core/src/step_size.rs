//! How a step size changes from one search to the next, and from one trial to the next.

use serde::{Deserialize, Serialize};

use crate::interpolation::parabola;

/// Growth of the step size before a search, which lets it recover from earlier backtracking.
///
/// ```text
/// η ← γ^(1/n)·η
/// ```
///
/// with `n` mini-batches per epoch. A step size that is never rejected grows by the factor `γ` in
/// an epoch, whatever the size of the data set.
///
/// # Example
///
/// ```
/// use burn_sls_core::Growth;
///
/// let growth = Growth { gamma: 4.0, batches_per_epoch: 2.0 };
/// assert_eq!(growth.grow(0.1), 0.2);
/// assert_eq!(growth.grow_over(0.1, 2), 0.4);
/// ```
///
/// # References
///
/// The paper, Eq. 4; Vaswani et al. (2019), `γ^(b/N)` for batches of `b` out of `N` examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The growth factor per epoch, `γ >= 1`.
    pub gamma: f64,
    /// The number `n` of mini-batches per epoch, positive. It need not be a whole number, since the
    /// last mini-batch may be smaller than the others.
    pub batches_per_epoch: f64,
}

impl Growth {
    /// The factor `γ^(1/n)` of one iteration.
    pub fn factor(&self) -> f64 {
        self.gamma.powf(1.0 / self.batches_per_epoch)
    }

    /// The step size after the growth of one iteration, at most [`f64::MAX`].
    pub fn grow(&self, step_size: f64) -> f64 {
        self.grow_over(step_size, 1)
    }

    /// The step size after `γ^(k/n)`, the growth of `k` iterations, at most [`f64::MAX`].
    pub fn grow_over(&self, step_size: f64, iterations: u64) -> f64 {
        let factor = self.gamma.powf(iterations as f64 / self.batches_per_epoch);
        (step_size * factor).min(f64::MAX)
    }
}

/// How a rejected step size is reduced.
///
/// # Example
///
/// ```
/// use burn_sls_core::Shrink;
///
/// // f(η) = 1 - η + η²/2 has the slope 1 at η = 0. It is lowest at η = 1, and f(4) = f(0) + 4.
/// let shrink = Shrink::Parabola { least: 0.1, most: 0.7 };
/// assert_eq!(shrink.shrink(4.0, 0.1, 1.0, -4.0), 1.0);
/// assert_eq!(Shrink::Factor(0.5).shrink(4.0, 0.1, 1.0, -4.0), 2.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shrink {
    /// To the [best step size on a parabola](parabola), between `least·η` and `most·η`. If the loss
    /// is quadratic, the next trial is accepted, unless these bounds exclude it.
    Parabola {
        /// The smallest factor, in (0, 1). It is also used after a loss that is not finite.
        least: f64,
        /// The largest factor, in (0, 1).
        most: f64,
    },
    /// By a constant factor `δ` in (0, 1), as in the paper. In a file it is a plain number.
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
    /// The next step size to try, after Armijo's condition with the constant `c` has rejected
    /// `step_size` along a direction with the slope `slope`. `decrease` is the decrease of the loss
    /// at `step_size`, negative if the loss increased. The result is never zero, since a step size
    /// of zero could not grow again.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Armijo, Verdict};
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
        /// f(η) = -s·η + K·η²/2 has its minimum at s/K, and satisfies Armijo's condition up to
        /// 2·(1-c)·s/K.
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
    }
}
