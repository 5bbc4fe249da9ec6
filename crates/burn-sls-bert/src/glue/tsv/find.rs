//! Finding a task's file in a folder, or saying what is there instead.

use std::path::{Path, PathBuf};

use super::super::hub_files::{contents, entries};
use super::super::{Split, Task, hub_files};
use crate::BertError;

/// The path of the file, or an error that says which part of it is missing.
pub(super) fn find(dir: &Path, task: Task, split: Split) -> Result<PathBuf, BertError> {
    let missing = |path: &Path, message: String| Err(BertError::data(path, None, message));
    let Some(file) = task.file(split) else {
        return Err(task.lacks_mismatched());
    };
    if !dir.is_dir() {
        return missing(
            dir,
            "is not a folder; expected the GLUE data, with a folder per task".to_owned(),
        );
    }
    let folder = dir.join(task.folder());
    if !folder.is_dir() {
        let there = match contents(dir) {
            Some(names) => format!("found {names}"),
            None => "found nothing".to_owned(),
        };
        let next = next_step(dir, task, split, file);
        let message = format!("the folder of {task} is missing; {there}{next}");
        return missing(&folder, message);
    }
    let path = folder.join(file);
    if !path.is_file() {
        let there = match contents(&folder) {
            Some(names) => format!("found {names}"),
            None => "its folder is empty".to_owned(),
        };
        let next = next_step(dir, task, split, file);
        return missing(
            &path,
            format!("this file of {task} is missing; {there}{next}"),
        );
    }
    Ok(path)
}

/// What to do with a folder that has the data elsewhere, to go on after what was found.
fn next_step(dir: &Path, task: Task, split: Split, file: &str) -> String {
    if let Ok(files) = hub_files(dir, task, split)
        && let Some(first) = files.first()
    {
        return format!(
            "; {} is a Parquet file of the hub, which `read_hub_split` reads, with the feature \
             `parquet`",
            first.display()
        );
    }
    let names = [task.folder(), task.name()];
    let last = dir.file_name().unwrap_or_default();
    let own = names.iter().any(|name| last == *name);
    let parquet = |path: &PathBuf| path.extension().is_some_and(|end| end == "parquet");
    let here = entries(dir).unwrap_or_default();
    if dir.join(file).is_file() || here.iter().any(parquet) {
        let dir = dir.display();
        return match own {
            true => format!("; {dir} is the folder of {task} itself: give the one above it"),
            false => format!(
                "; put the files of {task} into a folder called {} for GLUE's files or {} for the \
                 hub's",
                task.folder(),
                task.name()
            ),
        };
    }
    let other_case = here.iter().find(|path| {
        let name = path.file_name().unwrap_or_default();
        path.is_dir() && name.eq_ignore_ascii_case(task.folder()) && path.join(file).is_file()
    });
    if let Some(folder) = other_case {
        return format!("; call {} {}", folder.display(), task.folder());
    }
    let below = below(dir).find(|folder| names.iter().any(|name| folder.join(name).is_dir()));
    if let Some(folder) = below {
        return format!("; {} has one: give that folder", folder.display());
    }
    // The hub's folder with files whose names say nothing.
    let hub = dir.join(task.name());
    match (contents(&hub), task.hub_file(split)) {
        (Some(names), Some(file)) => format!(
            "; {} has {names}, and the hub calls this split {file}",
            hub.display()
        ),
        _ => String::new(),
    }
}

/// The folders inside a folder, and those inside them.
fn below(dir: &Path) -> impl Iterator<Item = PathBuf> {
    /// No folder with data has more.
    const MOST: usize = 100;
    let folders = |dir: &Path| {
        let found = entries(dir).unwrap_or_default().into_iter();
        found.filter(|path| path.is_dir()).take(MOST)
    };
    let first: Vec<PathBuf> = folders(dir).collect();
    let second: Vec<PathBuf> = first.iter().flat_map(|dir| folders(dir)).collect();
    first.into_iter().chain(second)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// The message for SST-2 in `inside`, a folder of one that has these files.
    fn says(files: &[&str], inside: &str, split: Split) -> String {
        let folder = TempDir::new().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let dir = folder.path().join(inside);
        find(&dir, Task::Sst2, split).unwrap_err().to_string()
    }

    #[test]
    fn a_folder_that_is_one_level_off_is_recognised() {
        for (file, inside, expected) in [
            (
                "glue/SST-2/train.tsv",
                "glue/SST-2",
                "/glue/SST-2 is the folder of sst2 itself: give the one above it",
            ),
            (
                "hub/sst2/train-00000-of-00001.parquet",
                "hub/sst2",
                "/hub/sst2 is the folder of sst2 itself: give the one above it",
            ),
            ("glue/SST-2/train.tsv", "", "found glue; "),
            (
                "glue/SST-2/train.tsv",
                "",
                "/glue has one: give that folder",
            ),
            (
                "hub/snapshots/0a/sst2/train-00000-of-00001.parquet",
                "hub",
                "hub/snapshots/0a has one: give that folder",
            ),
            ("glue/sst-2/train.tsv", "glue", "/glue/sst-2 SST-2"),
            (
                "mine/train.tsv",
                "mine",
                "put the files of sst2 into a folder called SST-2 for GLUE's files or sst2 for",
            ),
        ] {
            let message = says(&[file], inside, Split::Train);
            assert!(message.contains(expected), "{message}\nlacks {expected}");
        }
    }

    #[test]
    fn what_is_there_instead_of_the_file_is_listed() {
        for (files, expected) in [
            (
                &["sst2/train-00000-of-00001.parquet"][..],
                "train-00000-of-00001.parquet is a Parquet file of the hub, which `read_hub_split`",
            ),
            (
                &["sst2/train.arrow", "sst2/state.json"],
                "sst2 has state.json, train.arrow, and the hub calls this split sst2/train-00000",
            ),
            (
                &["SST-2/train.csv", "SST-2/dev.tsv"],
                "train.tsv: this file of sst2 is missing; found dev.tsv, train.csv",
            ),
            (
                &["SST2/train.tsv", "MRPC/train.tsv"],
                "the folder of sst2 is missing; found MRPC, SST2",
            ),
        ] {
            let message = says(files, "", Split::Train);
            assert!(message.contains(expected), "{message}\nlacks {expected}");
        }
    }
}
