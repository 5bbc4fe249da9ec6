//! Training on several devices: one decision for all, the same as for one device that has all their
//! micro-batches. The workers here are threads that share a device.

use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::module::Module;
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::optim::GradientsAccumulator;
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Tensor};
use burn::train::{
    ClassificationOutput, ExecutionStrategy, InferenceStep, Learner, LearningResult,
    MultiDeviceOptim, SupervisedTraining, TrainOutput, TrainStep,
};
use burn_sls_optim::direction::Adam;
use burn_sls_optim::{
    BatchLoss, Direction, LineSearch, LineSearchConfig, LineSearchError, Outcome, Preset,
    StepOptions, StepReport, TrialMode, Units,
};
use burn_sls_tests::classifier::{self, Batch, Classifier, FEATURES};
use burn_sls_tests::{TRAINING, bits, plain};

use super::training::loader;

fn device() -> Device {
    burn_sls_tests::device().autodiff()
}

fn devices(workers: usize) -> Vec<Device> {
    vec![device(); workers]
}

fn strategy(workers: usize) -> ExecutionStrategy {
    ExecutionStrategy::multi(devices(workers), MultiDeviceOptim::OptimMainDevice)
}

/// Seven batches: the last round of two workers has one. With dropout where it is replayed.
fn problem(config: &LineSearchConfig) -> (Classifier, Vec<Batch>) {
    let dropout = match config.search.trial_mode {
        TrialMode::ReplayDropout => 0.3,
        _ => 0.0,
    };
    classifier::problem(&device(), 8, dropout, 7, 16)
}

fn three_units() -> Units {
    Units::named([
        ("weight", vec!["hidden.weight"]),
        ("bias", vec!["hidden.bias"]),
        ("output", vec!["output"]),
    ])
}

/// Presets, the paper's algorithms, and PLASLS with units that are merged.
fn configs() -> Vec<LineSearchConfig> {
    let training = TRAINING.map(|preset| preset.adamsls().with_seed(5));
    let others = [
        plain::adamsls(),
        plain::sgdsls(),
        plain::plasls(three_units()).with_c(0.97).with_merging(0.5),
        Preset::Salsa.adamsls().with_seed(5),
        Preset::Default.plasls(three_units()).with_seed(5),
        plain::adamsls().with_trial_mode(TrialMode::NoRandomNumbers),
    ];
    training.into_iter().chain(others).collect()
}

/// A model that is trained, with the reports of its steps.
struct Run<M: TrainStep> {
    result: LearningResult<LineSearch<M>>,
    reports: Vec<StepReport>,
}

/// How a training is made.
#[derive(Clone, Copy)]
struct Plan<'a> {
    folder: &'a Path,
    workers: usize,
    accumulation: Option<usize>,
    /// Epochs that are done, and epochs in all.
    epochs: (usize, usize),
}

impl<'a> Plan<'a> {
    fn new(folder: &'a Path, workers: usize) -> Self {
        Self {
            folder,
            workers,
            accumulation: None,
            epochs: (0, 2),
        }
    }

    fn run<M>(self, config: &LineSearchConfig, model: M, batches: Vec<Batch>) -> Run<M>
    where
        M: BatchLoss
            + Module
            + TrainStep<Input = Batch, Output = ClassificationOutput>
            + InferenceStep<Input = Batch, Output = ClassificationOutput>
            + std::fmt::Display
            + 'static,
    {
        let (model, optim) = config.clone().for_learner(model).into_parts();
        let reports: Arc<Mutex<Vec<StepReport>>> = Arc::default();
        let heard = reports.clone();
        let model = model.with_observer(move |report| heard.lock().unwrap().push(report.clone()));
        let validation = loader(batches[..1].to_vec(), &burn_sls_tests::device());
        let (done, epochs) = self.epochs;
        let training = loader(batches, &device());
        let mut training = SupervisedTraining::new(self.folder, training, validation)
            .with_training_strategy(strategy(self.workers).into())
            .with_default_checkpointers()
            .with_application_logger(None)
            .num_epochs(epochs);
        if let Some(accumulation) = self.accumulation {
            training = training.grads_accumulation(accumulation);
        }
        if done > 0 {
            training = training.checkpoint(done);
        }
        let model = model.with_interrupter(training.interrupter());
        let result = training.launch(Learner::new(model, optim, 1.0));
        let reports = reports.lock().unwrap().clone();
        Run { result, reports }
    }
}

/// A folder for a run's files.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The same run on one device, which makes the forwards of all workers one after the other.
fn one_device(
    config: &LineSearchConfig,
    model: Classifier,
    batches: &[Batch],
    workers: usize,
) -> (Vec<u64>, Vec<StepReport>) {
    let (mut model, mut optim) = config.clone().for_learner(model).into_parts();
    // As Burn splits data: the last worker has what remains.
    let share = batches.len() / workers;
    let last = batches.len() - share * (workers - 1);
    let mut reports = Vec::new();
    for round in (0..2).flat_map(|_| 0..last) {
        let mut grads = GradientsAccumulator::new();
        for worker in 0..workers {
            if round < share || worker == workers - 1 {
                let batch = batches[worker * share + round].clone();
                let output = TrainStep::step(&model, batch);
                grads.accumulate(&model, output.grads);
            }
        }
        model = model.optimize(&mut optim, 1.0.into(), grads.grads());
        reports.push(model.last_report().expect("a report").clone());
    }
    (bits(&model.averaged()), reports)
}

#[test]
fn two_workers_make_the_steps_of_one_device_to_the_bit() {
    for config in configs() {
        let (model, batches) = problem(&config);
        let (expected, reports) = one_device(&config, model.clone(), &batches, 2);
        assert!(reports.iter().any(|report| !report.trials.is_empty()));
        let merges = config.schedule.merge_below.is_some();
        assert_eq!(reports.iter().any(|report| report.merged.is_some()), merges);
        let folder = folder();
        let run = Plan::new(folder.path(), 2).run(&config, model, batches);
        assert_eq!(run.reports, reports, "{config:?}");
        assert!(bits(run.result.model.inner()) == expected, "{config:?}");
    }
}

/// The Euclidean distance of two models, as a part of the norm of one.
fn distance(a: &[u64], b: &[u64]) -> f64 {
    let values = |bits: &[u64]| {
        bits.iter()
            .map(|&bits| f64::from_bits(bits))
            .collect::<Vec<_>>()
    };
    let (a, b) = (values(a), values(b));
    let norm = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>().sqrt();
    let gap: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    norm(&gap) / norm(&a)
}

#[test]
fn more_workers_take_every_decision_of_one_device() {
    // Burn adds their gradients as they arrive, so the last bits differ.
    for workers in [3, 4] {
        for config in [plain::adamsls(), Preset::Default.adamsls().with_seed(5)] {
            let (model, batches) = problem(&config);
            let (expected, reports) = one_device(&config, model.clone(), &batches, workers);
            let folder = folder();
            let run = Plan::new(folder.path(), workers).run(&config, model, batches);
            let decisions = |reports: &[StepReport]| -> Vec<_> {
                let decision = |report: &StepReport| (report.outcome, report.trials.len());
                reports.iter().map(decision).collect()
            };
            assert_eq!(decisions(&run.reports), decisions(&reports));
            let end = bits(run.result.model.inner());
            let distance = distance(&end, &expected);
            assert!(distance < 1e-6, "{workers} workers: {distance}");
        }
    }
}

#[test]
fn a_loop_of_ones_own_has_the_same_in_one_call_and_equals_the_union_of_the_batches() {
    let losses = |model: &Classifier, batch: &Batch| model.batch_loss(batch);
    for config in configs() {
        let (model, batches) = problem(&config);
        let from = bits(&model);
        let placed: Vec<(Device, Batch)> = devices(6).into_iter().zip(batches).collect();
        let batches: Vec<Batch> = placed.iter().map(|(_, batch)| batch.clone()).collect();
        let (mut one, mut several) = (config.clone().init(), config.clone().init());
        let (mut on_one, mut on_several) = (model.clone(), model);
        for (pair, placed) in batches.chunks(2).zip(placed.chunks(2)) {
            let options = StepOptions::new();
            let step = one
                .step_with(options.clone(), on_one, pair, losses)
                .expect("a step");
            let same = several.step_on_devices(options, on_several, placed, losses);
            let same = same.expect("a step");
            assert_eq!(step.report, same.report);
            (on_one, on_several) = (step.model, same.model);
        }
        assert_eq!(bits(&on_one), bits(&on_several));
        assert!(bits(&on_one) != from);
    }

    // Half of the gradient sum of two batches is the gradient of their union; so is that of their
    // losses. Adam's direction does not see the factor if its epsilon is small, and neither do the
    // decisions.
    let (mut model, batches) = classifier::problem(&device(), 8, 0.0, 6, 16);
    let mut united = model.clone();
    let mut config = plain::adamsls();
    config.direction.kind = Direction::Adam(Adam {
        epsilon: 1e-14,
        ..Adam::default()
    });
    let (mut several, mut one) = (config.clone().init(), config.init());
    for pair in batches.chunks(2) {
        let placed: Vec<(Device, Batch)> = devices(2).into_iter().zip(pair.to_vec()).collect();
        let step = several.step_on_devices(StepOptions::new(), model, &placed, losses);
        let step = step.expect("a step");
        let union = Batch {
            inputs: Tensor::cat(pair.iter().map(|batch| batch.inputs.clone()).collect(), 0),
            targets: Tensor::cat(pair.iter().map(|batch| batch.targets.clone()).collect(), 0),
        };
        let whole = one
            .step(united, |model| model.batch_loss(&union))
            .expect("a step");
        assert_eq!(step.report.trials.len(), whole.report.trials.len());
        assert!((0.5 * step.report.loss / whole.report.loss - 1.0).abs() < 1e-6);
        (model, united) = (step.model, whole.model);
    }
    let distance = distance(&bits(&model), &bits(&united));
    assert!(distance < 1e-6, "{distance}");
}

#[test]
fn accumulation_is_that_of_one_device_which_has_the_micro_batches_of_all_workers() {
    let (model, batches) = classifier::problem(&device(), 8, 0.3, 8, 16);
    let (mut one, mut optim) = plain::adamsls().for_learner(model.clone()).into_parts();
    let mut decisions = Vec::new();
    for first in [0, 2, 0, 2] {
        let mut grads = GradientsAccumulator::new();
        for batch in [first, first + 4, first + 1, first + 5] {
            let output = TrainStep::step(&one, batches[batch].clone());
            grads.accumulate(&one, output.grads);
        }
        one = one.optimize(&mut optim, 1.0.into(), grads.grads());
        let report = one.last_report().expect("a report");
        decisions.push((report.backwards, report.outcome, report.trials.len()));
    }
    let folder = folder();
    let plan = Plan {
        accumulation: Some(2),
        ..Plan::new(folder.path(), 2)
    };
    let run = plan.run(&plain::adamsls(), model, batches);
    let of_run = run.reports.iter();
    let of_run = of_run.map(|report| (report.backwards, report.outcome, report.trials.len()));
    assert_eq!(of_run.collect::<Vec<_>>(), decisions);
    assert!(decisions.iter().all(|(backwards, ..)| *backwards == 4));
    // The gradients of the second round are added as they arrive.
    let apart = distance(&bits(run.result.model.inner()), &bits(one.inner()));
    assert!(apart < 1e-6, "{apart}");
}

/// The classifier, of which some batches take longer.
#[derive(Module, Debug)]
struct Late {
    classifier: Classifier,
}

impl BatchLoss for Late {
    fn batch_loss(&self, batch: &Batch) -> Tensor<1> {
        self.classifier.batch_loss(batch)
    }
}

impl TrainStep for Late {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        if batch.targets.dims()[0] == 16 {
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
        TrainStep::step(&self.classifier, batch)
    }
}

impl InferenceStep for Late {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        InferenceStep::step(&self.classifier, batch)
    }
}

#[test]
fn the_place_of_a_micro_batch_is_that_of_its_device_and_not_of_its_arrival() {
    let config = plain::adamsls();
    let (model, mut batches) = problem(&config);
    // The share of the second worker is shorter, and so it is there first.
    for batch in &mut batches[3..] {
        batch.inputs = batch.inputs.clone().narrow(0, 0, 12);
        batch.targets = batch.targets.clone().narrow(0, 0, 12);
    }
    let config = config.with_trial_mode(TrialMode::NoRandomNumbers);
    let model = Classifier {
        dropout: burn::nn::DropoutConfig::new(0.0).init(),
        ..model
    };
    let (expected, reports) = one_device(&config, model.clone(), &batches, 2);
    let folder = folder();
    let run = Plan::new(folder.path(), 2).run(&config, Late { classifier: model }, batches);
    assert_eq!(run.reports, reports);
    assert!(bits(run.result.model.inner()) == expected);
}

#[test]
fn a_model_of_which_a_clone_is_trained_is_as_it_was() {
    let config = plain::adamsls();
    let (model, batches) = problem(&config);
    let (wrapped, optim) = config.for_learner(model).into_parts();
    let train = |folder: &Path| {
        let training = loader(batches.clone(), &device());
        let validation = loader(batches[..1].to_vec(), &burn_sls_tests::device());
        let learner = Learner::new(wrapped.clone(), optim.clone(), 1.0);
        let result = SupervisedTraining::new(folder, training, validation)
            .with_application_logger(None)
            .num_epochs(1)
            .grads_accumulation(3)
            .launch(learner);
        bits(result.model.inner())
    };
    let (first, second) = (folder(), folder());
    assert!(train(first.path()) == train(second.path()));
}

#[test]
fn a_batch_that_is_broken_for_one_worker_is_skipped_by_all() {
    let (model, mut batches) = classifier::problem(&device(), 8, 0.0, 4, 16);
    batches[3].inputs = Tensor::full([16, FEATURES], f32::NAN, &device());
    let folder = folder();
    let plan = Plan {
        epochs: (0, 1),
        ..Plan::new(folder.path(), 2)
    };
    let run = plan.run(&plain::adamsls(), model, batches);
    let outcomes: Vec<Outcome> = run.reports.iter().map(|report| report.outcome).collect();
    assert_eq!(outcomes, [Outcome::Accepted, Outcome::SkippedNonFiniteLoss]);
    let finite = bits(run.result.model.inner())
        .into_iter()
        .map(f64::from_bits);
    assert!(finite.into_iter().all(f64::is_finite));
}

#[test]
fn a_worker_that_panics_ends_the_training_and_leaves_nothing_to_the_next() {
    let (model, batches) = classifier::problem(&device(), 8, 0.0, 4, 16);
    let mut broken = batches.clone();
    broken[3].inputs = Tensor::zeros([16, FEATURES + 1], &device());
    let folder = folder();
    let plan = Plan {
        epochs: (0, 1),
        ..Plan::new(folder.path(), 2)
    };
    let run = plan.run(&plain::adamsls(), model, broken);
    assert_eq!(run.reports.len(), 1);
    let error = run.result.error.expect("an error").to_string();
    assert!(error.contains("device 1"), "{error}");

    // The same model goes on with the micro-batches of its own steps alone.
    let model = run.result.model.into_inner().train();
    let (expected, _) = one_device(&plain::adamsls(), model.clone(), &batches, 2);
    let folder = self::folder();
    let run = Plan::new(folder.path(), 2).run(&plain::adamsls(), model, batches);
    assert!(bits(run.result.model.inner()) == expected);
}

#[test]
fn a_checkpoint_of_two_workers_goes_on_with_two_to_the_bit_and_with_any_number() {
    for config in [
        plain::plasls(three_units()),
        Preset::Default.adamsls().with_seed(5),
    ] {
        let train = |folder: &Path, workers: usize, epochs: (usize, usize)| {
            let (model, batches) = problem(&config);
            let plan = Plan {
                epochs,
                ..Plan::new(folder, workers)
            };
            plan.run(&config, model, batches)
        };
        let whole = folder();
        let straight = train(whole.path(), 2, (0, 3));
        for workers in [2, 1, 3] {
            let parts = folder();
            let first = train(parts.path(), 2, (0, 1));
            let second = train(parts.path(), workers, (1, 3));
            assert!(second.result.error.is_none(), "{:?}", second.result.error);
            let steps = first.reports.len() as u64;
            assert_eq!(second.reports[0].step, steps);
            if workers == 2 {
                let reports = [first.reports, second.reports].concat();
                assert_eq!(reports, straight.reports);
                let (ours, theirs) = (second.result.model, &straight.result.model);
                assert!(bits(ours.inner()) == bits(theirs.inner()));
                assert_eq!(ours.state(), theirs.state());
            }
        }
    }
}

#[test]
fn a_training_that_is_sharded_is_refused_with_the_way_out() {
    let (model, batches) = problem(&plain::adamsls());
    let model = plain::adamsls().for_learner(model);
    let folder = folder();
    let sharded = ExecutionStrategy::multi(devices(2), MultiDeviceOptim::OptimSharded);
    let training = loader(batches.clone(), &device());
    let validation = loader(batches[..1].to_vec(), &burn_sls_tests::device());
    let training = SupervisedTraining::new(folder.path(), training, validation)
        .with_training_strategy(sharded.into())
        .with_application_logger(None)
        .num_epochs(1);
    let error = model.launch(training).err().expect("an error");
    assert!(
        matches!(error, LineSearchError::Settings { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("OptimMainDevice"), "{error}");
}

/// A classifier with batch normalisation.
#[derive(Module, Debug)]
struct Normalized {
    hidden: Linear,
    norm: BatchNorm,
    output: Linear,
}

impl Normalized {
    fn new(device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(FEATURES, 16).init(device),
            norm: BatchNormConfig::new(16).init(device),
            output: LinearConfig::new(16, 2).init(device),
        }
    }

    /// The running statistics as an evaluation uses them.
    fn statistics(&self) -> Vec<f64> {
        let norm = self.valid().norm;
        let values = [norm.running_mean.value(), norm.running_var.value()];
        let values = values.into_iter().flat_map(|values| {
            let data = values.into_data();
            data.iter::<f64>().collect::<Vec<_>>()
        });
        values.collect()
    }
}

impl BatchLoss for Normalized {
    fn batch_loss(&self, batch: &Batch) -> Tensor<1> {
        let hidden = self.norm.forward(self.hidden.forward(batch.inputs.clone()));
        let log_probabilities = log_softmax(self.output.forward(hidden.tanh()), 1);
        let of_targets = log_probabilities.gather(1, batch.targets.clone().unsqueeze_dim(1));
        of_targets.squeeze_dim::<1>(1).neg()
    }
}

impl TrainStep for Normalized {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = InferenceStep::step(self, batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Normalized {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        let loss = self.batch_loss(&batch).mean();
        let output = self.output.forward(self.hidden.forward(batch.inputs));
        ClassificationOutput::new(loss, output, batch.targets)
    }
}

/// A model with batch normalisation, and batches.
fn normalized() -> (Normalized, Vec<Batch>) {
    device().seed(3);
    let model = Normalized::new(&device());
    let _ = bits(&model);
    let batches = (0..6).map(|_| Batch::random(16, &device())).collect();
    (model, batches)
}

/// The running statistics after a training in which nothing moves, and how many trials it had.
fn statistics_after(config: &LineSearchConfig) -> (Vec<f64>, usize) {
    let (model, batches) = normalized();
    let (wrapped, optim) = config.clone().for_learner(model).into_parts();
    let tried = Arc::new(Mutex::new(0));
    let heard = tried.clone();
    let wrapped = wrapped
        .with_factors_allowed()
        .with_observer(move |report| *heard.lock().unwrap() += report.trials.len());
    let still = LinearLrSchedulerConfig::new(1e-30, 1e-30, 9).init();
    let folder = folder();
    let validation = loader(batches[..1].to_vec(), &burn_sls_tests::device());
    let result = SupervisedTraining::new(folder.path(), loader(batches, &device()), validation)
        .with_training_strategy(strategy(2).into())
        .with_application_logger(None)
        .num_epochs(2)
        .launch(Learner::new(wrapped, optim, still.expect("a schedule")));
    let tried = *tried.lock().unwrap();
    (result.model.inner().statistics(), tried)
}

#[test]
fn running_statistics_follow_the_workers_and_no_trial() {
    let untrained = normalized().0.statistics();
    // One searches in every step, the other in the first alone.
    let (often, many) = statistics_after(&plain::adamsls());
    let (once, few) = statistics_after(&Preset::Default.adamsls().with_seed(0));
    assert!(many > few, "{many} and {few} trials");
    assert_ne!(often, untrained);
    assert_eq!(often, once);
}

/// A batch that is moved to the device of the model.
#[cfg(feature = "remote")]
fn placed(batches: &[Batch], devices: &[Device]) -> Vec<(Device, Batch)> {
    let pairs = batches.iter().zip(devices);
    let placed = pairs.map(|(batch, device)| {
        let batch = Batch {
            inputs: batch.inputs.clone().to_device(device),
            targets: batch.targets.clone().to_device(device),
        };
        (device.clone(), batch)
    });
    placed.collect()
}

/// Flex, and a device of a server in this process.
#[cfg(feature = "remote")]
fn here_and_elsewhere() -> Vec<Device> {
    use burn::server::telemetry::TelemetryProbe;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let lent = burn_sls_tests::flex();
    std::thread::spawn(move || {
        burn_sls_run::worker::lend(lent, listener, TelemetryProbe::disabled()).is_ok()
    });
    let elsewhere = burn_sls_run::worker::connect(&address).expect("a worker");
    vec![burn_sls_tests::flex().autodiff(), elsewhere.autodiff()]
}

#[cfg(feature = "remote")]
#[test]
fn running_statistics_and_units_follow_the_model_to_another_device_and_back() {
    let there = here_and_elsewhere();
    assert_ne!(there[0], there[1]);
    // The server draws from the generator of this process, so nothing is to be drawn.
    for config in [
        plain::adamsls(),
        plain::plasls(Units::one()),
        Preset::Default.adamsls().with_seed(5),
    ] {
        let config = config.with_trial_mode(TrialMode::NoRandomNumbers);
        let train = |devices: &[Device]| {
            let (mut model, batches) = normalized();
            let mut optim = config.clone().init();
            let mut decisions = Vec::new();
            for pair in batches.chunks(2) {
                let losses = |model: &Normalized, batch: &Batch| model.batch_loss(batch);
                let pair = placed(pair, devices);
                let step = optim.step_on_devices(StepOptions::new(), model, &pair, losses);
                let step = step.expect("a step");
                decisions.push((step.report.outcome, step.report.trials.len()));
                model = step.model;
            }
            (bits(&model.hidden), model.statistics(), decisions)
        };
        let here = vec![there[0].clone(); 2];
        let (weights, _, expected) = train(&here);
        let (moved, statistics, decisions) = train(&there);
        assert_eq!(decisions, expected);
        let apart = distance(&moved, &weights);
        assert!(apart < 1e-5, "{apart}");
        assert!(statistics.iter().all(|value| value.is_finite()));
    }
}

#[cfg(feature = "remote")]
#[test]
fn a_device_elsewhere_that_computes_alike_makes_the_bits_of_one_here() {
    let there = here_and_elsewhere();
    let here = vec![there[0].clone(); 2];
    for config in [
        plain::adamsls(),
        plain::plasls(three_units()),
        Preset::Default.adamsls().with_seed(5),
    ] {
        // The server draws from the generator of this process, so nothing is to be drawn.
        let config = config.with_trial_mode(TrialMode::NoRandomNumbers);
        let train = |devices: &[Device]| {
            let (mut model, batches) = classifier::problem(&devices[0], 8, 0.0, 12, 16);
            let mut optim = config.clone().init();
            let mut reports = Vec::new();
            for pair in batches.chunks(2) {
                let losses = |model: &Classifier, batch: &Batch| model.batch_loss(batch);
                let pair = placed(pair, devices);
                let step = optim.step_on_devices(StepOptions::new(), model, &pair, losses);
                let step = step.expect("a step");
                reports.push(step.report);
                model = step.model;
            }
            (bits(&model), reports)
        };
        assert!(train(&there) == train(&here), "{config:?}");
    }
}

#[cfg(feature = "remote")]
#[test]
fn a_closure_that_panics_elsewhere_is_an_error_that_gives_the_model_back() {
    let devices = here_and_elsewhere();
    let (model, batches) = classifier::problem(&devices[0], 8, 0.0, 2, 16);
    let before = bits(&model);
    let batches = placed(&batches, &devices);
    let mut optim = plain::adamsls().init();
    let elsewhere = devices[1].clone();
    let losses = move |model: &Classifier, batch: &Batch| {
        assert!(batch.inputs.device() != elsewhere, "out of memory");
        model.batch_loss(batch)
    };
    let error = optim.step_on_devices(StepOptions::new(), model, &batches, losses);
    let error = error.expect_err("the closure panics");
    assert!(error.to_string().contains("out of memory"), "{error}");
    assert!(bits(&error.model) == before);
    let losses = |model: &Classifier, batch: &Batch| model.batch_loss(batch);
    let step = optim.step_on_devices(StepOptions::new(), error.model, &batches, losses);
    assert_eq!(step.expect("a step").report.step, 0);
}
