//! An experiment: the matrix of runs that `sls-lab compare` makes, as a TOML file describes it.

mod check;
mod files;
mod published;
mod ready;

use std::path::{Path, PathBuf};

use burn_sls_bert::UnitSplit;
use serde::{Deserialize, Serialize};

use burn_sls_optim::{NamedSettings, Preset};
use burn_sls_run::device::DeviceName;
use glue::arguments::TrainArgs;
use glue::error::GlueError;
use glue::names::{OptimizerName, ScheduleName, Switch, TrainSize};
use glue::pretrained;
use glue::settings::{SENTENCES, Settings, TINY, base_name};

use crate::error::LabError;

pub use published::Published;
pub use ready::READY;

/// A comparison: every method on every [`Cell`], with every seed.
///
/// # Example
///
/// ```
/// use burn_sls_lab::comparison::experiment::Experiment;
///
/// let experiment = Experiment::parse(
///     r#"
///     title = "ADAMSLS beside ADAM"
///     tasks = ["sst2"]
///     train_sizes = [500, "all"]
///     seeds = [1, 2, 3]
///     selection_seeds = [11]
///
///     [[methods]]
///     name = "ADAMSLS"
///     optimizer = "adamsls"
///
///     [[methods]]
///     name = "ADAM, tuned"
///     optimizer = "adam"
///     lr = [2e-5, 1e-4]        # the better one on seed 11
///     "#,
/// )?;
/// assert_eq!(experiment.cells().len(), 2);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// The heading of its part of the report.
    pub title: String,
    /// What it shows, a paragraph of Markdown for the report.
    #[serde(default)]
    pub about: String,
    /// The folder of the model to begin with or its name on the hub, or `tiny`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The folder with the tasks' folders, or the data set's name on the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// Tasks by the names of `glue train --task`, or `sentences`.
    pub tasks: Vec<String>,
    /// Numbers of training examples, or `"all"`.
    #[serde(default = "all_examples")]
    pub train_sizes: Vec<TrainSize>,
    /// Validation examples, if not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_size: Option<usize>,
    /// Examples in a mini-batch.
    #[serde(default = "usual_batch")]
    pub batch_sizes: Vec<usize>,
    /// Passes over the training examples.
    #[serde(default = "usual_epochs")]
    pub epochs: usize,
    /// Tokens that an example is cut to, if not the program's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Dropout during training.
    #[serde(default = "off")]
    pub dropout: Switch,
    /// The backend, if not the program's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceName>,
    /// The seeds that are reported.
    pub seeds: Vec<u64>,
    /// The seeds on which learning rates are chosen; none of the reported ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selection_seeds: Vec<u64>,
    /// The methods, in the order of the report.
    pub methods: Vec<Method>,
    /// Figures that others published, to stand beside ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub published: Vec<Published>,
    /// The shape of the model, noted down by a comparison: its report needs no model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_shape: Option<Shape>,
}

/// A way to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Its name in the report.
    pub name: String,
    /// The optimizer.
    pub optimizer: OptimizerName,
    /// Of a line search: its preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Of PLASLS: its units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub units: Option<UnitSplit>,
    /// Of PLASLS: the step size below which units are merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge_below: Option<f64>,
    /// Of a line search: where its first search begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_step_size: Option<f64>,
    /// Of a line search: what multiplies its step sizes, if not what its preset has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleName>,
    /// Of an optimizer with a learning rate: its peak, or several to choose from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lr: Option<Rates>,
    /// Of a line search: settings over what the preset says, as with `glue train --set`.
    #[serde(default, skip_serializing_if = "NamedSettings::is_empty")]
    pub set: NamedSettings,
}

/// A learning rate, or those that the best is chosen from, for each [`Cell`] apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Rates {
    /// The one.
    Fixed(f64),
    /// The best of these on the selection seeds.
    Best(Vec<f64>),
}

/// What the methods are compared on.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The task.
    pub task: String,
    /// Its training examples.
    pub train_size: TrainSize,
    /// Examples in a mini-batch.
    pub batch_size: usize,
}

fn all_examples() -> Vec<TrainSize> {
    vec![TrainSize::All]
}

fn usual_batch() -> Vec<usize> {
    vec![32]
}

fn usual_epochs() -> usize {
    5
}

fn off() -> Switch {
    Switch::Off
}

impl Experiment {
    /// What the methods are compared on, in the order of the report.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for task in &self.tasks {
            for &train_size in &self.train_sizes {
                cells.extend(self.batch_sizes.iter().map(|&batch_size| Cell {
                    task: task.clone(),
                    train_size,
                    batch_size,
                }));
            }
        }
        cells
    }

    /// The model to begin with.
    ///
    /// # Errors
    ///
    /// If none is named, and the tasks are not such as a model from scratch could learn.
    pub fn model(&self) -> Result<&str, LabError> {
        match &self.model {
            Some(model) if model != TINY && base_name(model) == TINY => {
                Err(LabError::usage(format!(
                    "the folder of the model {model} has the name of the model that is trained \
                     from scratch, by which its runs are known: give it another name"
                )))
            }
            Some(model) => Ok(model),
            None if self.tasks.iter().all(|task| task == SENTENCES) => Ok(TINY),
            None => Err(LabError::usage(
                "the experiment fine-tunes a pre-trained model: name its folder by --model, or \
                 `--model tiny` to train a small one from scratch",
            )),
        }
    }

    /// The folder with the tasks' folders.
    ///
    /// # Errors
    ///
    /// If none is named, and there is a task that needs it.
    pub fn data_dir(&self) -> Result<Option<&Path>, LabError> {
        let needs = self.tasks.iter().find(|task| *task != SENTENCES);
        match (&self.data_dir, needs) {
            (None, Some(task)) => Err(LabError::usage(format!(
                "the experiment reads GLUE's files of {task}: name the folder that holds the \
                 tasks' folders by --data-dir"
            ))),
            (folder, _) => Ok(folder.as_deref()),
        }
    }

    /// The command line of a run.
    fn args(&self, cell: &Cell, method: &Method, lr: Option<f64>, seed: u64) -> TrainArgs {
        let built_in = cell.task == SENTENCES;
        TrainArgs {
            task: (!built_in).then(|| cell.task.clone()),
            // Where the data lies is no part of what a run is known by: a report need not know it.
            data_dir: (!built_in).then(|| self.data_dir.clone().unwrap_or("GLUE".into())),
            model: self.model.clone(),
            optimizer: Some(method.optimizer),
            units: method.units,
            merge_below: method.merge_below,
            preset: method.preset,
            set: method
                .set
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone()))
                .collect(),
            first_step_size: method.first_step_size,
            schedule: method.schedule,
            lr,
            train_size: Some(cell.train_size),
            validation_size: self.validation_size,
            epochs: Some(self.epochs),
            batch_size: Some(cell.batch_size),
            max_length: self.max_length,
            seed: Some(seed),
            dropout: Some(self.dropout),
            device: self.device,
            ..TrainArgs::default()
        }
    }

    /// A run's command line, and the settings that it comes to with the model of the experiment.
    ///
    /// # Errors
    ///
    /// If the method's options contradict each other, with the method's name.
    pub fn run(
        &self,
        shape: Shape,
        cell: &Cell,
        method: &Method,
        lr: Option<f64>,
        seed: u64,
    ) -> Result<(TrainArgs, Settings), LabError> {
        let args = self.args(cell, method, lr, seed);
        let in_method = |error: GlueError| {
            LabError::usage(format!("method `{}`, {}: {error}", method.name, cell.task))
        };
        let mut settings = Settings::new(&args).map_err(in_method)?;
        settings.fit_units(shape.layers);
        settings
            .fit_length(self.max_length.is_some(), shape.positions)
            .map_err(in_method)?;
        Ok((args, settings))
    }
}

/// What of a model a run's settings are fitted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Its layers.
    pub layers: usize,
    /// The most tokens that it takes.
    pub positions: usize,
}

impl Shape {
    /// That of a model by its name on the command line.
    ///
    /// # Errors
    ///
    /// If there is no such model.
    pub fn of(model: &str) -> Result<Self, LabError> {
        let config = pretrained::config_of(model)?;
        Ok(Self {
            layers: config.num_hidden_layers,
            positions: config.max_tokens(),
        })
    }
}

impl Cell {
    /// `sst2, 500 examples, batch 32`.
    pub fn name(&self) -> String {
        let examples = match self.train_size {
            TrainSize::All => "all examples".to_string(),
            TrainSize::Examples(count) => format!("{count} examples"),
        };
        format!("{}, {examples}, batch {}", self.task, self.batch_size)
    }
}

#[cfg(test)]
mod tests;
