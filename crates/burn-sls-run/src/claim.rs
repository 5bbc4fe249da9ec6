//! A folder that one program works in, and which folders are free.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::RunError;
use crate::record::RUN;

/// A folder's claim, by which no other program works in it at the same time. It ends with this
/// value, or with the program, however that ends, and leaves no file behind.
///
/// It is the system's lock on the folder itself. Where a system gives no handle of a folder, or a
/// file system knows no locks, nothing is claimed and nothing refused.
#[derive(Debug)]
#[must_use = "the claim ends with it"]
pub struct Claim(#[expect(dead_code, reason = "held until it is dropped")] Option<File>);

impl Claim {
    /// Claims a folder that is there.
    ///
    /// # Errors
    ///
    /// If another program has claimed it.
    pub fn of(folder: &Path) -> Result<Self, RunError> {
        let Ok(file) = File::open(folder) else {
            return Ok(Self(None));
        };
        match file.try_lock() {
            Ok(()) => Ok(Self(Some(file))),
            Err(TryLockError::WouldBlock) => Err(RunError::Usage(format!(
                "another program is working in {}: wait until it has ended, or choose another --out",
                folder.display()
            ))),
            Err(TryLockError::Error(_)) => Ok(Self(None)),
        }
    }

    /// Claims a folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// If another program has claimed it, or it cannot be made.
    pub fn made(folder: PathBuf) -> Result<(PathBuf, Self), RunError> {
        fs::create_dir_all(&folder).map_err(|error| RunError::io(&folder, error))?;
        let claim = Self::of(&folder)?;
        Ok((folder, claim))
    }

    /// Makes the first of `parent/NAME-1`, `parent/NAME-2`, … that is not there, and claims it.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn numbered(parent: &Path, name: &str) -> Result<(PathBuf, Self), RunError> {
        fs::create_dir_all(parent).map_err(|error| RunError::io(parent, error))?;
        let mut number = 1;
        loop {
            let folder = parent.join(format!("{name}-{number}"));
            match fs::create_dir(&folder) {
                // Perhaps by another program just now.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(RunError::io(folder, error)),
                Ok(()) => return Self::made(folder),
            }
        }
    }
}

/// What speaks against a new run in this folder, and what to do. A run writes these `files` and
/// `folders` after its `run.json`, so without that they are another program's.
pub fn taken(out: &Path, files: &[&str], folders: &[&str]) -> Option<String> {
    if out.join(RUN).exists() {
        return Some("holds a run already: go on with it by --resume".into());
    }
    if out.is_file() {
        return Some("is a file, not a folder: put it elsewhere".into());
    }
    let file = files.iter().find(|name| out.join(name).is_file());
    let has_files = |folder: PathBuf| {
        let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.any(|entry| entry.path().is_file())
    };
    let folder = folders.iter().find(|name| has_files(out.join(name)));
    let there = file.or(folder)?;
    Some(format!(
        "holds a {there} of another program: put it elsewhere"
    ))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_at_a_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Claim::of(folder.path()).expect("claimed");
        let error = Claim::of(folder.path()).expect_err("claimed already");
        assert!(error.to_string().contains("another program"), "{error}");
        drop(first);
        let again = Claim::of(folder.path()).expect("free again");
        drop(again);
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
        drop(Claim::of(&folder.path().join("missing")).expect("nothing to claim"));
    }

    #[test]
    fn a_folder_that_nobody_has_named_is_a_new_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let next = || Claim::numbered(&folder.path().join("runs"), "run").expect("made");
        let (first, second) = (next(), next());
        assert!(first.0.ends_with("runs/run-1") && second.0.ends_with("runs/run-2"));
        Claim::made(second.0.clone()).expect_err("claimed already");
    }
}
