//! Files that are there whole or not at all.
//!
//! A file is written under another name, which is the same every time, and then renamed. So what a
//! killed program leaves half-written is overwritten by the next one, and never taken for the file.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::error::RunError;

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
///
/// If it cannot be written. Then the file of before is still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RunError> {
    put_whole(path, bytes).map_err(|error| RunError::io(path, error))
}

/// As [`write_whole`], with the system's error.
///
/// # Errors
///
/// As for [`write_whole`].
pub fn put_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let written = File::create(&unfinished).and_then(|mut file| file.write_all(bytes));
    let done = written.and_then(|()| publish(&unfinished, path));
    if done.is_err() {
        // On a full disk, half of a file is space that something else can use.
        let _ = fs::remove_file(&unfinished);
    }
    done
}

/// Gives a finished file its name. Its bytes are on the disk before it has the name, so that a
/// power failure leaves the old file or the new one.
///
/// # Errors
///
/// If the system refuses it.
pub fn publish(unfinished: &Path, path: &Path) -> io::Result<()> {
    sync(unfinished)?;
    fs::rename(unfinished, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => sync(folder),
        _ => sync(Path::new(".")),
    }
}

/// Waits until a file's bytes, or a folder's names, are on the disk.
///
/// # Errors
///
/// If they cannot be brought there.
pub fn sync(path: &Path) -> io::Result<()> {
    // Other systems give no handle of a folder, and want the right to write for one of a file.
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}

/// As [`sync`], of a folder and of the files in it.
///
/// # Errors
///
/// As for [`sync`].
pub fn sync_all(folder: &Path) -> Result<(), RunError> {
    let io = |error| RunError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        // A link may lead nowhere.
        if path.exists() {
            sync(&path).map_err(|error| RunError::io(&path, error))?;
        }
    }
    sync(folder).map_err(io)
}

/// Removes the files of these names, and what Burn was writing when it was killed.
///
/// # Errors
///
/// If a file cannot be removed.
pub fn sweep(folder: &Path, names: &[&str]) -> Result<(), RunError> {
    let io = |error| RunError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        // Burn's are called `model.bpk.4711-0.tmp`.
        let half = |name: &str| name.ends_with(".tmp") && name.contains(".bpk.");
        if name.is_some_and(|name| names.contains(&name) || half(name)) && path.is_file() {
            fs::remove_file(&path).map_err(|error| RunError::io(&path, error))?;
        }
    }
    Ok(())
}
