//! The lower bound of a loss, and losses that are below it.

use burn::tensor::Tensor;
use burn_sls_optim::{LineSearchConfig, StepReport};
use burn_sls_tests::TRAINING;
use burn_sls_tests::point::{Point, point};

fn bowl(point: &Point) -> Tensor<1> {
    point.at.val().square()
}

/// A bowl with its minimum at -1.
fn crossing(point: &Point) -> Tensor<1> {
    bowl(point).sub_scalar(1.0)
}

/// The point with every coordinate at `to`.
fn moved(mut point: Point, to: f64) -> Point {
    point.at = point.at.map(|at| {
        let there = at.inner().mul_scalar(0.0).add_scalar(to);
        Tensor::from_inner(there).require_grad()
    });
    point
}

/// Every preset for training, with each direction.
fn searches() -> Vec<LineSearchConfig> {
    let both = TRAINING.map(|preset| [preset.sgdsls(), preset.adamsls()]);
    both.into_iter().flatten().collect()
}

/// The reports of a training, and the mean loss at the point that is used after it.
fn train(
    config: &LineSearchConfig,
    losses: impl Fn(&Point) -> Tensor<1>,
) -> (Vec<StepReport>, f64) {
    let mut optim = config.clone().init();
    let mut model = point(&[1.0, -2.0]);
    let mut reports = Vec::new();
    for _ in 0..400 {
        let step = optim.step(model, &losses).expect("a step");
        model = step.model;
        reports.push(step.report);
    }
    let loss = losses(&optim.averaged(&model)).mean().into_scalar::<f64>();
    (reports, loss)
}

#[test]
fn losses_below_zero_are_trained_on_with_and_without_a_bound() {
    let density = |point: &Point| bowl(point).sub_scalar(5.0);
    for config in searches() {
        for bound in [None, Some(0.0), Some(-10.0)] {
            let config = config.clone().with_loss_lower_bound(bound);
            let (reports, loss) = train(&config, density);
            let gap = loss + 5.0;
            assert!(gap < 0.05, "{bound:?}: {gap} above the minimum");
            let below = bound == Some(0.0);
            let highest = reports.iter().map(|report| report.loss);
            let highest = highest.fold(f64::NEG_INFINITY, f64::max);
            let direction = &config.direction.kind;
            assert!(highest < 0.0, "{bound:?}, {direction:?}: up to {highest}");
            assert!(reports.iter().all(|report| report.below_bound == below));

            let (reports, loss) = train(&config, crossing);
            let gap = loss + 1.0;
            assert!(gap < 0.05, "{bound:?}: {gap} above the minimum");
            for report in &reports {
                assert_eq!(report.below_bound, below && report.loss < -3e-7);
            }
        }
    }
}

#[test]
fn a_bound_that_a_loss_was_below_caps_no_later_step() {
    let config = LineSearchConfig::adamsls().with_loss_lower_bound(Some(0.0));
    let mut optim = config.init();
    let mut model = point(&[1.0, -2.0]);
    for _ in 0..60 {
        model = optim.step(model, crossing).expect("a step").model;
    }
    assert!(
        optim
            .step(model.clone(), crossing)
            .expect("a step")
            .report
            .below_bound
    );

    // Back to where the loss is 0.0002: no step that promises more would be taken there.
    let model = optim.change_weights(model, |model| moved(model, 1.0001));
    let report = optim.step(model, crossing).expect("a step").report;
    assert!((0.0..1e-3).contains(&report.loss), "{}", report.loss);
    assert_eq!((report.below_bound, report.polyak), (false, 1.0));
}

#[test]
fn a_bound_that_is_set_anew_after_a_resume_is_one() {
    let config = LineSearchConfig::adamsls().with_seed(1);
    let mut optim = config.clone().init();
    let mut model = point(&[1.0, -2.0]);
    for _ in 0..60 {
        model = optim.step(model, crossing).expect("a step").model;
    }
    assert!(optim.counts().below_bound > 0);

    // Losses that are 0.0002 above the bound. No loss so far was below the new one.
    for (bound, capped) in [(-1.0, true), (0.0, false)] {
        let losses = |point: &Point| crossing(point).add_scalar(bound);
        let config = config.clone().with_loss_lower_bound(bound);
        let mut resumed = config.init().load_record(optim.to_record()).expect("fits");
        let near = resumed.change_weights(model.clone(), |model| moved(model, 1.0001));
        let report = resumed.step(near, losses).expect("a step").report;
        assert!(report.loss > bound, "{}", report.loss);
        assert_eq!(report.polyak < 0.01, capped, "{bound}: {}", report.polyak);
    }
}

#[test]
fn only_a_loss_that_rounding_does_not_explain_is_below_the_bound() {
    // The largest loss of the training, one of its losses, and whether that shows anything.
    for (largest, loss, below) in [
        (2.5, -1e-7, false),
        (2.5, -1e-5, true),
        (2.5e-6, -2e-8, true),
        (2.5e-6, -2e-13, false),
    ] {
        let mut optim = LineSearchConfig::adamsls().init();
        let scaled = |point: &Point| bowl(point).mul_scalar(largest / 2.5);
        let model = point(&[1.0, -2.0]);
        let model = optim.step(model, scaled).expect("a step").model;
        let lowered = |point: &Point| {
            let nothing = scaled(point).mul_scalar(1e-12);
            nothing.add_scalar(loss)
        };
        let report = optim.step(model, lowered).expect("a step").report;
        assert_eq!(report.below_bound, below, "{loss} after {largest}");
    }
}
