//! Correlations of predicted scores.

use super::metrics::pairs;

/// Pearson's correlation `Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²)`, in [−1, 1].
///
/// It is 0 if the predictions or the labels are constant, and for fewer than two pairs. (For these,
/// `scipy.stats.pearsonr` warns and returns NaN, or refuses.) It is NaN if a value is not finite.
///
/// # Panics
///
/// If the numbers of predictions and labels differ.
pub fn pearson(predictions: &[f64], labels: &[f64]) -> f64 {
    let finite = |(x, y): (f64, f64)| x.is_finite() && y.is_finite();
    if !pairs(predictions, labels).all(finite) {
        return f64::NAN;
    }
    match (unit(predictions), unit(labels)) {
        (Some(x), Some(y)) => {
            let product: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
            product.clamp(-1.0, 1.0)
        }
        _ => 0.0,
    }
}

/// Spearman's rank correlation: [`pearson`] of the ranks, as in `scipy.stats.spearmanr`. Equal
/// values have the mean of their ranks. It is 0 or NaN under the same conditions as [`pearson`].
///
/// # Panics
///
/// If the numbers of predictions and labels differ.
pub fn spearman(predictions: &[f64], labels: &[f64]) -> f64 {
    let finite = |(x, y): (f64, f64)| x.is_finite() && y.is_finite();
    if !pairs(predictions, labels).all(finite) {
        return f64::NAN;
    }
    pearson(&ranks(predictions), &ranks(labels))
}

/// The deviations from the mean, scaled to length 1. `None` if the values are constant.
fn unit(values: &[f64]) -> Option<Vec<f64>> {
    // The mean of equal values may have a rounding error, which must not be correlated.
    let first = *values.first()?;
    if values.iter().all(|&value| value == first) {
        return None;
    }
    // Values are divided by the largest first, since squares can overflow or underflow.
    let largest = |values: &[f64]| values.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    let size = largest(values);
    let mean = values.iter().map(|x| x / size).sum::<f64>() / values.len() as f64;
    let mut deviations: Vec<f64> = values.iter().map(|x| x / size - mean).collect();
    let size = largest(&deviations);
    deviations.iter_mut().for_each(|x| *x /= size);
    let length = deviations.iter().map(|x| x * x).sum::<f64>().sqrt();
    deviations.iter_mut().for_each(|x| *x /= length);
    length.is_finite().then_some(deviations)
}

/// The rank of each value, from 1. Equal values have the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    // 0 and −0 are equal, and adjacent in the total order.
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        for &place in equal {
            ranks[place] = before as f64 + (equal.len() + 1) as f64 / 2.0;
        }
        before += equal.len();
    }
    ranks
}
