//! What Burn's `Learner` tells of its course: the ends of its epochs, and the logs of its metrics.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::panic;
use std::path::{Path, PathBuf};

use burn::train::logger::{MetricLogger, TrainingProgressLogger};
use burn::train::metric::store::{EpochSummary, MetricsUpdate, Split};
use burn::train::metric::{MetricDefinition, MetricEntry, MetricId, MetricName, NumericEntry};
use burn::train::{ApplicationLoggerInstaller, FileApplicationLoggerInstaller, Interrupter};

use crate::error::RunError;
use crate::failure::Failure;
use crate::pipe;

/// Calls a function with the number of each epoch, when its evaluation is through.
///
/// Burn also ends an epoch whose evaluation was interrupted, and makes no checkpoint of it. What was
/// measured is then of some of the examples only, so the function is not called.
pub struct EpochEnds<F> {
    interrupter: Interrupter,
    ends: F,
}

impl<F: FnMut(usize)> EpochEnds<F> {
    /// Calls `ends` as long as `interrupter` does not stop the training.
    pub fn new(interrupter: Interrupter, ends: F) -> Self {
        Self { interrupter, ends }
    }
}

impl<F: FnMut(usize) + Send> TrainingProgressLogger for EpochEnds<F> {
    fn start(&mut self, _: usize, _: usize, _: Option<usize>, _: Option<&str>) {}

    fn update_epoch(&mut self, epoch: usize) {
        if !self.interrupter.should_stop() {
            (self.ends)(epoch);
        }
    }

    fn start_split(&mut self, _: &str, _: usize) {}

    fn update_split(&mut self, _: usize) {}

    fn end_split(&mut self) {}

    fn end(&mut self) {}

    fn log_event_training(&mut self, _: String) {}
}

/// A file for each metric and epoch, the same as of Burn's `FileMetricLogger`. That one panics when
/// the disk is full; here the training stops.
pub struct MetricLogs {
    folder: PathBuf,
    failure: Failure,
    names: HashMap<MetricId, MetricName>,
    files: HashMap<PathBuf, File>,
}

impl MetricLogs {
    /// Logs in the folder of a run.
    pub fn new(folder: &Path, failure: Failure) -> Self {
        Self {
            folder: folder.to_path_buf(),
            failure,
            names: HashMap::new(),
            files: HashMap::new(),
        }
    }

    /// `train/epoch-1/Loss.log`.
    fn path(&self, name: &str, epoch: usize, split: &Split) -> PathBuf {
        let folder = self.folder.join(split.to_string());
        let name = name.replace(' ', "_");
        folder
            .join(format!("epoch-{epoch}"))
            .join(format!("{name}.log"))
    }

    fn write(&mut self, entry: &MetricEntry, epoch: usize, split: &Split) -> Result<(), RunError> {
        let value = &entry.serialized_entry;
        let Some(name) = self.names.get(&entry.metric_id) else {
            return Ok(());
        };
        if value.is_not_available() {
            return Ok(());
        }
        let path = self.path(name, epoch, split);
        if !self.files.contains_key(&path) {
            self.files.insert(path.clone(), create(&path)?);
        }
        let line = format!("{}\n", value.serialized);
        let written = self.files.get_mut(&path);
        let written = written.map_or(Ok(()), |file| file.write_all(line.as_bytes()));
        written.map_err(|error| RunError::io(&path, error))
    }
}

/// Creates a log and the two folders it lies in, but not that of the run: if it is gone, it was
/// taken away.
fn create(path: &Path) -> Result<File, RunError> {
    let mut folders: Vec<&Path> = path.ancestors().skip(1).take(2).collect();
    folders.reverse();
    for folder in folders {
        match fs::create_dir(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(RunError::io(folder, error));
            }
            _ => {}
        }
    }
    File::create(path).map_err(|error| RunError::io(path, error))
}

impl MetricLogger for MetricLogs {
    fn log(&mut self, update: MetricsUpdate, epoch: usize, split: &Split) {
        let numeric = update.entries_numeric.iter().map(|update| &update.entry);
        for entry in update.entries.iter().chain(numeric) {
            if let Err(error) = self.write(entry, epoch, split) {
                self.failure.note(error);
            }
        }
    }

    fn read_numeric(
        &mut self,
        name: &str,
        epoch: usize,
        split: &Split,
    ) -> Result<Vec<NumericEntry>, String> {
        let text = fs::read_to_string(self.path(name, epoch, split)).unwrap_or_default();
        text.lines().map(NumericEntry::deserialize).collect()
    }

    fn log_metric_definition(&mut self, definition: MetricDefinition) {
        self.names.insert(definition.metric_id, definition.name);
    }

    fn log_epoch_summary(&mut self, _: EpochSummary) {
        self.files.clear();
    }
}

/// `experiment.log`, which Burn writes, and panics if it cannot create it.
pub struct ExperimentLog {
    path: PathBuf,
    /// Whether panics are written to the log alone.
    quiet: bool,
}

impl ExperimentLog {
    /// The log in the folder of a run.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub fn new(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join("experiment.log");
        let opened = File::options().append(true).create(true).open(&path);
        match opened {
            Ok(_) => Ok(Self { path, quiet: false }),
            Err(error) => Err(RunError::io(path, error)),
        }
    }

    /// Writes panics to the log alone: of a training with workers, where one that is lost is a
    /// panic in several threads, and in the end an error in words.
    #[must_use]
    pub fn quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }
}

/// Lets panics be seen again, after a training whose log was quiet.
pub fn loud_again() {
    drop(panic::take_hook());
    pipe::end_with_the_reader();
}

impl ApplicationLoggerInstaller for ExperimentLog {
    fn install(&self) -> Result<(), String> {
        FileApplicationLoggerInstaller::new(&self.path).install()?;
        if self.quiet {
            let path = self.path.clone();
            panic::set_hook(Box::new(move |failure| {
                if let Ok(mut log) = File::options().append(true).open(&path) {
                    let _ = writeln!(log, "{failure}");
                }
            }));
        }
        // It has put a hook for panics before those that are there.
        pipe::end_with_the_reader();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_whose_evaluation_was_interrupted_has_not_ended() {
        let interrupter = Interrupter::new();
        let mut ended = Vec::new();
        let mut ends = EpochEnds::new(interrupter.clone(), |epoch| ended.push(epoch));
        ends.update_epoch(1);
        interrupter.stop(None);
        ends.update_epoch(2);
        assert_eq!(ended, [1]);
    }
}
