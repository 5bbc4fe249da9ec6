//! When to search: not in every iteration, where step sizes have settled.

use serde::{Deserialize, Serialize};

/// How often a step size is searched. In between, the one that was found is used again, at no cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Frequency {
    /// In every iteration, as in the paper.
    #[default]
    Always,
    /// The more rarely, the steadier the step size is (SaLSa). With a fast and a slow moving average of
    /// the accepted step sizes, of decays 0.9 and 0.99, and their ratio
    ///
    /// ```text
    /// r = max(A_fast/A_slow, A_slow/A_fast) >= 1,
    /// ```
    ///
    /// every `L`-th iteration is searched, `L = 1/(r - 1)` rounded, between 1 and `longest`; and every
    /// one of the first ten.
    Settling {
        /// The most iterations from one search to the next, at least 1; 10 in SaLSa.
        longest: u32,
    },
}

/// What is remembered of one step size between its searches: when they were, and what they found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Searches that have ended with a step size.
    pub searches: u64,
    /// Iterations that have used its step size again.
    pub waited: u64,
    /// The fast moving average of step sizes.
    pub fast: f64,
    /// The slow one.
    pub slow: f64,
    /// How many times longer the next search might begin, at least 1, by what the last one saw: see
    /// [`Search::room`](crate::Search::room).
    pub room: f64,
    /// What the first search found, 0 before it.
    pub first: f64,
    /// How far the gradients agree with the steps before them, from -1 to 1: a [moving average](Self::agreeing).
    pub agreement: f64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            searches: 0,
            waited: 0,
            fast: 0.0,
            slow: 0.0,
            room: 1.0,
            first: 0.0,
            agreement: 0.0,
        }
    }
}

/// Searches that are made one after the other, before anything is known of how step sizes vary.
const FIRST: u64 = 10;
const FAST: f64 = 0.9;
const SLOW: f64 = 0.99;

/// Decay of the agreement.
const AGREEMENT: f64 = 0.97;

/// The agreement from which down steps go too far.
const TOO_FAR: f64 = -0.1;

/// How long a step size may become by what the gradients say, in units of what was found first.
const SHORTEST: f64 = 0.5;
const LONGEST: f64 = 4.0;

impl Rhythm {
    /// Whether this iteration should search.
    pub fn due(&self, frequency: Frequency) -> bool {
        match frequency {
            Frequency::Always => true,
            Frequency::Settling { longest } => {
                self.searches < FIRST || self.waited + 1 >= self.interval(longest)
            }
        }
    }

    /// Every how many iterations to search, from 1 to `longest`.
    fn interval(&self, longest: u32) -> u64 {
        let ratio = (self.fast / self.slow).max(self.slow / self.fast);
        // Where the two are equal, as long as there is; `as` takes infinity to the largest integer.
        let interval = (1.0 / (ratio - 1.0)).round() as u64;
        interval.clamp(1, u64::from(longest))
    }

    /// Takes in that a search has ended with this step size, and what [room](crate::Search::room) it has seen
    /// beyond.
    pub fn searched(&mut self, step_size: f64, room: f64) {
        let first = self.searches == 0;
        for (average, decay) in [(&mut self.fast, FAST), (&mut self.slow, SLOW)] {
            *average = match first {
                true => step_size,
                false => decay * *average + (1.0 - decay) * step_size,
            };
        }
        if first {
            self.first = step_size;
        }
        self.searches += 1;
        self.waited = 0;
        self.room = room;
    }

    /// The agreement after an iteration whose slope along its own direction `u_k` is `slope`, and along the last
    /// direction `along_last`:
    ///
    /// ```text
    /// a ← 0.97·a + 0.03·clamp(s'/|s|, -1, 1),    s' = -⟨g_k, u_{k-1}⟩,    s = -⟨g_k, u_k⟩.
    /// ```
    ///
    /// Where it is positive, the loss of the next mini-batch went on falling where a step has ended, in the direction
    /// that it took: it could have been longer. Where it is negative, steps go too far, though each was good for the
    /// mini-batch that it was made for. `s'` is the derivative of the loss by the last step size, with its sign turned.
    ///
    /// # References
    ///
    /// A. Baydin, R. Cornish, D. Martínez Rubio, M. Schmidt, F. Wood: *Online Learning Rate Adaptation with
    /// Hypergradient Descent*, ICLR 2018.
    pub fn agreeing(&self, along_last: f64, slope: f64) -> f64 {
        let ratio = along_last / slope.abs();
        match ratio.is_nan() {
            true => self.agreement,
            false => AGREEMENT * self.agreement + (1.0 - AGREEMENT) * ratio.clamp(-1.0, 1.0),
        }
    }

    /// How many times longer than `step_size` its next search may begin, by what the gradients say, where it might begin
    /// `most` times longer by the last one.
    ///
    /// From an agreement of -0.1 down it is shorter by that factor, until it is half of what the first search found; above,
    /// it may be longer, up to four times that. For Adam a step size is a length that each weight moves by, and
    /// what is far for a weight does not change much in a training. A search alone would see no such bounds: near 0 a
    /// loss has hardly a slope, and any length passes. Nor would the gradients: where nothing is left to learn, or nothing
    /// is learnt yet, they contradict each other whatever the step size is.
    pub fn allowed(&self, step_size: f64, most: f64) -> f64 {
        let first = self.first / step_size;
        match self.agreement <= TOO_FAR {
            true => (SHORTEST * first).clamp(1.0 / most, 1.0),
            false => (LONGEST * first).max(1.0),
        }
    }

    /// Takes in that an iteration has used the step size again, without a search.
    pub fn passed(&mut self) {
        self.waited += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLING: Frequency = Frequency::Settling { longest: 10 };

    /// Which of so many iterations are searched, where a search in iteration `k` finds `found(k)`.
    fn searches(frequency: Frequency, iterations: u64, found: impl Fn(u64) -> f64) -> Vec<u64> {
        let mut rhythm = Rhythm::default();
        let mut searched = Vec::new();
        for k in 0..iterations {
            match rhythm.due(frequency) {
                true => {
                    rhythm.searched(found(k), 1.0);
                    searched.push(k);
                }
                false => rhythm.passed(),
            }
        }
        searched
    }

    #[test]
    fn a_step_size_that_stays_is_searched_ten_times_and_then_as_rarely_as_allowed() {
        let expected: Vec<u64> = (0..10).chain([19, 29, 39]).collect();
        assert_eq!(searches(SETTLING, 45, |_| 0.1), expected);
        let always: Vec<u64> = (0..45).collect();
        assert_eq!(searches(Frequency::Always, 45, |_| 0.1), always);
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // fast/slow = 1.25 → 1/(0.25) = 4; and as much for the inverse.
        for (fast, slow, interval) in [
            (1.25, 1.0, 4),
            (1.0, 1.25, 4),
            (1.0, 1.0, 10),
            (1.05, 1.0, 10),
            (3.0, 1.0, 1),
            (1e300, 1e-300, 1),
        ] {
            let rhythm = Rhythm {
                fast,
                slow,
                searches: 50,
                waited: 0,
                ..Rhythm::default()
            };
            assert_eq!(rhythm.interval(10), interval, "{fast}/{slow}");
        }
    }

    #[test]
    fn a_sample_of_the_agreement_has_a_sign_and_is_at_most_1() {
        let mut rhythm = Rhythm::default();
        let mut tell = |along_last: f64, slope: f64| {
            rhythm.agreement = rhythm.agreeing(along_last, slope);
            rhythm.agreement
        };
        assert!((tell(1e300, 1e-300) - 0.03).abs() < 1e-15);
        // An uphill direction has a size, too.
        assert!((tell(1.0, -2.0) - (0.97 * 0.03 + 0.015)).abs() < 1e-15);
        // What is no number says nothing.
        assert_eq!(tell(0.0, 0.0), tell(f64::NAN, 1.0));
        assert!((0..1000).all(|_| tell(-3.0, 1.0) > -1.0));
        assert!(rhythm.agreement < -0.999);
    }

    #[test]
    fn what_the_gradients_allow_stays_around_what_was_found_first() {
        let mut rhythm = Rhythm::default();
        rhythm.searched(1.0, 1.5);
        rhythm.searched(0.125, 1.0);
        let sizes = [0.0625, 0.5, 0.625, 1.0, 2.0, 4.0, 8.0];
        for (agreement, expected) in [
            (-0.0999, [64.0, 8.0, 6.4, 4.0, 2.0, 1.0, 1.0]),
            (-0.1, [1.0, 1.0, 0.8, 0.5, 0.5, 0.5, 0.5]),
        ] {
            rhythm.agreement = agreement;
            let allowed = sizes.map(|step_size| rhythm.allowed(step_size, 2.0));
            assert_eq!(allowed, expected, "{agreement}");
        }
    }

    #[test]
    fn a_step_size_that_moves_is_searched_more_often_than_one_that_stays() {
        let count = |found: fn(u64) -> f64| searches(SETTLING, 400, found).len();
        let halved_at_200 = |k: u64| if k < 200 { 0.1 } else { 0.01 };
        assert!(count(halved_at_200) > count(|_| 0.1) + 20);
    }
}
