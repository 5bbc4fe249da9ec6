//! A training comes back from its records bit for bit, in either way, and a damaged record is
//! refused.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, Param, ParamId};
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::tensor::{DType, Tensor};
use burn_sls_optim::{
    Acceptance, BatchLoss, Extrapolation, Frequency, Hypergradient, InitialStep, LineSearchConfig,
    LineSearchRecord, Preset, ReduceOnPlateau, SearchAlong, Shrink, Units,
};
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::network::float;
use burn_sls_tests::trainer::learner_step;
use burn_sls_tests::{bits, device, double, plain};

/// A model and some batches, the same whenever called.
fn problem(dropout: f64) -> (Classifier, Vec<Batch>) {
    classifier::problem(&device().autodiff(), 11, dropout, 6, 32)
}

/// Units of their own for the layers, so that a record must keep a turn and two step sizes.
fn two_units() -> LineSearchConfig {
    let units = Units::named([("lower", vec!["hidden"]), ("upper", vec!["output"])]);
    plain::plasls(units)
        .with_batches_per_epoch(6.0)
        .with_seed(9)
}

/// Everything that goes beyond the paper, with much to remember.
fn beyond() -> LineSearchConfig {
    two_units()
        .with_acceptance(Acceptance::Smoothed { beta: 0.9 })
        .with_rounding(3e-8)
        .with_search_along(SearchAlong::Update)
        .with_shrink(Shrink::Parabola {
            least: 0.1,
            most: 0.7,
        })
        .with_initial_step(InitialStep::Polyak {
            c: 1.0,
            otherwise: 0.1,
        })
        .with_expansion(2.0)
        .with_extrapolation(Extrapolation::default())
        .with_hypergradient(Hypergradient::default())
        .with_polyak_cap(0.1)
        .with_frequency(Frequency::settling(10))
        .with_budget(0.2)
        .with_reduce_on_plateau(ReduceOnPlateau::new(2))
}

#[test]
fn a_loop_resumed_from_its_record_goes_on_bit_for_bit() {
    for config in [two_units(), beyond()] {
        a_loop_resumes(&config);
    }
}

fn a_loop_resumes(config: &LineSearchConfig) {
    let (mut model, batches) = problem(0.3);
    let mut optim = config.clone().init();
    let mut saved = None;
    for (k, batch) in batches.iter().cycle().take(9).enumerate() {
        if k == 4 {
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join("optim");
            optim.to_record().save(&file).expect("saved");
            let record = LineSearchRecord::load(&file).expect("loaded");
            let module = model.clone().into_record().into_bytes().expect("bytes");
            saved = Some((module, record));
        }
        model = optim
            .step(model, |m| m.batch_loss(batch))
            .expect("a step")
            .model;
    }

    let (module, record) = saved.expect("a record was taken");
    let fresh = problem(0.3).0;
    let record_of_module = ModuleRecord::from_bytes(module).expect("a record");
    let mut resumed = fresh.load_record(record_of_module);
    let fresh_optim = config.clone().init();
    let mut optim_resumed = fresh_optim.load_record(record).expect("it fits");
    for batch in batches.iter().cycle().take(9).skip(4) {
        resumed = optim_resumed
            .step(resumed, |m| m.batch_loss(batch))
            .expect("a step")
            .model;
    }
    assert_eq!(bits(&resumed), bits(&model));
    assert_eq!(optim_resumed.state(), optim.state());
}

#[test]
fn a_wrapped_model_resumed_from_burns_records_goes_on_bit_for_bit() {
    for config in [two_units(), beyond()] {
        a_wrapped_model_resumes(&config);
    }
}

fn a_wrapped_model_resumes(config: &LineSearchConfig) {
    let (model, batches) = problem(0.3);
    let (mut wrapped, mut optim) = config.clone().for_learner(model).into_parts();
    let mut saved = None;
    for (k, batch) in batches.iter().cycle().take(9).enumerate() {
        if k == 5 {
            let module = wrapped.clone().into_record().into_bytes().expect("bytes");
            let optimizer = optim.to_record().into_bytes().expect("bytes");
            saved = Some((module, optimizer));
        }
        (wrapped, _) = learner_step(wrapped, &mut optim, batch);
    }

    let (module, optimizer) = saved.expect("records were taken");
    let (fresh, fresh_optim) = config.clone().for_learner(problem(0.3).0).into_parts();
    let mut resumed = fresh.load_record(ModuleRecord::from_bytes(module).expect("a record"));
    let record = OptimizerRecord::from_bytes(optimizer).expect("a record");
    let mut optim_resumed = fresh_optim.load_record(record);
    for batch in batches.iter().cycle().take(9).skip(5) {
        (resumed, _) = learner_step(resumed, &mut optim_resumed, batch);
    }
    assert_eq!(bits(resumed.inner()), bits(wrapped.inner()));
    assert_eq!(resumed.state(), wrapped.state());
}

#[test]
fn records_of_the_wrapped_and_the_bare_model_fit_each_other() {
    let (model, _) = problem(0.0);
    let wrapped = plain::adamsls().for_learner(model.clone());
    let other = problem(0.0).0.no_grad();

    let bare = other
        .clone()
        .load_record(wrapped.clone().into_record().allow_unused(true));
    assert_eq!(bits(&bare), bits(&model));

    let record = model.clone().into_record().allow_partial(true);
    let reloaded = wrapped.load_record(record);
    assert_eq!(bits(reloaded.inner()), bits(&model));
}

#[test]
fn a_damaged_record_is_refused_with_its_reason() {
    let bytes = plain::adamsls()
        .init()
        .to_record()
        .into_bytes()
        .expect("bytes");
    let message = |bytes: &[u8]| LineSearchRecord::from_bytes(bytes).unwrap_err().to_string();
    assert!(message(b"not a record").contains("does not begin"));
    assert!(message(&bytes[..20]).contains("cut short"));
    let mut huge = bytes.clone();
    huge[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(message(&huge).contains("cut short"));

    let two = two_units().init();
    let error = two.load_record(LineSearchRecord::from_bytes(&bytes).unwrap());
    assert!(
        error
            .err()
            .expect("other units")
            .to_string()
            .contains("1 units")
    );
    let missing = LineSearchRecord::load("no/such/file")
        .unwrap_err()
        .to_string();
    assert!(missing.contains("no/such/file"), "{missing}");
}

#[test]
fn averaged_weights_that_are_not_finite_are_refused() {
    let mut optim = Preset::Default.adamsls().with_seed(1).init();
    let (model, batches) = problem(0.0);
    let step = optim.step(model, |m| m.batch_loss(&batches[0]));
    assert!(step.expect("a step").report.outcome.moved());
    let mut bytes = optim.to_record().into_bytes().expect("bytes");
    // After the beginning, its length and the count: an id, the bytes of a number, their count.
    let first = 6 * 8;
    bytes[first..first + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = LineSearchRecord::from_bytes(&bytes).expect_err("a NaN");
    assert!(error.to_string().contains("averaged weights are damaged"));
}

/// Two numbers under ids that stay, so that the moments of a record are found again.
#[derive(Module, Debug)]
struct Pair {
    a: Param<Tensor<1>>,
    b: Param<Tensor<1>>,
}

impl Pair {
    fn new() -> Self {
        let device = double().autodiff();
        let number = |id: u64, value: f64| {
            let tensor = float(vec![value], [1], DType::F64, &device);
            Param::initialized(ParamId::from(id), tensor.require_grad())
        };
        Self {
            a: number(1001, 1.0),
            b: number(1002, -2.0),
        }
    }

    fn losses(&self) -> Tensor<1> {
        let b = (self.b.val() - 0.5).square().mul_scalar(9.0);
        Tensor::cat(vec![self.a.val().square(), b], 0)
    }
}

fn of_pair() -> LineSearchConfig {
    let units = Units::named([("a", vec!["a"]), ("b", vec!["b"])]);
    LineSearchConfig::plasls(units)
        .with_budget(0.25)
        .with_reduce_on_plateau(ReduceOnPlateau::new(5))
        .with_seed(7)
}

fn version_7() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records/version-7")
}

/// Made by the test after this one:
/// `cargo test --release -p burn-sls-tests --test suite make_the_record_of_version_7 -- --ignored`.
#[test]
fn a_record_of_version_7_is_read() {
    let record = LineSearchRecord::load(version_7()).expect("it is read");
    let state = &record.search;
    assert_eq!((state.seed, state.step, state.turn), (Some(7), 24, 1));
    assert_eq!(state.unit_of, [0, 1]);
    assert_eq!(
        state.step_sizes(),
        [0.10815132559258898, 0.4879016561929023]
    );
    let first = state.units[0].history;
    assert_eq!((first.searches, first.reuses), (10, 0));
    assert_eq!(
        (first.fast, first.slow),
        (0.5559586562160811, 1.125727887058961)
    );
    assert_eq!(first.first_step_size, 1.218085107419647);
    assert_eq!(first.hypergradient_mean, -0.10326871737148437);
    assert_eq!(first.extrapolation_limit, 1.0);
    let counts = state.counts;
    assert_eq!((counts.accepted, counts.reused), (14, 10));
    assert_eq!((counts.trials, counts.forwards), (20, 45));

    // Its moments are there, and training goes on.
    let mut optim = of_pair().init().load_record(record).expect("it fits");
    let step = optim.step(Pair::new(), Pair::losses).expect("a step");
    assert_eq!(step.report.step, 24);
}

#[test]
#[ignore = "writes the fixture of the test before this one"]
fn make_the_record_of_version_7() {
    let (mut optim, mut model) = (of_pair().init(), Pair::new());
    for _ in 0..24 {
        model = optim.step(model, Pair::losses).expect("a step").model;
    }
    let file = version_7();
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    optim.to_record().save(file).expect("saved");
}
