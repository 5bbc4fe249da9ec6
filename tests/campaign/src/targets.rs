//! The readers, each with files to begin from.

mod data;
mod model;
mod runs;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

/// What a reader says to a file.
#[derive(Debug)]
pub enum Answer {
    /// It takes it; the kind of its contents.
    Taken(String),
    /// It refuses it, with this message.
    Refused(String),
}

/// A reader. It panics if it breaks a promise, such as that labels are among the task's.
pub type Reader = Box<dyn FnMut(&[u8]) -> Answer>;

/// A reader with files that it takes, and words of their format.
pub struct Target {
    /// Its name, and that of its folder.
    pub name: &'static str,
    /// Files that it takes.
    pub seeds: Vec<Vec<u8>>,
    /// Words that its files may have.
    pub words: &'static [&'static str],
    /// Memory that the reader may take for each byte of a file, in bytes.
    pub per_byte: usize,
    /// Reads a file.
    pub read: Reader,
}

/// Every target. Their files are written to `scratch`.
///
/// # Panics
///
/// If something cannot be written there.
pub fn all(scratch: &Path) -> Vec<Target> {
    let mut targets = vec![
        data::tsv(scratch),
        model::config(scratch),
        model::weights(scratch),
        model::beside(scratch),
        model::tokenizer(scratch),
        runs::experiment(scratch),
        runs::optimizer_record(),
        runs::run_record(scratch),
        runs::steps(scratch),
    ];
    if cfg!(feature = "parquet") {
        targets.extend(data::parquet(scratch));
    }
    targets
}

/// A folder for a target's files.
fn folder(scratch: &Path, name: &str) -> PathBuf {
    let folder = scratch.join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
}

/// The message of an error that names one of these files, without their folder.
fn refused(error: &impl Display, folder: &Path, files: &[&str]) -> Answer {
    let message = error.to_string();
    let short = message.replace(&format!("{}/", folder.display()), "");
    let named = files.iter().any(|file| short.contains(file));
    assert!(named, "the message names no file: {message}");
    Answer::Refused(short)
}
