//! Checkpoints that are there whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::optim::OptimizerRecord;
use burn::store::ModuleRecord;
use burn::train::checkpoint::{Checkpoint, Checkpointer, CheckpointerError};

use crate::error::GlueError;

/// The folder of a run's checkpoints.
pub const FOLDER: &str = "checkpoint";

/// What a checkpoint of Burn's `Learner` consists of.
pub const PARTS: [&str; 3] = ["model", "optim", "scheduler"];

/// Checkpoints kept: the last, and one before it, in case the last is damaged.
pub const KEPT: usize = 2;

/// Saves one of the [`PARTS`] under a temporary name and renames it, so that a run that is killed
/// while saving leaves no half of a file behind.
pub struct WholeFileCheckpointer {
    folder: PathBuf,
    part: &'static str,
}

impl WholeFileCheckpointer {
    /// A checkpointer of one part, in `folder`, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn new(folder: &Path, part: &'static str) -> Result<Self, GlueError> {
        fs::create_dir_all(folder).map_err(|error| GlueError::io(folder, error))?;
        Ok(Self {
            folder: folder.to_path_buf(),
            part,
        })
    }
}

fn path(folder: &Path, part: &str, epoch: usize) -> PathBuf {
    folder.join(format!("{part}-{epoch}.bpk"))
}

impl<R: Checkpoint> Checkpointer<R> for WholeFileCheckpointer {
    fn save(&self, epoch: usize, record: R) -> Result<(), CheckpointerError> {
        let unfinished = self.folder.join(format!("{}-unfinished.bpk", self.part));
        record.save(unfinished.clone())?;
        fs::rename(unfinished, path(&self.folder, self.part, epoch))
            .map_err(CheckpointerError::IOError)
    }

    fn restore(&self, epoch: usize) -> Result<R, CheckpointerError> {
        R::load(path(&self.folder, self.part, epoch))
    }

    fn delete(&self, epoch: usize) -> Result<(), CheckpointerError> {
        match fs::remove_file(path(&self.folder, self.part, epoch)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(CheckpointerError::IOError(error))
            }
            _ => Ok(()),
        }
    }
}

/// The last epoch whose checkpoint is complete, 0 if there is none.
pub fn last_epoch(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let epochs = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let epoch = name.strip_prefix("model-")?.strip_suffix(".bpk")?;
        epoch.parse::<usize>().ok()
    });
    let complete = |epoch: &usize| {
        PARTS
            .iter()
            .all(|part| path(folder, part, *epoch).is_file())
    };
    epochs.filter(complete).max().unwrap_or(0)
}

/// Reads a checkpoint through once, so that a damaged one is refused before training begins.
///
/// # Errors
///
/// If a part cannot be read, or is not a record of this model.
pub fn check<M: Module>(folder: &Path, epoch: usize, model: &M) -> Result<(), GlueError> {
    let damaged = |part: &str, error: &dyn std::fmt::Display| {
        let path = path(folder, part, epoch);
        let reason =
            format!("this checkpoint is damaged ({error}); delete it to go on from the one before");
        GlueError::run(path, reason)
    };
    ModuleRecord::load(path(folder, PARTS[0], epoch))
        .and_then(|record| model.clone().try_load_record(record))
        .map_err(|error| damaged(PARTS[0], &error))?;
    OptimizerRecord::load(path(folder, PARTS[1], epoch))
        .map_err(|error| damaged(PARTS[1], &error))?;
    Ok(())
}
