//! Medians and quartiles: of times on a shared machine, a mean would be that of its worst moments.

use serde::Serialize;

/// The median of values, and the quartiles around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// A quarter of the values is below.
    pub lower: f64,
    /// Half of the values are below.
    pub median: f64,
    /// Three quarters of the values are below.
    pub upper: f64,
}

impl Spread {
    /// Of values in any order; of none, none.
    ///
    /// Between two values a quartile lies on the straight line: of `n` sorted values, counted from
    /// 0, the one of the part `p` has the place `p·(n - 1)`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn_sls_lab::bench::Spread;
    ///
    /// let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
    /// assert_eq!((spread.lower, spread.median, spread.upper), (2.0, 3.0, 4.0));
    /// ```
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: f64| {
            let place = part * last as f64;
            let before = place.floor() as usize;
            let (low, high) = (values[before], values[(before + 1).min(last)]);
            low + (high - low) * place.fract()
        };
        Some(Self {
            lower: at(0.25),
            median: at(0.5),
            upper: at(0.75),
        })
    }

    /// `1.26 (1.24–1.28)`, each number as `word` has it.
    pub(super) fn in_words(self, word: impl Fn(f64) -> String) -> String {
        let [lower, median, upper] = [self.lower, self.median, self.upper].map(word);
        format!("{median} ({lower}–{upper})")
    }
}

/// The mean of values; of none, 0.
pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    match values.len() {
        0 => 0.0,
        count => values.sum::<f64>() / count as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        for (values, [lower, median, upper]) in [
            (&[7.0][..], [7.0, 7.0, 7.0]),
            (&[1.0, 3.0], [1.5, 2.0, 2.5]),
            (&[4.0, 1.0, 3.0, 2.0], [1.75, 2.5, 3.25]),
            (&[10.0, 30.0, 20.0, 50.0, 40.0], [20.0, 30.0, 40.0]),
        ] {
            let spread = Spread::of(values.iter().copied());
            let expected = Spread {
                lower,
                median,
                upper,
            };
            assert_eq!(spread, Some(expected), "{values:?}");
        }
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn one_bad_moment_changes_no_median() {
        let calm = Spread::of([1.0, 1.1, 1.2, 1.3, 1.4]).unwrap();
        let disturbed = Spread::of([1.0, 1.1, 1.2, 1.3, 99.0]).unwrap();
        assert_eq!(calm.median, disturbed.median);
    }

    #[test]
    fn a_spread_is_written_with_its_quartiles() {
        let spread = Spread::of([1.0, 2.0, 3.0]).unwrap();
        assert_eq!(spread.in_words(|x| format!("{x:.1}")), "2.0 (1.5–2.5)");
        assert_eq!(mean([1.0, 2.0].into_iter()), 1.5);
        assert_eq!(mean([].into_iter()), 0.0);
    }
}
