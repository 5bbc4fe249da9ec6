//! Accuracy, F1 and Matthews' correlation of predicted classes.

use core::fmt;

/// What a task is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// [`accuracy`].
    Accuracy,
    /// [`f1`].
    F1,
    /// [`matthews`].
    Matthews,
}

impl Metric {
    /// The metric's value, see the functions of this module.
    ///
    /// # Panics
    ///
    /// If there are not as many predictions as labels.
    pub fn of(self, predictions: &[usize], labels: &[usize]) -> f64 {
        match self {
            Metric::Accuracy => accuracy(predictions, labels),
            Metric::F1 => f1(predictions, labels),
            Metric::Matthews => matthews(predictions, labels),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Metric::Accuracy => "accuracy",
            Metric::F1 => "f1",
            Metric::Matthews => "matthews",
        })
    }
}

/// The share of predictions that are right, in [0, 1]; 0 of none.
///
/// # Panics
///
/// If there are not as many predictions as labels.
pub fn accuracy(predictions: &[usize], labels: &[usize]) -> f64 {
    let right = pairs(predictions, labels).filter(|(p, l)| p == l).count();
    ratio(right as f64, labels.len() as f64)
}

/// `2 TP / (2 TP + FP + FN)` with class 1 as the positive one, in [0, 1]; 0 where there are no
/// positives at all.
///
/// # Panics
///
/// If there are not as many predictions as labels.
pub fn f1(predictions: &[usize], labels: &[usize]) -> f64 {
    let [tp, _, fp, fne] = confusion(predictions, labels);
    ratio(2.0 * tp, 2.0 * tp + fp + fne)
}

/// Matthews' correlation `(TP·TN − FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))` with class 1 as the
/// positive one, in [−1, 1]; 0 where one side knows a single class only.
///
/// # Panics
///
/// If there are not as many predictions as labels.
pub fn matthews(predictions: &[usize], labels: &[usize]) -> f64 {
    let [tp, tn, fp, fne] = confusion(predictions, labels);
    ratio(
        tp * tn - fp * fne,
        ((tp + fp) * (tp + fne) * (tn + fp) * (tn + fne)).sqrt(),
    )
}

/// True positives, true negatives, false positives, false negatives.
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

fn pairs<'a>(
    predictions: &'a [usize],
    labels: &'a [usize],
) -> impl Iterator<Item = (usize, usize)> + 'a {
    assert_eq!(
        predictions.len(),
        labels.len(),
        "as many predictions as labels"
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
mod tests {
    use super::*;

    #[test]
    fn values_agree_with_a_count_by_hand() {
        // TP 3, TN 2, FP 1, FN 2.
        let predictions = [1, 1, 1, 0, 0, 1, 0, 0];
        let labels = [1, 1, 1, 0, 0, 0, 1, 1];
        assert_eq!(accuracy(&predictions, &labels), 5.0 / 8.0);
        assert_eq!(f1(&predictions, &labels), 6.0 / 9.0);
        // (3·2 − 1·2) / √(4·5·3·4) = 4 / √240
        let expected = 4.0 / 240f64.sqrt();
        assert!((matthews(&predictions, &labels) - expected).abs() < 1e-15);
    }

    #[test]
    fn extremes_are_defined() {
        let (ones, zeros) = ([1, 1, 1], [0, 0, 0]);
        assert_eq!(f1(&zeros, &zeros), 0.0, "no positives");
        assert_eq!(f1(&ones, &ones), 1.0);
        assert_eq!(matthews(&ones, &ones), 0.0, "a single class");
        assert_eq!(matthews(&[0, 1], &[1, 0]), -1.0);
        assert_eq!(matthews(&[0, 1], &[0, 1]), 1.0);
        assert_eq!(accuracy(&[], &[]), 0.0);
        assert_eq!(accuracy(&[2, 0], &[2, 1]), 0.5, "more than two classes");
    }
}
