//! The lower bound of a loss, and losses that are below it.

use burn::module::ParamGroup;
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Tensor;
use burn_sls_optim::{LineSearchConfig, Outcome, Preset, StepOptions, StepReport};
use burn_sls_tests::network::{Network, network};
use burn_sls_tests::point::{Point, point};
use burn_sls_tests::{TRAINING, bits};

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

#[test]
fn the_bound_is_that_of_every_micro_batch() {
    let config = LineSearchConfig::adamsls().with_loss_lower_bound(Some(-1.0));
    // The sum of the losses of both is below the bound of one, and no loss is.
    let mut optim = config.init();
    let mut model = point(&[0.5, -0.5]);
    for _ in 0..60 {
        let losses = |point: &Point, (): &()| crossing(point);
        let step = optim.step_with(StepOptions::new(), model, &[(), ()], losses);
        let step = step.expect("a step");
        assert!(step.report.loss < -1.0, "{}", step.report.loss);
        assert!(!step.report.below_bound, "{}", step.report.loss);
        model = step.model;
    }
    assert_eq!(optim.counts().below_bound, 0);
}

#[test]
fn at_the_bound_a_step_has_no_length() {
    for preset in TRAINING {
        let mut optim = preset.adamsls().init();
        let mut model = point(&[1.0, -2.0]);
        let mut seen = false;
        for _ in 0..60 {
            model = optim.step(model, bowl).expect("a step").model;
            // The mean of two squares is 1 there, and its gradient is not 0.
            let mut other = optim.clone();
            let there = other.change_weights(model.clone(), |model| moved(model, 1.0));
            let step = other.step(there.clone(), crossing).expect("a step");
            // With momentum, the direction may lead uphill there.
            if step.report.outcome != Outcome::Reused || step.report.slope <= 0.0 {
                continue;
            }
            assert_eq!((step.report.loss, step.report.polyak), (0.0, 0.0));
            // An average still comes nearer to the steps of before.
            let averaged = preset == Preset::Default;
            assert!(averaged || bits(&step.model) == bits(&there));
            seen = true;
        }
        assert!(seen, "{preset:?}: every step was searched");
    }
}

#[test]
fn a_step_whose_parts_have_rates_of_their_own_is_capped_by_what_it_promises() {
    let (start, inputs, targets) = network(&[3, 6, 2]);
    let losses = |m: &Network, lowered: &f64| {
        let losses = m.losses(inputs.clone(), targets.clone());
        losses.sub_scalar(*lowered)
    };
    let mut optim = LineSearchConfig::adamsls().init();
    let mut model = start;
    for _ in 0..40 {
        let step = optim.step_with(StepOptions::new(), model, &[0.0], losses);
        model = step.expect("a step").model;
    }
    // Losses that are just above the bound from here on, and a step of the second layer alone, of
    // the first alone, and of both.
    let lowered = losses(&model, &0.0).mean().into_scalar::<f64>() - 1e-6;
    let polyak = |first: f64, second: f64| {
        let rates = ModuleLrScheduler::new(ConstantLr::from(first)).with_group(
            ParamGroup::from_predicate("layers.1"),
            ConstantLr::from(second),
        );
        let rate = rates.clone().step();
        let options = StepOptions::new().with_factor(rate);
        let step = optim
            .clone()
            .step_with(options, model.clone(), &[lowered], losses);
        1.0 / step.expect("a step").report.polyak
    };
    // Without a cap it would be 1. What the parts promise adds up to what all of it does.
    let (first, second, both) = (polyak(1.0, 0.0), polyak(0.0, 1.0), polyak(1.0, 1.0));
    assert!(first > 10.0 && second > 10.0, "{first}, {second}");
    assert!(
        ((first + second) / both - 1.0).abs() < 1e-6,
        "{first} + {second} for {both}"
    );
}
