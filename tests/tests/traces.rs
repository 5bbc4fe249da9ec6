//! The algorithms, replayed against recorded runs in float64, to the last trial.
//!
//! The project's own traces are made by `fixtures/traces/make_traces.py`. With
//! `BURN_SLS_TRACES=<dir>` every trace in that folder is replayed too.

use std::path::{Path, PathBuf};
use std::{env, fs};

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_sls_optim::direction::Adam;
use burn_sls_optim::{Direction, LineSearchConfig, Outcome, Searched, StepReport, Units};
use burn_sls_tests::network::{Layer, Network, float, parameter};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Trace {
    preset: Option<String>,
    units: String,
    optimizer: Settings,
    problem: Problem,
    steps: Vec<Value>,
}

#[derive(Deserialize)]
struct Settings {
    direction: String,
    c: f64,
    shrink: f64,
    gamma: f64,
    batches_per_epoch: f64,
    eta0: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
    max_backtracks: usize,
    merge_below: Option<f64>,
}

#[derive(Deserialize)]
struct Problem {
    layers: Vec<LayerValues>,
    activation: String,
    inputs: Vec<Vec<f64>>,
    targets: Vec<i64>,
    batch_size: usize,
}

#[derive(Deserialize)]
struct LayerValues {
    weight: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

/// One step of the `paper` preset.
#[derive(Deserialize)]
struct Step {
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

impl Trace {
    fn config(&self) -> LineSearchConfig {
        let settings = &self.optimizer;
        let units = match self.units.as_str() {
            "one" => Units::one(),
            "layers" => Units::named(
                (0..self.problem.layers.len())
                    .map(|i| (format!("layer {i}"), vec![format!("layers.{i}")])),
            ),
            other => panic!("unknown units `{other}`"),
        };
        let adam = Adam {
            beta_1: settings.beta1,
            beta_2: settings.beta2,
            epsilon: settings.eps,
        };
        let mut config = LineSearchConfig::plasls(units)
            .with_c(settings.c)
            .with_shrink(settings.shrink)
            .with_gamma(settings.gamma)
            .with_batches_per_epoch(settings.batches_per_epoch)
            .with_first_step_size(settings.eta0)
            .with_max_trials(settings.max_backtracks);
        config.direction = match settings.direction.as_str() {
            "adam" => Direction::Adam(adam),
            "sgd" => Direction::Sgd,
            other => panic!("unknown direction `{other}`"),
        };
        config.merge_below = settings.merge_below;
        config
    }
}

impl Problem {
    fn network(&self, disturbance: f64, device: &Device) -> Network {
        assert_eq!(self.activation, "tanh");
        let layers = self.layers.iter().map(|layer| {
            let shape = [layer.weight.len(), layer.bias.len()];
            let mut weight = layer.weight.concat();
            for (i, value) in weight.iter_mut().enumerate() {
                let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
                *value *= 1.0 + sign * disturbance;
            }
            Layer {
                weight: parameter(weight, shape, DType::F64, device),
                bias: parameter(layer.bias.clone(), [shape[1]], DType::F64, device),
            }
        });
        Network {
            layers: layers.collect(),
        }
    }

    fn batch(&self, step: usize, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
        let batches = self.inputs.len() / self.batch_size;
        let start = (step % batches) * self.batch_size;
        let rows = start..start + self.batch_size;
        let shape = [self.batch_size, self.inputs[0].len()];
        let inputs = float(
            self.inputs[rows.clone()].concat(),
            shape,
            DType::F64,
            device,
        );
        let targets = TensorData::from(&self.targets[rows]);
        (inputs, Tensor::from_data(targets, device))
    }
}

/// What one step decided, and the numbers it decided by.
struct Observed {
    /// Searched units, verdict and merged units; compared exactly.
    decisions: (Searched, bool, Option<Vec<Vec<usize>>>),
    /// Loss, slope, norm of the parameters, step sizes, and step size and loss of every trial.
    numbers: Vec<f64>,
}

impl Observed {
    /// What the trace says of a step.
    fn expected(step: &Value) -> Self {
        let step = Step::deserialize(step).expect("a step of the paper's preset");
        let searched = match &step.searched {
            Value::String(all) if all == "all" => Searched::All,
            Value::Number(unit) => Searched::Unit(unit.as_u64().unwrap() as usize),
            other => panic!("searched: {other}"),
        };
        assert_eq!(step.evals, step.trials.len());
        let trials = step.trials.iter().flat_map(|&(eta, loss)| [eta, loss]);
        Self {
            decisions: (searched, step.accepted, step.merged),
            numbers: [step.loss, step.slope, step.param_norm]
                .into_iter()
                .chain(step.step_sizes)
                .chain(trials)
                .collect(),
        }
    }

    /// What a step of ours did.
    fn actual(report: StepReport, model: &Network) -> Self {
        let accepted = report.outcome == Outcome::Accepted;
        let trials = report.trials.iter().flat_map(|t| [t.step_size, t.loss]);
        Self {
            decisions: (report.searched, accepted, report.merged),
            numbers: [report.loss, report.slope, model.norm()]
                .into_iter()
                .chain(report.step_sizes)
                .chain(trials)
                .collect(),
        }
    }

    /// The largest relative error, or infinity where the numbers of trials differ.
    fn error(&self, expected: &Self) -> f64 {
        if self.numbers.len() != expected.numbers.len() {
            return f64::INFINITY;
        }
        let pairs = self.numbers.iter().zip(&expected.numbers);
        let errors = pairs.map(|(a, b)| (a - b).abs() / b.abs().max(f64::MIN_POSITIVE));
        errors.fold(0.0, f64::max)
    }
}

/// Runs the trace's problem. `disturbance` changes every weight by that much of itself, up and
/// down in turn.
fn run(trace: &Trace, disturbance: f64) -> Vec<Observed> {
    let device = Device::flex().autodiff();
    let mut model = trace.problem.network(disturbance, &device);
    let mut optim = trace.config().init();
    let steps = (0..trace.steps.len()).map(|k| {
        let (inputs, targets) = trace.problem.batch(k, &device);
        let losses = |model: &Network| model.losses(inputs.clone(), targets.clone());
        let step = optim.step(model.clone(), losses).expect("a step");
        model = step.model;
        Observed::actual(step.report, &model)
    });
    steps.collect()
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

/// A rounding of the initial weights, and how many times its effect an error may be.
const ROUNDING: f64 = 1e-15;
const TIMES: f64 = 10.0;

/// Replays a trace of the `paper` preset.
///
/// Training amplifies a difference from step to step, and a long run of a deep network can turn one
/// rounding of an initial weight into more than the limit: no other order of summation could then
/// reproduce the recorded numbers. So the run is repeated with every weight off by one rounding. A
/// step whose numbers this disturbs beyond the limit is held to the disturbance instead, with the
/// recorded decisions all the same, until the disturbance changes a decision itself.
fn replay(name: &str, trace: &Trace) -> Replay {
    let disturbed = [run(trace, ROUNDING), run(trace, -ROUNDING)];
    let mut sensitivity = 0.0f64;
    let mut replay = Replay::default();
    for (k, actual) in run(trace, 0.0).iter().enumerate() {
        let expected = Observed::expected(&trace.steps[k]);
        for disturbed in &disturbed {
            sensitivity = sensitivity.max(disturbed[k].error(actual));
        }
        if sensitivity == f64::INFINITY {
            replay.open = trace.steps.len() - k;
            break;
        }
        assert_eq!(
            actual.decisions, expected.decisions,
            "{name}, step {k}: decisions, ours on the left"
        );
        let error = actual.error(&expected);
        let allowed = LIMIT.max(TIMES * sensitivity);
        assert!(
            error <= allowed,
            "{name}, step {k}: relative error {error:e}, allowed {allowed:e}: {:?} for {:?}",
            actual.numbers,
            expected.numbers
        );
        if allowed > LIMIT {
            replay.chaotic += 1;
        } else {
            replay.sound += 1;
            replay.error = replay.error.max(error);
        }
    }
    replay
}

/// The traces of a folder, in order of their names.
fn traces(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no trace in {}", folder.display());
    files
}

#[test]
fn recorded_runs_are_reproduced_to_the_last_trial() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/traces");
    let mut files = traces(&own);
    if let Some(folder) = env::var_os("BURN_SLS_TRACES") {
        files.extend(traces(Path::new(&folder)));
    }

    let (mut replayed, mut skipped, mut largest) = (0, 0, 0.0f64);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).expect("a readable trace");
        let trace: Trace =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        match trace.preset.as_deref() {
            None | Some("paper") => {
                let replay = replay(&name, &trace);
                println!(
                    "{name}: {} steps, largest relative error {:.1e}; {} later ones within the \
                     effect of one rounding of the weights, {} after it changed a decision",
                    replay.sound, replay.error, replay.chaotic, replay.open
                );
                assert!(replay.sound > 0, "{name}: no step is sound");
                replayed += 1;
                largest = largest.max(replay.error);
            }
            Some(preset) => {
                println!("{name}: skipped, preset `{preset}` is not there yet");
                skipped += 1;
            }
        }
    }
    println!(
        "traces: {replayed} replayed, {skipped} skipped, largest relative error {largest:.1e}"
    );
}
