//! What a run is made of: the arguments, with every default filled in.

use std::path::PathBuf;
use std::str::FromStr;

use burn_sls_bert::UnitSplit;
use burn_sls_bert::glue::{Metric, Task};
use burn_sls_optim::{NamedSettings, Preset};
use burn_sls_run::device::{DeviceName, DeviceSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arguments::TrainArgs;
use crate::error::GlueError;
use crate::names::{OptimizerName, ScheduleName, Switch, TrainSize, first_step_size};

/// The name of the task that the project makes itself.
pub const SENTENCES: &str = "sentences";

/// The name of the model that is trained from scratch.
pub const TINY: &str = "tiny";

/// The folder in Hugging Face's layout that a run leaves behind.
pub const LEFT_BEHIND: &str = "model";

/// The tokens that an example is cut to, if nothing else is said.
const MAX_LENGTH: usize = 256;

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
    pub preset: Option<Preset>,
    /// Of a line search: where its first search begins, if it does not find that itself.
    pub first_step_size: Option<f64>,
    /// Of a line search: what multiplies its step sizes. Other optimizers have a schedule of their
    /// own.
    #[serde(default, skip_serializing_if = "ScheduleName::is_constant")]
    pub schedule: ScheduleName,
    /// Of a line search: settings over what the preset says.
    #[serde(default, skip_serializing_if = "NamedSettings::is_empty")]
    pub set: NamedSettings,
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

impl Settings {
    /// The settings of a fresh run.
    ///
    /// # Errors
    ///
    /// If options contradict each other.
    pub fn new(args: &TrainArgs) -> Result<Self, GlueError> {
        let task = match (&args.task, &args.data_dir) {
            (Some(task), _) => task.clone(),
            (None, Some(_)) => Task::Sst2.name().to_string(),
            (None, None) => SENTENCES.to_string(),
        };
        let model = args.model.clone().unwrap_or_else(|| TINY.to_string());
        let optimizer = args.optimizer.unwrap_or(OptimizerName::Adamsls);
        let preset = optimizer.is_line_search();
        let preset = preset.then(|| args.preset.unwrap_or(Preset::Default));
        let first = preset.and_then(|preset| first_step_size(preset, optimizer, model == TINY));
        let settings = Self {
            data_dir: args.data_dir.clone(),
            optimizer,
            units: (optimizer == OptimizerName::Plasls).then(|| args.units.unwrap_or_default()),
            merge_below: args.merge_below,
            preset,
            first_step_size: args.first_step_size.or(first),
            schedule: args.schedule.unwrap_or(match preset {
                Some(Preset::Amortized) => ScheduleName::Cosine,
                _ => ScheduleName::Constant,
            }),
            set: args.set.iter().cloned().collect(),
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
            model,
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

    /// The name of the metric that the task is judged by.
    pub fn leading_metric(&self) -> String {
        let task = Task::from_str(&self.task).ok();
        let leading = task.and_then(|task| task.metrics().first().copied());
        leading.unwrap_or(Metric::Accuracy).to_string()
    }

    /// Cuts the units to what a model of `layers` layers has. Returns how many were asked for, if
    /// they were more.
    pub fn fit_units(&mut self, layers: usize) -> Option<UnitSplit> {
        let asked = self.units?;
        let fitting = asked.fit(layers);
        self.units = Some(fitting);
        (fitting != asked).then_some(asked)
    }

    /// Cuts examples to what a model of so many positions takes.
    ///
    /// # Errors
    ///
    /// If more were asked for on the command line than the model can take.
    pub fn fit_length(&mut self, asked: bool, max_positions: usize) -> Result<(), GlueError> {
        if asked && self.max_length > max_positions {
            return Err(GlueError::usage(format!(
                "--max-length is {}, and the model takes at most {max_positions} tokens",
                self.max_length
            )));
        }
        self.max_length = self.max_length.min(max_positions);
        Ok(())
    }

    /// An option on the command line that this run was not made with, in words. The units
    /// are to be those that the model really has: see [`UnitSplit::fit`].
    pub fn conflict(&self, args: &TrainArgs) -> Option<String> {
        let word = |value: &Value| value.as_str().map_or(value.to_string(), String::from);
        let (asked, made) = (json!(args), json!(self));
        let set: NamedSettings = args.set.iter().cloned().collect();
        let set = (!set.is_empty()).then(|| ("set".to_string(), json!(set)));
        let options = asked.as_object().into_iter().flatten();
        let options = options.map(|(name, asked)| (name.clone(), asked.clone()));
        // A switch that is off is one that was left out.
        let given = |asked: &Value| !asked.is_null() && *asked != Value::Bool(false);
        let differs = options.chain(set).find_map(|(name, asked)| {
            // A schedule that is constant is left out.
            let made = match made.get(&name) {
                None if name == "schedule" => json!(ScheduleName::Constant),
                made => made.cloned().unwrap_or(Value::Null),
            };
            (given(&asked) && asked != made).then_some((name, asked, made))
        });
        differs.map(|(name, asked, made)| {
            let name = name.replace('_', "-");
            match made {
                Value::Bool(_) => format!("no --{name} (this has it)"),
                Value::Null => format!("no --{name} (this says {})", word(&asked)),
                made => format!("--{name} {} (this says {})", word(&made), word(&asked)),
            }
        })
    }

    /// The settings without where the model and the data lie.
    #[must_use]
    pub fn portable(&self) -> Self {
        Self {
            model: base_name(&self.model).to_string(),
            data_dir: None,
            ..self.clone()
        }
    }

    /// The name of the run, for its folder and its picture.
    pub fn name(&self) -> String {
        let word = |value: Value| value.as_str().map(str::to_string);
        let model = base_name(&self.model).replace('/', "-");
        let parts = [
            Some(self.task.clone()),
            Some(model),
            word(json!(self.optimizer)),
        ];
        let parts = parts.into_iter().chain([word(json!(self.preset))]);
        let parts: Vec<String> = parts.flatten().collect();
        format!("{}-seed{}", parts.join("-"), self.seed)
    }
}

/// The name of a model: the last part of its path; and the part before it where that is `model`, as
/// runs call what they leave behind.
pub fn base_name(model: &str) -> &str {
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
