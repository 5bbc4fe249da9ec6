//! `glue compare`: makes the runs of an experiment, each of them once.

mod matrix;
mod progress;
mod store;

use std::fs;
use std::panic::{self, AssertUnwindSafe};

use comfy_table::Table;
use comfy_table::presets::UTF8_BORDERS_ONLY;

use crate::error::GlueError;
use crate::experiment::{Experiment, Shape};
use crate::interrupt::interrupted;
use crate::progress::Place;
use crate::results::{RunFile, read_run, write_run, write_whole};
use crate::settings::{CompareArgs, Settings, TrainArgs};
use crate::train::{Ending, Manner, train_as};

use progress::{Pace, took};

pub use matrix::{Chosen, Matrix, Planned, Purpose};
pub use store::{Found, RUNS, Store};

/// How a comparison ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Compared {
    /// Every run is there.
    Finished,
    /// Only the runs were listed.
    Listed,
    /// It was interrupted; the same command goes on.
    Interrupted,
    /// These runs failed; the others are there.
    Failed(Vec<String>),
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
pub fn compare(args: &CompareArgs) -> Result<Compared, GlueError> {
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
    let mut store = Store::open(&args.out)?;
    if args.plan {
        println!("{}", listed(&matrix, &store)?);
        return Ok(Compared::Listed);
    }
    fs::create_dir_all(&args.out).map_err(|error| GlueError::io(&args.out, error))?;
    let file = args.out.join(format!("{name}.toml"));
    let portable = experiment.portable();
    if file.is_file() {
        let there = Experiment::recorded(&file)?;
        if there.model != portable.model {
            return Err(GlueError::Usage(format!(
                "{} holds the experiment `{name}` with another model: choose another --out",
                args.out.display()
            )));
        }
    }
    write_whole(&file, portable.to_toml().as_bytes())?;

    let expected = matrix.expected(&store);
    let there = expected.iter().filter(|(_, there)| *there).count();
    println!(
        "{name}: {} in {}, of which {there} are finished",
        counted(expected.len(), "run"),
        args.out.display()
    );
    let mut failed = Vec::new();
    let mut pace = Pace::new(expected);
    for purpose in [Purpose::Selection, Purpose::Report] {
        // The reported runs of a method follow from those that its learning rate is chosen by.
        for run in &matrix.planned(purpose, &store)? {
            if interrupted() {
                return Ok(Compared::Interrupted);
            }
            pace.next();
            let (folder, resume) = match store.find(&run.settings) {
                Some(Found::Finished(earlier)) => {
                    pace.had(run.cell, &earlier);
                    continue;
                }
                Some(Found::Begun(folder)) => {
                    // Model and data may lie elsewhere by now.
                    let file = read_run(&folder)?;
                    let settings = run.settings.clone();
                    write_run(&folder, &RunFile { settings, ..file })?;
                    (folder, true)
                }
                None => (store.free_folder(&run.settings), false),
            };
            let place = pace.place(&run.name);
            let words = match resume {
                true => TrainArgs {
                    out: Some(folder.clone()),
                    resume,
                    ..TrainArgs::default()
                },
                false => TrainArgs {
                    out: Some(folder.clone()),
                    ..run.args.clone()
                },
            };
            let title = place.title();
            match trained(&words, place) {
                Ok(Ending::Finished { .. }) => {
                    store.keep_results(&folder)?;
                    let finished = store.add(&folder)?;
                    pace.had(run.cell, &finished);
                    println!("{title}: {}", in_short(&finished));
                }
                Ok(Ending::Interrupted { .. }) => return Ok(Compared::Interrupted),
                Err(GlueError::Training(reason)) => {
                    println!("{title}: {reason}");
                    failed.push(format!("{} ({}): {reason}", run.name, folder.display()));
                }
                Err(GlueError::Stopped { cause, .. }) => {
                    return Err(GlueError::Training(format!(
                        "{cause}; the comparison has stopped: free some space, or make \
                         sure that the program can write there, and the same command goes on"
                    )));
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(match failed.is_empty() {
        true => Compared::Finished,
        false => Compared::Failed(failed),
    })
}

/// Trains; a panic, as of a step that has no loss to search, is a training that failed.
fn trained(words: &TrainArgs, place: Place) -> Result<Ending, GlueError> {
    let train = || train_as(words, Manner::Among(place));
    panic::catch_unwind(AssertUnwindSafe(train)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or(payload.downcast_ref::<&str>().copied());
        Err(GlueError::Training(
            text.unwrap_or("it panicked").to_string(),
        ))
    })
}

/// What to say at the end, and what to run next.
pub fn farewell(ending: &Compared, args: &CompareArgs) -> String {
    let out = args.out.display();
    match ending {
        Compared::Listed => String::new(),
        Compared::Finished => format!(
            "done: every run is in {out}. Tables and pictures:\n  cargo run --release -p glue -- \
             report {out}"
        ),
        Compared::Interrupted => format!(
            "interrupted: the same command goes on where this one stopped. Tables and pictures of \
             what is there:\n  cargo run --release -p glue -- report {out}"
        ),
        Compared::Failed(runs) => format!(
            "{} failed, the others are in {out}:\n  {}",
            counted(runs.len(), "run"),
            runs.join("\n  ")
        ),
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
        run.leading_metric(),
        run.leading_values().last().unwrap_or(f64::NAN),
        took(&run.results)
    )
}

/// The runs of an experiment as a table, and which of them are there.
fn listed(matrix: &Matrix, store: &Store) -> Result<String, GlueError> {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(["run", "for", "state"]);
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
        table.add_row([name, purpose, state]);
    };
    for run in matrix.planned(Purpose::Selection, store)? {
        row(&run.name, Purpose::Selection, Some(&run.settings));
    }
    match matrix.decided(store) {
        true => {
            for run in matrix.planned(Purpose::Report, store)? {
                row(&run.name, Purpose::Report, Some(&run.settings));
            }
        }
        false => {
            for name in matrix.report_names() {
                row(&name, Purpose::Report, None);
            }
        }
    }
    Ok(table.trim_fmt())
}
