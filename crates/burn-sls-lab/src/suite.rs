//! The command `problems`: makes the runs that are missing.

use core::fmt;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use burn::tensor::Device;

use crate::cli::{self, ProblemsArgs};
use crate::competitor::{Competitor, Tuned, UnknownCompetitor};
use crate::files::{Files, FilesError};
use crate::model_file;
use crate::plan::{self, Wanted};
use crate::problem::{Family, Variant};
use crate::problems::families;
use crate::record::{Key, Record};
use crate::report;
use crate::run::{Run, RunError};
use crate::runner::{Failure, Runner};
use crate::select;
use crate::store::{Store, StoreError};

/// Why the program ends with an error.
#[derive(Debug)]
#[non_exhaustive]
pub enum LabError {
    /// An argument.
    Usage(String),
    /// The files that a problem is made from.
    Files(FilesError),
    /// A run.
    Run(RunError),
    /// The runs of a folder.
    Store(StoreError),
    /// A file of the report.
    Io(PathBuf, io::Error),
}

impl fmt::Display for LabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => f.write_str(error),
            Self::Files(error) => write!(f, "{error}"),
            Self::Run(error) => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LabError {}

impl From<FilesError> for LabError {
    fn from(error: FilesError) -> Self {
        Self::Files(error)
    }
}

impl From<StoreError> for LabError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<UnknownCompetitor> for LabError {
    fn from(error: UnknownCompetitor) -> Self {
        Self::Usage(error.to_string())
    }
}

/// How a set of runs has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All runs are there.
    Finished,
    /// The user has stopped it.
    Interrupted,
    /// Some runs have failed.
    Failed,
}

/// What the arguments ask for.
///
/// # Errors
///
/// If a family or a competitor is unknown, or an argument is out of range.
pub fn wanted(args: &ProblemsArgs) -> Result<Wanted, LabError> {
    let competitors = cli::competitors(args);
    for name in &competitors {
        if Tuned::named(name).is_none() {
            Competitor::named(name)?;
        }
    }
    let seeds = match args.quick {
        true => vec![1],
        false => cli::seeds(&args.seeds).map_err(LabError::Usage)?,
    };
    let length = args.length.unwrap_or(if args.quick { 0.5 } else { 1.0 });
    if !(length > 0.0 && length.is_finite()) {
        return Err(LabError::Usage(format!(
            "the length {length} must be above 0"
        )));
    }
    Ok(Wanted {
        families: match args.quick && args.families.is_empty() {
            true => select::quick(&args.files),
            false => select::available(&args.families, &args.files).map_err(LabError::Usage)?,
        },
        competitors,
        drawn: cli::drawn(args, &seeds),
        seeds,
        length,
    })
}

/// Makes the runs that are not there yet, and the report of all that are there.
///
/// # Errors
///
/// [`LabError`]. Runs that fail are no error: they are listed.
pub fn problems(args: &ProblemsArgs) -> Result<Ending, LabError> {
    if args.list {
        for family in select::matching(&args.families).map_err(LabError::Usage)? {
            println!("{:<28} {:<14} {}", family.name, family.group, family.doc);
        }
        return Ok(Ending::Finished);
    }
    if let Some(folder) = &args.report {
        let records = Store::read(folder)?;
        println!("{}", report::report(folder, &records, &args.bar)?);
        return Ok(Ending::Finished);
    }
    let wanted = wanted(args)?;
    let mut store = Store::open(&args.out)?;
    check_files(&wanted, args)?;
    let usage = |error: io::Error| LabError::Usage(error.to_string());
    let runner = Runner::new(args.jobs, &args.files).map_err(usage)?;

    let missing = |key: &Key, store: &Store| {
        args.again.contains(&key.competitor) || store.find(key).is_none()
    };
    let first = wanted.first().into_iter();
    let first = first.filter(|key| missing(key, &store)).collect();
    let mut failures = runner.run(first, &mut store)?;
    if !runner.stopped() {
        failures.extend(tuned(&wanted, &runner, &mut store)?);
    }
    println!("{}", report::report(&args.out, store.records(), &args.bar)?);
    Ok(match (runner.stopped(), failures.is_empty()) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::Finished,
        (false, false) => Ending::Failed,
    })
}

/// Makes a problem of every family that reads files, so that a wrong folder shows at once and not in
/// every run; and checks that other runs of the output folder began from the same model.
fn check_files(wanted: &Wanted, args: &ProblemsArgs) -> Result<(), LabError> {
    let mut reading = wanted
        .families
        .iter()
        .filter(|f| f.reads_files())
        .peekable();
    if reading.peek().is_none() {
        return Ok(());
    }
    for family in reading {
        family.problem(&Variant::nominal(1), &args.files)?;
    }
    model_file::check(&args.out, &args.files)
}

/// Chooses the rates of the tuned competitors, and makes their runs.
fn tuned(wanted: &Wanted, runner: &Runner, store: &mut Store) -> Result<Vec<Failure>, LabError> {
    let mut chosen: Vec<(Key, Key)> = Vec::new();
    let mut failures = Vec::new();
    for (tuned, family, variant) in wanted.tuned() {
        let own = wanted.key(family, variant, tuned.name());
        let choices = wanted.choices(tuned, family, variant);
        let records: Vec<Vec<&Record>> = choices
            .iter()
            .map(|keys| keys.iter().filter_map(|key| store.find(key)).collect())
            .filter(|records: &Vec<&Record>| records.len() == choices[0].len())
            .collect();
        match plan::best(&records) {
            Some(best) => chosen.push((own, wanted.key(family, variant, best))),
            None => failures.push((own, "no candidate has finished".to_string())),
        }
    }
    let mut missing: Vec<Key> = Vec::new();
    for (_, key) in &chosen {
        if store.find(key).is_none() && !missing.contains(key) {
            missing.push(key.clone());
        }
    }
    failures.extend(runner.run(missing, store)?);
    for (own, key) in chosen {
        let Some(record) = store.find(&key) else {
            continue;
        };
        let record = Record {
            key: own,
            chosen: Some(key.competitor),
            ..record.clone()
        };
        if store.find(&record.key) != Some(&record) {
            store.append(record)?;
        }
    }
    Ok(failures)
}

/// Makes one run.
///
/// # Errors
///
/// If its key names nothing, or a step is refused.
pub fn run_one(key: &str, files: &Files) -> Result<Record, LabError> {
    let usage = |error: serde_json::Error| LabError::Usage(error.to_string());
    let key: Key = serde_json::from_str(key).map_err(usage)?;
    let by_name: HashMap<&str, &Family> = families().iter().map(|f| (f.name, f)).collect();
    let family = by_name.get(key.problem.as_str());
    let family = family.ok_or_else(|| LabError::Usage(format!("no family `{}`", key.problem)))?;
    let problem = family.problem(&key.variant, files)?;
    let run = Run {
        problem: key.problem,
        group: family.group.to_string(),
        variant: key.variant,
        length: key.length,
        device: Device::flex(),
    };
    let competitor = Competitor::named(&key.competitor)?;
    problem.run(&competitor, &run).map_err(LabError::Run)
}
