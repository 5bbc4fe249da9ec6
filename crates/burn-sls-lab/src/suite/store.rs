//! The finished runs of a folder: a file of JSON, one line a run; and those that only the folder's
//! report has.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use burn_sls_run::error::one_line;

use crate::suite::record::{Key, Record};
use crate::suite::reported::{RESULTS, runs};

/// The file of the runs.
pub const RUNS: &str = "runs.jsonl";

/// The finished runs of a folder. A run is appended as a whole line, so whatever ends the program,
/// all that had finished is there.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    file: File,
    records: Vec<Record>,
}

/// A store that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Io(PathBuf, io::Error),
    /// A line, from 1, that is no run.
    #[error("{path}:{line} is no run: {error}", path = .0.display(), line = .1, error = .2)]
    Line(PathBuf, usize, String),
    /// A report's numbers that have no runs.
    #[error(
        "the runs of {path} cannot be read: {error}: put a whole copy in its place, or delete it; \
         runs that are in no {RUNS} are then made again",
        path = .0.display(), error = .1
    )]
    Results(PathBuf, String),
}

impl Store {
    /// The store of a folder, which is made if it is not there. A last line without its end, as an
    /// interrupted write leaves it, is dropped. Runs that only the folder's report has are added.
    ///
    /// # Errors
    ///
    /// If the folder or the file cannot be written, or a line is no run.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(RUNS);
        let io = |error| StoreError::Io(path.clone(), error);
        fs::create_dir_all(folder).map_err(io)?;
        let mut options = OpenOptions::new();
        let mut append = || options.create(true).append(true).open(&path).map_err(io);
        let text = text(&path)?.unwrap_or_default();
        let whole = whole(&text);
        let records = parsed(&path, whole)?;
        let reported = reported(folder)?.unwrap_or_default();
        let file = append()?;
        if whole.len() < text.len() {
            file.set_len(whole.len() as u64).map_err(io)?;
        }
        let mut store = Self {
            path,
            file,
            records,
        };
        let missing = reported.into_iter();
        let missing = missing.filter(|run| store.find(&run.key).is_none());
        store.extend(missing.collect())?;
        Ok(store)
    }

    /// The runs of a folder, only to be read.
    ///
    /// # Errors
    ///
    /// If there is neither a file of runs nor a report, or a line is no run.
    pub fn read(folder: &Path) -> Result<Vec<Record>, StoreError> {
        let path = folder.join(RUNS);
        let (text, reported) = (text(&path)?, reported(folder)?);
        if text.is_none() && reported.is_none() {
            return Err(StoreError::Io(path, io::ErrorKind::NotFound.into()));
        }
        let mut records = parsed(&path, whole(&text.unwrap_or_default()))?;
        for run in reported.unwrap_or_default() {
            if records.iter().all(|there| there.key != run.key) {
                records.push(run);
            }
        }
        Ok(records)
    }

    /// Appends a run. It takes the place of one with the same key.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn append(&mut self, record: Record) -> Result<(), StoreError> {
        self.extend(vec![record])
    }

    fn extend(&mut self, records: Vec<Record>) -> Result<(), StoreError> {
        let io = |error| StoreError::Io(self.path.clone(), error);
        let mut lines = String::new();
        for record in &records {
            lines += &serde_json::to_string(record).map_err(|error| io(error.into()))?;
            lines.push('\n');
        }
        self.file.write_all(lines.as_bytes()).map_err(io)?;
        let put = |record| put(&mut self.records, record);
        records.into_iter().for_each(put);
        Ok(())
    }

    /// The run with a key.
    pub fn find(&self, key: &Key) -> Option<&Record> {
        self.records.iter().find(|record| record.key == *key)
    }

    /// All runs, in the order in which the first of each key has finished.
    pub fn records(&self) -> &[Record] {
        &self.records
    }
}

/// The text of a file, if it is there.
fn text(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text
            .map(Some)
            .map_err(|error| StoreError::Io(path.to_path_buf(), error)),
    }
}

/// The runs in a folder's report, if there is one.
fn reported(folder: &Path) -> Result<Option<Vec<Record>>, StoreError> {
    let path = folder.join(RESULTS);
    let read = text(&path)?.map(|text| runs(&text));
    read.transpose()
        .map_err(|error| StoreError::Results(path, one_line(&error.to_string())))
}

/// The lines that have an end.
fn whole(text: &str) -> &str {
    &text[..text.rfind('\n').map_or(0, |end| end + 1)]
}

fn put(records: &mut Vec<Record>, record: Record) {
    match records.iter_mut().find(|there| there.key == record.key) {
        Some(there) => *there = record,
        None => records.push(record),
    }
}

fn parsed(path: &Path, text: &str) -> Result<Vec<Record>, StoreError> {
    let mut records = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let record = serde_json::from_str(line).map_err(|error| {
            StoreError::Line(path.to_path_buf(), index + 1, one_line(&error.to_string()))
        })?;
        put(&mut records, record);
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::reported::Line;
    use crate::suite::testing::record;

    #[test]
    fn a_half_written_last_line_is_dropped_and_the_store_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(folder.path()).expect("a store");
        let runs = [
            record("a", "adam", &[2.0, 1.0]),
            record("a", "default", &[2.0, f64::NAN]),
            record("b", "adam", &[2.0, 0.5]),
        ];
        for run in &runs[..2] {
            store.append(run.clone()).expect("appended");
        }
        drop(store);
        let path = folder.path().join(RUNS);
        let good = fs::read_to_string(&path).expect("a file");
        let half = serde_json::to_string(&runs[2]).expect("a line");
        fs::write(&path, format!("{good}{}", &half[..half.len() / 2])).expect("written");

        let mut store = Store::open(folder.path()).expect("a store");
        assert_eq!(store.records().len(), 2);
        assert_eq!(store.find(&runs[0].key), Some(&runs[0]));
        assert!(store.find(&runs[1].key).expect("a run").end().loss.is_nan());
        assert_eq!(store.find(&runs[2].key), None);
        store.append(runs[2].clone()).expect("appended");
        store.append(runs[2].clone()).expect("appended");
        let read = Store::read(folder.path()).expect("runs");
        assert_eq!(read.len(), 3);
        assert_eq!(read[2], runs[2]);
    }

    #[test]
    fn what_only_the_report_has_is_added_however_often_that_is_interrupted() {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = ["a", "b", "c"].map(|problem| record(problem, "adam", &[2.0, 1.0]));
        let lines = runs.clone().map(|run| Line {
            run,
            ratio: None,
            steps_to_target: None,
            costs_to_target: None,
            failed: None,
        });
        let results = serde_json::json!({ "runs": lines }).to_string();
        fs::write(folder.path().join(RESULTS), results).expect("written");
        let path = folder.path().join(RUNS);
        // A run that was made again here, and one of the report that was half written.
        let again = record("b", "adam", &[2.0, 0.5]);
        let made = serde_json::to_string(&again).expect("a line");
        fs::write(&path, format!("{made}\n{}", &made[..20])).expect("written");
        let expected = [again, runs[0].clone(), runs[2].clone()];
        assert_eq!(Store::read(folder.path()).expect("runs"), expected);
        for _ in 0..2 {
            let store = Store::open(folder.path()).expect("a store");
            assert_eq!(store.records(), expected);
        }
        let lines = fs::read_to_string(&path).expect("a file");
        assert_eq!(lines.lines().count(), 3);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(RUNS), "{}\n").expect("written");
        let error = Store::open(folder.path()).expect_err("no run");
        assert!(error.to_string().contains("runs.jsonl:1"), "{error}");
        fs::remove_file(folder.path().join(RUNS)).expect("removed");
        let error = Store::read(folder.path()).expect_err("no runs");
        assert!(error.to_string().contains("runs.jsonl"), "{error}");
        fs::write(folder.path().join(RESULTS), "{\"bar\": 1}").expect("written");
        let error = Store::open(folder.path()).expect_err("no runs");
        assert!(error.to_string().contains("results.json"), "{error}");
    }
}
