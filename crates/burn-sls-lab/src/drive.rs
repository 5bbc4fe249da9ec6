//! Makes the runs of a plan, whatever they train.
//!
//! What is trained is behind a [`Task`]: the problem suite is one, and the trainings of `glue` that
//! an experiment compares are another.

mod progress;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use burn_sls_run::interrupt;
use burn_sls_run::progress::Place;

use crate::error::LabError;

use progress::Bar;
pub use progress::Durations;

/// Something that can be trained, as often as a plan says.
pub trait Task: Sync {
    /// What a run is known by.
    type Run: Send;
    /// What it leaves behind.
    type Made: Send;

    /// Whether a run shows its own progress; it is then made in this thread, and told its place
    /// among the others.
    const SHOWS_PROGRESS: bool;

    /// The name of a run.
    fn name(&self, run: &Self::Run) -> String;

    /// Runs of the same kind take about as long.
    fn kind(&self, run: &Self::Run) -> String;

    /// Makes a run.
    ///
    /// # Errors
    ///
    /// See [`Failed`].
    fn make(&self, run: &Self::Run, place: Place) -> Result<Self::Made, Failed>;

    /// What the whole of a run took, of which the last part, or all of it, took so long.
    fn took(&self, _made: &Self::Made, part: Duration) -> Duration {
        part
    }
}

/// Why a run was not made.
#[derive(Debug)]
pub enum Failed {
    /// It failed by itself, for this reason: the others go on.
    Run(String),
    /// The user has interrupted it.
    Interrupted,
    /// No other run could be made either.
    All(LabError),
}

/// How a plan ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Driven {
    /// Whether the user has stopped it.
    pub interrupted: bool,
    /// The runs that failed, each with its name and the reason.
    pub failed: Vec<(String, String)>,
}

/// What a part of a plan has around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// How many runs come before it, or are there already.
    pub before: usize,
    /// The kinds of the runs that come after it.
    pub after: Vec<String>,
}

/// Makes runs, so many `jobs` at once, and hands each to `keep` with its title as it is finished.
/// Ctrl-C ends it; runs under way that the terminal has ended too are made again the next time.
/// `seen` are the times of earlier runs.
///
/// # Errors
///
/// If a result cannot be kept, or [`Failed::All`].
pub fn drive<T: Task>(
    task: &T,
    runs: Vec<T::Run>,
    around: &Around,
    jobs: usize,
    seen: &mut Durations,
    keep: impl FnMut(&str, &T::Run, T::Made) -> Result<(), LabError>,
) -> Result<Driven, LabError> {
    match T::SHOWS_PROGRESS {
        true => one_by_one(task, runs, around, seen, keep),
        false => side_by_side(task, runs, around, jobs.max(1), seen, keep),
    }
}

fn one_by_one<T: Task>(
    task: &T,
    runs: Vec<T::Run>,
    around: &Around,
    seen: &mut Durations,
    mut keep: impl FnMut(&str, &T::Run, T::Made) -> Result<(), LabError>,
) -> Result<Driven, LabError> {
    let kinds: Vec<String> = runs.iter().map(|run| task.kind(run)).collect();
    let total = around.before + runs.len() + around.after.len();
    let mut driven = Driven::default();
    for (index, run) in runs.iter().enumerate() {
        if interrupt::interrupted() {
            driven.interrupted = true;
            break;
        }
        let place = Place {
            number: around.before + index + 1,
            total,
            name: task.name(run),
            rest: seen.of(kinds[index + 1..].iter().chain(&around.after)),
        };
        let (title, began) = (place.title(), Instant::now());
        match task.make(run, place) {
            Ok(made) => {
                seen.add(&kinds[index], task.took(&made, began.elapsed()));
                keep(&title, run, made)?;
            }
            Err(Failed::Run(reason)) => {
                println!("{title}: {reason}");
                driven.failed.push((task.name(run), reason));
            }
            Err(Failed::Interrupted) => {
                driven.interrupted = true;
                break;
            }
            Err(Failed::All(error)) => return Err(error),
        }
    }
    Ok(driven)
}

fn side_by_side<T: Task>(
    task: &T,
    runs: Vec<T::Run>,
    around: &Around,
    jobs: usize,
    seen: &mut Durations,
    mut keep: impl FnMut(&str, &T::Run, T::Made) -> Result<(), LabError>,
) -> Result<Driven, LabError> {
    let mut waiting: Vec<Option<String>> = runs.iter().map(|run| Some(task.kind(run))).collect();
    let total = around.before + runs.len() + around.after.len();
    let place = |index: usize, run: &T::Run| Place {
        number: around.before + index + 1,
        total,
        name: task.name(run),
        rest: None,
    };
    let mut bar = Bar::new(runs.len());
    let queue: VecDeque<(usize, T::Run)> = runs.into_iter().enumerate().collect();
    let queue = Mutex::new(queue);
    let next = || match interrupt::interrupted() {
        true => None,
        false => queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front(),
    };
    let (sender, results) = mpsc::channel();
    let mut driven = Driven::default();
    let made = thread::scope(|scope| {
        for _ in 0..jobs {
            let (sender, next, place) = (sender.clone(), &next, &place);
            scope.spawn(move || {
                while let Some((index, run)) = next() {
                    let began = Instant::now();
                    let made = task.make(&run, place(index, &run));
                    if sender.send((index, run, made, began.elapsed())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (index, run, made, part) in results {
            let name = task.name(&run);
            if let Some(kind) = waiting[index].take() {
                let took = made.as_ref().map_or(part, |made| task.took(made, part));
                seen.add(&kind, took);
            }
            let rest = seen.of(waiting.iter().flatten().chain(&around.after));
            bar.advance(&name, rest.unwrap_or_default() / jobs as u32);
            match made {
                Ok(made) => keep(&place(index, &run).title(), &run, made)?,
                Err(Failed::All(error)) => return Err(error),
                Err(Failed::Interrupted) => driven.interrupted = true,
                // What a Ctrl-C of the terminal has ended is no failure.
                Err(Failed::Run(_)) if interrupt::interrupted() => {}
                Err(Failed::Run(reason)) => {
                    bar.say(&format!("{name} has failed: {reason}"));
                    driven.failed.push((name, reason));
                }
            }
        }
        Ok(())
    });
    driven.interrupted |= interrupt::interrupted();
    made.map(|()| driven)
}

#[cfg(test)]
mod tests;
