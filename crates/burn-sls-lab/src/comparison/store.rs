//! The runs of a comparison, found by their settings.

use std::fs;
use std::path::{Path, PathBuf};

use burn_sls_run::RunError;
use burn_sls_run::checkpoints::FOLDER;
use burn_sls_run::record::{RUN, STEPS, read_run, read_steps, write_run};
use glue::folder::RunFile;
use glue::settings::{Settings, base_name};

use super::results::{RESULTS, Run, Steps, read_results, renamed};

/// The folder of the runs in the folder of a comparison.
pub const RUNS: &str = "runs";

/// The runs of a comparison: those in folders of their own under `runs/`, and those in
/// `results.json`, which a report leaves behind.
#[derive(Debug)]
pub struct Store {
    runs: Vec<(PathBuf, RunFile)>,
    /// Finished runs, some of which may be among `runs` too.
    results: Vec<Run>,
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
    /// Reads the folder of a comparison, which need not exist yet.
    ///
    /// # Errors
    ///
    /// If a run there, or `results.json`, is damaged.
    pub fn open(comparison: &Path) -> Result<Self, RunError> {
        let folder = comparison.join(RUNS);
        let mut runs = Vec::new();
        if folder.is_dir() {
            let entries = fs::read_dir(&folder).map_err(|error| RunError::io(&folder, error))?;
            for entry in entries {
                let path = entry.map_err(|error| RunError::io(&folder, error))?.path();
                if path.join(RUN).is_file() {
                    let run = recorded(&path).map_err(|error| damaged(&path, error))?;
                    runs.push((path, run));
                }
            }
        }
        // The order of a folder is not that of its files' names.
        runs.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self {
            runs,
            results: read_results(&comparison.join(RESULTS))?,
        })
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
        let in_results = |run: &&Run| run.file.settings.portable() == wanted;
        let finished = finished.or_else(|| {
            let run = self.results.iter().find(in_results);
            run.map(|run| &run.file)
        });
        finished
            .map(|run| Found::Finished(Box::new(run.clone())))
            .or_else(|| begun.map(|folder| Found::Begun(folder.clone())))
    }

    /// Every finished run with its steps, each once, in the order of their folders' names. A run
    /// under `runs/` goes before one in `results.json`.
    ///
    /// Numbers are as `results.json` has them, wherever they come from: a report does
    /// not depend on whether `runs/` is still there.
    ///
    /// # Errors
    ///
    /// If the steps of a run are damaged.
    pub fn finished(&self) -> Result<Vec<Run>, RunError> {
        let mut finished: Vec<Run> = Vec::new();
        let there = |finished: &[Run], settings: &Settings| {
            let same = |run: &Run| run.file.settings == *settings;
            finished.iter().any(same)
        };
        for (folder, file) in self.runs.iter().filter(|(_, file)| file.last.is_some()) {
            let settings = file.settings.portable();
            if !there(&finished, &settings) {
                let lines = read_steps(folder).map_err(|error| damaged(folder, error))?;
                let steps = Steps::new(&lines, &file.unit_names).rounded();
                if let Some(fault) = steps.fault(&file.unit_names, file.results.len()) {
                    return Err(damaged(folder, RunError::file(STEPS, fault)));
                }
                let file = RunFile {
                    settings,
                    ..file.clone()
                };
                finished.push(Run { file, steps });
            }
        }
        for run in &self.results {
            if !there(&finished, &run.file.settings) {
                finished.push(run.clone());
            }
        }
        finished.sort_by_cached_key(|run| {
            let settings = &run.file.settings;
            (
                folder_name(settings),
                serde_json::json!(settings).to_string(),
            )
        });
        Ok(finished)
    }

    /// A folder in that of a `comparison` for a run with these settings, not there yet.
    pub fn free_folder(comparison: &Path, settings: &Settings) -> PathBuf {
        let name = folder_name(settings);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut folders = std::iter::once(name.clone())
            .chain(numbered)
            .map(|name| comparison.join(RUNS).join(name));
        let free = folders.find(|folder| !folder.exists());
        free.expect("some number is free")
    }

    /// Takes in a run that has just been finished.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn add(&mut self, folder: &Path) -> Result<RunFile, RunError> {
        let run = recorded(folder)?;
        self.runs.retain(|(other, _)| other != folder);
        self.runs.push((folder.to_path_buf(), run.clone()));
        Ok(run)
    }

    /// Does [`keep_results`](Self::keep_results) where a program was ended before it could.
    ///
    /// # Errors
    ///
    /// As for [`keep_results`](Self::keep_results).
    pub fn tidy(&self) -> Result<(), RunError> {
        let finished = self.runs.iter().filter(|(_, run)| run.last.is_some());
        let mut left = finished.filter(|(folder, _)| folder.join(FOLDER).exists());
        left.try_for_each(|(folder, _)| self.keep_results(folder))
    }

    /// Removes from a finished run what a comparison has no use for: checkpoints, Burn's logs, and
    /// where its model and data lie. A matrix of runs would fill the disk, and its folder is to be
    /// moved and shown to others.
    ///
    /// # Errors
    ///
    /// If something cannot be removed, or `run.json` cannot be written.
    pub fn keep_results(&self, run: &Path) -> Result<(), RunError> {
        let remove = |path: PathBuf| {
            let removed = match path.is_dir() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            removed.map_err(|error| RunError::io(path, error))
        };
        let file = recorded(run)?;
        let settings = file.settings.portable();
        write_run(run, &RunFile { settings, ..file })?;
        // The checkpoints last: where they are, not all of this was done.
        let parts = ["tokenizer.json", "train", "valid", "experiment.log", FOLDER];
        let parts = parts.iter().map(|part| run.join(part));
        parts.filter(|part| part.exists()).try_for_each(remove)
    }
}

/// What `run.json` holds, with the settings by their names of now.
///
/// # Errors
///
/// If it cannot be read, or is damaged.
pub fn recorded(folder: &Path) -> Result<RunFile, RunError> {
    let run: RunFile = read_run(folder)?;
    Ok(RunFile {
        settings: renamed::of_run(run.settings),
        ..run
    })
}

/// What to say of a run that cannot be read.
fn damaged(folder: &Path, error: RunError) -> RunError {
    if let RunError::Later { .. } = error {
        return error;
    }
    let reason = format!("{error}; delete this folder, and the comparison makes the run again");
    RunError::file(folder, reason)
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
            let keys: Vec<&str> = settings.set.iter().map(|(name, _)| name).collect();
            keys.join("+")
        }),
        Some(format!("seed{}", settings.seed)),
    ];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join("-");
    name.replace([':', '/', '\\'], "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::results::{small_run, write_results};

    #[test]
    fn a_run_is_found_in_its_folder_or_in_the_results_and_counts_once() {
        let comparison = tempfile::tempdir().unwrap();
        let path = comparison.path();
        let in_results = small_run();
        let mut other = small_run();
        other.file.settings.seed = 2;
        write_results(&path.join(RESULTS), &[in_results.clone(), other.clone()]).unwrap();

        // The first of them is under runs/ too, and was another one there; a third has only begun.
        let mut again = in_results.file.clone();
        again.training_examples = 60;
        let mut begun = small_run().file;
        begun.settings.seed = 3;
        begun.last = None;
        for (name, file) in [("again", &again), ("begun", &begun)] {
            let folder = path.join(RUNS).join(name);
            fs::create_dir_all(&folder).unwrap();
            write_run(&folder, file).unwrap();
            let step = |epoch: usize| {
                let step = serde_json::json!({
                    "step": epoch - 1, "epoch": epoch, "loss": 0.7, "searched": "all",
                    "slope": 1.0, "trials": [], "outcome": "reused", "step_sizes": [0.1, 0.2],
                    "forwards": 1, "seconds": 1.0,
                });
                format!("{step}\n")
            };
            fs::write(folder.join(STEPS), step(1) + &step(2)).unwrap();
        }

        let store = Store::open(path).unwrap();
        let examples = |settings: &Settings| match store.find(settings) {
            Some(Found::Finished(run)) => Some(run.training_examples),
            _ => None,
        };
        assert_eq!(examples(&again.settings), Some(60));
        assert_eq!(examples(&other.file.settings), Some(64));
        let found = store.find(&begun.settings);
        assert!(matches!(found, Some(Found::Begun(_))), "{found:?}");

        let finished = store.finished().unwrap();
        let seen = finished.iter().map(|run| {
            let steps = run.steps.count();
            (run.file.settings.seed, run.file.training_examples, steps)
        });
        assert!(seen.eq([(1, 60, 2), (2, 64, 4)]), "{finished:?}");

        // Half of the steps is a damaged run, and not one with fewer of them.
        let steps = path.join(RUNS).join("again").join(STEPS);
        let text = fs::read_to_string(&steps).unwrap();
        fs::write(&steps, text.lines().next().unwrap()).unwrap();
        let error = Store::open(path)
            .unwrap()
            .finished()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("again") && error.contains("delete this folder"),
            "{error}"
        );
    }
}
