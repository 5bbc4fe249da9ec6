//! Prodigy and Schedule-Free AdamW against their authors' packages, step by step, and against what
//! their update rules promise.
//!
//! The recorded runs are made by `fixtures/baselines/make_baselines.py`.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::store::ModuleRecord;
use burn::tensor::{DType, Tensor};
use burn_sls_baselines::{Baseline, ProdigyConfig, Rule, ScheduleFreeConfig};
use burn_sls_tests::bits;
use burn_sls_tests::network::Network;
use burn_sls_tests::published::{Run, values};

/// All parameters of a module, in order.
fn flat<M: Module>(module: &M) -> Vec<f64> {
    bits(module).into_iter().map(f64::from_bits).collect()
}

/// The largest relative error.
fn error(actual: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let errors = actual.iter().zip(expected);
    let errors = errors.map(|(a, b)| (a - b).abs() / b.abs().max(f64::MIN_POSITIVE));
    errors.fold(0.0, |most, error| match error.is_nan() {
        true => f64::INFINITY,
        false => most.max(error),
    })
}

/// The largest relative errors of a replay.
struct Errors {
    /// Of losses, rates and Prodigy's estimates.
    numbers: f64,
    /// Of parameters, one by one; with Schedule-Free also of their average.
    parameters: f64,
}

fn replay<R: Rule>(
    run: &Run,
    mut model: Baseline<Network, R>,
    d: impl Fn(&R) -> Option<f64>,
    dtype: DType,
) -> Errors {
    let mut errors = Errors {
        numbers: 0.0,
        parameters: 0.0,
    };
    for (k, step) in run.steps.iter().enumerate() {
        let (loss, rate) = run.step(k, &mut model, dtype);
        let mut numbers = vec![loss, rate];
        let mut expected = vec![step.loss, step.rate];
        numbers.extend(d(model.rule()));
        expected.extend(step.d);
        errors.numbers = errors.numbers.max(error(&numbers, &expected));

        let mut parameters = flat(model.inner());
        let mut expected = step.parameters.clone();
        if let Some(average) = &step.average {
            parameters.extend(flat(&model.clone().into_inner()));
            expected.extend(average);
        }
        errors.parameters = errors.parameters.max(error(&parameters, &expected));
    }
    errors
}

/// Holds a replay to 1e-9 in double precision, and to the given limits in single precision.
fn check(name: &str, replay: impl Fn(DType) -> Errors, numbers: f64, parameters: f64) {
    for (dtype, numbers, parameters) in
        [(DType::F64, 1e-9, 1e-9), (DType::F32, numbers, parameters)]
    {
        let errors = replay(dtype);
        println!(
            "{name}, {dtype:?}: numbers {:.1e}, parameters {:.1e}",
            errors.numbers, errors.parameters
        );
        assert!(errors.numbers < numbers, "{name}, {dtype:?}");
        assert!(errors.parameters < parameters, "{name}, {dtype:?}");
    }
}

// In single precision the way from the start, of which `d` is estimated, begins as a millionth of
// the parameters, and so is known to some hundredths only; the error in `d` fades as the way grows.
#[test]
fn prodigy_takes_the_steps_of_its_authors_package() {
    for name in ["prodigy", "prodigy_options"] {
        let run = Run::read(name);
        let replay = |dtype| {
            let model = run.settings.prodigy().init(run.network(dtype));
            replay(&run, model, |rule| Some(rule.d()), dtype)
        };
        check(name, replay, 1e-2, 1e-3);
    }
}

#[test]
fn schedule_free_takes_the_steps_of_its_authors_package() {
    for name in ["schedule_free", "schedule_free_options"] {
        let run = Run::read(name);
        let replay = |dtype| {
            let model = run.settings.schedule_free().init(run.network(dtype));
            replay(&run, model, |_| None, dtype)
        };
        check(name, replay, 1e-5, 1e-3);
    }
}

#[test]
fn the_estimate_never_falls_and_grows_by_orders_of_magnitude() {
    let run = Run::read("prodigy");
    let mut model = ProdigyConfig::default().init(run.network(DType::F64));
    let mut last = model.rule().d();
    assert_eq!(last, 1e-6);
    for k in 0..200 {
        let (_, gradients) = run.gradients(k % 3, model.inner(), DType::F64);
        let rate;
        (model, rate) = model.step(1.0, &gradients);
        // A step is taken with the estimate from before it.
        assert_eq!(rate, last);
        assert!(model.rule().d() >= last, "step {k}");
        last = model.rule().d();
    }
    assert!((1e-3..10.0).contains(&last), "{last}");
}

#[test]
fn the_average_is_the_weighted_mean_of_the_iterates() {
    // Weights by the square of the largest rate so far, of a learning rate that falls again.
    let run = Run::read("schedule_free");
    let config = ScheduleFreeConfig {
        warmup_steps: 3,
        r: 0.5,
        ..ScheduleFreeConfig::default()
    };
    let mut model = config.init(run.network(DType::F64));
    let (mut sum, mut weights) = (vec![0.0; 17], 0.0);
    let mut largest: f64 = 0.0;
    for k in 0..12 {
        let (_, gradients) = run.gradients(k % 3, model.inner(), DType::F64);
        let rate;
        (model, rate) = model.step(if k < 6 { 0.05 } else { 0.01 }, &gradients);
        largest = largest.max(rate);
        let weight = (k as f64 + 1.0).sqrt() * largest.powi(2);
        let iterate = kept(&model, "schedule_free.iterate");
        let average = flat(&model.clone().into_inner());
        for (sum, z) in sum.iter_mut().zip(&iterate) {
            *sum += weight * z;
        }
        weights += weight;
        let mean: Vec<f64> = sum.iter().map(|sum| sum / weights).collect();
        assert!(error(&average, &mean) < 1e-12, "step {k}");
        // And gradients are taken a tenth of the way from it to the last iterate.
        let between = average.iter().zip(&iterate).map(|(x, z)| 0.9 * x + 0.1 * z);
        let between: Vec<f64> = between.collect();
        assert!(error(&flat(model.inner()), &between) < 1e-12, "step {k}");
    }
}

/// The values that a rule keeps under a path, in the order of the parameters.
fn kept<R: Rule>(model: &Baseline<Network, R>, path: &str) -> Vec<f64> {
    struct Under<'a> {
        path: Vec<String>,
        under: &'a str,
        values: Vec<f64>,
    }
    impl ModuleVisitor for Under<'_> {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_string());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.path.join(".").starts_with(self.under) {
                self.values.extend(values(param));
            }
        }
    }
    let mut visitor = Under {
        path: Vec::new(),
        under: path,
        values: Vec::new(),
    };
    model.visit(&mut visitor);
    assert!(!visitor.values.is_empty(), "nothing is kept under {path}");
    visitor.values
}

/// Goes through a run twice, the second time in a fresh model from a record on disk after every
/// step.
fn resumes<R: Rule>(name: &str, init: impl Fn(&Run, Network) -> Baseline<Network, R>) {
    let run = Run::read(name);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.bpk");
    let fresh = || init(&run, run.network(DType::F32));
    let (mut whole, mut resumed) = (fresh(), fresh());
    for k in 0..run.steps.len() {
        run.step(k, &mut whole, DType::F32);
        run.step(k, &mut resumed, DType::F32);
        assert_eq!(bits(&resumed), bits(&whole), "{name}, step {k}");
        resumed.into_record().save(&file).expect("saved");
        let record = ModuleRecord::load(&file).expect("a record");
        resumed = fresh().try_load_record(record).expect("it fits");
        assert_eq!(bits(&resumed), bits(&whole), "{name}, record of step {k}");
    }
    assert_eq!(bits(&resumed.into_inner()), bits(&whole.into_inner()));
}

#[test]
fn training_goes_on_from_a_record_with_the_same_bits() {
    for name in ["prodigy", "prodigy_options"] {
        resumes(name, |run, model| run.settings.prodigy().init(model));
    }
    for name in ["schedule_free", "schedule_free_options"] {
        resumes(name, |run, model| run.settings.schedule_free().init(model));
    }
}

#[test]
fn a_validation_copy_is_at_the_average_and_training_goes_on_where_it_was() {
    let run = Run::read("schedule_free");
    let mut model = run.settings.schedule_free().init(run.network(DType::F32));
    for k in 0..5 {
        run.step(k, &mut model, DType::F32);
    }
    let average = bits(&model.clone().into_inner());
    assert_ne!(average, bits(model.inner()));
    let validation = model.valid();
    assert_eq!(bits(&validation.clone().into_inner()), average);
    // A second copy does not go on towards anything.
    assert_eq!(bits(&validation.valid().into_inner()), average);

    let mut back = validation.train();
    run.step(5, &mut model, DType::F32);
    run.step(5, &mut back, DType::F32);
    assert_eq!(bits(&back), bits(&model));
}

#[test]
fn a_gradient_of_nothing_but_zeros_changes_nothing_of_prodigy() {
    let run = Run::read("prodigy");
    let model = ProdigyConfig::default().init(run.network(DType::F64));
    let zeros = model
        .inner()
        .layers
        .iter()
        .fold(GradientsParams::new(), |mut zeros, layer| {
            zeros.register(layer.weight.id, layer.weight.val().inner().zeros_like());
            zeros.register(layer.bias.id, layer.bias.val().inner().zeros_like());
            zeros
        });
    for gradients in [zeros, GradientsParams::new()] {
        let (stepped, _) = model.clone().step(1.0, &gradients);
        assert_eq!(bits(&stepped), bits(&model));
        assert_eq!(stepped.rule(), model.rule());
    }
    // Nor does a learning rate of 0.
    let (_, gradients) = run.gradients(0, model.inner(), DType::F64);
    let (stepped, rate) = model.clone().step(0.0, &gradients);
    assert_eq!((bits(&stepped), rate), (bits(&model), 0.0));
}

#[test]
#[should_panic(expected = "beta_1 of Schedule-Free must be between 0 and 1, and it is 0")]
fn schedule_free_needs_an_average_to_take_gradients_at() {
    let config = ScheduleFreeConfig {
        beta_1: 0.0,
        ..ScheduleFreeConfig::default()
    };
    drop(config.init(Run::read("schedule_free").network(DType::F32)));
}
