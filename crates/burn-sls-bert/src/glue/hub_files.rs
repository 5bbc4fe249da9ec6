//! Finding a task's Parquet files by the names that the hub gives them.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::foreign::{BEGINNING, other_kind};
use super::{Split, Task};
use crate::BertError;
use crate::quote::listed;

/// The Parquet files of a split in `dir`, a copy of the hub's data set `nyu-mll/glue`, in the order
/// of their rows. Empty if there are none.
///
/// The hub has several names for the same rows. For the training set of `sst2`:
///
/// | files | where |
/// |---|---|
/// | `sst2/train-00000-of-00001.parquet` | the data set itself, see [`Task::hub_file`] |
/// | `sst2/train-00000-of-00002.parquet`, … | the same in several parts |
/// | `sst2/train-00000-of-00001-0123456789abcdef.parquet` | older data sets, with a hash |
/// | `sst2/train/0000.parquet`, `sst2/train/0001.parquet`, … | the branch `refs/convert/parquet` |
/// | `sst2/glue-train.parquet`, `sst2/train.parquet` | older conversions, and files of your own |
///
/// # Errors
///
/// [`BertError::Task`] if the task does not have the split. [`BertError::Data`] if a part is
/// missing, if there are files of the split under several of these names, or if a file is of
/// another kind by its first bytes, such as a pointer of Git LFS. [`BertError::Io`] if a file or
/// folder cannot be read.
pub fn hub_files(
    dir: impl AsRef<Path>,
    task: Task,
    split: Split,
) -> Result<Vec<PathBuf>, BertError> {
    let name = task
        .hub_part(split)
        .ok_or_else(|| task.lacks_mismatched())?;
    let folder = dir.as_ref().join(task.name());
    let mut sets: BTreeMap<Form, Vec<Part>> = BTreeMap::new();
    for path in entries(&folder)? {
        if let Some((form, number)) = form(&path, name) {
            sets.entry(form).or_default().push(Part { number, path });
        }
    }
    for path in entries(&folder.join(name))? {
        if let Some(number) = numbered(&path) {
            let parts = sets.entry(Form::Numbered).or_default();
            parts.push(Part { number, path });
        }
    }
    let error = |message| Err(BertError::data(&folder, None, message));
    let several = |paths: &[&Path]| {
        let names: Vec<String> = paths.iter().map(|path| in_folder(&folder, path)).collect();
        error(format!(
            "has the split {name} several times: {}; keep one of them",
            listed(&names)
        ))
    };
    if sets.len() > 1 {
        let first: Vec<&Path> = sets.values().map(|parts| &*parts[0].path).collect();
        return several(&first);
    }
    let Some((form, mut parts)) = sets.pop_first() else {
        return Ok(Vec::new());
    };
    parts.sort();
    let total = match form {
        Form::Single | Form::Prefixed => 1,
        Form::Numbered => parts.last().map_or(0, |part| part.number.saturating_add(1)),
        Form::Parts { total, .. } => total,
    };
    if let Some([one, other]) = parts.array_windows().find(|[a, b]| a.number == b.number) {
        return several(&[&one.path, &other.path]);
    }
    if !parts.iter().map(|part| part.number).eq(0..total) {
        let names: Vec<String> = parts.iter().map(|p| in_folder(&folder, &p.path)).collect();
        return error(format!(
            "the split {name} has a file of every number from 0 to {}, and there {} {}: get those \
             that are missing",
            total.saturating_sub(1),
            if names.len() == 1 { "is only" } else { "are" },
            listed(&names)
        ));
    }
    let paths = parts.into_iter().map(|part| part.path);
    paths.map(check_kind).collect()
}

/// Refuses a file that is of another kind by its first bytes, such as a pointer to the data.
fn check_kind(path: PathBuf) -> Result<PathBuf, BertError> {
    let io = |source| BertError::io(&path, source);
    let mut beginning = Vec::new();
    let file = File::open(&path).map_err(io)?;
    let mut part = file.take(BEGINNING as u64);
    part.read_to_end(&mut beginning).map_err(io)?;
    match other_kind(&beginning) {
        Some(kind) if !beginning.starts_with(b"PAR1") => Err(BertError::data(&path, None, kind)),
        _ => Ok(path),
    }
}

/// How the files of a split are named.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    /// `train.parquet`.
    Single,
    /// `glue-train.parquet`.
    Prefixed,
    /// `train/0000.parquet`.
    Numbered,
    /// `train-00000-of-00001.parquet`, maybe with a prefix or a hash.
    Parts {
        total: u32,
        prefixed: bool,
        hashed: bool,
    },
}

/// A file of a split.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    number: u32,
    path: PathBuf,
}

/// The form of a file's name and its number, if it is a file of the split called `name`.
fn form(path: &Path, name: &str) -> Option<(Form, u32)> {
    let stem = stem(path)?;
    let (prefixed, rest) = match stem.strip_prefix("glue-") {
        Some(rest) => (true, rest),
        None => (false, stem),
    };
    let rest = rest.strip_prefix(name)?;
    if rest.is_empty() {
        return Some((
            if prefixed {
                Form::Prefixed
            } else {
                Form::Single
            },
            0,
        ));
    }
    let (number, rest) = rest.strip_prefix('-')?.split_once("-of-")?;
    let (total, hash) = match rest.split_once('-') {
        Some((total, hash)) => (total, Some(hash)),
        None => (rest, None),
    };
    let is_hash = |hash: &str| !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_hexdigit());
    if !hash.is_none_or(is_hash) {
        return None;
    }
    let form = Form::Parts {
        total: digits(total)?,
        prefixed,
        hashed: hash.is_some(),
    };
    Some((form, digits(number)?))
}

/// The number of `0000.parquet`.
fn numbered(path: &Path) -> Option<u32> {
    digits(stem(path)?)
}

fn digits(text: &str) -> Option<u32> {
    let only = text.bytes().all(|byte| byte.is_ascii_digit());
    only.then(|| text.parse().ok()).flatten()
}

/// The name of a Parquet file without its ending.
fn stem(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(".parquet")
}

/// What a folder has, in the order of the names. Nothing if there is no such folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, BertError> {
    let io = |source| BertError::io(folder, source);
    let found = match fs::read_dir(folder) {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(io(error)),
    };
    let paths = found.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(io)?;
    paths.sort();
    Ok(paths)
}

/// A path as it is called inside a folder above it.
fn in_folder(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.display().to_string()
}

/// The names of what a folder has, for a message. `None` if it has nothing or cannot be read.
pub(super) fn contents(folder: &Path) -> Option<String> {
    let paths = entries(folder).ok()?;
    let names = paths.iter().filter_map(|path| path.file_name());
    let names: Vec<_> = names.map(OsStr::to_string_lossy).collect();
    (!names.is_empty()).then(|| listed(&names))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// What [`hub_files`] finds for the training set of SST-2 among these files.
    fn found(files: &[&str]) -> Result<Vec<String>, String> {
        let folder = TempDir::new().unwrap();
        for file in files {
            let path = folder.path().join("sst2").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let sst2 = folder.path().join("sst2");
        hub_files(folder.path(), Task::Sst2, Split::Train)
            .map(|paths| paths.iter().map(|path| in_folder(&sst2, path)).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_of_the_hub_is_found_in_the_order_of_its_parts() {
        let forms: [&[&str]; 7] = [
            &["train-00000-of-00001.parquet"],
            &[
                "train-00000-of-00002.parquet",
                "train-00001-of-00002.parquet",
            ],
            &["train-00000-of-00001-0123456789abcdef.parquet"],
            &[
                "train-00000-of-00002-ffab.parquet",
                "train-00001-of-00002-00cd.parquet",
            ],
            &["train/0000.parquet", "train/0001.parquet"],
            &["train.parquet"],
            &["glue-train.parquet"],
        ];
        for form in forms {
            let other = [
                "validation-00000-of-00001.parquet",
                "test.parquet",
                "train.json",
                "train-part.parquet",
                "partial-train/0000.parquet",
            ];
            let files = [form, &other].concat();
            assert_eq!(found(&files).unwrap(), form);
        }
        assert_eq!(found(&["test.parquet"]).unwrap(), [""; 0]);
        let nowhere = hub_files("no/where", Task::Sst2, Split::Train);
        assert!(nowhere.unwrap().is_empty());
    }

    #[test]
    fn a_name_of_one_split_is_not_taken_for_another() {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("mnli")).unwrap();
        for part in ["validation_matched", "validation_mismatched", "validation"] {
            let file = format!("mnli/{part}-00000-of-00001.parquet");
            fs::write(folder.path().join(file), "").unwrap();
        }
        for split in [Split::Validation, Split::Mismatched] {
            let found = hub_files(folder.path(), Task::Mnli, split).unwrap();
            let expected = folder.path().join(Task::Mnli.hub_file(split).unwrap());
            assert_eq!(found, [expected]);
        }
        let error = hub_files(folder.path(), Task::Rte, Split::Mismatched).unwrap_err();
        assert!(matches!(error, BertError::Task(_)));
    }

    #[test]
    fn a_pointer_to_the_data_is_named() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("sst2/train-00000-of-00001.parquet");
        fs::create_dir(folder.path().join("sst2")).unwrap();
        fs::write(&path, "version https://git-lfs.github.com/spec/v1\n").unwrap();
        let error = hub_files(folder.path(), Task::Sst2, Split::Train).unwrap_err();
        let says = format!("{}: is a Git LFS pointer", path.display());
        assert!(error.to_string().starts_with(&says), "{error}");
    }

    #[test]
    fn missing_parts_and_several_copies_are_errors() {
        for (files, says) in [
            (
                &[
                    "train-00000-of-00003.parquet",
                    "train-00002-of-00003.parquet",
                ],
                "has a file of every number from 0 to 2, and there are train-00000-of-",
            ),
            (
                &["train/0000.parquet", "train/0002.parquet"],
                "the split train has a file of every number from 0 to 2, and there are train/0000",
            ),
            (
                &[
                    "train-00000-of-00001-ab.parquet",
                    "train-00000-of-00001-cd.parquet",
                ],
                "has the split train several times: train-00000-of-00001-ab",
            ),
            (
                &[
                    "train-00001-of-00002.parquet",
                    "train-00002-of-00002.parquet",
                ],
                "the split train has a file of every number from 0 to 1, and there are train-0",
            ),
            (
                &["train-00000-of-00001.parquet", "train.parquet"],
                "has the split train several times: train.parquet, train-00000-of-00001.parquet; \
                 keep one of them",
            ),
            (
                &["train-00000-of-00001.parquet", "train/0000.parquet"],
                "has the split train several times: train/0000.parquet, train-00000-of-00001",
            ),
        ] {
            let error = found(files).unwrap_err();
            assert!(error.contains(says), "{error}\nlacks {says}");
        }
        // A total that no folder has takes no memory.
        let error = found(&["train-00000-of-4294967295.parquet"]).unwrap_err();
        assert!(
            error.contains("every number from 0 to 4294967294, and there is only train-"),
            "{error}"
        );
    }
}
