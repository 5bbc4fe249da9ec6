//! Checkpoints that are there whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::OptimizerRecord;
use burn::optim::lr_scheduler::LrSchedulerRecord;
use burn::store::{ModuleRecord, RecordError};
use burn::train::checkpoint::{Checkpoint, Checkpointer, CheckpointerError};

use crate::checksum;
use crate::error::RunError;
use crate::failure::Failure;
use crate::files::{publish, put_whole};

/// The folder of a run's checkpoints.
pub const FOLDER: &str = "checkpoint";

/// What a checkpoint of Burn's `Learner` consists of.
pub const PARTS: [&str; 3] = ["model", "optim", "scheduler"];

/// Checkpoints kept: the last, and one before it, in case the last is damaged.
pub const KEPT: usize = 2;

/// Saves one of the [`PARTS`], and stops the run if it cannot.
///
/// A record gets its name when its bytes are on the disk, and its checksum beside it. So a run that
/// is killed while saving leaves no half of a record with the name of a whole one.
pub struct WholeFileCheckpointer {
    folder: PathBuf,
    part: &'static str,
    failure: Failure,
}

impl WholeFileCheckpointer {
    /// A checkpointer of one part, in `folder`, which is created if it does not exist.
    ///
    /// # Errors
    ///
    /// If the folder cannot be created.
    pub fn new(folder: &Path, part: &'static str, failure: Failure) -> Result<Self, RunError> {
        fs::create_dir_all(folder).map_err(|error| RunError::io(folder, error))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            part,
            failure,
        })
    }

    fn path(&self, epoch: usize) -> PathBuf {
        self.folder.join(name(self.part, epoch))
    }
}

fn name(part: &str, epoch: usize) -> String {
    format!("{part}-{epoch}.bpk")
}

/// The file with the checksum of a part.
fn sum_of(path: &Path) -> PathBuf {
    path.with_extension("sum")
}

/// The part and epoch of a file of a checkpoint.
fn parsed(name: &str) -> Option<(&str, usize)> {
    let (name, _) = name.split_once('.')?;
    let (part, epoch) = name.split_once('-')?;
    Some((part, epoch.parse().ok()?))
}

impl<R: Checkpoint> Checkpointer<R> for WholeFileCheckpointer {
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let path = self.path(epoch);
        let unfinished = path.with_extension("new");
        let saved = record.save(unfinished.clone()).and_then(|()| {
            // A part that is there has its checksum.
            let sum = checksum::of_file(&unfinished);
            sum.and_then(|sum| put_whole(&sum_of(&path), sum.as_bytes()))
                .and_then(|()| publish(&unfinished, &path))
                .map_err(CheckpointerError::IOError)
        });
        saved.inspect_err(|error| {
            let _ = fs::remove_file(&unfinished);
            self.failure.note(unsaved(&path, error));
        })
    }

    fn restore(&self, epoch: usize) -> Result<R, CheckpointerError> {
        R::load(self.path(epoch))
    }

    fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
        let path = self.path(epoch);
        for path in [path.clone(), sum_of(&path)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    let error = CheckpointerError::IOError(error);
                    self.failure.note(unsaved(&path, &error));
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What went wrong, without the names of the layers that it passed through.
fn unsaved(path: &Path, error: &CheckpointerError) -> RunError {
    match error {
        CheckpointerError::Record(error) => unwritten(path, error),
        CheckpointerError::IOError(error) => RunError::file(path, error),
        other => RunError::file(path, other),
    }
}

/// What went wrong with a record of Burn's that was to be written at `path`.
pub fn unwritten(path: &Path, error: &RecordError) -> RunError {
    let text = match error {
        RecordError::Io(text) | RecordError::Validation(text) => text,
    };
    RunError::file(path, text.trim_start_matches("I/O error: "))
}

/// The last epoch whose checkpoint is complete, 0 if there is none.
///
/// # Errors
///
/// If the folder is there and cannot be read. A run that took this for no checkpoint would begin
/// again, and delete what it has.
pub fn last_epoch(folder: &Path) -> Result<usize, RunError> {
    let io = |error| RunError::io(folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        entries => entries.map_err(io)?,
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(io)?;
        if !entry.file_type().map_err(io)?.is_dir() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    let epochs = names.iter().filter_map(|name| Some(parsed(name)?.1));
    let complete = |epoch: &usize| PARTS.iter().all(|part| names.contains(&name(part, *epoch)));
    Ok(epochs.filter(complete).max().unwrap_or(0))
}

/// Removes what a killed run has left beside the [`KEPT`] checkpoints up to epoch `done`: parts of a
/// later one that is not complete, records that were being written, and what remained of an older
/// one that was being removed.
///
/// # Errors
///
/// If a file cannot be removed.
pub fn sweep(folder: &Path, done: usize) -> Result<(), RunError> {
    let entries = fs::read_dir(folder).map_err(|error| RunError::io(folder, error))?;
    for entry in entries {
        let path = entry.map_err(|error| RunError::io(folder, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let other = |(part, epoch): (_, usize)| {
            PARTS.contains(&part) && (epoch > done || epoch + KEPT <= done)
        };
        let left = name.and_then(parsed).is_some_and(other);
        if left && path.is_file() {
            fs::remove_file(&path).map_err(|error| RunError::io(&path, error))?;
        }
    }
    Ok(())
}

/// Reads a checkpoint through once, so that a damaged one is refused before training begins. One
/// that has no checksums is of an earlier version of the program.
///
/// # Errors
///
/// If a part cannot be read, or is not a record of this model.
pub fn check<M: Module>(folder: &Path, epoch: usize, model: &M) -> Result<(), RunError> {
    let path = |part| folder.join(name(part, epoch));
    let damaged = |part: &str, error: &dyn std::fmt::Display| {
        let reason =
            format!("this checkpoint is damaged ({error}); delete it to go on from the one before");
        RunError::file(folder.join(name(part, epoch)), reason)
    };
    for part in PARTS {
        let path = path(part);
        let expected = fs::read_to_string(sum_of(&path));
        let sum = checksum::of_file(&path).map_err(|error| RunError::io(&path, error))?;
        if expected.is_ok_and(|expected| expected != sum) {
            return Err(damaged(part, &"its checksum is another"));
        }
    }
    let [model_part, optim_part, scheduler_part] = PARTS;
    ModuleRecord::load(path(model_part))
        .and_then(|record| model.clone().try_load_record(record))
        .map_err(|error| damaged(model_part, &error))?;
    OptimizerRecord::load(path(optim_part)).map_err(|error| damaged(optim_part, &error))?;
    LrSchedulerRecord::load(path(scheduler_part))
        .map_err(|error| damaged(scheduler_part, &error))?;
    Ok(())
}
