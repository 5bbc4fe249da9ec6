//! Recorded runs in float64: what they ran on, and what they did.

use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_sls_optim::direction::{Adam, Sgd};
use burn_sls_optim::{Direction, InitialStep, LineSearchConfig, Preset, SelfCheck, Units};
use serde::Deserialize;
use serde_json::Value;

use crate::network::{Layer, Network, float, parameter};

/// A recorded run.
#[derive(Deserialize)]
pub struct Trace {
    preset: Option<String>,
    units: String,
    optimizer: Settings,
    /// What was learned.
    pub problem: Problem,
    /// A record per step, of a form that depends on the preset.
    pub steps: Vec<Value>,
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

/// A network of linear layers, and the data it learns.
#[derive(Deserialize)]
pub struct Problem {
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

impl Trace {
    /// Reads a trace.
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file)
            .unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// The preset that was recorded.
    pub fn preset(&self) -> Preset {
        match self.preset.as_deref() {
            None | Some("paper") => Preset::Paper,
            Some("reference") => Preset::Reference,
            Some(other) => panic!("unknown preset `{other}`"),
        }
    }

    /// The optimizer's settings.
    pub fn config(&self) -> LineSearchConfig {
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
            ..Adam::default()
        };
        let direction = match settings.direction.as_str() {
            "adam" => Direction::Adam(adam),
            "sgd" => Direction::Sgd(Sgd::default()),
            other => panic!("unknown direction `{other}`"),
        };
        self.preset()
            .config(direction, units)
            .with_c(settings.c)
            .with_shrink(settings.shrink)
            .with_gamma(settings.gamma)
            .with_batches_per_epoch(settings.batches_per_epoch)
            .with_initial_step(InitialStep::Fixed(settings.eta0))
            .with_max_trials(settings.max_backtracks)
            .with_merging(settings.merge_below)
            .with_self_check(SelfCheck::Never)
            .with_seed(0)
    }
}

impl Problem {
    /// The network as it was at first, in float64. `disturbance` changes every weight by that much
    /// of itself, up and down in turn.
    pub fn network(&self, disturbance: f64, device: &Device) -> Network {
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

    /// The mini-batch of a step, the inputs in the given precision.
    pub fn batch(&self, step: usize, dtype: DType, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
        let batches = self.inputs.len() / self.batch_size;
        let start = (step % batches) * self.batch_size;
        let rows = start..start + self.batch_size;
        let shape = [self.batch_size, self.inputs[0].len()];
        let inputs = float(self.inputs[rows.clone()].concat(), shape, dtype, device);
        let targets = TensorData::from(&self.targets[rows]);
        (inputs, Tensor::from_data(targets, device))
    }
}

/// The traces of a folder, in order of their names.
pub fn files(folder: &Path) -> Vec<PathBuf> {
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
