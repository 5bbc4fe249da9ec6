//! How a step size changes between one search and the next.

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
        (step_size * self.factor()).min(f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_without_backtracking_multiplies_the_step_size_by_gamma() {
        for n in [1.0, 15.625, 500.0] {
            let growth = Growth {
                gamma: 2.0,
                batches_per_epoch: n,
            };
            let grown = growth.factor().powf(n);
            assert!((grown - 2.0).abs() < 1e-12, "n = {n}: {grown}");
        }
    }

    #[test]
    fn a_step_size_never_grows_to_infinity() {
        let growth = Growth {
            gamma: 2.0,
            batches_per_epoch: 1.0,
        };
        assert_eq!(growth.grow(f64::MAX), f64::MAX);
    }
}
