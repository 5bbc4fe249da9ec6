//! Steps on a batch that stays the same.

use burn::tensor::Tensor;
use burn_sls_optim::{
    LineSearchConfig, LineSearchError, Preset, SearchAlong, StepOptions, TrialMode,
};
use burn_sls_tests::point::{Point, point};
use burn_sls_tests::{TRAINING, plain};

use super::points::{at, mean};

/// A bowl that is twice as steep along one coordinate as along the other.
fn valley(point: &Point) -> Tensor<1> {
    let at = point.at.val();
    Tensor::cat(vec![at.clone(), at.narrow(0, 0, 1)], 0).square()
}

#[test]
fn a_batch_that_stays_the_same_needs_no_training_forward_after_an_accepted_trial() {
    for config in [
        plain::sgdsls().with_search_along(SearchAlong::Update),
        Preset::Amortized.sgdsls().with_budget(None),
        Preset::Amortized.adamsls().with_budget(None),
        Preset::Amortized.adamsls(),
        // Its only trials are those of the first search, and it moves less far than that.
        LineSearchConfig::adamsls(),
    ] {
        let averages = config.averaging.is_some();
        let run = |options: StepOptions| {
            let mut optim = config.clone().init();
            let mut model = point(&[1.0, -2.0]);
            let mut points = Vec::new();
            for _ in 0..60 {
                let step = optim.step_with(options.clone(), model, &[()], |m, ()| valley(m));
                model = step.expect("a step").model;
                points.extend(at(&model));
            }
            (points, optim.counts().forwards)
        };
        let (fresh, forwards) = run(StepOptions::new());
        let (again, fewer) = run(StepOptions::new().with_same_batch());
        for (k, (fresh, again)) in fresh.iter().zip(&again).enumerate() {
            let error = (fresh - again).abs();
            assert!(error < 1e-6, "coordinate {k}: {fresh} and {again}");
        }
        println!("{forwards} forward passes, and {fewer} with the same batch");
        assert_eq!(fewer < forwards, !averages, "{fewer} of {forwards}");
    }
}

#[test]
fn a_model_that_has_changed_since_is_not_stepped_by_the_gradients_of_the_trial() {
    let modes = [TrialMode::ReplayDropout, TrialMode::Deterministic];
    let both = |mode| TRAINING.map(|preset| preset.sgdsls().with_trial_mode(mode));
    for config in modes.into_iter().flat_map(both) {
        let mut optim = config.with_budget(None).init();
        let mut model = point(&[1.0, -2.0]);
        for k in 0..6 {
            if k % 2 == 1 {
                model = point(&[3.0 + f64::from(k), 2.0]);
            }
            let loss = mean(valley, &model);
            let options = StepOptions::new().with_same_batch();
            let step = optim.step_with(options, model, &[()], |m, ()| valley(m));
            let step = step.expect("a step");
            assert_eq!(step.report.loss, loss, "step {k}");
            assert!(mean(valley, &step.model) < loss, "step {k}");
            model = step.model;
        }
    }
}

#[test]
fn another_batch_than_was_promised_is_refused() {
    let mut optim = Preset::Amortized
        .sgdsls()
        .with_expansion(None)
        .with_budget(None)
        .init();
    let same = || StepOptions::new().with_same_batch();
    let step = optim.step_with(same(), point(&[1.0, -2.0]), &[()], |m, ()| valley(m));
    let model = step.expect("a step").model;
    let error = optim.step_with(same(), model, &[()], |m, ()| valley(m).mul_scalar(3.0));
    let error = error.expect_err("another batch").source;
    let refused = matches!(error, LineSearchError::NotReproducible { .. });
    assert!(refused, "{error}");
}
