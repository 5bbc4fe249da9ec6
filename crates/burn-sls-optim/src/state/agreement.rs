//! How much the directions of successive mini-batches agree, for one unit.

use serde::{Deserialize, Serialize};

/// Samples of an agreement, their mean, and what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Agreement {
    /// How many there are.
    pub(crate) samples: u64,
    /// Their mean.
    pub(crate) mean: f64,
    /// The sum of their squared distances from it.
    pub(crate) squares: f64,
    /// Whether mini-batches did not agree, so that the step size has become shorter.
    pub(crate) absent: bool,
    /// The length of the last step.
    pub(crate) last_step: f64,
}

impl Agreement {
    /// One for which all samples have been taken, and nothing has come of them.
    pub(crate) fn decided() -> Self {
        Self {
            samples: u64::MAX,
            ..Self::default()
        }
    }

    /// Takes a sample in. One that is no number, or too large for its square, says nothing.
    pub(crate) fn add(&mut self, sample: f64) {
        let (samples, off) = (self.samples + 1, sample - self.mean);
        let mean = self.mean + off / samples as f64;
        let squares = self.squares + off * (sample - mean);
        if squares.is_finite() {
            (self.samples, self.mean, self.squares) = (samples, mean, squares);
        }
    }

    /// The standard error of the mean of at least two samples.
    pub(crate) fn standard_error(&self) -> f64 {
        let samples = self.samples as f64;
        (self.squares / (samples * (samples - 1.0))).sqrt()
    }

    /// Its numbers, which must be finite.
    pub(crate) fn numbers(&self) -> [f64; 3] {
        [self.mean, self.squares, self.last_step]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_standard_error_are_those_of_the_samples() {
        let mut agreement = Agreement::default();
        let samples = [0.5, -1.0, 2.0, 0.25];
        for sample in samples.into_iter().chain([f64::NAN, f64::INFINITY, 1e200]) {
            agreement.add(sample);
        }
        let mean = samples.iter().sum::<f64>() / 4.0;
        let variance = samples.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / 3.0;
        assert_eq!(agreement.samples, 4);
        assert!((agreement.mean - mean).abs() < 1e-15);
        assert!((agreement.standard_error() - (variance / 4.0).sqrt()).abs() < 1e-15);
    }
}
