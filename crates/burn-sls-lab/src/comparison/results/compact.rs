//! `results.json`: the finished runs of a comparison in one file, of which a report can be made.
//!
//! A person can read it and a script can load it: every run has its settings, and then columns,
//! each on a line of its own, with a value for every epoch or for every step. Equal values that
//! follow each other are folded, `[value, count]`. `docs/comparing.md` names the columns.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use burn_sls_run::RunError;
use burn_sls_run::files::write_whole;
use burn_sls_run::record::{EpochResult, FORMAT as RUN_FORMAT};
use glue::folder::RunFile;
use glue::settings::Settings;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::ser::Formatter;

use super::column::Column;
use super::steps::Steps;
use super::{lines, renamed};

/// The name of the file in the folder of a comparison.
pub const RESULTS: &str = "results.json";

/// The version of the format. A reader refuses any other.
const FORMAT: u32 = 1;

/// A finished run with its steps.
#[derive(Clone, Debug)]
pub struct Run {
    /// What `run.json` holds.
    pub file: RunFile,
    /// What a report needs of `steps.jsonl`.
    pub steps: Steps,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    runs: Vec<Entry>,
}

/// A run.
#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(serialize_with = "without_nulls")]
    settings: Settings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unit_names: Vec<String>,
    training_examples: usize,
    validation_examples: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mismatched_examples: Option<usize>,
    per_epoch: Epochs,
    steps: Steps,
}

/// Of the results of the epochs what the steps do not say. A number that is not finite is null.
#[derive(Serialize, Deserialize)]
struct Epochs {
    train_loss: Column<Option<f64>>,
    metrics: BTreeMap<String, Column<Option<f64>>>,
    seconds_eval: Column<f64>,
}

/// Reads the runs of a file; none if there is no file.
///
/// # Errors
///
/// If it cannot be read, is damaged, or has another format.
pub fn read_results(path: &Path) -> Result<Vec<Run>, RunError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(|error| RunError::io(path, error))?,
    };
    let damaged = |reason: String| {
        let what = "restore it from a copy, or delete it: `sls-lab report` then writes it from the \
                    runs that are still under runs/, and `sls-lab compare` makes the others again";
        RunError::file(path, format!("{reason}; {what}"))
    };
    match serde_json::from_str::<Version>(&text) {
        Err(error) if error.is_data() => {
            return Err(damaged(format!("this is no file of results ({error})")));
        }
        Err(error) => return Err(damaged(error.to_string())),
        Ok(Version { format }) if format != FORMAT => {
            let reason = format!(
                "its format is {format}, and this program reads format {FORMAT}: use the version \
                 of the program that wrote it"
            );
            return Err(RunError::file(path, reason));
        }
        Ok(_) => {}
    }
    let file: File = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let runs = file.runs.into_iter().enumerate().map(|(index, entry)| {
        entry
            .run()
            .map_err(|reason| damaged(format!("run {}: {reason}", index + 1)))
    });
    runs.collect()
}

/// Writes runs as a file.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_results(path: &Path, runs: &[Run]) -> Result<(), RunError> {
    let file = File {
        format: FORMAT,
        runs: runs.iter().map(Entry::new).collect(),
    };
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut json, Short);
    let written = file.serialize(&mut serializer);
    written.map_err(|error| RunError::file(path, error))?;
    let json = String::from_utf8(json).map_err(|error| RunError::file(path, error))?;
    write_whole(path, lines::broken(&json).as_bytes())
}

impl Entry {
    fn new(run: &Run) -> Self {
        let file = &run.file;
        Self {
            settings: file.settings.portable(),
            unit_names: file.unit_names.clone(),
            training_examples: file.training_examples,
            validation_examples: file.validation_examples,
            mismatched_examples: file.mismatched_examples,
            per_epoch: Epochs::new(&file.results),
            steps: run.steps.clone(),
        }
    }

    /// The run, or its fault.
    fn run(self) -> Result<Run, String> {
        let epochs = self.per_epoch.count()?;
        if let Some(fault) = self.steps.fault(&self.unit_names, epochs) {
            return Err(fault);
        }
        let results = self.per_epoch.results(&self.steps);
        Ok(Run {
            file: RunFile {
                format: RUN_FORMAT,
                settings: renamed::of_run(self.settings),
                unit_names: self.unit_names,
                training_examples: self.training_examples,
                validation_examples: self.validation_examples,
                mismatched_examples: self.mismatched_examples,
                data_checksum: None,
                last: results.last().cloned(),
                results,
            },
            steps: self.steps,
        })
    }
}

impl Epochs {
    fn new(results: &[EpochResult]) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        let names = results.iter().flat_map(|result| result.metrics.keys());
        let metric = |name: &String| -> Column<Option<f64>> {
            let values = results.iter().map(|result| result.metrics.get(name));
            values.map(|value| value.and_then(Value::as_f64)).collect()
        };
        let losses = results.iter().map(|result| finite(result.train_loss));
        Self {
            train_loss: losses.collect(),
            metrics: names.map(|name| (name.clone(), metric(name))).collect(),
            seconds_eval: results.iter().map(|result| result.seconds_eval).collect(),
        }
    }

    /// How many there are, or their fault.
    fn count(&self) -> Result<usize, String> {
        let count = self.train_loss.len();
        let metrics = self.metrics.iter();
        let mut lengths = metrics
            .map(|(name, column)| (name.as_str(), column.len()))
            .chain([("seconds_eval", self.seconds_eval.len())]);
        match lengths.find(|(_, length)| *length != count) {
            Some((name, length)) => Err(format!(
                "`{name}` has {length} values and `train_loss` has {count}"
            )),
            None if count == 0 => Err("it has no epoch".to_string()),
            None => Ok(count),
        }
    }

    /// The results, with what the steps say of their sums.
    fn results(&self, steps: &Steps) -> Vec<EpochResult> {
        let mut begin = 0;
        let epochs = steps.epoch_ends.iter().enumerate();
        epochs
            .map(|(index, &end)| {
                let epoch = begin..end;
                begin = end;
                let losses: Vec<f64> = steps.loss[epoch.clone()]
                    .iter()
                    .flatten()
                    .copied()
                    .collect();
                let metrics = self.metrics.iter();
                let metrics = metrics.map(|(name, column)| (name.clone(), column[index].into()));
                let milliseconds: u64 = steps.milliseconds[epoch.clone()].iter().sum();
                EpochResult {
                    epoch: index + 1,
                    train_loss: self.train_loss[index].unwrap_or(f64::NAN),
                    train_loss_running: losses.iter().sum::<f64>() / losses.len() as f64,
                    metrics: metrics.collect(),
                    seconds_train: milliseconds as f64 / 1e3,
                    seconds_eval: self.seconds_eval[index],
                    forwards: steps.forwards[epoch.clone()].iter().sum(),
                    backwards: epoch.len(),
                    steps: None,
                }
            })
            .collect()
    }
}

/// Settings without those that say nothing: a setting that is left out is null.
fn without_nulls<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(settings).map_err(serde::ser::Error::custom)?;
    if let Value::Object(settings) = &mut value {
        settings.retain(|_, value| !value.is_null());
    }
    value.serialize(serializer)
}

/// Numbers in few digits: 4.1e-5 and not 0.000041.
struct Short;

impl Formatter for Short {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write!(writer, "{value:?}")
    }
}

#[cfg(test)]
pub(crate) mod tests;
