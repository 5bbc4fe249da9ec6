//! Your own loop and the `Learner` run the same engine, and replay dropout.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::module::{Module, ParamGroup};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{
    AdamConfig, GradientsAccumulator, GradientsParams, MultiGradientsParams, SgdConfig,
};
use burn::tensor::Device;
use burn::train::TrainStep;
use burn_sls_optim::direction::{Adam, Directions, SearchDirection};
use burn_sls_optim::{
    BatchLoss, Direction, InitialStep, LineSearchConfig, LineSearchError, Outcome, Preset,
    StepOptions, StepReport, TrialMode,
};
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::trainer::{Trainer, forwards, learner_step};
use burn_sls_tests::{TRAINING, bits, plain};

fn device() -> Device {
    burn_sls_tests::device().autodiff()
}

/// A model and some batches, the same whenever called.
fn problem(dropout: f64) -> (Classifier, Vec<Batch>) {
    classifier::problem(&device(), 11, dropout, 6, 32)
}

fn config() -> LineSearchConfig {
    plain::adamsls().with_batches_per_epoch(6.0).with_seed(5)
}

/// That, and the presets for training.
fn configs() -> impl Iterator<Item = LineSearchConfig> {
    let training = TRAINING.map(Preset::adamsls);
    let training = training.map(|config| config.with_seed(5));
    training.into_iter().chain([config()])
}

#[test]
fn a_loop_and_the_learner_take_the_same_steps_with_dropout_on() {
    let (model, batches) = problem(0.3);

    let mut optim = config().init();
    let mut looped = model.clone();
    let mut reports = Vec::new();
    for batch in batches.iter().cycle().take(12) {
        let step = optim.step(looped, |m| m.batch_loss(batch)).expect("a step");
        looped = step.model;
        reports.push(step.report);
    }

    let (mut wrapped, mut module_optim) = config().for_learner(model).into_parts();
    for (batch, expected) in batches.iter().cycle().zip(&reports) {
        let (next, report) = learner_step(wrapped, &mut module_optim, batch);
        wrapped = next;
        // The model's own step gives the mean in f32, the loop's per-example losses in f64.
        assert_eq!(
            report.trials.len(),
            expected.trials.len(),
            "step {}",
            report.step
        );
        assert!((report.loss - expected.loss).abs() <= 1e-6 * expected.loss);
        assert_eq!(report.step_sizes, expected.step_sizes);
        assert_eq!(report.forwards, forwards(&report));
        assert_eq!(report.reads, forwards(&report));
    }
    assert_eq!(bits(wrapped.inner()), bits(&looped));
    assert!(reports.last().unwrap().loss < reports[0].loss);
}

#[test]
fn trials_see_the_dropout_masks_of_the_training_forward() {
    let (model, batches) = problem(0.5);
    // A first step size so small that the trial point is the point itself, but for the masks.
    for config in configs() {
        let tiny = config.with_initial_step(InitialStep::Fixed(1e-30));
        let mut optim = tiny.clone().init();
        let losses = |m: &Classifier| m.batch_loss(&batches[0]);
        let step = optim.step(model.clone(), losses).expect("a step");
        assert_eq!(step.report.trials[0].loss, step.report.loss);
        assert_eq!(step.report.forwards, 3, "training, self-check, trial");

        // With dropout off in the trials, the loss at `w_k` is evaluated once more.
        let mut optim = tiny.with_trial_mode(TrialMode::Deterministic).init();
        let deterministic = optim.step(model.clone(), losses).expect("a step");
        assert_eq!(
            deterministic.report.trials[0].loss,
            deterministic.report.loss
        );
        assert_ne!(deterministic.report.loss, step.report.loss);
        assert_eq!(deterministic.report.forwards, 4);
    }
}

#[test]
fn with_dropout_off_in_what_is_compared_a_model_learns_all_the_same() {
    let (model, batches) = problem(0.3);
    // Nothing else seeds the device in this mode.
    device().seed(1);
    let deterministic = config().with_trial_mode(TrialMode::Deterministic);
    for mut trainer in Trainer::both(&model, &deterministic) {
        let batches = batches.iter().cycle().take(120);
        let reports: Vec<StepReport> = batches.map(|batch| trainer.step(batch)).collect();
        // The slope is that of the loss with dropout on, so a search may fail now and then.
        let accepted = reports.iter().filter(|r| r.outcome == Outcome::Accepted);
        assert!(accepted.count() >= 108, "{}", trainer.name());
        for report in &reports {
            assert_eq!(report.forwards, 1 + forwards(report));
            assert_eq!(report.reads, forwards(report));
        }
        let mean = |reports: &[StepReport]| reports.iter().map(|r| r.loss).sum::<f64>() / 6.0;
        let (first, last) = (mean(&reports[..6]), mean(&reports[114..]));
        assert!(last < 0.4 * first, "{}: {first} to {last}", trainer.name());
    }
}

#[test]
fn the_parameters_of_a_fresh_model_are_its_users_and_drawn_before_the_masks() {
    configs().for_each(fresh_models_are_their_users);
}

fn fresh_models_are_their_users(config: LineSearchConfig) {
    let tiny = config.with_initial_step(InitialStep::Fixed(1e-30));
    let fresh = |seed: u64| {
        let device = device();
        let batch = Batch::random(32, &device);
        device.seed(seed);
        (Classifier::new(0.5, &device), batch)
    };
    for way in 0..2 {
        let begun = [5, 5, 6].map(|seed| {
            let (model, batch) = fresh(seed);
            // Nothing has asked for a value of the model yet.
            let mut trainers = Trainer::both(&model, &tiny).into_iter();
            let mut trainer = trainers.nth(way).expect("two");
            let report = trainer.step(&batch);
            assert_eq!(report.trials[0].loss, report.loss, "{}", trainer.name());
            bits(trainer.model())
        });
        assert_eq!(begun[0], begun[1]);
        assert_ne!(begun[0], begun[2]);
    }
}

#[test]
fn accumulated_gradients_are_searched_on_all_their_micro_batches() {
    let (model, batches) = problem(0.2);
    let (model, mut optim) = config().for_learner(model).into_parts();
    let mut accumulator = GradientsAccumulator::new();
    for batch in &batches[..3] {
        let output = TrainStep::step(&model, batch.clone());
        accumulator.accumulate(&model.clone(), output.grads);
    }
    let lr = ModuleLearningRate::from(1.0);
    let losses: Vec<f64> = batches[..3]
        .iter()
        .map(|batch| {
            let frozen = model.inner().valid();
            let losses = frozen.batch_loss(&batch_on_inner(batch));
            losses.mean().into_scalar::<f64>()
        })
        .collect();
    let model = model.optimize(&mut optim, lr, accumulator.grads());
    let report = model.last_report().expect("a report");
    assert_eq!(report.backwards, 3);
    assert_eq!(report.forwards, 3 * forwards(report));
    assert_eq!(report.reads, forwards(report));
    // The objective is the sum of the micro-batches' losses (here up to dropout).
    let sum: f64 = losses.iter().sum();
    assert!(
        (report.loss / sum - 1.0).abs() < 0.3,
        "{} and {sum}",
        report.loss
    );
}

#[test]
fn a_learning_rate_multiplies_the_step_that_was_searched() {
    configs().for_each(learning_rates_multiply);
}

fn learning_rates_multiply(config: LineSearchConfig) {
    let (model, batches) = problem(0.0);
    let start = model.output.weight.val().inner();
    let moved = |lr: f64| {
        let mut optim = config.clone().init();
        let options = StepOptions::new().with_factor(lr);
        let losses = |m: &Classifier, batch: &Batch| m.batch_loss(batch);
        let step = optim.step_with(options, model.clone(), &batches[..1], losses);
        let step = step.expect("a step");
        let moved = step.model.output.weight.val().inner() - start.clone();
        (moved, step.report)
    };
    let (whole, report) = moved(1.0);
    let (half, half_report) = moved(0.5);
    assert_eq!(half_report.factor(), 0.5 * report.warm_up);
    let mut told = half_report;
    told.lr = 1.0;
    assert_eq!(told, report, "the search itself does not know of it");
    let error = (half.clone() * 2.0 - whole)
        .abs()
        .max()
        .into_scalar::<f64>();
    assert!(error < 1e-6, "{error}");
    assert!(half.abs().max().into_scalar::<f64>() > 1e-3 * report.warm_up);
}

#[test]
fn any_burn_optimizer_is_searched_along_the_displacement_it_proposes() {
    // Plain descent proposes what the direction of SGDSLS is.
    let (model, batches) = problem(0.3);
    let sgdsls = || plain::sgdsls().with_batches_per_epoch(6.0);
    let burns = sgdsls().try_init_with(Directions::adopted(SgdConfig::new().init()));
    let (mut a, mut optim_a) = (model.clone(), sgdsls().init());
    let (mut b, mut optim_b) = (model.clone(), burns.expect("an optimizer"));
    for batch in batches.iter().cycle().take(12) {
        let step_a = optim_a.step(a, |m| m.batch_loss(batch)).expect("a step");
        let step_b = optim_b.step(b, |m| m.batch_loss(batch)).expect("a step");
        assert_eq!(step_a.report.step_sizes, step_b.report.step_sizes);
        assert!((step_a.report.slope / step_b.report.slope - 1.0).abs() < 1e-4);
        (a, b) = (step_a.model, step_b.model);
    }

    // One with a state advances it once a step, however many trials there are.
    let adam = AdamConfig::new().with_beta_1(0.0).with_epsilon(1e-8).init();
    let mut ours = config();
    ours.direction.kind = Direction::Adam(Adam {
        beta_1: 0.0,
        ..Adam::default()
    });
    let (mut a, mut optim_a) = (model.clone(), ours.init());
    let (mut b, mut optim_b) = (model, config().init_with(Directions::adopted(adam)));
    for batch in batches.iter().cycle().take(12) {
        let step_a = optim_a.step(a, |m| m.batch_loss(batch)).expect("a step");
        let step_b = optim_b.step(b, |m| m.batch_loss(batch)).expect("a step");
        assert_eq!(step_a.report.step_sizes, step_b.report.step_sizes);
        assert!((step_a.report.slope / step_b.report.slope - 1.0).abs() < 1e-3);
        (a, b) = (step_a.model, step_b.model);
    }
}

#[test]
fn an_optimizer_of_two_kinds_is_refused() {
    let (model, batches) = problem(0.0);
    let mixed = Adam::default().into_optimizer().with_group(
        ParamGroup::from_path("output.weight"),
        SgdConfig::new().build(),
        None,
    );
    for (directions, expected) in [
        (
            Directions::groups(mixed.clone()),
            LineSearchError::ForeignOptimizer {
                answered: 3,
                parameters: 4,
            },
        ),
        (
            Directions::adopted(mixed),
            LineSearchError::AdoptedDirection,
        ),
    ] {
        let mut optim = config().init_with(directions);
        let step = optim.step(model.clone(), |m| m.batch_loss(&batches[0]));
        assert_eq!(step.unwrap_err().source, expected);
    }
}

#[test]
fn a_move_without_a_batch_and_a_sharded_one_are_refused_with_the_reason() {
    let (model, _) = problem(0.0);
    let (wrapped, mut optim) = config().for_learner(model).into_parts();
    let message = |step: &mut dyn FnMut()| {
        let panic = catch_unwind(AssertUnwindSafe(step)).unwrap_err();
        let text = panic.downcast_ref::<String>().cloned();
        text.unwrap_or_else(|| panic.downcast_ref::<&str>().expect("a message").to_string())
    };
    let mut optim_too = optim.clone();
    let sharded = message(&mut || {
        let grads = MultiGradientsParams::default();
        let _ = wrapped
            .clone()
            .optimize_multi(&mut optim, 1.0.into(), grads);
    });
    assert!(sharded.contains("OptimMainDevice"), "{sharded}");
    let without = message(&mut || {
        let _ = wrapped
            .clone()
            .optimize(&mut optim_too, 1.0.into(), GradientsParams::new());
    });
    assert!(without.contains("call `TrainStep::step`"), "{without}");
}

fn batch_on_inner(batch: &Batch) -> Batch {
    Batch {
        inputs: batch.inputs.clone().inner(),
        targets: batch.targets.clone(),
    }
}
