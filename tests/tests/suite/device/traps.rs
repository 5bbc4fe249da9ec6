//! What goes wrong unnoticed: random numbers, gradients that overflow, steps of several parts, and
//! mistakes under Burn's `Learner`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::lr_scheduler::constant::ConstantLr;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer, RmsPropConfig};
use burn::store::ModuleRecord;
use burn::tensor::{DType, Device, Distribution, Tensor};
use burn::train::{
    ClassificationOutput, InferenceStep, Learner, LearnerModel, SupervisedTraining, TrainOutput,
    TrainStep,
};
use burn_sls_optim::direction::{Adam, Directions, SearchDirection};
use burn_sls_optim::{
    BatchLoss, Gradients, InitialStep, LineSearch, LineSearchConfig, LineSearchError, Outcome,
    Preset, StepOptions, StepReport, TrialMode,
};
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::network::parameter;
use burn_sls_tests::point::Point;
use burn_sls_tests::{TRAINING, bits, plain};

use super::training::loader;

fn device() -> Device {
    burn_sls_tests::device().autodiff()
}

/// A model and some batches, the same whenever called.
fn problem(dropout: f64) -> (Classifier, Vec<Batch>) {
    classifier::problem(&device(), 11, dropout, 6, 32)
}

/// The mean loss over some batches, with dropout off.
fn mean_loss(model: &Classifier, batches: &[Batch]) -> f64 {
    let model = model.clone().freeze();
    let losses = batches.iter().map(|batch| model.batch_loss(batch).mean());
    losses.map(|loss| loss.into_scalar::<f64>()).sum::<f64>() / batches.len() as f64
}

/// The next numbers of the device's generator.
fn draw() -> Vec<f32> {
    let tensor = Tensor::<1>::random([8], Distribution::Default, &device());
    tensor.into_data().iter::<f32>().collect()
}

#[test]
fn a_gradient_whose_square_overflows_is_reported_as_that() {
    let start = Point {
        at: parameter(vec![1.0, 2.0], [2], DType::F32, &device()),
    };
    let steep = |point: &Point| point.at.val().mul_scalar(1e25);
    let bowl = |point: &Point| point.at.val().square();
    let training = TRAINING.map(Preset::adamsls);
    for config in training.into_iter().chain([plain::adamsls()]) {
        let mut optim = config.init();
        let step = optim.step(start.clone(), bowl).expect("a step");
        let before = (bits(&step.model), optim.step_sizes().next().unwrap().1);
        let step = optim.step(step.model, steep).expect("no error");
        assert_eq!(step.report.outcome, Outcome::SkippedOverflow);
        assert!(step.report.loss.is_finite());
        assert_eq!((step.report.forwards, step.report.trials.len()), (1, 0));
        let after = (bits(&step.model), optim.step_sizes().next().unwrap().1);
        assert_eq!(after, before, "nothing has changed");
        let counts = optim.counts();
        assert_eq!((counts.overflow, counts.zero_gradient), (1, 0));
        assert_eq!(counts.skipped(), 1);
        let step = optim.step(step.model, bowl).expect("a step");
        assert!(step.report.outcome.moved(), "and training goes on");
    }
    // A gradient that is 0 is another thing.
    let flat = |point: &Point| point.at.val().mul_scalar(0.0).add_scalar(3.0);
    for preset in TRAINING {
        let step = preset.adamsls().init().step(start.clone(), flat);
        let outcome = step.expect("no error").report.outcome;
        assert_eq!(outcome, Outcome::SkippedZeroGradient);
    }
}

#[test]
fn the_devices_stream_after_some_steps_depends_on_the_users_seed() {
    for config in [
        LineSearchConfig::adamsls(),
        Preset::Amortized.adamsls(),
        LineSearchConfig::adamsls().with_trial_mode(TrialMode::Deterministic),
    ] {
        let after = |seed: u64| {
            let (mut model, batches) = problem(0.3);
            device().seed(seed);
            let mut optim = config.clone().init();
            for batch in &batches[..3] {
                let step = optim.step(model, |m| m.batch_loss(batch));
                model = step.expect("a step").model;
            }
            (draw(), bits(&model))
        };
        let (first, again, other) = (after(1), after(1), after(2));
        assert_eq!(first, again);
        assert_ne!(first.0, other.0, "the numbers that are drawn next");
        assert_ne!(first.1, other.1, "the dropout masks of the steps");
    }
}

#[test]
fn two_optimizers_without_a_seed_see_different_numbers() {
    let (model, batches) = problem(0.0);
    device().seed(1);
    let seen = |config: LineSearchConfig| {
        let draws = Mutex::new(Vec::new());
        let step = config.init().step(model.clone(), |m| {
            draws.lock().expect("no panic").push(draw());
            m.batch_loss(&batches[0])
        });
        let report = step.expect("a step").report;
        let draws = draws.into_inner().expect("no panic");
        assert!(draws.len() > report.trials.len());
        assert!(
            draws.iter().all(|draw| draw == &draws[0]),
            "they are repeated"
        );
        draws[0].clone()
    };
    for preset in TRAINING {
        let unseeded = [(); 2].map(|()| seen(preset.adamsls()));
        assert_ne!(unseeded[0], unseeded[1]);
        let seeded = [(); 2].map(|()| seen(preset.adamsls().with_seed(3)));
        assert_eq!(seeded[0], seeded[1]);
        assert_ne!(seeded[0], unseeded[0]);
    }
}

#[test]
fn where_nothing_random_is_drawn_the_devices_stream_is_left_alone() {
    let (model, batches) = problem(0.0);
    let mode = TrialMode::NoRandomNumbers;
    let both = TRAINING.map(|preset| preset.adamsls().with_trial_mode(mode));
    let seeded = both.clone().map(|config| config.with_seed(3));
    for config in both.into_iter().chain(seeded) {
        device().seed(5);
        let untouched = draw();
        device().seed(5);
        let mut optim = config.init();
        let mut trained = model.clone();
        for batch in batches.iter().cycle().take(12) {
            let step = optim.step(trained, |m| m.batch_loss(batch));
            trained = step.expect("a step").model;
        }
        assert_eq!(draw(), untouched);
        let trained = optim.averaged(&trained);
        assert!(mean_loss(&trained, &batches) < mean_loss(&model, &batches));
    }
}

#[test]
fn what_the_training_forward_found_beside_the_loss_is_returned() -> Result<(), LineSearchError> {
    TRAINING.into_iter().try_for_each(aux_is_returned)
}

fn aux_is_returned(preset: Preset) -> Result<(), LineSearchError> {
    let (model, batches) = problem(0.0);
    let mut optim = preset.adamsls().init();
    let logits = |m: &Classifier, batch: &Batch| {
        let losses = m.batch_loss(batch);
        (losses, m.forward(batch.inputs.clone()))
    };
    let of = |logits: &Tensor<2>| -> Vec<f32> { logits.to_data().iter::<f32>().collect() };
    let step = optim.step_with_aux(StepOptions::new(), model.clone(), &batches[..2], logits)?;
    assert_eq!(step.aux.len(), 2, "one per micro-batch");
    for (aux, batch) in step.aux.iter().zip(&batches) {
        assert_eq!(aux.dims(), [32, 2]);
        assert_eq!(of(aux), of(&model.forward(batch.inputs.clone())));
    }
    assert!(step.report.outcome.moved());
    assert_ne!(bits(&step.model), bits(&model));

    // Without them, the step is the same.
    let mut optim = preset.adamsls().with_seed(1).init();
    let losses = |m: &Classifier, batch: &Batch| m.batch_loss(batch);
    let options = StepOptions::new();
    let plain = optim.step_with(options.clone(), model.clone(), &batches[..2], losses)?;
    let mut optim = preset.adamsls().with_seed(1).init();
    let step = optim.step_with_aux(options, model, &batches[..2], logits)?;
    assert_eq!(bits(&plain.model), bits(&step.model));
    assert_eq!(plain.report, step.report);
    Ok(())
}

/// Gradients whose norm over all parameters together is at most `most`.
fn clip_by_global_norm(model: &Classifier, grads: &GradientsParams, most: f64) -> GradientsParams {
    struct Scale<'a> {
        from: &'a GradientsParams,
        factor: f64,
        squares: f64,
        to: GradientsParams,
    }
    impl ModuleVisitor for Scale<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let grad = self.from.get::<D>(param.id).expect("a gradient");
            self.squares += grad.clone().square().sum().into_scalar::<f64>();
            self.to.register(param.id, grad.mul_scalar(self.factor));
        }
    }
    let scaled = |factor: f64| {
        let mut scale = Scale {
            from: grads,
            factor,
            squares: 0.0,
            to: GradientsParams::new(),
        };
        model.visit(&mut scale);
        (scale.to, scale.squares.sqrt())
    };
    let (_, norm) = scaled(1.0);
    scaled((most / norm).min(1.0)).0
}

#[test]
fn gradients_that_a_loop_has_clipped_itself_are_searched_along() -> Result<(), LineSearchError> {
    TRAINING
        .into_iter()
        .try_for_each(clipped_gradients_are_taken)
}

fn clipped_gradients_are_taken(preset: Preset) -> Result<(), LineSearchError> {
    let most = 0.1;
    let (mut model, batches) = problem(0.2);
    let start = mean_loss(&model, &batches);
    let losses = |m: &Classifier, batch: &Batch| m.batch_loss(batch);
    let mut optim = preset.sgdsls().with_budget(None).init();
    for batch in batches.iter().cycle().take(90) {
        optim.begin(&model)?;
        let of_batch = losses(&model, batch);
        let grads = of_batch.clone().mean().backward();
        let grads = GradientsParams::from_grads(grads, &model);
        let gradients = Gradients {
            grads: clip_by_global_norm(&model, &grads, most),
            losses: vec![of_batch],
        };
        let batch = std::slice::from_ref(batch);
        let step =
            optim.step_from_gradients(StepOptions::new(), model, gradients, batch, losses)?;
        model = step.model;
        // Along the gradient the slope is its squared norm.
        let slope = step.report.slope;
        assert!(slope <= most * most * 1.001, "{slope}");
    }
    let loss = mean_loss(&optim.averaged(&model), &batches);
    assert!(loss < 0.7 * start, "{preset:?}: {loss} from {start}");
    assert_eq!(optim.state().step, 90);
    Ok(())
}

#[test]
fn a_training_forward_outside_of_the_step_has_the_masks_that_trials_see_again()
-> Result<(), LineSearchError> {
    let (model, batches) = problem(0.5);
    // So small a step that the trial point is the point itself, but for the masks.
    let config = plain::adamsls().with_initial_step(InitialStep::Fixed(1e-30));
    let losses = |m: &Classifier, batch: &Batch| m.batch_loss(batch);
    let step = |begun: bool| {
        let mut optim = config.clone().with_seed(4).init();
        device().seed(9);
        if begun {
            optim.begin(&model)?;
        }
        let of_batch = losses(&model, &batches[0]);
        let grads = of_batch.clone().mean().backward();
        let gradients = Gradients {
            grads: GradientsParams::from_grads(grads, &model),
            losses: vec![of_batch],
        };
        let options = StepOptions::new();
        let batch = &batches[..1];
        optim
            .step_from_gradients(options, model.clone(), gradients, batch, losses)
            .map_err(LineSearchError::from)
    };
    let report = step(true)?.report;
    assert_eq!(report.trials[0].loss, report.loss);

    // Without `begin` the masks are others, and the step says so.
    let error = step(false).expect_err("refused");
    assert!(
        matches!(error, LineSearchError::NotReproducible { .. }),
        "{error}"
    );
    Ok(())
}

// Under the `Learner`.

/// Ten epochs over the batches.
fn training<M>(folder: &Path, batches: &[Batch]) -> SupervisedTraining<M>
where
    M: LearnerModel + TrainStep<Input = Batch> + InferenceStep<Input = Batch>,
{
    let validation = loader(batches[..1].to_vec(), &burn_sls_tests::device());
    SupervisedTraining::new(folder, loader(batches.to_vec(), &device()), validation)
        .with_application_logger(None)
        .num_epochs(10)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The reports of the training that a wrapper is put to.
fn observed<M: TrainStep>(model: LineSearch<M>) -> (LineSearch<M>, Arc<Mutex<Vec<StepReport>>>) {
    let reports: Arc<Mutex<Vec<StepReport>>> = Arc::default();
    let seen = reports.clone();
    let model = model.with_observer(move |report| seen.lock().unwrap().push(report.clone()));
    (model, reports)
}

/// One step as the `Learner` makes it, or the message that it panics with.
fn step(
    model: &LineSearch<Classifier>,
    optim: &mut ModuleOptimizer,
    rate: f64,
    batch: &Batch,
) -> Result<LineSearch<Classifier>, String> {
    let model = model.clone();
    let step = || {
        let grads: GradientsParams = TrainStep::step(&model, batch.clone()).grads;
        model.optimize(optim, rate.into(), grads)
    };
    catch_unwind(AssertUnwindSafe(step))
        .map_err(|panic| *panic.downcast::<String>().expect("a message"))
}

#[test]
fn a_learning_rate_left_in_is_an_error_that_says_what_the_number_means() {
    TRAINING.into_iter().for_each(learning_rates_are_refused);
}

fn learning_rates_are_refused(preset: Preset) {
    let (model, batches) = problem(0.0);
    let (wrapped, mut optim) = preset.adamsls().for_learner(model.clone()).into_parts();
    for rate in [2e-5, 0.5, 1.5] {
        let error = LineSearchError::LearningRate { value: rate };
        let message = step(&wrapped, &mut optim, rate, &batches[0]).expect_err("refused");
        assert_eq!(message, error.to_string());
        assert!(message.contains("step size"), "{message}");
        assert!(message.contains("with_schedule"), "{message}");
    }
    let moved = step(&wrapped, &mut optim, 1.0, &batches[0]).expect("the rate of no schedule");
    assert_ne!(bits(moved.inner()), bits(&model));

    // Whoever knows that it is a factor says so.
    let wrapped = preset.adamsls().for_learner(model).with_factors_allowed();
    let (wrapped, mut optim) = wrapped.into_parts();
    let moved = step(&wrapped, &mut optim, 0.5, &batches[0]).expect("allowed");
    let report = moved.last_report().expect("a report");
    assert_eq!(report.factor(), 0.5 * report.warm_up);
}

#[test]
fn a_learning_rate_left_in_stops_the_training_where_an_interrupter_is_given() {
    let (model, batches) = problem(0.0);
    let folder = folder();
    let training = training(folder.path(), &batches);
    let model = LineSearchConfig::adamsls()
        .for_learner(model)
        .with_interrupter(training.interrupter());
    let (model, reports) = observed(model);
    let failure = model.failure();
    let (model, optim) = model.into_parts();
    let result = training.launch(Learner::new(model, optim, 2e-5));
    assert!(result.error.is_some() || result.interrupted.is_some());
    let expected = LineSearchError::LearningRate { value: 2e-5 };
    assert_eq!(failure.error(), Some(expected));
    assert!(reports.lock().unwrap().is_empty(), "no step was made");
}

#[test]
fn a_training_is_not_ended_by_the_error_of_another_of_the_same_model() {
    let (model, batches) = problem(0.0);
    let wrapped = LineSearchConfig::adamsls().for_learner(model);
    let wrong = ConstantLr::from(f64::NAN);
    let scheduled = wrapped.clone().with_schedule(wrong);
    let first = folder();
    assert!(
        scheduled
            .clone()
            .launch(training(first.path(), &batches))
            .is_err()
    );
    // Clones of the one that has failed, and of the one before it.
    for model in [wrapped, scheduled.with_schedule(ConstantLr::from(1.0))] {
        let again = folder();
        let trained = model.launch(training(again.path(), &batches));
        assert!(trained.is_ok(), "{:?}", trained.err());
    }
}

#[test]
fn a_schedule_multiplies_the_step_sizes_that_are_found() {
    TRAINING.into_iter().for_each(schedules_multiply);
}

fn schedules_multiply(preset: Preset) {
    let (model, batches) = problem(0.0);
    let folder = folder();
    let scheduler = LinearLrSchedulerConfig::new(1.0, 0.1, 60).init();
    let model = preset
        .adamsls()
        .for_learner(model)
        .with_schedule(scheduler.expect("a schedule"));
    let (model, reports) = observed(model);
    let trained = model.launch(training(folder.path(), &batches));
    assert!(trained.is_ok());
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 60);
    assert!(reports.windows(2).all(|pair| pair[1].lr < pair[0].lr));
    assert!(reports[59].lr < 0.15 && reports[0].lr > 0.9);
}

#[test]
fn another_optimizer_than_the_wrappers_own_is_refused() {
    TRAINING.into_iter().for_each(other_optimizers_are_refused);
}

fn other_optimizers_are_refused(preset: Preset) {
    let (model, batches) = problem(0.0);
    let config = || preset.adamsls();
    let foreign = LineSearchError::ForeignOptimizer {
        answered: 0,
        parameters: 4,
    };
    let (wrapped, mut optim) = config().for_learner(model.clone()).into_parts();
    let mut adam = AdamConfig::new().init();
    let refused = step(&wrapped, &mut adam, 1.0, &batches[0]);
    assert_eq!(refused.err(), Some(foreign.to_string()));
    assert!(step(&wrapped, &mut optim, 1.0, &batches[0]).is_ok());

    // Beside a wrapper that has adopted an optimizer it is the other way around.
    let adopted = Directions::adopted(RmsPropConfig::new().init());
    let wrapped = config().for_learner(model).with_directions(adopted);
    let (wrapped, mut optim) = wrapped.into_parts();
    assert!(step(&wrapped, &mut optim, 1.0, &batches[0]).is_ok());
    let mut direction = Adam::default().into_optimizer();
    let refused = step(&wrapped, &mut direction, 1.0, &batches[0]);
    let expected = LineSearchError::AdoptedDirection.to_string();
    assert_eq!(refused.err(), Some(expected));
}

#[test]
fn a_batch_loss_that_is_not_the_training_loss_ends_the_training_with_an_error() {
    let (model, batches) = problem(0.2);
    let folder = folder();
    let model = LineSearchConfig::adamsls()
        .for_learner_by(model, |m, batch| m.batch_loss(batch).mul_scalar(2.0));
    let (model, reports) = observed(model);
    let error = model.launch(training(folder.path(), &batches)).err();
    let Some(LineSearchError::NotReproducible { base, again }) = error else {
        panic!("{error:?}");
    };
    assert!((again / base - 2.0).abs() < 1e-4, "{base} and {again}");
    assert!(reports.lock().unwrap().is_empty(), "no step was made");
}

#[test]
fn an_error_in_the_midst_of_a_training_stops_it_and_is_returned() {
    let (model, batches) = problem(0.2);
    let folder = folder();
    // Some epochs go well; then a trial gives no loss at all.
    let evaluations = Mutex::new(0);
    let config = Preset::Amortized.adamsls().with_budget(None);
    let model = config.for_learner_by(model, move |m: &Classifier, batch: &Batch| {
        let mut evaluations = evaluations.lock().unwrap();
        *evaluations += 1;
        let losses = m.batch_loss(batch);
        match *evaluations {
            ..30 => losses,
            _ => losses.slice(0..0),
        }
    });
    let (model, reports) = observed(model);
    let error = model.launch(training(folder.path(), &batches)).err();
    assert_eq!(
        error,
        Some(LineSearchError::LossCount { base: 1, trial: 0 })
    );
    let made = reports.lock().unwrap().len();
    assert!((1..30).contains(&made), "{made} steps");
}

/// A model of another crate: it has no `BatchLoss`.
#[derive(Module, Debug)]
struct Elsewhere {
    classifier: Classifier,
}

impl TrainStep for Elsewhere {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = InferenceStep::step(&self.classifier, batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Elsewhere {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        InferenceStep::step(&self.classifier, batch)
    }
}

#[test]
fn a_model_of_another_crate_is_trained_by_a_closure_and_its_weights_are_clipped_after_each_step() {
    let most = 0.3;
    let (classifier, batches) = problem(0.2);
    let start = mean_loss(&classifier, &batches);
    let clip = move |mut model: Elsewhere| {
        let weight = model.classifier.output.weight;
        model.classifier.output.weight = weight.map(|weight| {
            let clipped = weight.clone().inner().clamp(-most, most);
            Tensor::from_inner(clipped).set_require_grad(weight.is_require_grad())
        });
        model
    };
    let train = |preset: Preset, clipped: bool| {
        let model = Elsewhere {
            classifier: classifier.clone(),
        };
        let model = preset
            .adamsls()
            .with_seed(3)
            .for_learner_by(model, |m, batch| m.classifier.batch_loss(batch));
        let model = match clipped {
            true => model.with_after_step(clip),
            false => model,
        };
        let folder = folder();
        let trained = model.launch(training(folder.path(), &batches));
        let model = trained.unwrap_or_else(|error| panic!("{error}")).model;
        let weight = model.classifier.output.weight.val();
        (
            mean_loss(&model.classifier, &batches),
            weight.abs().max().into_scalar::<f64>(),
        )
    };
    for preset in TRAINING {
        let (loss, largest) = train(preset, true);
        assert!(loss < 0.9 * start, "{preset:?}: {loss} from {start}");
        assert!(largest <= most + 1e-6, "{preset:?}: {largest}");
        let (loss, largest) = train(preset, false);
        assert!(loss < 0.9 * start, "{preset:?}: {loss} from {start}");
        assert!(largest > most, "{preset:?}: nothing to clip: {largest}");
    }
}

#[test]
fn a_trained_model_is_saved_and_loaded_as_any_other() {
    TRAINING.into_iter().for_each(trained_models_are_saved);
}

fn trained_models_are_saved(preset: Preset) {
    let (model, batches) = problem(0.2);
    let folder = folder();
    let wrapped = preset.adamsls().for_learner(model.clone());
    let copy = wrapped.valid();
    let training = training(folder.path(), &batches).with_default_checkpointers();
    let trained = wrapped.launch(training);
    let trained: Classifier = trained.unwrap_or_else(|error| panic!("{error}")).model;
    assert_ne!(bits(&trained), bits(&model));

    let file = folder.path().join("trained");
    trained.clone().into_record().save(&file).expect("saved");
    let record = ModuleRecord::load(&file).expect("loaded");
    let bare = model.clone().load_record(record);
    assert_eq!(bits(&bare), bits(&trained));

    // So is what Burn validates while it trains.
    let bytes = copy.into_record().into_bytes().expect("bytes");
    let record = ModuleRecord::from_bytes(bytes).expect("a record");
    assert_eq!(bits(&bare.load_record(record)), bits(&model));
}
