//! A mini-batch as a sample: losses per example, compared at two points.

/// The loss at a trial point compared with the loss at `w_k`, on the same examples.
///
/// The difference of two mean losses is the mean of the differences `l_i(w_k) - l_i(w_k + η·d)`.
/// [`of_examples`](Self::of_examples) computes it so: the difference of two close numbers is exact,
/// whatever the examples have in common cancels, and the spread of the differences gives the
/// standard error of their mean.
///
/// # Example
///
/// ```
/// use burn_sls_core::Comparison;
///
/// let base = [vec![0.5, 1.5]];
/// let trial = [vec![0.25, 1.25]];
/// let compared = Comparison::of_examples(&base, &trial, 3e-8, 1.0);
/// assert_eq!((compared.loss, compared.decrease), (0.75, 0.25));
/// assert_eq!(compared.standard_error, 0.0); // both examples gained the same
/// assert!(compared.noise < 2e-7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The loss `f_k(w_k + η·d)`.
    pub loss: f64,
    /// The decrease `Δ = f_k(w_k) - f_k(w_k + η·d)`.
    pub decrease: f64,
    /// A decrease of at most this size may be a rounding error. 0 if the error of a loss is
    /// unknown.
    pub noise: f64,
    /// The standard error of the decrease, as a mean over examples drawn at random. 0 for fewer
    /// than two examples.
    pub standard_error: f64,
}

impl Comparison {
    /// Compares two mean losses, with an unknown rounding error and standard error (both 0).
    pub fn of_means(base: f64, trial: f64) -> Self {
        Self {
            loss: trial,
            decrease: base - trial,
            noise: 0.0,
            standard_error: 0.0,
        }
    }

    /// Compares losses per example: one vector for each micro-batch, whose means add up. A vector
    /// of one number is a micro-batch of which only the mean is known.
    ///
    /// `rounding·max(scale, |l_i|)` is the rounding error of a loss `l_i`, one standard deviation:
    /// absolute up to a loss of `scale`, and relative above it. For a cross-entropy in f32 that is
    /// a `rounding` of some 3e-8 with a `scale` of 1. The errors of different examples are taken as
    /// independent, so the decrease has an error of the standard deviation
    ///
    /// ```text
    /// sqrt(2·Σ_b Σ_i (rounding·max(scale, |l_i|))² / B_b²)
    /// ```
    ///
    /// for micro-batches `b` of `B_b` examples. The [`noise`](Self::noise) is three times that.
    ///
    /// # Panics
    ///
    /// If `base` and `trial` differ in the number of micro-batches or of examples in one of them.
    pub fn of_examples(base: &[Vec<f64>], trial: &[Vec<f64>], rounding: f64, scale: f64) -> Self {
        assert_eq!(base.len(), trial.len(), "as many micro-batches");
        let mut compared = Self::of_means(0.0, 0.0);
        let (mut rounded, mut varied) = (0.0, 0.0);
        for (base, trial) in base.iter().zip(trial) {
            assert_eq!(base.len(), trial.len(), "as many examples");
            let count = base.len() as f64;
            let differences = || base.iter().zip(trial).map(|(base, trial)| base - trial);
            let mean = differences().sum::<f64>() / count;
            compared.loss += trial.iter().sum::<f64>() / count;
            compared.decrease += mean;
            let error = |loss: &f64| (rounding * loss.abs().max(scale)).powi(2);
            rounded += base.iter().map(error).sum::<f64>() / count.powi(2);
            if base.len() > 1 {
                let squares = differences().map(|difference| (difference - mean).powi(2));
                varied += squares.sum::<f64>() / (count - 1.0) / count;
            }
        }
        compared.noise = 3.0 * (2.0 * rounded).sqrt();
        compared.standard_error = varied.sqrt();
        compared
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Generator;

    #[test]
    fn the_standard_error_is_that_of_the_paired_differences() {
        // Differences 1, 2, 3, 6: mean 3, variance 14/3, so the error of the mean is sqrt(14/12).
        let base = [vec![1.0, 4.0, 3.0, 10.0]];
        let trial = [vec![0.0, 2.0, 0.0, 4.0]];
        let compared = Comparison::of_examples(&base, &trial, 0.0, 1.0);
        assert_eq!((compared.loss, compared.decrease), (1.5, 3.0));
        assert!((compared.standard_error - (14.0f64 / 12.0).sqrt()).abs() < 1e-15);
        assert_eq!(compared.noise, 0.0);
        // Two micro-batches that are alike: twice the decrease, √2 times its error.
        let twice = |losses: &[Vec<f64>; 1]| [losses[0].clone(), losses[0].clone()];
        let both = Comparison::of_examples(&twice(&base), &twice(&trial), 0.0, 1.0);
        assert_eq!(both.decrease, 6.0);
        assert!((both.standard_error - (14.0f64 / 6.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_mean_alone_is_as_uncertain_as_one_example() {
        let compared = Comparison::of_examples(&[vec![2.0]], &[vec![1.5]], 1e-8, 1.0);
        assert_eq!((compared.decrease, compared.standard_error), (0.5, 0.0));
        assert!((compared.noise - 3.0 * 2f64.sqrt() * 2e-8).abs() < 1e-20);
    }

    #[test]
    fn the_error_of_a_loss_is_absolute_up_to_the_scale_and_relative_above_it() {
        let noise = |loss: f64, scale: f64| {
            let losses = [vec![loss]];
            Comparison::of_examples(&losses, &losses, 1e-8, scale).noise
        };
        for (loss, scale, error) in [
            (0.5, 1.0, 1e-8),
            (1.0, 1.0, 1e-8),
            (4.0, 1.0, 4e-8),
            (-4.0, 1.0, 4e-8),
            (4.0, 100.0, 1e-6),
            (0.5, 1e-3, 5e-9),
            (0.5, 0.0, 5e-9), // relative only
            (0.0, 0.0, 0.0),
        ] {
            let expected = 3.0 * 2f64.sqrt() * error;
            let difference = (noise(loss, scale) - expected).abs();
            assert!(difference < 1e-20, "loss {loss}, scale {scale}");
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_makes_the_comparison_not_finite() {
        let compared =
            Comparison::of_examples(&[vec![1.0, 1.0]], &[vec![0.5, f64::NAN]], 1e-8, 1.0);
        assert!(compared.loss.is_nan() && compared.decrease.is_nan());
    }

    /// Losses of 4000 mini-batches, rounded to f32 and back. The error of the decrease exceeds the
    /// noise, which is three standard deviations, about as rarely as expected, and the noise is not
    /// much larger than it needs to be.
    #[test]
    fn rounding_stays_below_the_noise() {
        let mut generator = Generator::new(1);
        let mut within = |low: f64, high: f64| {
            low + (high - low) * (generator.next_u64() >> 11) as f64 / 2f64.powi(53)
        };
        let batches = 4000;
        let (mut beyond, mut squares) = (0, 0.0);
        for _ in 0..batches {
            let count = within(8.0, 128.0) as usize;
            let base: Vec<f64> = (0..count).map(|_| within(1e-7, 4.0)).collect();
            let trial: Vec<f64> = base.iter().map(|l| l + within(-1e-6, 1e-6)).collect();
            let rounded = |losses: &[f64]| losses.iter().map(|&l| f64::from(l as f32)).collect();
            let seen = Comparison::of_examples(&[rounded(&base)], &[rounded(&trial)], 3e-8, 1.0);
            let exact = Comparison::of_examples(&[base], &[trial], 0.0, 1.0);
            let deviations = 3.0 * (seen.decrease - exact.decrease) / seen.noise;
            beyond += usize::from(deviations.abs() > 3.0);
            squares += deviations.powi(2);
        }
        assert!(beyond <= batches / 300, "{beyond} of {batches}");
        let deviation = (squares / batches as f64).sqrt();
        assert!((0.5..1.0).contains(&deviation), "{deviation}");
    }
}
