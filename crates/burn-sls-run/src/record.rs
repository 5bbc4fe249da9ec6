//! What a run writes down: `run.json`, with its settings and results, and `steps.jsonl`, with a line
//! for every step.
//!
//! Both are read back by a later version of the program. `docs/comparing.md` has a table of what is
//! in them.

mod step;

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::RunError;
use crate::files::write_whole;

pub use step::{LEARNING_RATE, RateStep, StepLine, StepOutcome, heads, unit_sizes};

/// The file of a run's settings and results, in the run's folder.
pub const RUN: &str = "run.json";
/// The file with a line for every step.
pub const STEPS: &str = "steps.jsonl";

/// The version of both files. A reader refuses a later one; files of before this number have none.
pub const FORMAT: u32 = 1;

/// What `run.json` holds. `S` are the settings of the program that trains.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFile<S> {
    /// The version of the file.
    #[serde(default)]
    pub format: u32,
    /// Every setting.
    #[serde(flatten)]
    pub settings: S,
    /// The units of a line search, in order: those of `step_sizes` in `steps.jsonl`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_names: Vec<String>,
    /// The training examples, after drawing.
    pub training_examples: usize,
    /// The validation examples.
    pub validation_examples: usize,
    /// The examples of a second validation set, if the task has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mismatched_examples: Option<usize>,
    /// The checksum of all examples, by which a resumed run knows that they are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_checksum: Option<String>,
    /// The epochs so far.
    #[serde(rename = "per_epoch")]
    pub results: Vec<EpochResult>,
    /// The last epoch's values, once all epochs are done.
    #[serde(rename = "final")]
    pub last: Option<EpochResult>,
}

/// What an epoch came to.
///
/// JSON has no NaN and no infinity: a value that is not finite, as of a model that diverged, is
/// null in the file, and NaN when it is read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochResult {
    /// The epoch, from 1.
    pub epoch: usize,
    /// Mean loss over the training set after the epoch, dropout off.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss: f64,
    /// Mean of the mini-batch losses during the epoch.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss_running: f64,
    /// The task's metrics on the validation set; those on a second one end in `_mismatched`.
    pub metrics: Map<String, Value>,
    /// Seconds spent in training steps.
    pub seconds_train: f64,
    /// Seconds spent in evaluation.
    pub seconds_eval: f64,
    /// Forward passes of the training steps, trials included.
    pub forwards: usize,
    /// Backward passes of the training steps.
    pub backwards: usize,
    /// The steps, where several devices made a backward pass each in a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
}

impl EpochResult {
    /// The steps of the epoch.
    pub fn steps(&self) -> usize {
        self.steps.unwrap_or(self.backwards)
    }

    /// A metric; NaN where there is none.
    pub fn metric(&self, name: &str) -> f64 {
        let value = self.metrics.get(name).and_then(Value::as_f64);
        value.unwrap_or(f64::NAN)
    }
}

impl<S> RunFile<S> {
    /// A metric after each epoch; NaN where there was none.
    pub fn metric(&self, name: impl AsRef<str>) -> impl Iterator<Item = f64> {
        let results = self.results.iter();
        results.map(move |result| result.metric(name.as_ref()))
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Option::deserialize(deserializer)?;
    Ok(value.unwrap_or(f64::NAN))
}

/// Reads `run.json`.
///
/// # Errors
///
/// If it cannot be read, is damaged, or of a later version.
pub fn read_run<S: DeserializeOwned>(folder: &Path) -> Result<RunFile<S>, RunError> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Version {
        #[serde(default)]
        format: u32,
    }
    let path = folder.join(RUN);
    let text = fs::read_to_string(&path).map_err(|error| RunError::io(&path, error))?;
    let damaged = |error: serde_json::Error| RunError::file(&path, error);
    let Version { format } = serde_json::from_str(&text).map_err(damaged)?;
    if format > FORMAT {
        let reason = format!(
            "its format is {format}, and this program reads up to {FORMAT}: use the version of the \
             program that wrote it"
        );
        return Err(RunError::Later { path, reason });
    }
    serde_json::from_str(&text).map_err(damaged)
}

/// Writes `run.json`.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_run<S: Serialize>(folder: &Path, run: &RunFile<S>) -> Result<(), RunError> {
    let path = folder.join(RUN);
    let json = serde_json::to_string_pretty(run);
    let json = json.map_err(|error| RunError::file(&path, error))? + "\n";
    write_whole(&path, json.as_bytes())
}

/// Reads the steps of a run.
///
/// # Errors
///
/// If they cannot be read, or a line is damaged.
pub fn read_steps(folder: &Path) -> Result<Vec<StepLine>, RunError> {
    let path = folder.join(STEPS);
    let text = fs::read_to_string(&path).map_err(|error| RunError::io(&path, error))?;
    let lines = text.lines().enumerate();
    let step = |(number, line)| {
        serde_json::from_str(line)
            .map_err(|error| RunError::file(&path, format!("line {}: {error}", number + 1)))
    };
    lines.map(step).collect()
}

#[cfg(test)]
mod tests;
