//! The settings of a run, as the command line gives them.

mod cli;
mod conflict;
mod device_spec;
mod names;
pub(crate) mod overrides;
pub(crate) mod renamed;

use std::path::PathBuf;
use std::str::FromStr;

use burn_sls_bert::UnitSplit;
use burn_sls_bert::glue::{Target, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use cli::{BenchArgs, Cli, Command, CompareArgs, ReportArgs, TrainArgs, UnitsArgs, WorkerArgs};
pub use device_spec::DeviceSpec;

pub use names::{
    DeviceName, MethodName, ModelSize, OptimizerName, PresetName, ScheduleName, Switch, TrainSize,
};

use crate::error::GlueError;
use crate::line_search;

/// The name of the task that the project makes itself.
pub const SENTENCES: &str = "sentences";

/// The name of the model that is trained from scratch.
pub const TINY: &str = "tiny";

/// The folder in Hugging Face's layout that a run leaves behind.
pub(crate) const LEFT_BEHIND: &str = "model";

/// Every setting of a run, as it stands in `run.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Settings {
    pub task: String,
    pub data_dir: Option<PathBuf>,
    pub model: String,
    pub optimizer: OptimizerName,
    /// Of PLASLS: the units that the model really has.
    pub units: Option<UnitSplit>,
    /// Of PLASLS, if units are merged: the step size below which they are.
    pub merge_below: Option<f64>,
    /// Of a line search.
    pub preset: Option<PresetName>,
    /// Of a line search: where its first search begins, if it does not find that itself.
    pub first_step_size: Option<f64>,
    /// Of a line search: what multiplies its step sizes. Other optimizers have a schedule of their
    /// own.
    #[serde(default, skip_serializing_if = "ScheduleName::is_constant")]
    pub schedule: ScheduleName,
    /// Of a line search: settings over what the preset says.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// Of an optimizer with a learning rate.
    pub lr: Option<f64>,
    pub seed: u64,
    pub train_size: TrainSize,
    /// Whether the training examples are as many of each class as there can be.
    #[serde(default)]
    pub balanced: bool,
    /// How many validation examples, the same ones for every seed; all if none.
    #[serde(default)]
    pub validation_size: Option<usize>,
    pub epochs: usize,
    pub batch_size: usize,
    pub max_length: usize,
    pub dropout: Switch,
    pub device: DeviceName,
    /// Several devices, the first of which is the main one; none if `device` trains alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceSpec>,
    pub dtype: String,
}

/// Where the first search of a pre-trained model begins, along Adam's direction.
///
/// The first step of Adam moves every weight by the whole step size, up or down, so a large one
/// that lowers the loss of a single mini-batch can still undo what pre-training has learned.
const PRETRAINED_STEP: f64 = 4e-5;

/// Where the first search of the published code begins, whatever the model and the direction.
const REFERENCE_STEP: f64 = 0.1;

/// Where that of SaLSa begins.
const SALSA_STEP: f64 = 1.0;

/// Where a first search begins, if the user does not say. Two presets find it themselves.
pub(crate) fn first_step_size(
    model: Option<&str>,
    optimizer: OptimizerName,
    preset: PresetName,
) -> Option<f64> {
    let scratch = model.unwrap_or(TINY) == TINY;
    match (preset, optimizer, scratch) {
        (PresetName::Default | PresetName::Amortized, ..) => None,
        (PresetName::Reference, ..) => Some(REFERENCE_STEP),
        (PresetName::Salsa, ..) => Some(SALSA_STEP),
        (_, OptimizerName::Sgdsls, _) => Some(1.0),
        (.., true) => Some(0.1),
        (.., false) => Some(PRETRAINED_STEP),
    }
}

/// The tokens that an example is cut to, if nothing else is said.
const MAX_LENGTH: usize = 256;

/// The name of a model: the last part of its path; and the part before it where that is `model`, as
/// runs call what they leave behind.
pub(crate) fn base_name(model: &str) -> &str {
    let path = model.trim_end_matches('/');
    let start = |path: &str| path.rfind('/').map_or(0, |slash| slash + 1);
    match path[start(path)..] == *LEFT_BEHIND {
        true => {
            let run = path[..start(path)].trim_end_matches('/');
            path[start(run)..].trim_start_matches('/')
        }
        false => &path[start(path)..],
    }
}

impl Settings {
    /// The settings of a fresh run.
    ///
    /// # Errors
    ///
    /// If options contradict each other, or ask for something that is not there yet.
    pub fn new(args: &TrainArgs) -> Result<Self, GlueError> {
        let task = match (&args.task, &args.data_dir) {
            (Some(task), _) => task.clone(),
            (None, Some(_)) => Task::Sst2.name().to_string(),
            (None, None) => SENTENCES.to_string(),
        };
        let optimizer = args.optimizer.unwrap_or(OptimizerName::Adamsls);
        let plasls = optimizer == OptimizerName::Plasls;
        // The recommended one, unless the user has asked for one of the paper's by its name.
        let preset = args.preset.unwrap_or(match args.optimizer {
            None => PresetName::Default,
            Some(_) => PresetName::Paper,
        });
        let settings = Self {
            data_dir: args.data_dir.clone(),
            model: args.model.clone().unwrap_or_else(|| TINY.to_string()),
            optimizer,
            units: plasls.then(|| args.units.unwrap_or_default()),
            merge_below: args.merge_below,
            preset: optimizer.is_line_search().then_some(preset),
            first_step_size: optimizer
                .is_line_search()
                .then(|| {
                    let model = args.model.as_deref();
                    args.first_step_size
                        .or_else(|| first_step_size(model, optimizer, preset))
                })
                .flatten(),
            schedule: args
                .schedule
                .unwrap_or(match (optimizer.is_line_search(), preset) {
                    (true, PresetName::Amortized) => ScheduleName::Cosine,
                    _ => ScheduleName::Constant,
                }),
            set: overrides::collected(args.set.iter().map(|(key, value)| (key, value))),
            lr: optimizer.default_lr().map(|lr| args.lr.unwrap_or(lr)),
            seed: args.seed.unwrap_or(1),
            train_size: args.train_size.unwrap_or(TrainSize::All),
            balanced: args.balanced,
            validation_size: args.validation_size,
            epochs: args
                .epochs
                .unwrap_or(if task == SENTENCES { 12 } else { 5 }),
            batch_size: args.batch_size.unwrap_or(32),
            max_length: args.max_length.unwrap_or(MAX_LENGTH),
            dropout: args.dropout.unwrap_or(Switch::Off),
            device: args.device.unwrap_or(DeviceName::Flex),
            devices: args.devices.clone(),
            dtype: "f32".to_string(),
            task,
        };
        settings.check(args)?;
        Ok(settings)
    }

    /// The devices that train, the main one first.
    pub fn device_specs(&self) -> Vec<DeviceSpec> {
        match self.devices.is_empty() {
            true => vec![DeviceSpec::Here(self.device, None)],
            false => self.devices.clone(),
        }
    }

    /// The most mini-batches that one device has of so many examples, which are dealt out as Burn
    /// splits a data loader: equal shares, and what remains to the last. These are the steps of an
    /// epoch.
    pub fn steps_of_an_epoch(&self, examples: usize) -> usize {
        let devices = self.device_specs().len();
        let last = examples - examples / devices * (devices - 1);
        last.div_ceil(self.batch_size)
    }

    /// What can be refused before any file is opened.
    fn check(&self, args: &TrainArgs) -> Result<(), GlueError> {
        let refuse = |message: String| Err(GlueError::Usage(message));
        if let Some(lr) = args.lr {
            if self.optimizer.is_line_search() {
                return refuse(format!(
                    "--lr {lr} has no meaning for a line search, which finds its step sizes \
                     itself: leave it out, or choose --optimizer adam, adamw, sgd, prodigy or \
                     schedule-free"
                ));
            }
            if !(lr > 0.0 && lr <= 1.0) {
                return refuse(format!("--lr is {lr}, and must be above 0 and at most 1"));
            }
        }
        self.check_line_search(args)?;
        self.check_devices()?;
        if self.balanced && self.train_size == TrainSize::All {
            return refuse(
                "--balanced needs --train-size: it says which examples are drawn, not how many"
                    .to_string(),
            );
        }
        if self.task == SENTENCES {
            if let Some(dir) = &self.data_dir {
                return refuse(format!(
                    "the built-in sentences need no --data-dir {}: leave it out, or choose a \
                     --task",
                    dir.display()
                ));
            }
        } else {
            let task = Task::from_str(&self.task)?;
            if self.balanced && matches!(task.target(), Target::Score { .. }) {
                return refuse(format!(
                    "--balanced has no meaning for {task}, whose labels are scores and not \
                     classes: leave it out"
                ));
            }
            if self.data_dir.is_none() {
                return refuse(format!(
                    "--task {task} needs --data-dir: the folder that holds {}/train.tsv",
                    task.folder()
                ));
            }
        }
        Ok(())
    }

    /// Whether the optimizer can train on so many devices.
    pub(crate) fn check_devices(&self) -> Result<(), GlueError> {
        match self.optimizer {
            OptimizerName::Prodigy | OptimizerName::ScheduleFree if self.devices.len() > 1 => {
                Err(GlueError::Usage(
                    "--devices is for line searches, adam, adamw and sgd: name one device, or \
                     choose another --optimizer"
                        .to_string(),
                ))
            }
            _ => Ok(()),
        }
    }

    /// The options that are for line searches, or for PLASLS alone.
    fn check_line_search(&self, args: &TrainArgs) -> Result<(), GlueError> {
        let refuse = |message: String| Err(GlueError::Usage(message));
        let numbers = [
            ("--first-step-size", args.first_step_size),
            ("--merge-below", args.merge_below),
        ];
        for (option, value) in numbers {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                return refuse(format!("{option} is {value}, and must be above 0"));
            }
        }
        let for_line_searches = [
            ("--first-step-size", args.first_step_size.is_some()),
            ("--preset", args.preset.is_some()),
            ("--schedule", args.schedule.is_some()),
            ("--set", !args.set.is_empty()),
        ];
        for (option, given) in for_line_searches {
            if given && !self.optimizer.is_line_search() {
                return refuse(format!(
                    "{option} is for a line search (sgdsls, adamsls, plasls): leave it out"
                ));
            }
        }
        if let Some(config) = line_search::of_optimizer(self) {
            overrides::apply(config, &self.set)
                .map_err(|reason| GlueError::Usage(format!("--set: {reason}")))?;
        }
        let for_plasls = [
            ("--units", args.units.is_some()),
            ("--merge-below", args.merge_below.is_some()),
        ];
        for (option, given) in for_plasls {
            if given && self.optimizer != OptimizerName::Plasls {
                return refuse(format!(
                    "{option} is for --optimizer plasls, the one with a step size for each unit: \
                     leave it out"
                ));
            }
        }
        Ok(())
    }

    /// Cuts the units to what a model of `layers` layers has. Returns how many were asked for, if
    /// they were more.
    pub fn fit_units(&mut self, layers: usize) -> Option<UnitSplit> {
        let asked = self.units?;
        let fitting = asked.fit(layers);
        self.units = Some(fitting);
        (fitting != asked).then_some(asked)
    }

    /// The number of tokens that examples are cut to for a model of `max_positions` positions.
    ///
    /// # Errors
    ///
    /// If more were asked for on the command line than the model can take.
    pub fn fit_length(&mut self, asked: bool, max_positions: usize) -> Result<(), GlueError> {
        if asked && self.max_length > max_positions {
            return Err(GlueError::Usage(format!(
                "--max-length is {}, and the model takes at most {max_positions} tokens",
                self.max_length
            )));
        }
        self.max_length = self.max_length.min(max_positions);
        Ok(())
    }

    /// Recorded settings by their names of now.
    pub(crate) fn translated(self) -> Self {
        let set = renamed::translated(&self.set, self.optimizer, self.first_step_size);
        Self { set, ..self }
    }

    /// The settings without where the model and the data lie.
    pub fn portable(&self) -> Self {
        Self {
            model: base_name(&self.model).to_string(),
            data_dir: None,
            ..self.clone()
        }
    }

    /// The name of the run, for its folder and its picture.
    pub fn name(&self) -> String {
        let model = base_name(&self.model).replace('/', "-");
        let name = |value: serde_json::Value| value.as_str().unwrap_or_default().to_string();
        let optimizer = name(serde_json::json!(self.optimizer));
        let preset = self.preset.map(|preset| name(serde_json::json!(preset)));
        let parts = [
            Some(self.task.clone()),
            Some(model),
            Some(optimizer),
            preset,
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}-seed{}", parts.join("-"), self.seed)
    }
}

#[cfg(test)]
mod tests;
