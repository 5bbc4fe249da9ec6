//! Averaged weights: what is used of them, what is recorded, and averages for any optimizer.

use std::fs;
use std::path::Path;

use burn::module::{Lora, Module, ModuleMapper, Param};
use burn::optim::{GradientsAccumulator, OptimizerRecord};
use burn::store::ModuleRecord;
use burn::tensor::{DType, Tensor};
use burn::train::{SupervisedTraining, TrainStep};
use burn_sls_optim::{BatchLoss, LineSearch, LineSearchConfig, LineSearchRecord, StepOptions};
use burn_sls_tests::bert::numbers;
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::trainer::{Trainer, learner_step};
use burn_sls_tests::{bits, device, halves, plain};

use super::training::loader;

/// A model and some batches, the same whenever called.
fn problem(dropout: f64) -> (Classifier, Vec<Batch>) {
    classifier::problem(&device().autodiff(), 11, dropout, 6, 32)
}

fn config() -> LineSearchConfig {
    LineSearchConfig::adamsls().with_seed(9)
}

/// A wrapped model after some steps, and the batches.
fn trained(steps: usize) -> (LineSearch<Classifier>, Vec<Batch>) {
    let (model, batches) = problem(0.0);
    let (mut wrapped, mut optim) = config().for_learner(model).into_parts();
    for batch in batches.iter().cycle().take(steps) {
        (wrapped, _) = learner_step(wrapped, &mut optim, batch);
    }
    (wrapped, batches)
}

/// The bits of a record's tensors, as a bare model has them.
fn loaded(record: ModuleRecord) -> Vec<u64> {
    let bare = problem(0.0).0;
    bits(&bare.load_record(record.allow_unused(true)))
}

/// That two models are the same up to rounding. The step size depends on the loss, which is one
/// number under the `Learner`, rounded, and one per example in a loop.
fn assert_near(ours: &Classifier, theirs: &Classifier) {
    let numbers = |model: &Classifier| bits(model).into_iter().map(f64::from_bits);
    for (a, b) in numbers(ours).zip(numbers(theirs)) {
        assert!((a - b).abs() <= 1e-5 * b.abs().max(0.1), "{a}, not {b}");
    }
}

#[test]
fn what_is_changed_by_hand_changes_the_average_along() {
    let (mut model, batches) = problem(0.0);
    let mut optim = config().init();
    for batch in batches.iter().cycle().take(20) {
        let losses = |model: &Classifier| model.batch_loss(batch);
        model = optim.step(model, losses).expect("a step").model;
    }
    let weight = |model: &Classifier| numbers(model.output.weight.val());
    let (y, x) = (weight(&model), weight(&optim.averaged(&model)));
    assert_ne!(x, y);
    let bias = |model: &Classifier| model.output.bias.as_ref().map(|bias| numbers(bias.val()));
    let before = bias(&optim.averaged(&model));
    let model = optim.change_weights(model, |mut model| {
        model.output.weight = model.output.weight.map(|weight| weight + 0.5);
        model
    });
    let moved = |old: Vec<f64>, new: Vec<f64>| {
        let mut pairs = old.into_iter().zip(new);
        pairs.all(|(old, new)| (new - old - 0.5).abs() < 1e-5)
    };
    assert!(moved(y, weight(&model)));
    assert!(moved(x, weight(&optim.averaged(&model))));
    assert_eq!(bias(&optim.averaged(&model)), before);
}

#[test]
fn the_average_is_what_is_validated_saved_and_used() {
    let (wrapped, batches) = trained(30);
    let (y, x) = (bits(wrapped.inner()), bits(&wrapped.averaged()));
    assert_ne!(x, y);
    let validated = wrapped.valid();
    assert_eq!(bits(validated.inner()), x);
    assert_eq!(bits(validated.valid().inner()), x);
    assert_eq!(bits(&validated.averaged()), x);
    assert_eq!(bits(&validated.clone().into_inner()), x);
    assert_eq!(bits(&wrapped.clone().into_inner()), x);
    assert_eq!(loaded(validated.clone().into_record()), x);
    assert_eq!(loaded(wrapped.clone().into_record()), x);
    assert!(wrapped.averaged().hidden.weight.is_require_grad());

    let loss = |model: &Classifier| {
        let losses = batches.iter().map(|batch| model.batch_loss(batch));
        losses.map(|l| l.mean().into_scalar::<f64>()).sum::<f64>()
    };
    let start = loss(&problem(0.0).0.valid());
    assert!(loss(validated.inner()) < 0.9 * start);

    // A loop has the same.
    let (mut model, batches) = problem(0.0);
    let mut optim = config().init();
    for batch in batches.iter().cycle().take(30) {
        let step = optim.step(model, |m| m.batch_loss(batch)).expect("a step");
        model = step.model;
    }
    assert_near(&model, wrapped.inner());
    assert_near(&optim.averaged(&model), &wrapped.averaged());
    let validated = optim.averaged(&model.valid());
    assert_eq!(bits(&validated), bits(&optim.averaged(&model)));
    assert!(!validated.hidden.weight.is_require_grad());
}

#[test]
fn a_copy_for_validation_trains_on_where_the_model_was() {
    let (wrapped, _) = trained(10);
    let back = wrapped.valid().train();
    assert!(back.inner().hidden.weight.is_require_grad());
    assert_near(back.inner(), wrapped.inner());
    let device = device().autodiff();
    for moved in [
        wrapped.clone().fork(&device),
        wrapped.clone().to_device(&device),
    ] {
        assert_eq!(bits(moved.inner()), bits(wrapped.inner()));
        assert_eq!(bits(&moved.averaged()), bits(&wrapped.averaged()));
    }
}

#[test]
fn a_loop_resumed_from_its_record_goes_on_bit_for_bit() {
    for at in [0, 1, 7] {
        let (mut model, batches) = problem(0.3);
        let mut optim = config().init();
        let mut saved = None;
        for (k, batch) in batches.iter().cycle().take(12).enumerate() {
            if k == at {
                let record = optim.to_record().into_bytes().expect("bytes");
                let module = model.clone().into_record().into_bytes().expect("bytes");
                saved = Some((module, record));
            }
            let step = optim.step(model, |m| m.batch_loss(batch)).expect("a step");
            model = step.model;
        }

        let (module, record) = saved.expect("a record was taken");
        let module = ModuleRecord::from_bytes(module).expect("a record");
        let mut resumed = problem(0.3).0.load_record(module);
        let read = || LineSearchRecord::from_bytes(&record).expect("a record");
        if at > 1 {
            let refused = plain::adamsls().init().load_record(read());
            let error = refused.err().expect("an error").to_string();
            assert!(error.contains("averages none"), "{error}");
        }
        let record = read();
        let mut again = config().init().load_record(record).expect("it fits");
        for batch in batches.iter().cycle().take(12).skip(at) {
            let step = again.step(resumed, |m| m.batch_loss(batch));
            resumed = step.expect("a step").model;
        }
        assert_eq!(bits(&resumed), bits(&model), "{at}");
        let (ours, theirs) = (again.averaged(&resumed), optim.averaged(&model));
        assert_eq!(bits(&ours), bits(&theirs), "{at}");
        assert_eq!(again.state(), optim.state());
    }
}

#[test]
fn a_wrapped_model_resumed_from_burns_records_goes_on_bit_for_bit() {
    for at in [0, 1, 7] {
        let (model, batches) = problem(0.3);
        let (mut wrapped, mut optim) = config().for_learner(model).into_parts();
        let mut saved = None;
        for (k, batch) in batches.iter().cycle().take(12).enumerate() {
            if k == at {
                let module = wrapped.clone().into_record().into_bytes().expect("bytes");
                let optimizer = optim.to_record().into_bytes().expect("bytes");
                saved = Some((module, optimizer));
            }
            (wrapped, _) = learner_step(wrapped, &mut optim, batch);
        }

        let (module, optimizer) = saved.expect("records were taken");
        // A model that is not drawn yet has to ask for the same entries.
        let fresh = Classifier::new(0.3, &device().autodiff());
        let (fresh, fresh_optim) = config().for_learner(fresh).into_parts();
        let mut resumed = fresh.load_record(ModuleRecord::from_bytes(module).expect("a record"));
        let record = OptimizerRecord::from_bytes(optimizer).expect("a record");
        let mut again = fresh_optim.load_record(record);
        for batch in batches.iter().cycle().take(12).skip(at) {
            (resumed, _) = learner_step(resumed, &mut again, batch);
        }
        assert_eq!(bits(resumed.inner()), bits(wrapped.inner()), "{at}");
        assert_eq!(bits(&resumed.averaged()), bits(&wrapped.averaged()), "{at}");
        assert_eq!(resumed.state(), wrapped.state());
    }
}

/// Trains in `folder` up to an epoch, going on after `done` epochs.
fn launched(folder: &Path, done: usize, epochs: usize) -> Classifier {
    let (model, batches) = problem(0.3);
    let validation = loader(batches[..1].to_vec(), &device());
    let training = loader(batches, &device().autodiff());
    let mut training = SupervisedTraining::new(folder, training, validation)
        .with_default_checkpointers()
        .with_application_logger(None)
        .num_epochs(epochs);
    if done > 0 {
        training = training.checkpoint(done);
    }
    let result = config().for_learner(model).launch(training);
    result.expect("a training").model
}

#[test]
fn a_training_resumed_from_a_checkpoint_ends_where_its_last_checkpoint_is() {
    let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let straight = bits(&launched(whole.path(), 0, 4));
    launched(parts.path(), 0, 2);
    assert_eq!(bits(&launched(parts.path(), 2, 4)), straight);
    let checkpoints = fs::read_dir(parts.path().join("checkpoint")).expect("checkpoints");
    let last = checkpoints.map(|entry| entry.expect("a file").path());
    let last = last.filter(|path| path.file_stem().is_some_and(|stem| stem == "model-4"));
    let record = ModuleRecord::load(last.last().expect("the last one"));
    assert_eq!(loaded(record.expect("a record")), straight);
}

#[test]
fn records_have_the_entries_of_trained_parameters_where_weights_are_averaged() {
    let (mut model, batches) = problem(0.0);
    let record = |wrapped: &LineSearch<Classifier>| wrapped.clone().into_record().len();
    assert_eq!(record(&plain::adamsls().for_learner(model.clone())), 4 + 1);
    let wrapped = config().for_learner(model.clone());
    assert_eq!(record(&wrapped), 4 + 1 + 2 * 4);
    assert_eq!(wrapped.num_params(), model.num_params());
    let without = plain::adamsls().init().to_record().into_bytes();
    assert!(without.expect("bytes").starts_with(b"burn-sls"));

    model.hidden = model.hidden.no_grad();
    for mut trainer in Trainer::both(&model, &config()) {
        for batch in &batches {
            trainer.step(batch);
        }
        if let Trainer::Learner(wrapped, _) = &trainer {
            assert_eq!(record(wrapped), 4 + 1 + 2 * 2);
        }
        let averaged = trainer.averaged();
        assert_eq!(bits(&averaged.hidden), bits(&model.hidden));
        assert_ne!(bits(&averaged.output), bits(&trainer.model().output));
        assert!(!averaged.hidden.weight.is_require_grad());
    }

    // A frozen layer that is not drawn yet has no entry either.
    let mut lazy = Classifier::new(0.0, &device().autodiff());
    lazy.hidden = lazy.hidden.no_grad();
    let wrapped = config().for_learner(lazy.clone());
    let _ = wrapped.num_params();
    let bytes = config().for_learner(model).into_record().into_bytes();
    let checkpoint = ModuleRecord::from_bytes(bytes.expect("bytes")).expect("a record");
    let loaded = wrapped.try_load_record(checkpoint);
    assert!(loaded.is_ok(), "{:?}", loaded.err());
}

/// A mapper that keeps every value and puts it into a new parameter.
struct Touch;

impl ModuleMapper for Touch {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor)
    }
}

#[test]
fn a_map_that_loads_nothing_leaves_everything_as_it_is() {
    let (wrapped, batches) = trained(8);
    let (_, mut optim) = config().for_learner(problem(0.0).0).into_parts();
    let mut same = optim.clone();
    let mapped = wrapped.clone().map(&mut Touch).set_require_grad(true);
    assert_eq!(bits(mapped.inner()), bits(wrapped.inner()));
    assert_eq!(bits(&mapped.averaged()), bits(&wrapped.averaged()));
    let (wrapped, _) = learner_step(wrapped, &mut optim, &batches[0]);
    let (mapped, _) = learner_step(mapped, &mut same, &batches[0]);
    assert_eq!(bits(mapped.inner()), bits(wrapped.inner()));
    assert_eq!(bits(&mapped.averaged()), bits(&wrapped.averaged()));
}

#[test]
fn accumulation_is_the_same_in_a_loop_and_under_the_learner() {
    let (model, batches) = problem(0.2);
    let (mut looped, mut optim) = (model.clone(), config().init());
    let (mut wrapped, mut module_optim) = config().for_learner(model).into_parts();
    for _ in 0..6 {
        let losses = |m: &Classifier, batch: &Batch| m.batch_loss(batch);
        let step = optim.step_with(StepOptions::new(), looped, &batches, losses);
        looped = step.expect("a step").model;
        let mut grads = GradientsAccumulator::new();
        for batch in &batches {
            let output = TrainStep::step(&wrapped, batch.clone());
            grads.accumulate(&wrapped, output.grads);
        }
        let grads = grads.grads();
        assert_eq!(grads.len(), 4);
        wrapped = wrapped.optimize(&mut module_optim, 1.0.into(), grads);
    }
    assert_near(wrapped.inner(), &looped);
    assert_near(&wrapped.averaged(), &optim.averaged(&looped));
}

/// Every weight of a module in another precision.
struct To(DType);

impl ModuleMapper for To {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let dtype = self.0;
        param.map(|tensor| Tensor::from_inner(tensor.inner().cast(dtype)).require_grad())
    }
}

#[test]
fn weights_in_half_precision_are_averaged_and_stay_so() {
    for dtype in halves() {
        let (model, batches) = problem(0.0);
        let mut model = model.map(&mut To(dtype));
        let mut optim = config().init();
        let losses = |model: &Classifier, batch: &Batch| {
            let inputs = batch.inputs.clone().cast(dtype);
            let logits = model.forward(inputs).cast(DType::F32);
            let log_probabilities = burn::tensor::activation::log_softmax(logits, 1);
            let of_targets = log_probabilities.gather(1, batch.targets.clone().unsqueeze_dim(1));
            of_targets.squeeze_dim::<1>(1).neg()
        };
        let mean = |model: &Classifier| losses(model, &batches[0]).mean().into_scalar::<f64>();
        let start = mean(&model.valid());
        for _ in 0..60 {
            let step = optim.step(model, |m| losses(m, &batches[0]));
            model = step.expect("a step").model;
        }
        let averaged = optim.averaged(&model.valid());
        assert_eq!(averaged.output.weight.val().dtype(), dtype);
        let end = mean(&averaged);
        assert!(end < 0.9 * start, "{dtype:?}: {start} to {end}");
    }
}

#[test]
fn adapters_are_folded_in_at_the_average() {
    let (model, batches) = problem(0.0);
    let model = model.apply_lora(Lora::new(4, 8.0));
    let (mut wrapped, mut optim) = config().for_learner(model).into_parts();
    for batch in batches.iter().cycle().take(10) {
        (wrapped, _) = learner_step(wrapped, &mut optim, batch);
    }
    let x = wrapped.averaged();
    let folded = wrapped.materialize();
    assert_eq!(bits(&folded.averaged()), bits(&x.materialize()));
}
