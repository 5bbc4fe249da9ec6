//! Step sizes from a model of the loss along the direction: a parabola, or a line.

/// The factor from a step size that was tried to the best one that Armijo's condition accepts, on
/// the parabola through the loss and the slope at `w_k` and the loss of the trial:
///
/// ```text
/// min(1, 2·(1-c)) · η·s / (2·(η·s - Δ)),      Δ = f_k(w_k) - f_k(w_k + η·d)
/// ```
///
/// For a constant `c <= 1/2` this is the minimum of the parabola. With a larger one, Armijo's
/// condition holds only up to a point before the minimum. The factor is negative or infinite where
/// the loss has fallen by as much as the slope promised, or more.
///
/// # Example
///
/// ```
/// use burn_sls_core::parabola;
///
/// // f(η) = 1 - η + η²/2, with the slope 1 at η = 0, is lowest at η = 1.
/// let f = |step_size: f64| 1.0 - step_size + step_size * step_size / 2.0;
/// let (tried, c, slope) = (4.0, 0.1, 1.0);
/// assert_eq!(parabola(tried, c, slope, f(0.0) - f(tried)) * tried, 1.0);
/// ```
///
/// # References
///
/// J. Nocedal, S. Wright: *Numerical Optimization*, 2006, section 3.5.
pub fn parabola(step_size: f64, c: f64, slope: f64, decrease: f64) -> f64 {
    let promised = step_size * slope;
    let minimum = promised / (2.0 * (promised - decrease));
    minimum * (2.0 * (1.0 - c)).min(1.0)
}

/// The Polyak step `(f - f*)/(c·s)`: where a fraction `c` of the decrease that the slope promises
/// takes the loss `f` down to its lower bound `f*`.
///
/// No step size beyond it satisfies Armijo's condition with that `c`. The result is zero, negative
/// or not finite if the loss is not above the bound or the slope is not positive.
///
/// # Example
///
/// ```
/// use burn_sls_core::{Armijo, Verdict, polyak};
///
/// let (loss, bound, c, slope) = (3.0, 1.0, 0.5, 4.0);
/// let longest = polyak(loss, bound, c, slope);
/// assert_eq!(longest, 1.0);
/// assert_eq!(Armijo::new(c).judge(loss, slope, longest, bound), Verdict::Accepted);
/// assert_eq!(Armijo::new(c).judge(loss, slope, 1.01 * longest, bound), Verdict::Rejected);
/// ```
///
/// # References
///
/// B. Polyak: *Introduction to Optimization*, 1987; N. Loizou et al.: *Stochastic Polyak Step-size
/// for SGD*, AISTATS 2021.
pub fn polyak(loss: f64, lowest: f64, c: f64, slope: f64) -> f64 {
    (loss - lowest) / (c * slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{Armijo, Verdict};
    use proptest::prelude::*;

    #[test]
    fn the_factor_of_the_parabola_grows_with_the_decrease() {
        // A decrease of 1 is promised: every number is exact in binary.
        for (decrease, c, factor) in [
            (-1.0, 0.5, 0.25),
            (0.0, 0.5, 0.5),
            (0.5, 0.5, 1.0), // the trial is the minimum
            (0.75, 0.5, 2.0),
            (0.75, 0.25, 2.0),
            (0.75, 0.75, 1.0), // Armijo's condition stops before the minimum
            (1.0, 0.5, f64::INFINITY), // a line: there is no minimum
            (2.0, 0.5, -0.5),  // the parabola opens downwards
        ] {
            assert_eq!(
                parabola(0.5, c, 2.0, decrease),
                factor,
                "Δ = {decrease}, c = {c}"
            );
        }
    }

    proptest! {
        /// Losses are not negative, so no step size that passes is longer than the Polyak step.
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
