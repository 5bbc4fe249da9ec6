//! The runs of a comparison, found by their settings.

use std::fs;
use std::path::{Path, PathBuf};

use crate::checkpoints::FOLDER;
use crate::error::GlueError;
use crate::results::{RUN, RunFile, read_run, write_run};
use crate::settings::{Settings, base_name};

/// The folder of the runs in the folder of a comparison.
pub const RUNS: &str = "runs";

/// The runs of a comparison.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    runs: Vec<(PathBuf, RunFile)>,
}

/// A run that is there.
#[derive(Debug)]
pub enum Found {
    /// All of its epochs are done.
    Finished(Box<RunFile>),
    /// It was interrupted, in this folder.
    Begun(PathBuf),
}

impl Store {
    /// Reads what is in the folder of a comparison, which need not exist yet.
    ///
    /// # Errors
    ///
    /// If a run there is damaged.
    pub fn open(comparison: &Path) -> Result<Self, GlueError> {
        let folder = comparison.join(RUNS);
        let mut runs = Vec::new();
        if folder.is_dir() {
            let entries = fs::read_dir(&folder).map_err(|error| GlueError::io(&folder, error))?;
            for entry in entries {
                let path = entry.map_err(|error| GlueError::io(&folder, error))?.path();
                if path.join(RUN).is_file() {
                    let run = read_run(&path).map_err(|error| damaged(&path, &error))?;
                    runs.push((path, run));
                }
            }
        }
        // The order of a folder is not that of its files' names.
        runs.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self { folder, runs })
    }

    /// The run with these settings, wherever its model and data lie.
    pub fn find(&self, settings: &Settings) -> Option<Found> {
        let wanted = settings.portable();
        let of_these = |(_, run): &&(PathBuf, RunFile)| run.settings.portable() == wanted;
        // A finished one, if the same settings should be there twice.
        let (mut finished, mut begun) = (None, None);
        for (folder, run) in self.runs.iter().filter(of_these) {
            match run.last {
                Some(_) => finished = finished.or(Some(run)),
                None => begun = begun.or(Some(folder)),
            }
        }
        finished
            .map(|run| Found::Finished(Box::new(run.clone())))
            .or_else(|| begun.map(|folder| Found::Begun(folder.clone())))
    }

    /// The folder of a finished run.
    pub fn folder_of(&self, run: &RunFile) -> Option<&Path> {
        let same = |(_, other): &&(PathBuf, RunFile)| {
            other.last.is_some() && other.settings.portable() == run.settings.portable()
        };
        let found = self.runs.iter().find(same);
        found.map(|(folder, _)| folder.as_path())
    }

    /// A folder for a run with these settings, not there yet.
    pub fn free_folder(&self, settings: &Settings) -> PathBuf {
        let name = folder_name(settings);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut folders = std::iter::once(name.clone())
            .chain(numbered)
            .map(|name| self.folder.join(name));
        let free = folders.find(|folder| !folder.exists());
        free.expect("some number is free")
    }

    /// Takes in a run that has just been finished.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn add(&mut self, folder: &Path) -> Result<RunFile, GlueError> {
        let run = read_run(folder)?;
        self.runs.retain(|(other, _)| other != folder);
        self.runs.push((folder.to_path_buf(), run.clone()));
        Ok(run)
    }

    /// Removes from a finished run what a comparison has no use for: checkpoints, Burn's logs, the large
    /// one of its pictures, and where its model and data lie. A matrix of runs would fill the disk, and
    /// its folder is to be moved and shown to others.
    ///
    /// # Errors
    ///
    /// If something cannot be removed, or `run.json` cannot be written.
    pub fn keep_results(&self, run: &Path) -> Result<(), GlueError> {
        let remove = |path: PathBuf| {
            let removed = match path.is_dir() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            removed.map_err(|error| GlueError::io(path, error))
        };
        let parts = [FOLDER, "tokenizer.json", "train", "valid", "experiment.log"];
        let parts = parts.iter().map(|part| run.join(part));
        parts.filter(|part| part.exists()).try_for_each(remove)?;
        let file = read_run(run)?;
        let settings = file.settings.portable();
        write_run(run, &RunFile { settings, ..file })
    }
}

/// What to say of a run that cannot be read.
pub(crate) fn damaged(folder: &Path, error: &GlueError) -> GlueError {
    let reason = format!("{error}; delete this folder, and the comparison makes the run again");
    GlueError::run(folder, reason)
}

/// `sst2-500-b32-minilm-plasls-paper-10-seed1`: enough to find a run by eye.
fn folder_name(settings: &Settings) -> String {
    let word = |value: serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(word) => Some(word),
        other => Some(other.to_string()),
    };
    let parts = [
        Some(settings.task.clone()),
        word(serde_json::json!(settings.train_size)),
        Some(format!("b{}", settings.batch_size)),
        Some(base_name(&settings.model).to_string()),
        word(serde_json::json!(settings.optimizer)),
        word(serde_json::json!(settings.preset)),
        word(serde_json::json!(settings.units)),
        settings
            .merge_below
            .map(|threshold| format!("merge{threshold:e}")),
        settings.lr.map(|lr| format!("lr{lr:e}")),
        word(serde_json::json!(settings.schedule)).filter(|_| !settings.schedule.is_constant()),
        (!settings.set.is_empty()).then(|| {
            let keys: Vec<&str> = settings.set.keys().map(String::as_str).collect();
            keys.join("+")
        }),
        Some(format!("seed{}", settings.seed)),
    ];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    name.replace([':', '/', '\\'], "_")
}
