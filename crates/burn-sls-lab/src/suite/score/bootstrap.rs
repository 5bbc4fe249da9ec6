//! Means over families, with the interval that another choice of families would give.

use std::collections::BTreeMap;

use burn_sls_core::random::Generator;

/// Draws of families.
const DRAWS: usize = 2000;

/// Values by their family.
#[derive(Clone, Debug, Default)]
pub struct Grouped {
    families: BTreeMap<String, Vec<f64>>,
}

impl Grouped {
    /// One more value.
    pub fn push(&mut self, family: &str, value: f64) {
        let values = self.families.entry(family.to_string()).or_default();
        values.push(value);
    }

    /// The means within families.
    fn means(&self) -> Vec<f64> {
        self.families.values().map(|values| mean(values)).collect()
    }

    /// The mean over families of the means within them. `None` without a value.
    pub fn mean(&self) -> Option<f64> {
        let means = self.means();
        (!means.is_empty()).then(|| mean(&means))
    }
}

impl<'a> FromIterator<(&'a str, f64)> for Grouped {
    fn from_iter<T: IntoIterator<Item = (&'a str, f64)>>(values: T) -> Self {
        let mut grouped = Self::default();
        for (family, value) in values {
            grouped.push(family, value);
        }
        grouped
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// A mean with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Estimate {
    /// The same with a rising function of all three.
    #[must_use]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self {
            mean: function(self.mean),
            low: function(self.low),
            high: function(self.high),
        }
    }
}

/// The [mean](Grouped::mean) with the interval between the 2.5th and the 97.5th percentile of the
/// same mean over as many families, drawn with replacement. `None` without a value.
///
/// The draws are always the same.
pub fn estimate(values: &Grouped) -> Option<Estimate> {
    let means = values.means();
    let mean = values.mean()?;
    let mut generator = Generator::new(0);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = (0..means.len()).map(|_| means[generator.below(means.len())]);
            drawn.sum::<f64>() / means.len() as f64
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    let at = |part: f64| draws[(part * (DRAWS - 1) as f64).round() as usize];
    Some(Estimate {
        mean,
        low: at(0.025),
        high: at(0.975),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_counts_once_however_often_it_was_run() {
        let values = [("a", 1.0), ("a", 3.0), ("b", 6.0)];
        let grouped: Grouped = values.into_iter().collect();
        assert_eq!(grouped.mean(), Some(4.0));
        let estimate = estimate(&grouped).expect("values");
        assert_eq!(
            (estimate.mean, estimate.low, estimate.high),
            (4.0, 2.0, 6.0)
        );
        assert_eq!(Grouped::default().mean(), None);
    }
}
