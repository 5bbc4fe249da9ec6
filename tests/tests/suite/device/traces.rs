//! The algorithms, replayed against recorded runs in float64, to the last trial; and the same
//! decisions from numbers in float32.
//!
//! The project's own traces are made by `fixtures/traces/make_traces.py`. With
//! `BURN_SLS_TRACES=<dir>` every trace in that folder is replayed too.

use std::env;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::tensor::{DType, Tensor};
use burn_sls_optim::{LineSearchOptimizer, Outcome, Preset, Searched, StepReport, Verdict};
use burn_sls_tests::network::{Layer, Network};
use burn_sls_tests::trace::{Trace, files};
use burn_sls_tests::{device, double};
use serde::Deserialize;
use serde_json::Value;

/// One step of the `paper` preset.
#[derive(Deserialize)]
struct PaperStep {
    loss: f64,
    searched: Value,
    slope: f64,
    trials: Vec<(f64, f64)>,
    accepted: bool,
    evals: usize,
    step_sizes: Vec<f64>,
    merged: Option<Vec<Vec<usize>>>,
    param_norm: f64,
}

/// One step of the `reference` preset.
#[derive(Deserialize)]
struct ReferenceStep {
    loss: f64,
    evals: usize,
    loss_next: f64,
    step_sizes: Vec<f64>,
    param_norm: f64,
}

/// What was decided in a step, as far as the traces of a preset tell; compared exactly.
#[derive(Debug, PartialEq)]
enum Decisions {
    Paper {
        searched: Searched,
        trials: usize,
        accepted: bool,
        merged: Option<Vec<Vec<usize>>>,
    },
    Reference {
        trials: usize,
    },
}

/// What one step decided, and the numbers it decided by.
struct Observed {
    decisions: Decisions,
    /// Losses, slope, norm of the parameters, step sizes.
    numbers: Vec<f64>,
}

impl Observed {
    /// What the trace says of a step.
    fn expected(preset: Preset, step: &Value) -> Self {
        if preset == Preset::Reference {
            let step = ReferenceStep::deserialize(step).expect("a step of the reference preset");
            return Self {
                decisions: Decisions::Reference { trials: step.evals },
                numbers: [step.loss, step.param_norm, step.loss_next]
                    .into_iter()
                    .chain(step.step_sizes)
                    .collect(),
            };
        }
        let step = PaperStep::deserialize(step).expect("a step of the paper's preset");
        let searched = match &step.searched {
            Value::String(all) if all == "all" => Searched::All,
            Value::Number(unit) => Searched::Unit(unit.as_u64().unwrap() as usize),
            other => panic!("searched: {other}"),
        };
        assert_eq!(step.evals, step.trials.len());
        let trials = step.trials.iter().flat_map(|&(eta, loss)| [eta, loss]);
        Self {
            decisions: Decisions::Paper {
                searched,
                trials: step.evals,
                accepted: step.accepted,
                merged: step.merged,
            },
            numbers: [step.loss, step.slope, step.param_norm]
                .into_iter()
                .chain(step.step_sizes)
                .chain(trials)
                .collect(),
        }
    }

    /// What a step of ours did.
    fn actual(preset: Preset, report: StepReport, model: &Network) -> Self {
        let trials = report.trials.len();
        if preset == Preset::Reference {
            let last = report.trials.last().map_or(report.loss, |trial| trial.loss);
            return Self {
                decisions: Decisions::Reference { trials },
                numbers: [report.loss, model.norm(), last]
                    .into_iter()
                    .chain(report.step_sizes)
                    .collect(),
            };
        }
        let pairs = report.trials.iter().flat_map(|t| [t.step_size, t.loss]);
        Self {
            decisions: Decisions::Paper {
                searched: report.searched,
                trials,
                accepted: report.outcome == Outcome::Accepted,
                merged: report.merged,
            },
            numbers: [report.loss, report.slope, model.norm()]
                .into_iter()
                .chain(report.step_sizes)
                .chain(pairs)
                .collect(),
        }
    }

    /// The largest relative error, or infinity where the decisions differ.
    fn error(&self, expected: &Self) -> f64 {
        if self.decisions != expected.decisions || self.numbers.len() != expected.numbers.len() {
            return f64::INFINITY;
        }
        let pairs = self.numbers.iter().zip(&expected.numbers);
        let errors = pairs.map(|(a, b)| (a - b).abs() / b.abs().max(f64::MIN_POSITIVE));
        errors.fold(0.0, f64::max)
    }
}

/// Runs the trace's problem, with every weight changed by `disturbance` of itself.
fn run(trace: &Trace, disturbance: f64) -> Vec<Observed> {
    let device = double().autodiff();
    let mut model = trace.problem.network(disturbance, &device);
    let mut optim = trace.config().init();
    let steps = (0..trace.steps.len()).map(|k| {
        let report = step(trace, k, DType::F64, &mut optim, &mut model);
        Observed::actual(trace.preset(), report, &model)
    });
    steps.collect()
}

/// One step on the mini-batch of step `k`.
fn step(
    trace: &Trace,
    k: usize,
    dtype: DType,
    optim: &mut LineSearchOptimizer,
    model: &mut Network,
) -> StepReport {
    let device = match dtype {
        DType::F64 => double(),
        _ => device(),
    };
    let device = device.autodiff();
    let (inputs, targets) = trace.problem.batch(k, dtype, &device);
    let losses = |model: &Network| model.losses(inputs.clone(), targets.clone());
    let step = optim.step(model.clone(), losses).expect("a step");
    *model = step.model;
    step.report
}

/// How a replay went.
#[derive(Default)]
struct Replay {
    /// The largest error of the steps that rounding does not disturb by more than the limit.
    error: f64,
    /// Those steps.
    sound: usize,
    /// Steps that rounding disturbs by more than the limit; held to the disturbance.
    chaotic: usize,
    /// Steps after rounding alone has changed a decision; nothing is left to hold them to.
    open: usize,
}

/// The relative error allowed, where the run itself is not more sensitive than that.
const LIMIT: f64 = 1e-9;

/// About four roundings of the initial weights.
const ROUNDING: f64 = 1e-15;

/// A step is held to the limit while the effect of those roundings is this many times below it.
const SOUND: f64 = 10.0;

/// Later, how many times their effect an error may be: every step rounds again.
const CHAOTIC: f64 = 100.0;

/// Replays a trace.
///
/// Training amplifies a difference from step to step, and a long run of a deep network can turn one
/// rounding of an initial weight into more than the limit: no other order of summation could then
/// reproduce the recorded numbers. So the run is repeated with every weight off by a rounding or
/// so. A step whose numbers this disturbs beyond the limit is held to the disturbance instead, with
/// the recorded decisions all the same, until a disturbance of the size that is allowed then
/// changes a decision itself.
fn replay(name: &str, trace: &Trace) -> Replay {
    let disturbed = [ROUNDING, -ROUNDING].map(|disturbance| run(trace, disturbance));
    let allowed_to = [CHAOTIC * ROUNDING, -CHAOTIC * ROUNDING].map(|more| run(trace, more));
    let mut sensitivity = 0.0f64;
    let mut replay = Replay::default();
    for (k, actual) in run(trace, 0.0).iter().enumerate() {
        let expected = Observed::expected(trace.preset(), &trace.steps[k]);
        for disturbed in &disturbed {
            sensitivity = sensitivity.max(disturbed[k].error(actual));
        }
        if allowed_to
            .iter()
            .any(|run| run[k].decisions != actual.decisions)
            || sensitivity == f64::INFINITY
        {
            replay.open = trace.steps.len() - k;
            break;
        }
        assert_eq!(
            actual.decisions, expected.decisions,
            "{name}, step {k}: decisions, ours on the left"
        );
        let error = actual.error(&expected);
        let sound = SOUND * sensitivity <= LIMIT;
        let allowed = if sound { LIMIT } else { CHAOTIC * sensitivity };
        assert!(
            error <= allowed,
            "{name}, step {k}: relative error {error:e}, allowed {allowed:e}: {:?} for {:?}",
            actual.numbers,
            expected.numbers
        );
        if sound {
            replay.sound += 1;
            replay.error = replay.error.max(error);
        } else {
            replay.chaotic += 1;
        }
    }
    replay
}

/// Traces of no more steps than these are too short for chaos: every step must be sound.
const SHORT: usize = 30;

/// The project's own traces, and those of `BURN_SLS_TRACES`.
fn traces() -> Vec<(String, Trace)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/traces");
    let mut paths: Vec<PathBuf> = files(&own);
    if let Some(folder) = env::var_os("BURN_SLS_TRACES") {
        paths.extend(files(Path::new(&folder)));
    }
    let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|p| (name(p), Trace::read(p))).collect()
}

#[test]
fn recorded_runs_are_reproduced_to_the_last_trial() {
    let (mut replayed, mut largest) = (0, 0.0f64);
    for (name, trace) in traces() {
        let replay = replay(&name, &trace);
        println!(
            "{name}: {} steps, largest relative error {:.1e}; {} later ones within the effect of \
             one rounding of the weights, {} after it changed a decision",
            replay.sound, replay.error, replay.chaotic, replay.open
        );
        assert!(replay.sound > 0, "{name}: no step is sound");
        let short = trace.steps.len() <= SHORT;
        assert!(
            !short || replay.sound == trace.steps.len(),
            "{name} is chaotic"
        );
        replayed += 1;
        largest = largest.max(replay.error);
    }
    println!("traces: {replayed} replayed, largest relative error {largest:.1e}");
}

/// The margin, relative to the loss, below which float32 may decide otherwise.
const MARGIN: f64 = 1e-6;

/// The same network in float32, its parameters under the ids of `ids`.
fn single(model: &Network, ids: &Network) -> Network {
    fn cast<const D: usize>(of: &Param<Tensor<D>>, like: &Param<Tensor<D>>) -> Param<Tensor<D>> {
        let rounded = of.val().into_data().convert::<f32>();
        let tensor = Tensor::from_data(rounded, &device().autodiff());
        Param::initialized(like.id, tensor.require_grad())
    }
    let layers = model.layers.iter().zip(&ids.layers);
    let cast = |(of, like): (&Layer, &Layer)| Layer {
        weight: cast(&of.weight, &like.weight),
        bias: cast(&of.bias, &like.bias),
    };
    Network {
        layers: layers.map(cast).collect(),
    }
}

/// In every step, float32 starts from the weights and step sizes of the run in float64, rounded,
/// and with moments of its own; the decisions of the two must be the same where the margin is not
/// tiny.
#[test]
fn single_precision_decides_as_double_does() {
    let device = double().autodiff();
    let (mut steps, mut trials, mut excused) = (0, 0, 0);
    for (name, trace) in traces() {
        let mut double = trace.problem.network(0.0, &device);
        let ids = trace.problem.network(0.0, &device);
        let mut optim = trace.config().init();
        let mut single_optim = trace.config().init();
        for k in 0..trace.steps.len() {
            let mut record = single_optim.to_record();
            record.search = optim.state().clone();
            single_optim = single_optim.load_record(record).expect("the same units");
            let mut model = single(&double, &ids);
            let ours = step(&trace, k, DType::F32, &mut single_optim, &mut model);
            let right = step(&trace, k, DType::F64, &mut optim, &mut double);

            assert_eq!(ours.searched, right.searched, "{name}, step {k}");
            let verdicts = |report: &StepReport| -> Vec<Verdict> {
                report.trials.iter().map(|trial| trial.verdict).collect()
            };
            let (ours, expected) = (verdicts(&ours), verdicts(&right));
            steps += 1;
            trials += expected.len();
            let Some(first) = (0..expected.len()).find(|&i| ours.get(i) != Some(&expected[i]))
            else {
                assert_eq!(ours.len(), expected.len(), "{name}, step {k}");
                continue;
            };
            let trial = right.trials[first];
            let limit = right.loss - optim.config().search.c * trial.step_size * right.slope;
            let margin = (trial.loss - limit).abs() / right.loss.abs();
            assert!(
                margin < MARGIN,
                "{name}, step {k}, trial {first}: float32 says {:?}, float64 {:?}, with a \
                 margin of {margin:e}",
                ours.get(first),
                expected[first]
            );
            excused += 1;
        }
    }
    assert!(
        trials > steps && excused * 100 <= steps,
        "{excused} of {steps} steps excused"
    );
    println!(
        "single precision: {steps} steps, {trials} trials, {excused} decided otherwise with a \
         margin below {MARGIN:e} of the loss"
    );
}
