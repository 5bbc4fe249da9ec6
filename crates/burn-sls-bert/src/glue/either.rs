//! The files of a split, GLUE's official ones or the hub's, whichever a folder has.

use std::path::Path;

use super::{Rows, Split, Task, hub_files, read_split};
use crate::BertError;

/// Whether a folder has the split, in a form that this build may or may not read.
///
/// # Errors
///
/// If only a part of the hub's files is there.
pub fn has_split(folder: impl AsRef<Path>, task: Task, split: Split) -> Result<bool, BertError> {
    let folder = folder.as_ref();
    if task.file(split).is_none() {
        return Ok(false);
    }
    let there = has_official(folder, task, split);
    Ok(there || !hub_files(folder, task, split)?.is_empty())
}

/// The rows of the official file as [`read_split`] gives them, or of the hub's where the folder has
/// that one instead.
///
/// # Errors
///
/// Whatever is wrong with the files; and if they are the hub's and the crate is built without its
/// feature `parquet`.
pub fn read_split_of_either(
    folder: impl AsRef<Path>,
    task: Task,
    split: Split,
) -> Result<Rows, BertError> {
    let folder = folder.as_ref();
    let official = has_official(folder, task, split);
    if !official && let Some(file) = hub_files(folder, task, split)?.first() {
        return hub_rows(folder, task, split, file);
    }
    read_split(folder, task, split)
}

fn has_official(folder: &Path, task: Task, split: Split) -> bool {
    let there = |file| folder.join(task.folder()).join(file).is_file();
    task.file(split).is_some_and(there)
}

#[cfg(feature = "parquet")]
fn hub_rows(folder: &Path, task: Task, split: Split, _first: &Path) -> Result<Rows, BertError> {
    super::read_hub_split(folder, task, split)
}

#[cfg(not(feature = "parquet"))]
fn hub_rows(folder: &Path, task: Task, split: Split, first: &Path) -> Result<Rows, BertError> {
    let official = folder
        .join(task.folder())
        .join(task.file(split).unwrap_or_default());
    let message = format!(
        "is a Parquet file of the hub, and this program was built without the feature that reads \
         those: build it with `--features hub`, or with the feature `parquet` of burn-sls-bert if \
         it is your own, or give GLUE's official file {}",
        official.display()
    );
    Err(BertError::data(first, None, message))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is said of SST-2's training set in a folder with these files.
    fn says(files: &[&str]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, "PAR1").expect("written");
        }
        let error =
            read_split_of_either(folder.path(), Task::Sst2, Split::Train).expect_err("an error");
        let error = error.to_string();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    }

    #[test]
    fn the_hubs_files_are_read_or_the_feature_that_reads_them_is_named() {
        for file in [
            "sst2/train-00000-of-00001.parquet",
            "sst2/train-00000-of-00001-0123456789abcdef.parquet",
            "sst2/train/0000.parquet",
        ] {
            let error = says(&[file]);
            let says = match cfg!(feature = "parquet") {
                true => "is not a whole Parquet file",
                false => "build it with `--features hub`",
            };
            assert!(error.contains(&format!("{file}: is ")), "{error}");
            assert!(error.contains(says), "{error}");
        }
        let error = says(&["sst2/train-00000-of-00002.parquet"]);
        assert!(error.contains("every number from 0 to 1"), "{error}");
        let error = says(&["sst2/train.arrow"]);
        assert!(
            error.contains("sst2 has train.arrow, and the hub"),
            "{error}"
        );
    }

    #[test]
    fn the_official_file_comes_first() {
        let error = says(&["sst2/train-00000-of-00001.parquet", "SST-2/train.tsv"]);
        assert!(
            error.contains("SST-2/train.tsv: is a Parquet file"),
            "{error}"
        );
    }

    #[test]
    fn a_split_that_a_task_does_not_have_is_not_there() {
        let folder = tempfile::tempdir().expect("a folder");
        for task in [Task::Rte, Task::Mnli] {
            let there = has_split(folder.path(), task, Split::Mismatched);
            assert!(!there.expect("no error"));
        }
        fs::create_dir(folder.path().join("mnli")).expect("a folder");
        let file = "mnli/validation_mismatched-00000-of-00001.parquet";
        fs::write(folder.path().join(file), "").expect("written");
        let there = has_split(folder.path(), Task::Mnli, Split::Mismatched);
        assert!(there.expect("no error"));
    }
}
