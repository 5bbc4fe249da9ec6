//! Factors on the steps over the length of a run.

use core::f64::consts::PI;

/// A factor on every step, by how much of the run is done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// 1 throughout.
    Constant,
    /// From 0 up to 1 over the first part `warmup` of the run, then half a cosine wave down to 0.
    WarmupCosine {
        /// The part of the run, in `[0, 1)`.
        warmup: f64,
    },
    /// 1, and over the last part `tail` of the run on a line down to 0.
    Tail {
        /// The part of the run, in `(0, 1]`.
        tail: f64,
    },
}

impl Schedule {
    /// The factor of step `k` of `steps`.
    ///
    /// With `w` steps of warm-up (`warmup` of all, rounded), the cosine is that of transformers:
    /// `k / w` below `w`, then `½ (1 + cos(π (k − w) / (steps − w)))`.
    pub fn factor(self, k: usize, steps: usize) -> f64 {
        let (k, steps) = (k as f64, steps.max(1) as f64);
        match self {
            Self::Constant => 1.0,
            Self::WarmupCosine { warmup } => {
                let warmup = (warmup * steps).round();
                match k < warmup {
                    true => k / warmup,
                    false => 0.5 * (1.0 + (PI * (k - warmup) / (steps - warmup).max(1.0)).cos()),
                }
            }
            Self::Tail { tail } => ((steps - k) / (tail * steps)).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_rises_to_one_and_falls_to_zero() {
        let schedule = Schedule::WarmupCosine { warmup: 0.1 };
        let factors: Vec<f64> = (0..=100).map(|k| schedule.factor(k, 100)).collect();
        assert_eq!(factors[0], 0.0);
        assert_eq!(factors[5], 0.5);
        assert_eq!(factors[10], 1.0);
        assert!((factors[55] - 0.5).abs() < 1e-12);
        assert!(factors[100].abs() < 1e-12);
    }

    #[test]
    fn a_tail_is_one_until_it_begins() {
        let schedule = Schedule::Tail { tail: 0.2 };
        assert_eq!(schedule.factor(80, 100), 1.0);
        assert!((schedule.factor(90, 100) - 0.5).abs() < 1e-12);
        assert!((schedule.factor(99, 100) - 0.05).abs() < 1e-12);
    }
}
