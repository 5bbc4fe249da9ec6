//! What a run's files hold, and how they are written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use burn_sls_bert::glue::{Metric, Task};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::GlueError;
use crate::settings::Settings;

mod column;
mod compact;
mod lines;
mod steps;

pub use column::Column;
#[cfg(test)]
pub(crate) use compact::tests::run as small_run;
pub use compact::{RESULTS, Run, read_results, write_results};
pub(crate) use steps::unit_sizes;
pub use steps::{LEARNING_RATE, Steps};

/// The file of a run's settings and results, in the run's folder.
pub const RUN: &str = "run.json";
/// The file with a line for every step.
pub(crate) const STEPS: &str = "steps.jsonl";

/// What `run.json` holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFile {
    /// Every setting.
    #[serde(flatten)]
    pub settings: Settings,
    /// The units of a line search, in order: those of `step_sizes` in `steps.jsonl`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unit_names: Vec<String>,
    /// The training examples, after drawing.
    pub training_examples: usize,
    /// The validation examples.
    pub validation_examples: usize,
    /// The examples of MNLI's second validation set, if it was there.
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
    /// Mean loss over the training set after the epoch, dropout off: cross-entropy in nats, or the
    /// squared error of a score.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss: f64,
    /// Mean of the mini-batch losses during the epoch.
    #[serde(deserialize_with = "null_is_nan")]
    pub train_loss_running: f64,
    /// The task's metrics on the validation set; those on MNLI's second set end in `_mismatched`.
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
}

impl RunFile {
    /// The name of the metric that the task is judged by.
    pub fn leading_metric(&self) -> String {
        let task = Task::from_str(&self.settings.task).ok();
        let leading = task.and_then(|task| task.metrics().first().copied());
        leading.unwrap_or(Metric::Accuracy).to_string()
    }

    /// That metric after each epoch; NaN where there was none.
    pub fn leading_values(&self) -> impl Iterator<Item = f64> {
        let name = self.leading_metric();
        let value = move |result: &EpochResult| result.metrics.get(&name).and_then(Value::as_f64);
        let results = self.results.iter();
        results.map(move |result| value(result).unwrap_or(f64::NAN))
    }
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = Option::deserialize(deserializer)?;
    Ok(value.unwrap_or(f64::NAN))
}

/// A line of `steps.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepLine {
    /// The iteration, from 0.
    pub step: u64,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The loss of the mini-batch before the step.
    pub loss: Option<f64>,
    /// The searched units: `"all"` or an index; null for an optimizer with a learning rate.
    pub searched: Value,
    /// The slope of what was searched.
    pub slope: Option<f64>,
    /// Step size and loss of every trial.
    pub trials: Vec<(f64, Option<f64>)>,
    /// How the step ended.
    pub outcome: String,
    /// The step size of every unit, or the learning rate. After a merge there are fewer units.
    pub step_sizes: Vec<f64>,
    /// What they were multiplied by where the step was taken: `lr·plateau·polyak` of the library's
    /// report.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub factor: f64,
    /// After a step that merged two units: for every unit left, the indices of those in `run.json`
    /// that it consists of from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Vec<Vec<usize>>>,
    /// Forward passes.
    pub forwards: usize,
    /// Backward passes, one for every device.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub backwards: usize,
    /// Seconds since the step before, or since the epoch began.
    pub seconds: f64,
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

fn whole() -> f64 {
    1.0
}

fn is_whole(factor: &f64) -> bool {
    *factor == 1.0
}

impl StepLine {
    /// The step as a line of `steps.jsonl`.
    pub(crate) fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a step is plain data");
        line.push('\n');
        line
    }
}

/// Reads `run.json`.
///
/// # Errors
///
/// If it cannot be read, or is damaged.
pub fn read_run(folder: &Path) -> Result<RunFile, GlueError> {
    let path = folder.join(RUN);
    let text = fs::read_to_string(&path).map_err(|error| GlueError::io(&path, error))?;
    let run: RunFile = serde_json::from_str(&text).map_err(|error| GlueError::run(&path, error))?;
    Ok(RunFile {
        settings: run.settings.translated(),
        ..run
    })
}

/// Writes `run.json`.
///
/// # Errors
///
/// If it cannot be written.
pub(crate) fn write_run(folder: &Path, run: &RunFile) -> Result<(), GlueError> {
    let path = folder.join(RUN);
    let mut json =
        serde_json::to_string_pretty(run).map_err(|error| GlueError::run(&path, error))?;
    json.push('\n');
    write_whole(&path, json.as_bytes())
}

/// Reads the steps of a run.
///
/// # Errors
///
/// If they cannot be read, or a line is damaged.
pub fn read_steps(folder: &Path) -> Result<Vec<StepLine>, GlueError> {
    let path = folder.join(STEPS);
    let text = fs::read_to_string(&path).map_err(|error| GlueError::io(&path, error))?;
    let lines = text.lines().enumerate();
    let step = |(number, line)| {
        serde_json::from_str(line)
            .map_err(|error| GlueError::run(&path, format!("line {}: {error}", number + 1)))
    };
    lines.map(step).collect()
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), GlueError> {
    put_whole(path, bytes).map_err(|error| GlueError::io(path, error))
}

/// As [`write_whole`], with the system's error.
pub(crate) fn put_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let written = File::create(&unfinished).and_then(|mut file| file.write_all(bytes));
    let done = written.and_then(|()| publish(&unfinished, path));
    if done.is_err() {
        // On a full disk, half of a file is space that something else can use.
        let _ = fs::remove_file(&unfinished);
    }
    done
}

/// Gives a finished file its name. Its bytes are on the disk before it has the name, so that a
/// power failure leaves the old file or the new one.
pub(crate) fn publish(unfinished: &Path, path: &Path) -> io::Result<()> {
    sync(unfinished)?;
    fs::rename(unfinished, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync(folder),
        _ => sync(Path::new(".")),
    }
}

/// Waits until a file's bytes, or a folder's names, are on the disk.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    // Other systems give no handle of a folder, and want the right to write for one of a file.
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn results_that_are_not_finite_are_null_in_the_file_and_can_be_read() {
        let result = EpochResult {
            epoch: 1,
            train_loss: f64::NAN,
            train_loss_running: f64::INFINITY,
            metrics: Map::from_iter([("pearson".to_string(), json!(f64::NAN))]),
            seconds_train: 1.0,
            seconds_eval: 1.0,
            forwards: 1,
            backwards: 1,
            steps: None,
        };
        let value = serde_json::to_value(&result).unwrap();
        for name in ["train_loss", "train_loss_running"] {
            assert_eq!(value[name], Value::Null);
        }
        assert_eq!(value["metrics"]["pearson"], Value::Null);
        let read: EpochResult = serde_json::from_str(&value.to_string()).unwrap();
        assert!(read.train_loss.is_nan() && read.train_loss_running.is_nan());
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
    }
}
