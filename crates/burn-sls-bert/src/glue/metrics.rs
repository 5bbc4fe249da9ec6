//! Accuracy, F1 and Matthews' correlation of predicted classes, and an enum of all metrics.

use core::fmt;

use super::{Label, pearson, spearman};

/// A metric of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// [`accuracy`].
    Accuracy,
    /// [`f1`].
    F1,
    /// [`matthews`].
    Matthews,
    /// [`pearson`].
    Pearson,
    /// [`spearman`].
    Spearman,
    /// The mean of these metrics.
    Mean(&'static [Metric]),
}

impl Metric {
    /// The value of the metric. See the functions of this module.
    ///
    /// It is finite even if there are no predictions, or all of them are equal. The one exception:
    /// correlations are NaN if a score is not finite, for example after a model has diverged.
    ///
    /// # Panics
    ///
    /// If the numbers of predictions and labels differ, or if they are classes and the metric needs
    /// scores, or the other way round.
    pub fn of(self, predictions: &[Label], labels: &[Label]) -> f64 {
        let classes = |function: fn(&[usize], &[usize]) -> f64| {
            let classes = |side: &[Label]| side.iter().map(|l| l.class()).collect::<Vec<_>>();
            function(&classes(predictions), &classes(labels))
        };
        let scores = |function: fn(&[f64], &[f64]) -> f64| {
            let scores = |side: &[Label]| side.iter().map(|l| l.score()).collect::<Vec<_>>();
            function(&scores(predictions), &scores(labels))
        };
        match self {
            Metric::Accuracy => classes(accuracy),
            Metric::F1 => classes(f1),
            Metric::Matthews => classes(matthews),
            Metric::Pearson => scores(pearson),
            Metric::Spearman => scores(spearman),
            Metric::Mean(metrics) => {
                let values = metrics.iter().map(|metric| metric.of(predictions, labels));
                ratio(values.sum(), metrics.len() as f64)
            }
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Metric::Accuracy => "accuracy",
            Metric::F1 => "f1",
            Metric::Matthews => "matthews",
            Metric::Pearson => "pearson",
            Metric::Spearman => "spearman",
            Metric::Mean(_) => "mean",
        })
    }
}

/// The fraction of correct predictions, in [0, 1]. 0 if there are none.
///
/// # Panics
///
/// If the numbers of predictions and labels differ.
pub fn accuracy(predictions: &[usize], labels: &[usize]) -> f64 {
    let right = pairs(predictions, labels).filter(|(p, l)| p == l).count();
    ratio(right as f64, labels.len() as f64)
}

/// `2 TP / (2 TP + FP + FN)` with class 1 as the positive class, in [0, 1]. 0 if there are no
/// positives at all, as in scikit-learn's `f1_score` with `zero_division=0`.
///
/// # Panics
///
/// If the numbers of predictions and labels differ.
pub fn f1(predictions: &[usize], labels: &[usize]) -> f64 {
    let [tp, _, fp, fne] = confusion(predictions, labels);
    ratio(2.0 * tp, 2.0 * tp + fp + fne)
}

/// Matthews' correlation `(TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))` with class 1 as the
/// positive class, in [−1, 1]. 0 if the predictions or the labels have only one class, as in
/// scikit-learn's `matthews_corrcoef`.
///
/// # Panics
///
/// If the numbers of predictions and labels differ.
pub fn matthews(predictions: &[usize], labels: &[usize]) -> f64 {
    let [tp, tn, fp, fne] = confusion(predictions, labels);
    let scale = ((tp + fp) * (tp + fne) * (tn + fp) * (tn + fne)).sqrt();
    ratio(tp * tn - fp * fne, scale).clamp(-1.0, 1.0)
}

/// The numbers of true positives, true negatives, false positives and false negatives.
fn confusion(predictions: &[usize], labels: &[usize]) -> [f64; 4] {
    let mut counts = [0.0; 4];
    for (prediction, label) in pairs(predictions, labels) {
        counts[match (prediction == 1, label == 1) {
            (true, true) => 0,
            (false, false) => 1,
            (true, false) => 2,
            (false, true) => 3,
        }] += 1.0;
    }
    counts
}

/// Predictions with their labels.
pub(super) fn pairs<'a, T: Copy>(
    predictions: &'a [T],
    labels: &'a [T],
) -> impl Iterator<Item = (T, T)> + 'a {
    assert_eq!(
        predictions.len(),
        labels.len(),
        "the numbers of predictions and labels are the same"
    );
    predictions.iter().copied().zip(labels.iter().copied())
}

fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 {
        0.0
    } else {
        numerator / denominator
    }
}

#[cfg(test)]
mod tests;
