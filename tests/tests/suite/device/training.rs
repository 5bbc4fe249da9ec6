//! What a run has beside an optimizer: Burn's `SupervisedTraining` with validation, a schedule,
//! accumulation, early stopping and checkpoints; adapters, frozen parameters, gradient
//! checkpointing.

use std::path::Path;
use std::sync::{Arc, Mutex};

use burn::data::dataloader::{DataLoader, DataLoaderBuilder, batcher::Batcher};
use burn::data::dataset::InMemDataset;
use burn::module::{Lora, Module, ModuleVisitor, Param};
use burn::optim::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::tensor::{Device, Tensor};
use burn::train::metric::LossMetric;
use burn::train::metric::store::{Aggregate, Direction, Split};
use burn::train::{Learner, MetricEarlyStoppingStrategy, StoppingCondition, SupervisedTraining};
use burn_sls_optim::{
    BatchLoss, InitialStep, LineSearch, LineSearchConfig, Outcome, StepOptions, StepReport, Units,
};
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::trainer::{Trainer, forwards};
use burn_sls_tests::{bits, device, plain};

/// Hands a batch on as it is.
#[derive(Clone)]
struct AsItIs;

impl Batcher<Batch, Batch> for AsItIs {
    fn batch(&self, mut items: Vec<Batch>, _device: &Device) -> Batch {
        items.remove(0)
    }
}

pub(super) fn loader(batches: Vec<Batch>, device: &Device) -> Arc<dyn DataLoader<Batch>> {
    DataLoaderBuilder::new(AsItIs)
        .batch_size(1)
        .set_device(device.clone())
        .build(InMemDataset::new(batches))
}

/// When a step size is merged depends on the numbers that a backend draws: in the fourth epoch to
/// the sixth.
const EPOCHS: usize = 8;

/// The same model and batches whenever called: five mini-batches an epoch, so that the end of an
/// epoch is in the middle of a cycle of three units.
fn problem(dropout: f64) -> (Classifier, Vec<Batch>) {
    classifier::problem(&device().autodiff(), 8, dropout, 5, 32)
}

/// Three units, and a rule so demanding that one of the step sizes shrinks to where it is merged.
fn config() -> LineSearchConfig {
    let units = Units::named([
        ("weight", vec!["hidden.weight"]),
        ("bias", vec!["hidden.bias"]),
        ("output", vec!["output"]),
    ]);
    plain::plasls(units)
        .with_initial_step(InitialStep::Fixed(0.02))
        .with_gamma(1.0)
        .with_c(0.97)
        .with_batches_per_epoch(5.0)
        .with_merging(0.0032)
        .with_seed(2)
}

struct Run {
    model: LineSearch<Classifier>,
    reports: Vec<StepReport>,
}

/// Trains in `folder` up to an epoch, going on after `done` epochs.
fn train(folder: &Path, done: usize, epochs: usize) -> Run {
    let (model, batches) = problem(0.2);
    let model = config().for_learner(model).with_factors_allowed();
    let (model, optim) = model.into_parts();
    let reports: Arc<Mutex<Vec<StepReport>>> = Arc::default();
    let seen = reports.clone();
    let model = model.with_observer(move |report| seen.lock().unwrap().push(report.clone()));
    let scheduler = LinearLrSchedulerConfig::new(1.0, 0.5, 40)
        .init()
        .expect("a schedule");
    let validation = loader(batches[..2].to_vec(), &device());
    let device = device().autodiff();
    let mut training = SupervisedTraining::new(folder, loader(batches, &device), validation)
        .metric_valid_numeric(LossMetric::new())
        .with_default_checkpointers()
        .with_application_logger(None)
        .num_epochs(epochs);
    if done > 0 {
        training = training.checkpoint(done);
    }
    let result = training.launch(Learner::new(model, optim, scheduler));
    assert!(result.error.is_none(), "{:?}", result.error);
    let reports = reports.lock().unwrap().clone();
    Run {
        model: result.model,
        reports,
    }
}

#[test]
fn a_run_resumed_from_burns_checkpoints_repeats_the_bits_before_and_after_a_merge() {
    let whole = tempfile::tempdir().expect("a folder");
    let straight = train(whole.path(), 0, EPOCHS);
    assert_eq!(straight.reports.len(), 5 * EPOCHS);
    let merge = straight.reports.iter().position(|r| r.merged.is_some());
    let before = merge.expect("a merge") / 5;
    let after = before + 1;
    assert!(
        before > 1 && after < EPOCHS,
        "between the checkpoints: {merge:?}"
    );

    // Interrupted before the merge, after it, and both.
    for stops in [vec![before], vec![after], vec![1, after]] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut reports = Vec::new();
        let mut done = 0;
        for stop in stops.iter().copied().chain([EPOCHS]) {
            let part = train(folder.path(), done, stop);
            reports.extend(part.reports);
            if stop == EPOCHS {
                assert_eq!(
                    bits(part.model.inner()),
                    bits(straight.model.inner()),
                    "{stops:?}"
                );
                assert_eq!(part.model.state(), straight.model.state(), "{stops:?}");
            }
            done = stop;
        }
        assert_eq!(reports, straight.reports, "{stops:?}");
    }
}

#[test]
fn accumulation_a_schedule_and_early_stopping_work_as_with_any_optimizer() {
    let (model, batches) = problem(0.2);
    let (model, optim) = plain::adamsls().for_learner(model).into_parts();
    let reports: Arc<Mutex<Vec<StepReport>>> = Arc::default();
    let seen = reports.clone();
    let model = model.with_observer(move |report| seen.lock().unwrap().push(report.clone()));
    let folder = tempfile::tempdir().expect("a folder");
    // A validation set of labels turned around: it gets worse while training gets better.
    let mut wrong = batches[0].clone();
    wrong.targets = wrong.targets.mul_scalar(-1).add_scalar(1);
    let validation = loader(vec![wrong], &device());
    let device = device().autodiff();
    let result =
        SupervisedTraining::new(folder.path(), loader(batches.clone(), &device), validation)
            .metric_valid_numeric(LossMetric::new())
            .grads_accumulation(2)
            .early_stopping(MetricEarlyStoppingStrategy::new(
                &LossMetric::new(),
                Aggregate::Mean,
                Direction::Lowest,
                Split::Valid,
                StoppingCondition::NoImprovementSince { n_epochs: 2 },
            ))
            .with_application_logger(None)
            .num_epochs(40)
            .launch(Learner::new(model, optim, 1.0));
    assert!(result.error.is_none(), "{:?}", result.error);

    let reports = reports.lock().unwrap();
    assert!(
        reports.len() < 60,
        "stopped early, after {} steps",
        reports.len()
    );
    for report in reports.iter() {
        assert_eq!(report.forwards, report.backwards * forwards(report));
        assert_eq!(report.reads, forwards(report));
    }
    assert!(reports.iter().any(|report| report.backwards == 2));
    let losses = |report: &StepReport| report.loss / report.backwards as f64;
    assert!(losses(reports.last().unwrap()) < losses(&reports[0]));
}

#[test]
fn accumulation_is_the_same_in_a_loop_and_under_the_learner() {
    let (model, batches) = problem(0.2);
    let config = plain::adamsls().with_seed(3);
    let (mut looped, mut optim) = (model.clone(), config.clone().init());
    let (mut wrapped, mut module_optim) = config.for_learner(model).into_parts();
    for _ in 0..6 {
        let losses = |m: &Classifier, batch: &Batch| m.batch_loss(batch);
        let step = optim
            .step_with(StepOptions::new(), looped, &batches, losses)
            .expect("a step");
        looped = step.model;
        assert_eq!(step.report.backwards, 5);

        use burn::optim::GradientsAccumulator;
        use burn::train::TrainStep;
        let mut grads = GradientsAccumulator::new();
        for batch in &batches {
            let output = TrainStep::step(&wrapped, batch.clone());
            grads.accumulate(&wrapped, output.grads);
        }
        wrapped = wrapped.optimize(&mut module_optim, 1.0.into(), grads.grads());
        let report = wrapped.last_report().expect("a report");
        assert!((report.loss / step.report.loss - 1.0).abs() < 1e-6);
        assert_eq!(report.trials.len(), step.report.trials.len());
        assert_eq!(report.forwards, step.report.forwards);
    }
    assert_eq!(bits(wrapped.inner()), bits(&looped));
    let none: [Batch; 0] = [];
    let options = StepOptions::new();
    let error = optim.step_with(options, looped, &none, |m, batch| m.batch_loss(batch));
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("at least one example")
    );
}

/// The bits of every parameter by its path, and whether it asks for a gradient.
fn parameters<M: Module>(model: &M) -> Vec<(String, bool, Vec<u64>)> {
    #[derive(Default)]
    struct Visit(Vec<String>, Vec<(String, bool, Vec<u64>)>);
    impl ModuleVisitor for Visit {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.base().into_data();
            let bits = data.iter::<f64>().map(f64::to_bits).collect();
            self.1
                .push((self.0.join("."), param.is_require_grad(), bits));
        }
    }
    let mut visit = Visit::default();
    model.visit(&mut visit);
    visit.1
}

#[test]
fn adapters_are_trained_and_their_frozen_base_stays() {
    let (model, batches) = problem(0.0);
    let model = model.apply_lora(Lora::new(4, 8.0));
    let units = Units::by_module(&model);
    assert!(units.names().eq(["hidden", "output"]));
    // The factor b is zero at first, and with it the gradient of a: a unit of its own is passed
    // over.
    let factors = Units::matching([("a", r"lora\.a$"), ("b", r"lora\.b$")]);
    for units in [Units::one(), units, factors] {
        let config = plain::plasls(units).with_batches_per_epoch(5.0);
        for mut trainer in Trainer::both(&model, &config) {
            let before = parameters(trainer.model());
            let reports: Vec<StepReport> = batches
                .iter()
                .cycle()
                .take(100)
                .map(|b| trainer.step(b))
                .collect();
            assert!(
                reports
                    .iter()
                    .all(|report| report.outcome == Outcome::Accepted)
            );
            let mean = |reports: &[StepReport]| reports.iter().map(|r| r.loss).sum::<f64>() / 5.0;
            let (first, last) = (mean(&reports[..5]), mean(&reports[95..]));
            assert!(last < 0.7 * first, "{}: {first} to {last}", trainer.name());
            for (before, after) in before.iter().zip(&parameters(trainer.model())) {
                let (path, trained) = (&before.0, before.1);
                assert_eq!((path, trained), (&after.0, path.contains("lora")), "{path}");
                assert_eq!(before.2 != after.2, trained, "{path}");
            }
        }
    }
}

#[test]
fn frozen_parameters_stay_and_need_no_unit() {
    let (mut model, batches) = problem(0.0);
    model.hidden = model.hidden.no_grad();
    let units = Units::named([("output", vec!["output"])]);
    let config = plain::plasls(units);
    for mut trainer in Trainer::both(&model, &config) {
        for batch in &batches {
            assert_eq!(trainer.step(batch).outcome, Outcome::Accepted);
        }
        assert_eq!(bits(&trainer.model().hidden), bits(&model.hidden));
        assert_ne!(bits(&trainer.model().output), bits(&model.output));
        assert!(!trainer.model().hidden.weight.is_require_grad());
        assert!(trainer.model().output.weight.is_require_grad());
    }
}

#[test]
fn gradient_checkpointing_changes_nothing() {
    let run = |device: Device| {
        device.seed(8);
        let model = Classifier::new(0.2, &device);
        bits(&model);
        let batches: Vec<Batch> = (0..5).map(|_| Batch::random(32, &device)).collect();
        Trainer::both(&model, &config()).map(|mut trainer| {
            let reports: Vec<StepReport> = batches
                .iter()
                .cycle()
                .take(12)
                .map(|b| trainer.step(b))
                .collect();
            (reports, bits(trainer.model()))
        })
    };
    let kept = run(device().autodiff());
    let checkpointed = run(device().autodiff().gradient_checkpointing());
    assert!(kept == checkpointed);
}
