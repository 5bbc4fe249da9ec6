//! `sls-lab compare`: makes the runs of an experiment, each of them once.

mod args;
pub mod experiment;
pub mod matrix;
mod noted;
pub mod report;
pub mod results;
pub mod store;

use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::Duration;

use burn_sls_run::RunError;
use burn_sls_run::claim::Claim;
use burn_sls_run::progress::{Place, duration};
use burn_sls_run::record::write_run;
use burn_sls_run::shell;
use comfy_table::CellAlignment;
use glue::arguments::TrainArgs;
use glue::error::GlueError;
use glue::folder::RunFile;
use glue::learner::{Ending, Manner};
use glue::settings::Settings;
use glue::train::train_as;

use crate::drive::{Around, Durations, Failed, Task, drive};
use crate::error::LabError;
use crate::table::terminal;

pub use args::{CompareArgs, ReportArgs};
use experiment::{Experiment, Shape};
use matrix::{Matrix, Planned, Purpose, leading};
use noted::note;
use store::{Found, Store, recorded};

/// How a comparison ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Compared {
    /// Every run is there.
    Finished,
    /// Only the runs were listed.
    Listed,
    /// It was interrupted; the same command goes on.
    Interrupted,
    /// These runs failed, each with the reason; the others are there.
    Failed(Vec<(String, String)>),
}

/// Runs an experiment, as far as its runs are not there.
///
/// The folder holds the experiment as `NAME.toml` and the runs under `runs/`, where a run is known
/// by its settings, wherever data and model lie: experiments in one folder share the runs that they
/// have in common. Of a finished run there stay its settings, results, steps and pictures; weights
/// and checkpoints go.
///
/// # Errors
///
/// Whatever is wrong with the experiment, its model or its data. A training that fails does not end
/// the comparison.
pub fn compare(args: &CompareArgs) -> Result<Compared, LabError> {
    let (name, mut experiment) = Experiment::open(&args.experiment)?;
    if args.model.is_some() {
        experiment.model = args.model.clone();
    }
    if args.data_dir.is_some() {
        experiment.data_dir = args.data_dir.clone();
    }
    if args.device.is_some() {
        experiment.device = args.device;
    }
    experiment.data_dir()?;
    experiment.model_shape = Some(Shape::of(experiment.model()?)?);
    let matrix = Matrix::new(&experiment)?;
    if args.plan {
        println!("{}", listed(&matrix, &Store::open(&args.out)?)?);
        return Ok(Compared::Listed);
    }
    let _claim = Claim::made(args.out.clone())?;
    let mut store = Store::open(&args.out)?;
    note(&args.out, &name, &args.experiment, &experiment)?;
    store.tidy()?;

    let (all, _) = matrix.counts(&store);
    let mut failed = Vec::new();
    let mut seen = Durations::default();
    for purpose in [Purpose::Selection, Purpose::Report] {
        // The reported runs of a method follow from those that its learning rate is chosen by.
        let mut runs: Vec<(Planned, Option<PathBuf>)> = Vec::new();
        for run in matrix.planned(purpose, &store)? {
            // A rate that was chosen may be another method's fixed one.
            if runs.iter().any(|(other, _)| other.settings == run.settings) {
                continue;
            }
            match store.find(&run.settings) {
                Some(Found::Finished(earlier)) => seen.add(&run.kind, took(&earlier)),
                Some(Found::Begun(folder)) => runs.push((run, Some(folder))),
                None => runs.push((run, None)),
            }
        }
        let after = match purpose {
            Purpose::Selection => matrix.counts(&store).1,
            Purpose::Report => Vec::new(),
        };
        let before = all.saturating_sub(runs.len() + after.len());
        if purpose == Purpose::Selection {
            println!(
                "{name}: {} in {}, of which {before} are finished",
                counted(all, "run"),
                args.out.display()
            );
        }
        let around = Around { before, after };
        let trainings = Trainings { out: &args.out };
        let keep = |title: &str, _: &_, (folder, _): (PathBuf, Duration)| {
            store.keep_results(&folder)?;
            let finished = store.add(&folder)?;
            println!("{title}: {}", in_short(&finished));
            Ok(())
        };
        let driven = drive(&trainings, runs, &around, 1, &mut seen, keep)?;
        failed.extend(driven.failed);
        if driven.interrupted {
            return Ok(Compared::Interrupted);
        }
    }
    Ok(match failed.is_empty() {
        true => Compared::Finished,
        false => Compared::Failed(failed),
    })
}

/// The trainings of `glue`, each in a folder under `runs/`.
struct Trainings<'a> {
    /// The folder of the comparison.
    out: &'a Path,
}

impl Task for Trainings<'_> {
    /// With the folder of a run that was begun.
    type Run = (Planned, Option<PathBuf>);
    /// With what the whole run took.
    type Made = (PathBuf, Duration);
    const SHOWS_PROGRESS: bool = true;

    fn name(&self, (run, _): &Self::Run) -> String {
        run.name.clone()
    }

    fn kind(&self, (run, _): &Self::Run) -> String {
        run.kind.clone()
    }

    fn make(&self, (run, begun): &Self::Run, place: Place) -> Result<Self::Made, Failed> {
        let (folder, words) = match begun {
            Some(folder) => {
                // Model and data may lie elsewhere by now.
                let file = recorded(folder).map_err(|error| Failed::All(error.into()))?;
                let settings = run.settings.clone();
                let written = write_run(folder, &RunFile { settings, ..file });
                written.map_err(|error| Failed::All(error.into()))?;
                let words = TrainArgs {
                    resume: true,
                    ..TrainArgs::default()
                };
                (folder.clone(), words)
            }
            None => (
                Store::free_folder(self.out, &run.settings),
                run.args.clone(),
            ),
        };
        let words = TrainArgs {
            out: Some(folder.clone()),
            ..words
        };
        // A panic, as of a step that has no loss to search, is a training that failed.
        let train = || train_as(&words, Manner::Among(place));
        let trained = panic::catch_unwind(AssertUnwindSafe(train)).unwrap_or_else(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or(payload.downcast_ref::<&str>().copied());
            Err(RunError::Training(text.unwrap_or("it panicked").to_string()).into())
        });
        match trained {
            Ok(Ending::Finished { out, .. }) => {
                let run = recorded(&out).map_err(|error| Failed::All(error.into()))?;
                Ok((out, took(&run)))
            }
            Ok(Ending::Interrupted { .. }) => Err(Failed::Interrupted),
            Err(GlueError::Run(RunError::Training(reason))) => {
                Err(Failed::Run(format!("{reason} ({})", folder.display())))
            }
            Err(GlueError::Run(RunError::Stopped(stopped))) => {
                let cause = stopped.cause;
                Err(Failed::All(RunError::Training(format!(
                    "{cause}; the comparison has stopped: free some space, or make sure that the \
                     program can write there, and the same command goes on"
                ))
                .into()))
            }
            Err(error) => Err(Failed::All(error.into())),
        }
    }

    fn took(&self, (_, whole): &Self::Made, _: Duration) -> Duration {
        *whole
    }
}

/// What to say at the end, and what to run next.
pub fn farewell(ending: &Compared, args: &CompareArgs) -> String {
    let out = args.out.display();
    let report = format!(
        "cargo run --release -p burn-sls-lab -- report {}",
        shell::word(&args.out)
    );
    match ending {
        Compared::Listed => String::new(),
        Compared::Finished => {
            format!("done: every run is in {out}. Tables and pictures:\n  {report}")
        }
        Compared::Interrupted => format!(
            "interrupted: the same command goes on where this one stopped. Tables and pictures of \
             what is there:\n  {report}"
        ),
        Compared::Failed(runs) => {
            let lines = runs
                .iter()
                .map(|(name, reason)| format!("\n  {name}: {reason}"));
            format!(
                "{} failed, the others are in {out}:{}",
                counted(runs.len(), "run"),
                lines.collect::<String>()
            )
        }
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// A finished run in half a line.
fn in_short(run: &RunFile) -> String {
    let forwards: usize = run.results.iter().map(|epoch| epoch.forwards).sum();
    let loss = run.last.as_ref().map_or(f64::NAN, |last| last.train_loss);
    format!(
        "training loss {loss:.4}, {} {:.3}, {forwards} forward passes, {}",
        run.settings.leading_metric(),
        leading(run).last().unwrap_or(f64::NAN),
        duration(took(run))
    )
}

/// The time that a run took, evaluation included.
fn took(run: &RunFile) -> Duration {
    let epochs = run.results.iter();
    let seconds = epochs.map(|epoch| epoch.seconds_train + epoch.seconds_eval);
    Duration::from_secs_f64(seconds.sum())
}

/// The runs of an experiment as a table, and which of them are there.
fn listed(matrix: &Matrix, store: &Store) -> Result<String, LabError> {
    let mut rows = Vec::new();
    let mut row = |name: &str, purpose: Purpose, settings: Option<&Settings>| {
        let state = match settings.and_then(|settings| store.find(settings)) {
            Some(Found::Finished(_)) => "finished",
            Some(Found::Begun(_)) => "begun",
            None => "to do",
        };
        let purpose = match purpose {
            Purpose::Selection => "choosing a learning rate",
            Purpose::Report => "the report",
        };
        rows.push([name, purpose, state].map(str::to_string).to_vec());
    };
    for run in matrix.planned(Purpose::Selection, store)? {
        row(&run.name, Purpose::Selection, Some(&run.settings));
    }
    if matrix.decided(store) {
        for run in matrix.planned(Purpose::Report, store)? {
            row(&run.name, Purpose::Report, Some(&run.settings));
        }
    } else {
        for name in matrix.report_names() {
            row(&name, Purpose::Report, None);
        }
    }
    Ok(terminal(
        &["run", "for", "state"],
        &rows,
        CellAlignment::Left,
    ))
}
