//! The end of a long training, found without knowing how long it will be.

use serde::{Deserialize, Serialize};

/// When the steps are to become shorter than those that are searched.
///
/// A search makes a step as long as the loss of its mini-batch allows. Where mini-batches disagree, such
/// steps keep `w` moving around a minimum at a distance that does not become less: the losses of one
/// window of iterations are then as high as those of the windows before. This rule notices it, and
/// multiplies the steps by a factor that falls by `decay` each time. The search itself is not told: it
/// goes on to find what the loss allows, and the factor makes less of it, as a learning-rate schedule
/// would, but with no horizon to be named.
///
/// With the losses of a window, of mean `μ` and standard error `σ`, and the lowest mean `μ*` (and its
/// `σ*`) of the windows before, the loss still falls if
///
/// ```text
/// μ < μ* - sqrt(σ² + σ*²).
/// ```
///
/// # Example
///
/// ```
/// use burn_sls_core::{Tail, TailState};
///
/// let tail = Tail::new(100);
/// let mut state = TailState::default();
/// let noise = |k: u32| 0.1 * (1.7 * f64::from(k)).sin();
/// for k in 0..200 {
///     state.tell(tail, 1.0 - 0.004 * f64::from(k) + noise(k)); // it falls
/// }
/// assert_eq!(state.factor, 1.0);
/// for k in 0..200 {
///     state.tell(tail, 0.4 + noise(k)); // it has stopped
/// }
/// assert!(state.factor < 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// Iterations whose losses are taken together, at least 2: an epoch, or some hundreds.
    pub window: u64,
    /// What the factor is multiplied by when the loss has stopped falling, in (0, 1).
    #[serde(default = "half")]
    pub decay: f64,
    /// The factor that is not gone below, in (0, 1].
    #[serde(default = "least")]
    pub least: f64,
}

fn half() -> f64 {
    0.5
}

fn least() -> f64 {
    1e-3
}

impl Tail {
    /// Halves the steps whenever the losses of `window` iterations are no lower than before, down to a
    /// thousandth.
    pub fn new(window: u64) -> Self {
        Self {
            window,
            decay: half(),
            least: least(),
        }
    }
}

/// What [`Tail`] remembers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TailState {
    /// What the searched step sizes are multiplied by, 1 at first.
    pub factor: f64,
    /// Losses in the present window.
    pub seen: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared deviations from it.
    pub squares: f64,
    /// The lowest mean of a window, the largest number before the first has ended.
    pub best: f64,
    /// The square of its standard error.
    pub best_variance: f64,
}

impl Default for TailState {
    fn default() -> Self {
        Self {
            factor: 1.0,
            seen: 0,
            mean: 0.0,
            squares: 0.0,
            best: f64::MAX,
            best_variance: 0.0,
        }
    }
}

impl TailState {
    /// Takes in the loss of an iteration. One that is not finite says nothing.
    pub fn tell(&mut self, tail: Tail, loss: f64) {
        if !loss.is_finite() {
            return;
        }
        // B. P. Welford's recurrence.
        self.seen += 1;
        let before = loss - self.mean;
        self.mean += before / self.seen as f64;
        self.squares += before * (loss - self.mean);
        if self.seen < tail.window {
            return;
        }
        let count = self.seen as f64;
        let variance = self.squares / (count - 1.0) / count;
        let falls = self.mean < self.best - (variance + self.best_variance).sqrt();
        if !falls {
            self.factor = (tail.decay * self.factor).max(tail.least);
        }
        if self.mean < self.best {
            (self.best, self.best_variance) = (self.mean, variance);
        }
        (self.seen, self.mean, self.squares) = (0, 0.0, 0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Generator;

    /// Losses around `mean(k)`, uniform in ±1.
    fn factors(tail: Tail, iterations: u64, mean: impl Fn(u64) -> f64) -> Vec<f64> {
        let mut generator = Generator::new(1);
        let mut state = TailState::default();
        let mut noise = || generator.next_u64() as f64 / u64::MAX as f64 * 2.0 - 1.0;
        (0..iterations)
            .map(|k| {
                state.tell(tail, mean(k) + noise());
                state.factor
            })
            .collect()
    }

    #[test]
    fn losses_that_fall_keep_the_steps_as_they_are() {
        // By 0.4 in a window of 100, whose mean has a standard error of 0.058.
        let factors = factors(Tail::new(100), 2000, |k| 9.0 - 0.004 * k as f64);
        assert!(factors.iter().all(|factor| *factor == 1.0));
    }

    #[test]
    fn losses_that_stay_halve_them_window_by_window_down_to_the_least() {
        let tail = Tail {
            least: 0.2,
            ..Tail::new(50)
        };
        let factors = factors(tail, 1000, |_| 3.0);
        assert!(factors[..99].iter().all(|factor| *factor == 1.0));
        assert_eq!(factors.last(), Some(&0.2));
        assert!(factors.contains(&0.5) && factors.contains(&0.25));
    }

    #[test]
    fn the_factor_never_grows_and_changes_only_at_the_end_of_a_window() {
        let factors = factors(Tail::new(10), 500, |k| (k as f64 / 30.0).sin());
        for (k, pair) in factors.windows(2).enumerate() {
            assert!(pair[1] <= pair[0]);
            assert!(pair[1] == pair[0] || (k + 2) % 10 == 0);
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_is_not_counted() {
        let mut state = TailState::default();
        state.tell(Tail::new(2), f64::NAN);
        assert_eq!(state, TailState::default());
    }
}
