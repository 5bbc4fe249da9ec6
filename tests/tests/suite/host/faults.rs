//! What goes wrong with a loss, a gradient or a search leaves nothing worse, and is reported and
//! counted, in your own loop and under the `Learner`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Module;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{ModuleOptimizer, SgdConfig};
use burn::tensor::{DType, Tensor};
use burn_sls_optim::{
    Counts, InitialStep, LineSearchConfig, LineSearchError, Outcome, Preset, Shrink, Verdict,
    WhenExhausted,
};
use burn_sls_tests::network::float;
use burn_sls_tests::point::{Loss, Point, point};
use burn_sls_tests::trainer::Trainer;
use burn_sls_tests::{TRAINING, double, plain};

fn bowl(point: &Point) -> Tensor<1> {
    point.at.val().square()
}

/// Both ways with a step behind them, so that there are moments to spoil.
fn warm(config: LineSearchConfig) -> [Trainer<Point>; 2] {
    Trainer::both(&point(&[1.0, -2.0]), &config).map(|mut trainer| {
        assert!(trainer.step(&Loss::bowl()).outcome.moved());
        trainer
    })
}

/// A step that must change nothing, and is counted where `count` looks.
fn harmless(
    losses: impl Fn(&Point) -> Tensor<1> + Send + Sync + Clone + 'static,
    outcome: Outcome,
    count: impl Fn(&Counts) -> u64,
) {
    let training = TRAINING.map(Preset::adamsls);
    let configs = training.into_iter().chain([plain::adamsls()]);
    for mut trainer in configs.flat_map(warm) {
        let before = trainer.fingerprint();
        let report = trainer.step(&Loss::new(losses.clone()));
        assert_eq!(report.outcome, outcome, "{}", trainer.name());
        assert_eq!((report.forwards, report.trials.len()), (1, 0));
        assert_eq!(trainer.fingerprint(), before, "{}", trainer.name());
        assert!(
            trainer.model().at.is_require_grad(),
            "the model still trains"
        );
        assert_eq!(count(&trainer.state().counts), 1);
        assert_eq!(trainer.state().counts.skipped(), 1);

        // And training goes on from there.
        assert!(trainer.step(&Loss::bowl()).outcome.moved());
    }
}

#[test]
fn a_loss_that_is_not_finite_is_skipped() {
    for factor in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let losses = move |point: &Point| bowl(point).mul_scalar(factor);
        harmless(losses, Outcome::SkippedNonFiniteLoss, |counts| {
            counts.non_finite_loss
        });
    }
}

#[test]
fn a_gradient_that_is_not_finite_is_skipped() {
    // The loss is 0 and its derivative infinite where the coordinate is 0.
    let root = |point: &Point| (point.at.val() - point.at.val().detach()).abs().sqrt();
    harmless(root, Outcome::SkippedNonFiniteGradient, |counts| {
        counts.non_finite_gradient
    });
}

#[test]
fn a_flat_loss_moves_nothing_and_needs_no_trial() {
    let flat = |point: &Point| point.at.val().mul_scalar(0.0).add_scalar(3.0);
    harmless(flat, Outcome::SkippedZeroGradient, |counts| {
        counts.zero_gradient
    });
}

#[test]
fn an_equal_loss_is_accepted() {
    // So flat that the arithmetic cannot tell two points apart, though the gradient is not zero.
    let stairs = |point: &Point| point.at.val().mul_scalar(1e-100).add_scalar(1.0);
    for mut trainer in warm(plain::sgdsls()) {
        let report = trainer.step(&Loss::new(stairs));
        assert_eq!(report.trials[0].loss, report.loss);
        assert_eq!(report.outcome, Outcome::Accepted);
        assert_eq!(report.trials.len(), 1);
    }
}

#[test]
fn an_equal_loss_is_rejected_by_the_reference_preset_alone() {
    let stairs = |point: &Point| point.at.val().mul_scalar(1e-100).add_scalar(1.0);
    let config = Preset::Reference.adamsls();
    for mut trainer in warm(config) {
        let report = trainer.step(&Loss::new(stairs));
        assert_eq!(report.trials.len(), 100);
        assert_eq!(report.outcome, Outcome::ExhaustedMoved);
    }
}

/// A loss that is the bowl at its first evaluation, and constant at every trial. Counts its calls.
fn changing(calls: &Arc<AtomicUsize>, later: f64) -> Loss {
    let calls = calls.clone();
    Loss::new(move |point| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => bowl(point),
        _ => bowl(point).mul_scalar(0.0).add_scalar(later),
    })
}

#[test]
fn a_search_without_success_ends_as_the_preset_says() {
    let recommended = Preset::Amortized.adamsls().with_budget(None);
    let paper = Preset::Paper.adamsls();
    for (config, trials, outcome) in [
        (paper, 100, Outcome::ExhaustedMoved),
        (plain::adamsls(), 100, Outcome::ExhaustedStayed),
        (recommended, 8, Outcome::ExhaustedStayed),
    ] {
        for mut trainer in warm(config.clone()) {
            let before = trainer.fingerprint();
            let calls = Arc::default();
            let report = trainer.step(&changing(&calls, 1e6));
            assert_eq!(report.outcome, outcome);
            assert_eq!(report.trials.len(), trials);
            assert_eq!(report.forwards, trials + 1);
            let calls = calls.load(Ordering::Relaxed);
            assert_eq!(calls, trials + 1, "every forward pass is counted");
            assert_eq!(trainer.state().counts.exhausted(), 1);
            let after = trainer.fingerprint();
            let stayed = outcome == Outcome::ExhaustedStayed;
            assert_eq!(after.0 == before.0, stayed, "the parameters");
            assert_eq!(after.1 == before.1, stayed, "the moments");
            let first = report.trials[0].step_size;
            let shrunk = match config.search.shrink {
                Shrink::Factor(factor) => first * factor.powi(100),
                // So far up that the parabola's minimum lies at its least.
                _ => first * 0.1f64.powi(8),
            };
            assert!((after.2[0] / shrunk - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn trials_that_are_not_finite_never_move_the_model() {
    let moving = plain::adamsls().with_when_exhausted(WhenExhausted::Move);
    let reference = Preset::Reference.adamsls();
    for config in [moving, reference] {
        for bad in [f64::NAN, f64::INFINITY] {
            for mut trainer in warm(config.clone()) {
                let before = trainer.fingerprint();
                let report = trainer.step(&changing(&Arc::default(), bad));
                assert_eq!(report.outcome, Outcome::ExhaustedStayed);
                let mut verdicts = report.trials.iter().map(|trial| trial.verdict);
                assert!(verdicts.all(|verdict| verdict == Verdict::NonFinite));
                assert_eq!(trainer.state().counts.exhausted_stayed, 1);
                let after = trainer.fingerprint();
                assert_eq!((after.0, after.1), (before.0, before.1));
            }
        }
    }
}

#[test]
fn an_infinite_trial_is_backtracked_from() {
    // Finite only within 0.25 of where it starts.
    let walled = |point: &Point| {
        let far = (point.at.val().detach() - 1.0)
            .abs()
            .max()
            .into_scalar::<f64>()
            > 0.25;
        bowl(point).mul_scalar(if far { f64::INFINITY } else { 1.0 })
    };
    let config = plain::sgdsls().with_initial_step(InitialStep::Fixed(10.0));
    for mut trainer in Trainer::both(&point(&[1.0]), &config) {
        let report = trainer.step(&Loss::new(walled));
        assert_eq!(report.outcome, Outcome::Accepted);
        assert_eq!(report.trials[0].verdict, Verdict::NonFinite);
        let at = trainer.model().at.val().into_data().iter::<f64>().next();
        assert!(at.is_some_and(|at| (0.75..1.0).contains(&at)), "{at:?}");
    }
}

/// Plain descent with heavy momentum, which overshoots a minimum and then points uphill.
fn heavy() -> ModuleOptimizer {
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    SgdConfig::new().with_momentum(Some(momentum)).init()
}

#[test]
fn a_displacement_that_leads_uphill_is_skipped_and_turns_around() {
    let config = plain::sgdsls().with_initial_step(InitialStep::Fixed(0.05));
    for mut trainer in Trainer::both_with(&point(&[1.0, -2.0]), &config, &heavy()) {
        let (mut in_a_row, mut most) = (0, 0);
        for _ in 0..300 {
            let before = trainer.fingerprint();
            let report = trainer.step(&Loss::bowl());
            in_a_row = match report.outcome {
                Outcome::SkippedAscent => {
                    let after = trainer.fingerprint();
                    assert_eq!((&after.0, &after.2), (&before.0, &before.2));
                    assert_ne!(after.1, before.1, "the momentum has taken in the gradient");
                    in_a_row + 1
                }
                _ => 0,
            };
            most = most.max(in_a_row);
        }
        let counts = trainer.state().counts;
        assert!(
            counts.ascent > 0,
            "{}: it never pointed uphill",
            trainer.name()
        );
        assert!(most < 40, "{}: stood still {most} times", trainer.name());
        let loss = bowl(trainer.model()).mean().into_scalar::<f64>();
        assert!(loss < 1e-6, "{}: {loss}", trainer.name());
    }
}

#[test]
fn losses_of_another_shape_in_a_trial_are_named() {
    for mut trainer in warm(plain::adamsls()) {
        let before = (trainer.fingerprint(), trainer.state().clone());
        let calls = AtomicUsize::new(0);
        let growing = Loss::new(move |point| {
            let losses = bowl(point);
            match calls.fetch_add(1, Ordering::Relaxed) {
                0 => losses,
                _ => Tensor::cat(vec![losses.clone(), losses.clone(), losses], 0),
            }
        });
        let error = trainer.try_step(&growing).unwrap_err();
        let expected = LineSearchError::LossCount { base: 2, trial: 6 };
        assert_eq!(error, expected.to_string());
        assert_eq!((trainer.fingerprint(), trainer.state().clone()), before);
    }
}

#[test]
fn a_model_without_a_gradient_is_an_error_that_says_what_to_do() {
    let [
        Trainer::Loop(model, mut optim),
        Trainer::Learner(wrapped, mut module_optim),
    ] = warm(plain::adamsls())
    else {
        unreachable!("both")
    };
    let state = optim.state().clone();
    let frozen = model.clone().no_grad();
    let error = optim.step(frozen, bowl).unwrap_err().source;
    assert_eq!(error, LineSearchError::NoGradient);
    assert!(error.to_string().contains("autodiff device"), "{error}");

    let constant = |_: &Point| float(vec![1.0], [1], DType::F64, &double().autodiff());
    let error = optim.step(model.clone(), constant).unwrap_err().source;
    assert_eq!(error, LineSearchError::NoGradient);

    let none = |_: &Point| float(vec![], [0], DType::F64, &double().autodiff());
    let error = optim.step(model, none).unwrap_err().source;
    assert_eq!(error, LineSearchError::EmptyLoss);
    assert_eq!(optim.state(), &state, "errors change nothing");

    // Under the `Learner` it is noticed before the model's own step, which could only fail.
    use burn::optim::GradientsParams;
    use burn::train::TrainStep;
    let frozen = LineSearchConfig::adamsls().for_learner(point(&[1.0]).no_grad());
    let step = || {
        TrainStep::step(&frozen, Loss::bowl());
    };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).unwrap_err();
    let message = panic.downcast::<String>().expect("a message");
    assert_eq!(*message, LineSearchError::NoGradient.to_string());

    // And where the gradients hold nothing all the same.
    let _ = TrainStep::step(&wrapped, Loss::bowl());
    let step = || {
        wrapped
            .clone()
            .optimize(&mut module_optim, 1.0.into(), GradientsParams::new())
    };
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).unwrap_err();
    let message = panic.downcast::<String>().expect("a message");
    assert_eq!(*message, LineSearchError::NoGradient.to_string());
}

#[test]
fn a_loss_in_sum_and_parts_is_searched_alike() {
    // Per-example losses and their mean give the same decisions.
    for mut parts in warm(plain::adamsls()) {
        let [mut mean, _] = warm(plain::adamsls());
        for _ in 0..20 {
            let a = parts.step(&Loss::bowl());
            let b = mean.step(&Loss::new(|point| bowl(point).mean()));
            assert_eq!(a.trials.len(), b.trials.len());
            assert!((a.loss - b.loss).abs() < 1e-12);
        }
    }
}
