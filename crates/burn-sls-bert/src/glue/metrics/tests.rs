use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Values from a formula in whole numbers, which another program can repeat.
fn formula<T>(value: impl Fn(usize) -> T) -> Vec<T> {
    (0..40).map(value).collect()
}

fn close(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() < 1e-14,
        "{value:?} instead of {expected:?}"
    );
}

/// scikit-learn 1.9.1, scipy 1.17.1:
///
/// ```python
/// import numpy as np
/// from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef
/// from scipy.stats import pearsonr, spearmanr
/// i = np.arange(40)
/// p = ((i * 7 + i * i // 3) % 5 < 3).astype(int)
/// l = ((i * 11 + i // 4) % 7 < 4).astype(int)
/// print(accuracy_score(l, p), f1_score(l, p), matthews_corrcoef(l, p))
/// p = ((i * 37) % 23) / 4.0 - i / 16.0
/// l = ((i * 13 + i * i // 7) % 11) / 2.0
/// print(pearsonr(p, l).statistic, spearmanr(p, l).statistic)
/// p = [0.1, 2.5, 2.5, 4.0, 3.0]; l = [0.0, 1.0, 2.0, 5.0, 5.0]
/// print(pearsonr(p, l).statistic, spearmanr(p, l).statistic)
/// ```
#[test]
fn values_agree_with_scikit_learn_and_scipy() {
    let predictions = formula(|i| usize::from((i * 7 + i * i / 3) % 5 < 3));
    let labels = formula(|i| usize::from((i * 11 + i / 4) % 7 < 4));
    close(accuracy(&predictions, &labels), 0.525);
    close(f1(&predictions, &labels), 0.5957446808510638);
    close(matthews(&predictions, &labels), 0.02064600347538335);

    let predictions = formula(|i| ((i * 37) % 23) as f64 / 4.0 - i as f64 / 16.0);
    let labels = formula(|i| ((i * 13 + i * i / 7) % 11) as f64 / 2.0);
    close(pearson(&predictions, &labels), 0.1696702306773221);
    close(spearman(&predictions, &labels), 0.18630305332052605);

    let (predictions, labels) = ([0.1, 2.5, 2.5, 4.0, 3.0], [0.0, 1.0, 2.0, 5.0, 5.0]);
    close(pearson(&predictions, &labels), 0.8358993767462018);
    close(spearman(&predictions, &labels), 0.9473684210526317);
}

#[test]
fn values_agree_with_a_count_by_hand() {
    // TP 3, TN 2, FP 1, FN 2.
    let predictions = [1, 1, 1, 0, 0, 1, 0, 0];
    let labels = [1, 1, 1, 0, 0, 0, 1, 1];
    assert_eq!(accuracy(&predictions, &labels), 5.0 / 8.0);
    assert_eq!(f1(&predictions, &labels), 6.0 / 9.0);
    // (3·2 − 1·2) / √(4·5·3·4) = 4 / √240
    close(matthews(&predictions, &labels), 4.0 / 240f64.sqrt());

    let labelled = |classes: &[usize]| classes.iter().map(|&c| Label::Class(c)).collect::<Vec<_>>();
    let mean = Metric::Mean(&[Metric::Accuracy, Metric::F1]);
    let value = mean.of(&labelled(&predictions), &labelled(&labels));
    close(value, (5.0 / 8.0 + 6.0 / 9.0) / 2.0);
}

#[test]
fn predictions_that_say_nothing_have_finite_values() {
    let (ones, zeros) = ([1, 1, 1], [0, 0, 0]);
    assert_eq!(f1(&zeros, &zeros), 0.0, "no positives");
    assert_eq!(f1(&ones, &ones), 1.0);
    assert_eq!(matthews(&ones, &ones), 0.0, "a single class");
    assert_eq!(matthews(&[0, 1, 1], &ones), 0.0, "a single class is right");
    assert_eq!(matthews(&[0, 1], &[1, 0]), -1.0);
    assert_eq!(matthews(&[0, 1], &[0, 1]), 1.0);
    assert_eq!(accuracy(&[2, 0], &[2, 1]), 0.5, "more than two classes");
    assert_eq!((accuracy(&[], &[]), f1(&[], &[])), (0.0, 0.0));
    assert_eq!((matthews(&[], &[]), matthews(&[1], &[1])), (0.0, 0.0));

    for correlation in [pearson, spearman] {
        // Three times 0.1 has a mean that is not 0.1.
        let constant = [0.1, 0.1, 0.1];
        assert_eq!(correlation(&constant, &[1.0, 2.0, 3.0]), 0.0);
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &constant), 0.0);
        assert_eq!(correlation(&[0.0, -0.0], &[1.0, 2.0]), 0.0);
        assert_eq!(correlation(&[4.0], &[5.0]), 0.0, "one example");
        assert_eq!(correlation(&[], &[]), 0.0);
        close(correlation(&[1e300, -1e300], &[1e-300, 3e-300]), -1.0);
        assert!(correlation(&[f64::NAN, 1.0], &[1.0, 2.0]).is_nan());
        assert!(correlation(&[f64::INFINITY, 1.0], &[1.0, 2.0]).is_nan());
    }
}

#[test]
#[should_panic(expected = "1 is a class, and a score is needed")]
fn a_correlation_of_classes_is_refused() {
    Metric::Pearson.of(&[Label::Class(1)], &[Label::Class(1)]);
}

/// Predictions and labels, in equal numbers.
fn two<T: std::fmt::Debug>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    (1usize..60).prop_flat_map(move |n| (vec(value.clone(), n), vec(value.clone(), n)))
}

/// Scores with ties, as in the labels of STS-B.
fn scores() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    two((0u8..=20).prop_map(|quarters| f64::from(quarters) / 4.0))
}

proptest! {
    #[test]
    fn metrics_of_classes_stay_in_their_range((p, l) in two(0usize..2)) {
        let exact = p == l;
        prop_assert_eq!(accuracy(&p, &l) == 1.0, exact);
        prop_assert!((0.0..=1.0).contains(&accuracy(&p, &l)));
        prop_assert!((0.0..=1.0).contains(&f1(&p, &l)));
        prop_assert!((-1.0..=1.0).contains(&matthews(&p, &l)));
        prop_assert_eq!(f1(&p, &l), f1(&l, &p));
        prop_assert_eq!(matthews(&p, &l), matthews(&l, &p));
    }

    #[test]
    fn matthews_is_pearson_of_zeros_and_ones((p, l) in two(0usize..2)) {
        let floats = |side: &[usize]| side.iter().map(|&c| c as f64).collect::<Vec<_>>();
        let expected = pearson(&floats(&p), &floats(&l));
        prop_assert!((matthews(&p, &l) - expected).abs() < 1e-12);
        let turned: Vec<usize> = p.iter().map(|c| 1 - c).collect();
        prop_assert_eq!(matthews(&turned, &l), -matthews(&p, &l));
        prop_assert!((accuracy(&turned, &l) + accuracy(&p, &l) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn correlations_stay_in_their_range_and_ignore_scale_and_order((p, l) in scores()) {
        for correlation in [pearson, spearman] {
            let value = correlation(&p, &l);
            prop_assert!((-1.0..=1.0).contains(&value));
            prop_assert!((correlation(&l, &p) - value).abs() < 1e-12);
            let scaled: Vec<f64> = p.iter().map(|x| 1e150 * (3.0 * x - 7.0)).collect();
            prop_assert!((correlation(&scaled, &l) - value).abs() < 1e-12);
            let turned: Vec<f64> = p.iter().map(|x| -x).collect();
            prop_assert!((correlation(&turned, &l) + value).abs() < 1e-12);
            let reversed = |side: &[f64]| side.iter().rev().copied().collect::<Vec<_>>();
            prop_assert!((correlation(&reversed(&p), &reversed(&l)) - value).abs() < 1e-12);
            let varies = p.iter().any(|x| *x != p[0]);
            let itself = correlation(&p, &p);
            prop_assert!((itself - f64::from(u8::from(varies))).abs() < 1e-12);
        }
    }

    #[test]
    fn spearman_sees_the_order_alone((p, l) in scores()) {
        let bent: Vec<f64> = p.iter().map(|x| x.exp() - 1.0).collect();
        prop_assert!((spearman(&bent, &l) - spearman(&p, &l)).abs() < 1e-12);
    }

    #[test]
    fn no_finite_scores_have_a_value_that_is_not((p, l) in two(any::<f64>())) {
        let (p, l): (Vec<f64>, Vec<f64>) =
            p.into_iter().zip(l).filter(|(x, y)| x.is_finite() && y.is_finite()).unzip();
        prop_assert!(pearson(&p, &l).is_finite() && spearman(&p, &l).is_finite());
    }
}
