//! The directions with their options, and Burn's own optimizers searched along their displacement.

use burn::grad_clipping::GradientClippingConfig;
use burn::module::ParamGroup;
use burn::optim::{
    AdamConfig, AdamWConfig, GradientsParams, LionConfig, ModuleOptimizer, MuonConfig,
    RmsPropConfig, SgdConfig,
};
use burn::tensor::{DType, Tensor, Tolerance};
use burn_sls_optim::direction::{Adam, Directions, SearchDirection, Sgd};
use burn_sls_optim::{
    Direction, LineSearchConfig, LineSearchError, LineSearchOptimizer, LineSearchRecord, Outcome,
    Preset, StepOptions, StepReport, Units,
};
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::network::{float, parameter};
use burn_sls_tests::point::{Loss, Point, point};
use burn_sls_tests::trainer::Trainer;
use burn_sls_tests::{TRAINING, bits, device, double, halves, plain};

/// A classifier and the mini-batches it learns, the same whenever called.
fn problem() -> (Classifier, Vec<Batch>) {
    classifier::problem(&device().autodiff(), 4, 0.0, 8, 64)
}

fn mean_loss(model: &Classifier, batches: &[Batch]) -> f64 {
    use burn_sls_optim::BatchLoss;
    let losses = batches.iter().map(|batch| model.batch_loss(batch).mean());
    losses.map(|loss| loss.into_scalar::<f64>()).sum::<f64>() / batches.len() as f64
}

/// Trains in both ways and returns the reports of one; both must agree on the trials.
fn train(
    config: &LineSearchConfig,
    optim: &ModuleOptimizer,
    steps: usize,
) -> (f64, Vec<StepReport>) {
    let (model, batches) = problem();
    let [(loss, looped), (_, learner)] =
        Trainer::both_with(&model, config, optim).map(|mut trainer| {
            let batches = batches.iter().cycle().take(steps);
            let reports: Vec<StepReport> = batches.map(|batch| trainer.step(batch)).collect();
            (mean_loss(trainer.model(), &problem().1), reports)
        });
    let trials = |reports: &[StepReport]| -> Vec<usize> {
        reports.iter().map(|report| report.trials.len()).collect()
    };
    // The two differ in the last bits of the base loss (a mean in f32 or in f64), so that in the
    // long run decisions may differ; at first they do not.
    assert_eq!(trials(&looped)[..5], trials(&learner)[..5]);
    (loss, looped)
}

/// Every Burn optimizer must bring the loss well below where it starts, without a learning rate,
/// and every step that is taken must be one that was tested.
#[test]
fn burns_own_optimizers_are_searched_unchanged() {
    let (model, batches) = problem();
    let start = mean_loss(&model, &batches);
    let muon = ModuleOptimizer::from(AdamWConfig::new().build()).with_group(
        ParamGroup::from_paths(vec!["hidden.weight", "output.weight"]),
        MuonConfig::new().build(),
        None,
    );
    for (name, optim) in [
        ("Sgd", SgdConfig::new().init()),
        ("Adam", AdamConfig::new().init()),
        ("AdamW", AdamWConfig::new().init()),
        ("RMSProp", RmsPropConfig::new().init()),
        ("Lion", LionConfig::new().init()),
        ("Muon for matrices, AdamW for vectors", muon),
    ] {
        let config = plain::adamsls().with_batches_per_epoch(8.0);
        let (loss, reports) = train(&config, &optim, 160);
        let taken = reports
            .iter()
            .filter(|report| report.outcome.moved())
            .count();
        println!("{name}: loss {start:.3} to {loss:.3}, {taken} of 160 steps taken");
        assert!(loss < 0.5 * start, "{name}: {loss} from {start}");
        for report in &reports {
            let tested = [
                Outcome::Accepted,
                Outcome::SkippedAscent,
                Outcome::ExhaustedStayed,
            ];
            assert!(
                tested.contains(&report.outcome),
                "{name}: {:?}",
                report.outcome
            );
        }
    }
}

#[test]
fn settings_that_another_optimizer_would_not_heed_are_refused() {
    for config in [
        LineSearchConfig::adamsls().with_weight_decay(0.1),
        LineSearchConfig::sgdsls().with_clipping(GradientClippingConfig::Norm(1.0)),
    ] {
        let error = config
            .clone()
            .try_init_with(Directions::adopted(RmsPropConfig::new().init()))
            .err();
        let error = error.expect("refused").to_string();
        assert!(error.contains("`weight_decay`"), "{error}");
        assert!(config.try_init().is_ok());
    }
}

#[test]
fn a_learning_rate_that_is_no_multiplier_is_refused_with_its_value() {
    let scheduled = |optim: &mut LineSearchOptimizer, factor: f64| {
        let options = StepOptions::new().with_factor(factor);
        let losses = |point: &Point, (): &()| point.at.val().square();
        let step = optim.step_with(options, point(&[1.0]), &[()], losses);
        step.map_err(LineSearchError::from)
    };
    for bad in [f64::NAN, -1.0, f64::INFINITY] {
        let mut optim = LineSearchConfig::adamsls().init();
        let error = scheduled(&mut optim, bad).unwrap_err();
        assert!(error.to_string().contains(&format!("is {bad}")), "{error}");
        assert_eq!(optim.state().step, 0);
    }
    // At zero nothing moves, and the moments advance.
    let mut optim = LineSearchConfig::adamsls().init();
    let empty = optim.to_record().optimizer.into_bytes().expect("bytes");
    let step = scheduled(&mut optim, 0.0).expect("a step");
    assert_eq!(bits(&step.model), bits(&point(&[1.0])));
    assert_ne!(
        optim.to_record().optimizer.into_bytes().expect("bytes"),
        empty
    );
}

#[test]
fn the_reference_preset_refuses_another_optimizers_displacement() {
    let config = Preset::Reference.adamsls();
    for mut trainer in Trainer::both_with(&point(&[1.0]), &config, &RmsPropConfig::new().init()) {
        let before = trainer.fingerprint();
        let error = trainer.try_step(&Loss::bowl()).unwrap_err();
        assert!(error.contains("Iteration::Paper"), "{error}");
        assert_eq!(trainer.fingerprint(), before);
    }
}

/// `Adam` as an ordinary optimizer must move as Burn's does, with every option.
#[test]
fn our_directions_step_as_burns_optimizers_do() {
    let device = double().autodiff();
    let adamw = |amsgrad: bool, weight_decay: f32| {
        AdamWConfig::new()
            .with_epsilon(1e-8)
            .with_amsgrad(amsgrad)
            .with_weight_decay(weight_decay)
            .init()
    };
    let ours = |amsgrad, weight_decay: f64| {
        let adam = Adam {
            amsgrad,
            weight_decay,
            ..Adam::default()
        };
        adam.into_optimizer()
    };
    for (mut ours, mut burns) in [
        (ours(false, 0.0), adamw(false, 0.0)),
        (ours(true, 0.0), adamw(true, 0.0)),
        (ours(true, 0.1), adamw(true, 0.1)),
        (Sgd::default().into_optimizer(), SgdConfig::new().init()),
    ] {
        let start = point(&[1.0, -2.0, 0.5]);
        let (mut a, mut b) = (start.clone(), start);
        for k in 0..30 {
            // Gradients that shrink and change their sign, so that AMSGrad's maximum matters.
            let factor = float(
                vec![1.0 / (k + 1) as f64, (k as f64).cos(), -1.0],
                [3],
                DType::F64,
                &device,
            );
            let grads = |m: &Point| {
                let loss = (m.at.val().square() * factor.clone()).sum();
                GradientsParams::from_grads(loss.backward(), m)
            };
            let (of_a, of_b) = (grads(&a), grads(&b));
            a = ours.step(0.05, a, of_a);
            b = burns.step(0.05, b, of_b);
        }
        let tolerance = Tolerance::<f64>::relative(1e-5);
        a.at.val()
            .into_data()
            .assert_approx_eq(&b.at.val().into_data(), tolerance);
    }
}

#[test]
fn weight_decay_is_taken_and_not_searched() {
    let losses = |point: &Point| point.at.val().square();
    let step = |config: LineSearchConfig| {
        let step = config
            .init()
            .step(point(&[1.0, -2.0]), losses)
            .expect("a step");
        let at: Vec<f64> = step.model.at.val().into_data().iter::<f64>().collect();
        (at, step.report)
    };
    for config in [plain::sgdsls(), plain::adamsls()] {
        let (kept, report) = step(config.clone());
        let (decayed, same) = step(config.with_weight_decay(0.25));
        assert_eq!(same, report, "neither in the trials nor in the slope");
        let eta = report.step_sizes[0];
        for ((decayed, kept), start) in decayed.iter().zip(&kept).zip([1.0, -2.0]) {
            assert!((decayed - (kept - eta * 0.25 * start)).abs() < 1e-12);
        }
    }
}

#[test]
fn a_clipped_gradient_is_searched_along_what_is_left_of_it() {
    TRAINING
        .into_iter()
        .for_each(clipped_gradients_are_searched);
}

fn clipped_gradients_are_searched(preset: Preset) {
    let steep = |point: &Point| point.at.val().square().mul_scalar(1e4);
    let config = preset
        .sgdsls()
        .with_clipping(GradientClippingConfig::Norm(1.0));
    let step = config
        .init()
        .step(point(&[3.0, -4.0]), steep)
        .expect("a step");
    // g = 1e4·(3, -4), the mean of two losses, so d = -(0.6, -0.8) and s = ‖g‖.
    assert!(
        (step.report.slope / 5e4 - 1.0).abs() < 1e-6,
        "{}",
        step.report.slope
    );
    let at: Vec<f64> = step.model.at.val().into_data().iter::<f64>().collect();
    let eta = step.report.step_sizes[0] * step.report.factor();
    assert!((at[0] - (3.0 - 0.6 * eta)).abs() < 1e-6, "{at:?} {eta}");

    let config = preset
        .sgdsls()
        .with_clipping(GradientClippingConfig::Value(0.5));
    let step = config
        .init()
        .step(point(&[3.0, -4.0]), steep)
        .expect("a step");
    assert!((step.report.slope / (0.5 * 7e4) - 1.0).abs() < 1e-6);
}

#[test]
fn moments_with_amsgrad_come_back_from_a_record() {
    let adam = Adam {
        amsgrad: true,
        ..Adam::default()
    };
    for preset in TRAINING {
        moments_come_back(&preset.config(Direction::Adam(adam), Units::one()));
    }
}

fn moments_come_back(config: &LineSearchConfig) {
    let losses = |point: &Point| point.at.val().square();
    let mut optim = config.clone().init();
    let mut model = point(&[1.0, -2.0]);
    for _ in 0..5 {
        model = optim.step(model, losses).expect("a step").model;
    }
    let bytes = optim.to_record().into_bytes().expect("bytes");
    let record = LineSearchRecord::from_bytes(&bytes).expect("a record");
    let resumed = config.clone().init().load_record(record);
    let mut resumed = resumed.expect("it fits");
    let mut other = model.clone();
    for _ in 0..5 {
        model = optim.step(model, losses).expect("a step").model;
        other = resumed.step(other, losses).expect("a step").model;
    }
    assert_eq!(bits(&model), bits(&other));
}

/// Small gradients whose square is below the smallest half-precision number.
#[test]
fn half_precision_keeps_its_moments_and_directions_in_single() {
    let device = device().autodiff();
    let losses = |m: &Point| {
        use burn::tensor::FloatDType;
        (m.at.val().cast(FloatDType::F32) - 1.0)
            .square()
            .mul_scalar(1e-4)
    };
    for (dtype, preset) in halves().into_iter().flat_map(|d| TRAINING.map(|p| (d, p))) {
        let mut model = Point {
            at: parameter(vec![0.0, 2.0, -1.0], [3], dtype, &device),
        };
        let mut optim = preset.adamsls().init();
        for _ in 0..60 {
            let step = optim.step(model, losses).expect("a step");
            assert!(step.report.slope.is_finite());
            model = step.model;
        }
        assert_eq!(model.at.val().dtype(), dtype);
        let far: Tensor<1> = (optim.averaged(&model).at.val().inner() - 1.0).abs();
        let far = far.max().into_scalar::<f32>();
        assert!(far < 0.1, "{preset:?}, {dtype:?}: still {far} away");
    }
}
