//! What Burn's dashboard and log files show of a line search is what the reports say.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder, Progress};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::store::ModuleRecord;
use burn::tensor::{Device, Tensor, TensorReadError};
use burn::train::metric::{Metric, MetricMetadata, MetricName, Numeric, SerializedEntry};
use burn::train::renderer::CliMetricsRenderer;
use burn::train::{ExecutionStrategy, Learner, MultiDeviceOptim, SupervisedTraining, TrainStep};
use burn_sls_optim::{InitialStep, LineSearch, LineSearchConfig, Outcome, StepReport, Units};
use burn_sls_tests::classifier::{Batch, Classifier, FEATURES};
use burn_sls_tests::plain;

const BATCHES: usize = 6;

fn device() -> Device {
    burn_sls_tests::device().autodiff()
}

fn two_units() -> LineSearchConfig {
    let units = Units::named([("lower", vec!["hidden"]), ("upper", vec!["output"])]);
    plain::plasls(units).with_batches_per_epoch(BATCHES as f64)
}

/// Makes the batch of a number; that of 4 is broken.
struct Numbered;

impl Batcher<u64, Batch> for Numbered {
    fn batch(&self, items: Vec<u64>, device: &Device) -> Batch {
        device.seed(100 + items[0]);
        let batch = Batch::random(32, device);
        match items[0] {
            4 => Batch {
                inputs: Tensor::<2>::full([32, FEATURES], f32::NAN, device),
                ..batch
            },
            _ => batch,
        }
    }
}

fn batches() -> Arc<dyn DataLoader<Batch>> {
    let numbers = InMemDataset::new((0..BATCHES as u64).collect());
    DataLoaderBuilder::new(Numbered)
        .batch_size(1)
        .build(numbers)
}

/// A metric that is slower than the training, so that all metrics fall behind.
#[derive(Clone)]
struct Slow;

impl Metric for Slow {
    type Input = ();

    fn name(&self) -> MetricName {
        Arc::new("Slow".to_string())
    }

    fn update(&mut self, (): &(), _: &MetricMetadata) -> Result<SerializedEntry, TensorReadError> {
        std::thread::sleep(Duration::from_millis(20));
        self.compute()
    }

    fn compute(&mut self) -> Result<SerializedEntry, TensorReadError> {
        Ok(SerializedEntry::new("0".to_string(), "0".to_string()))
    }

    fn clear(&mut self) {}
}

/// Two epochs under the `Learner` with every metric: the reports as two observers heard them.
fn trained(folder: &Path, accumulation: usize, workers: usize) -> Vec<StepReport> {
    // The batches are drawn on the device, beside what other workers draw: nothing may be replayed.
    let dropout = if workers == 1 { 0.2 } else { 0.0 };
    let reports = || Arc::new(Mutex::new(Vec::<StepReport>::new()));
    let (first, second) = (reports(), reports());
    let device = device();
    device.seed(11);
    // So far from where the first search ends that the trials of one search do not suffice.
    let config = two_units()
        .with_initial_step(InitialStep::Fixed(4.0))
        .with_max_trials(20);
    let (model, optim) = config
        .for_learner(Classifier::new(dropout, &device))
        .into_parts();
    let heard = first.clone();
    let model = model.with_observer(move |report| heard.lock().unwrap().push(report.clone()));
    let (model, metrics) = model.with_metrics();
    let heard = second.clone();
    let model = model.with_observer(move |report| heard.lock().unwrap().push(report.clone()));
    let workers =
        ExecutionStrategy::multi(vec![device; workers], MultiDeviceOptim::OptimMainDevice);
    let result = SupervisedTraining::new(folder, batches(), batches())
        .with_training_strategy(workers.into())
        .num_epochs(2)
        .grads_accumulation(accumulation)
        .metric_train(Slow)
        .metric_train_numeric(metrics.step_size())
        .metric_train_numeric(metrics.step_size_of("lower").expect("a unit"))
        .metric_train_numeric(metrics.step_size_of("upper").expect("a unit"))
        .metric_train_numeric(metrics.trials())
        .metrics((metrics.forwards(), metrics.failed()))
        .renderer(Box::new(CliMetricsRenderer::new()))
        .with_application_logger(None)
        .launch(Learner::new(model, optim, 1.0));
    assert!(result.error.is_none(), "{:?}", result.error);
    let reports = std::mem::take(&mut *first.lock().unwrap());
    assert_eq!(reports.len(), second.lock().unwrap().len());
    reports
}

/// The values of a metric's log of an epoch, and the aggregate in its last line.
fn logged(folder: &Path, epoch: usize, metric: &str) -> (Vec<f64>, f64) {
    let file = folder.join(format!("train/epoch-{epoch}/{metric}.log"));
    let text = fs::read_to_string(file).expect("a log");
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let mut lines: Vec<&str> = text.lines().collect();
    let last = lines.pop().expect("a last line");
    let last = last.strip_suffix(",final").expect("it is marked");
    (lines.into_iter().map(number).collect(), number(last))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Compares the logs of both epochs with the reports, `steps` in an epoch.
fn compare(folder: &Path, reports: &[StepReport], steps: usize) {
    assert_eq!(reports.len(), 2 * steps);
    for (epoch, reports) in reports.chunks(steps).enumerate() {
        let of = |value: fn(&StepReport) -> f64| reports.iter().map(value).collect::<Vec<_>>();
        let failed = |report: &StepReport| match report.outcome {
            Outcome::Accepted | Outcome::Reused => 0.0,
            _ => 100.0,
        };
        let last = |values: &[f64]| *values.last().expect("a step");
        type Aggregate<'a> = &'a dyn Fn(&[f64]) -> f64;
        let expected: [(&str, Vec<f64>, Aggregate); 6] = [
            ("Step_size", of(|r| mean(&r.step_sizes)), &last),
            ("Step_size_of_lower", of(|r| r.step_sizes[0]), &last),
            ("Step_size_of_upper", of(|r| r.step_sizes[1]), &last),
            ("Trials", of(|r| r.trials.len() as f64), &mean),
            ("Forward_passes", of(|r| r.forwards as f64), &mean),
            ("Failed_searches", of(failed), &mean),
        ];
        for (metric, values, aggregate) in expected {
            let whole = aggregate(&values);
            assert_eq!(
                logged(folder, epoch + 1, metric),
                (values, whole),
                "{metric}"
            );
        }
    }
}

#[test]
fn the_log_files_hold_what_the_reports_say_of_the_same_iteration() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = trained(folder.path(), 1, 1);
    compare(folder.path(), &reports, BATCHES);

    let ended = |outcome| reports.iter().filter(move |r| r.outcome == outcome).count();
    assert!(ended(Outcome::Accepted) > 0);
    assert!(ended(Outcome::ExhaustedMoved) + ended(Outcome::ExhaustedStayed) > 0);
    assert_eq!(ended(Outcome::SkippedNonFiniteLoss), 2, "one an epoch");
    let elsewhere = folder.path().join("valid/epoch-1/Failed_searches.log");
    assert!(!elsewhere.exists(), "nothing is searched in validation");
}

#[test]
fn a_step_on_accumulated_gradients_is_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    // Windows of four batches and of the two that are left.
    let reports = trained(folder.path(), 4, 1);
    compare(folder.path(), &reports, 2);
}

#[test]
fn a_step_of_several_workers_is_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let reports = trained(folder.path(), 1, 2);
    compare(folder.path(), &reports, 3);
    // Windows of two rounds, and of the one that is left.
    let folder = tempfile::tempdir().expect("a folder");
    let reports = trained(folder.path(), 2, 2);
    compare(folder.path(), &reports, 2);
    assert!(
        reports
            .iter()
            .all(|report| [2, 4].contains(&report.backwards))
    );
}

fn learner_step(
    model: LineSearch<Classifier>,
    optim: &mut ModuleOptimizer,
) -> LineSearch<Classifier> {
    let output = TrainStep::step(&model, Numbered.batch(vec![0], &device()));
    model.optimize(optim, 1.0.into(), output.grads)
}

/// Hands a training item to a metric, as Burn does.
fn update(metric: &mut (impl Metric<Input = ()> + Numeric)) -> (SerializedEntry, Option<f64>) {
    let metadata = MetricMetadata {
        progress: Progress::new(1, 1, None),
        iteration: Some(1),
        lr: Some(1.0.into()),
    };
    let entry = metric.update(&(), &metadata).expect("an entry");
    (entry, metric.value().map(|value| value.current()))
}

#[test]
fn a_merged_unit_shows_the_step_size_of_what_it_is_part_of_after_a_resumption_too() {
    let names = [
        "hidden.weight",
        "hidden.bias",
        "output.weight",
        "output.bias",
    ];
    let units = Units::named(names.map(|name| (name, vec![name])));
    // A threshold that every step size is below.
    let wrapped = || {
        let config = LineSearchConfig::plasls(units.clone()).with_merging(1e9);
        config
            .for_learner(Classifier::new(0.0, &device()))
            .into_parts()
    };
    let check = |model: LineSearch<Classifier>, mut optim| {
        let (mut model, metrics) = model.with_metrics();
        let mut of_units = names.map(|name| metrics.step_size_of(name).expect("a unit"));
        for _ in 0..4 {
            model = learner_step(model, &mut optim);
            let state = model.state();
            for (unit, metric) in of_units.iter_mut().enumerate() {
                let expected = state.units[state.unit_of[unit]].step_size;
                let (entry, value) = update(metric);
                assert_eq!(value, Some(expected));
                assert_eq!(entry.formatted, format!("{expected:.2e}"));
            }
        }
        assert_eq!(model.state().units.len(), 2, "units were merged");
        model
    };

    let (model, optim) = wrapped();
    let model = check(model, optim);
    let record = model.into_record().into_bytes().expect("bytes");
    let (fresh, optim) = wrapped();
    // Burn loads a checkpoint when the training is launched, after the metrics were made.
    let (fresh, metrics) = fresh.with_metrics();
    let resumed = fresh.load_record(ModuleRecord::from_bytes(record).expect("a record"));
    let mut last = metrics.step_size_of("output.bias").expect("a unit");
    let (entry, value) = update(&mut last.clone());
    assert_eq!((entry.formatted.as_str(), value), ("N/A", None));
    let resumed = check(resumed, optim);
    let state = resumed.state();
    for _ in 0..4 {
        update(&mut last);
    }
    let (entry, value) = update(&mut last);
    assert_eq!(value, None, "no step ended with this item");
    let now = state.units[state.unit_of[3]].step_size;
    assert_eq!(entry.formatted, format!("{now:.2e}"));
    assert!(entry.is_not_available(), "and none is logged");
}

#[test]
fn what_counts_steps_shows_the_mean_of_the_epoch_and_the_latest_step() {
    let (model, mut optim) = LineSearchConfig::adamsls()
        .for_learner(Classifier::new(0.0, &device()))
        .into_parts();
    let (mut model, metrics) = model.with_metrics();
    let (mut trials, mut failed) = (metrics.trials(), metrics.failed());
    let mut counts = Vec::new();
    for _ in 0..3 {
        model = learner_step(model, &mut optim);
        counts.push(model.last_report().expect("a report").trials.len() as f64);
        let (entry, value) = update(&mut trials);
        let latest = *counts.last().expect("a count");
        assert_eq!(value, Some(latest));
        let shown = format!("epoch {:.2} - step {latest}", mean(&counts));
        assert_eq!(entry.formatted, shown);
        let (entry, _) = update(&mut failed);
        assert_eq!(entry.formatted, "epoch 0.00 % - step 0 %");
    }
    trials.clear();
    assert_eq!(update(&mut trials).0.formatted, "N/A");
}

#[test]
fn an_unknown_unit_is_refused_with_the_names_that_there_are() {
    let model = two_units().for_learner(Classifier::new(0.0, &device()));
    let (_, metrics) = model.with_metrics();
    let error = metrics.step_size_of("head").unwrap_err();
    assert_eq!(
        error.to_string(),
        "no unit is named `head`: there are `lower`, `upper`"
    );
}
