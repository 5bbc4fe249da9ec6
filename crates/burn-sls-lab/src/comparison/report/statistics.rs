//! Means over seeds.

use burn_sls_run::plot::{Banded, Points};

/// A mean and its standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub(super) mean: f64,
    /// The standard error: the sample's standard deviation over the root of its size; none of one
    /// value.
    pub(super) error: Option<f64>,
}

/// The 97.5 % quantiles of Student's distribution, of 1 degree of freedom and more.
const QUANTILES: [f64; 19] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093,
];

impl Mean {
    /// Of no values, none.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / count;
        let error = (values.len() > 1).then(|| {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (squares / (count - 1.0) / count).sqrt()
        });
        Some(Self { mean, error })
    }

    /// Half of the interval that has the true mean in it with a certainty of 95 %, by Student's
    /// distribution, for the mean of so many values.
    pub(super) fn half_interval(self, values: usize) -> Option<f64> {
        let freedom = values.checked_sub(2)?;
        // For more values the quantile is smaller, and this one is on the safe side.
        let quantile = QUANTILES.get(freedom).or(QUANTILES.last())?;
        self.error.map(|error| quantile * error)
    }

    /// `0.782 ± 0.012`, with so many digits after the point; a value that they would round to 0 as
    /// 1.2e-4.
    pub(super) fn in_words(self, digits: usize) -> String {
        let word = |value: f64| match value.is_finite() {
            true if value != 0.0 && value.abs() < 0.5 * 10f64.powi(-(digits as i32)) => {
                format!("{value:.1e}")
            }
            true => format!("{value:.digits$}"),
            false => "not finite".to_string(),
        };
        match self.error {
            Some(error) if self.mean.is_finite() => {
                format!("{} ± {}", word(self.mean), word(error))
            }
            _ => word(self.mean),
        }
    }
}

/// The points of a mean curve.
const GRID: usize = 100;

/// The mean of curves, each given as points of growing x, where all of them are: at so many places
/// between, by straight lines.
pub(super) fn mean_curve(curves: &[Points]) -> Vec<Banded> {
    let first = curves.iter().filter_map(|curve| curve.first());
    let last = curves.iter().filter_map(|curve| curve.last());
    let begin = first.map(|point| point.0).fold(f64::NEG_INFINITY, f64::max);
    let end = last.map(|point| point.0).fold(f64::INFINITY, f64::min);
    if curves.iter().any(Vec::is_empty) || !begin.is_finite() || !end.is_finite() || end < begin {
        return Vec::new();
    }
    let at = |index: usize| begin + (end - begin) * index as f64 / (GRID - 1) as f64;
    let banded = |x: f64| {
        let values: Vec<f64> = curves.iter().map(|curve| value_at(curve, x)).collect();
        let mean = Mean::of(&values)?;
        Some(Banded {
            x,
            mean: mean.mean,
            error: mean.error.unwrap_or(0.0),
        })
    };
    (0..GRID).filter_map(|index| banded(at(index))).collect()
}

/// The mean of points that belong together by their place in each curve, such as epochs: their x is
/// averaged too.
pub(super) fn mean_points(curves: &[Points]) -> Vec<Banded> {
    let shortest = curves.iter().map(Vec::len).min().unwrap_or(0);
    let at = |index: usize| {
        let x: Vec<f64> = curves.iter().map(|curve| curve[index].0).collect();
        let y: Vec<f64> = curves.iter().map(|curve| curve[index].1).collect();
        let (x, y) = (Mean::of(&x)?, Mean::of(&y)?);
        Some(Banded {
            x: x.mean,
            mean: y.mean,
            error: y.error.unwrap_or(0.0),
        })
    };
    (0..shortest).filter_map(at).collect()
}

/// A curve's value between its points.
fn value_at(curve: &[(f64, f64)], x: f64) -> f64 {
    let after = curve.partition_point(|point| point.0 < x);
    match (
        after.checked_sub(1).map(|before| curve[before]),
        curve.get(after),
    ) {
        (Some((x0, y0)), Some(&(x1, y1))) if x1 > x0 => y0 + (y1 - y0) * (x - x0) / (x1 - x0),
        (_, Some(&(_, y))) | (Some((_, y)), None) => y,
        (None, None) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        let values = [1.0, 2.0, 3.0];
        let mean = Mean::of(&values).expect("a mean");
        let half = mean.half_interval(values.len()).expect("an interval");
        // 4.303 standard errors of 1/√3, with two degrees of freedom.
        assert!((half - 2.484).abs() < 1e-3, "{half}");
        assert_eq!(
            Mean::of(&[1.0]).and_then(|mean| mean.half_interval(1)),
            None
        );
    }

    #[test]
    fn the_standard_error_is_that_of_the_mean() {
        // Deviations -1, 0, 1: variance 1, and 1/3 of it for the mean of three.
        let mean = Mean::of(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!(mean.mean, 2.0);
        assert!((mean.error.unwrap() - (1.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!(mean.in_words(3), "2.000 ± 0.577");
        assert_eq!(Mean::of(&[0.5]).unwrap().in_words(2), "0.50");
        assert_eq!(Mean::of(&[]), None);
        assert_eq!(
            Mean::of(&[1.0, f64::NAN]).unwrap().in_words(2),
            "not finite"
        );
        assert_eq!(Mean::of(&[4e-5]).unwrap().in_words(3), "4.0e-5");
    }

    #[test]
    fn a_mean_curve_stands_where_all_curves_are() {
        let curves = [
            vec![(0.0, 0.0), (2.0, 2.0), (10.0, 10.0)],
            vec![(1.0, 3.0), (5.0, 7.0)],
        ];
        let mean = mean_curve(&curves);
        assert_eq!((mean[0].x, mean[GRID - 1].x), (1.0, 5.0));
        // The lines x and x + 2: their mean is x + 1, and its error 1 everywhere.
        for point in mean {
            assert!((point.mean - point.x - 1.0).abs() < 1e-12);
            assert!((point.error - 1.0).abs() < 1e-12);
        }
        assert!(mean_curve(&[vec![(0.0, 1.0)], vec![]]).is_empty());
        assert!(mean_curve(&[vec![(0.0, 1.0)], vec![(1.0, 1.0)]]).is_empty());
    }
}
