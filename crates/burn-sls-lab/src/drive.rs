//! Makes the runs of a plan, whatever they train.
//!
//! What is trained is behind a [`Task`]: the problem suite is one, and the trainings of `glue` that
//! an experiment compares are another.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use burn_sls_run::interrupt;
use burn_sls_run::progress::{Pace, Place, duration};
use indicatif::{ProgressBar, ProgressStyle};

use crate::error::LabError;

/// Something that can be trained, as often as a plan says.
pub trait Task: Sync {
    /// What a run is known by.
    type Run: Clone + Send;
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

/// Makes runs, so many `jobs` at once, and hands each to `keep` as it is finished. Ctrl-C ends it
/// after the runs under way. `seen` are the times of earlier runs.
///
/// # Errors
///
/// If a result cannot be kept, or [`Failed::All`].
pub fn drive<T: Task>(
    task: &T,
    runs: Vec<T::Run>,
    jobs: usize,
    seen: &mut Durations,
    mut keep: impl FnMut(&T::Run, T::Made) -> Result<(), LabError>,
) -> Result<Driven, LabError> {
    let kinds: Vec<String> = runs.iter().map(|run| task.kind(run)).collect();
    let total = runs.len();
    let mut left: VecDeque<(usize, T::Run)> = runs.into_iter().enumerate().collect();
    let mut driven = Driven::default();
    if T::SHOWS_PROGRESS {
        while let Some((index, run)) = left.pop_front() {
            if interrupt::interrupted() {
                driven.interrupted = true;
                break;
            }
            let place = Place {
                number: index + 1,
                total,
                name: task.name(&run),
                rest: seen.of(kinds[index + 1..].iter()),
            };
            let (title, began) = (place.title(), Instant::now());
            match task.make(&run, place) {
                Ok(made) => {
                    seen.add(&kinds[index], began.elapsed());
                    keep(&run, made)?;
                }
                Err(Failed::Run(reason)) => {
                    println!("{title}: {reason}");
                    driven.failed.push((task.name(&run), reason));
                }
                Err(Failed::Interrupted) => {
                    driven.interrupted = true;
                    break;
                }
                Err(Failed::All(error)) => return Err(error),
            }
        }
        return Ok(driven);
    }

    let bar = Bar::new(total);
    let mut waiting: Vec<Option<String>> = kinds.into_iter().map(Some).collect();
    let queue = Mutex::new(left);
    let next = || match interrupt::interrupted() {
        true => None,
        false => queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front(),
    };
    let (sender, results) = mpsc::channel();
    let made = thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some((index, run)) = next() {
                    let began = Instant::now();
                    let place = Place {
                        number: index + 1,
                        total,
                        name: task.name(&run),
                        rest: None,
                    };
                    let made = task.make(&run, place);
                    if sender.send((index, run, made, began.elapsed())).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut done = 0;
        for (index, run, made, took) in results {
            done += 1;
            if let Some(kind) = waiting[index].take() {
                seen.add(&kind, took);
            }
            let rest = seen.of(waiting.iter().flatten()).unwrap_or_default() / jobs.max(1) as u32;
            bar.done(done, &task.name(&run), rest);
            match made {
                Ok(made) => keep(&run, made)?,
                Err(Failed::All(error)) => return Err(error),
                // What a Ctrl-C of the terminal has ended is no failure.
                Err(Failed::Run(_) | Failed::Interrupted) if interrupt::interrupted() => {}
                Err(Failed::Interrupted) => {}
                Err(Failed::Run(reason)) => {
                    bar.say(&format!("{} has failed: {reason}", task.name(&run)));
                    driven.failed.push((task.name(&run), reason));
                }
            }
        }
        Ok(())
    });
    driven.interrupted = interrupt::interrupted();
    made.map(|()| driven)
}

/// How long runs take, by their kind: what the rest will take is estimated from it.
#[derive(Default)]
pub struct Durations {
    of: HashMap<String, (Duration, u32)>,
    all: (Duration, u32),
}

impl Durations {
    /// A run has taken so long.
    pub fn add(&mut self, kind: &str, took: Duration) {
        let of = self.of.entry(kind.to_string()).or_default();
        for (sum, count) in [of, &mut self.all] {
            *sum += took;
            *count += 1;
        }
    }

    /// What runs of these kinds will take, one after the other: each as the mean of its kind, or of
    /// all if there was none of its kind. `None` before the first has finished.
    pub fn of<'a>(&self, kinds: impl Iterator<Item = &'a String>) -> Option<Duration> {
        let mean = |&(sum, count): &(Duration, u32)| sum / count.max(1);
        let each = kinds.map(|kind| mean(self.of.get(kind).unwrap_or(&self.all)));
        (self.all.1 > 0).then(|| each.sum())
    }
}

/// A bar with the time that remains; where there is no terminal, a line now and then.
struct Bar {
    bar: ProgressBar,
    pace: Mutex<Pace>,
    began: Instant,
}

impl Bar {
    fn new(total: usize) -> Self {
        // Drawn on a terminal only.
        let bar = ProgressBar::new(total as u64);
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}");
        bar.set_style(style.expect("the template is a constant"));
        Self {
            bar,
            pace: Mutex::default(),
            began: Instant::now(),
        }
    }

    fn done(&self, done: usize, name: &str, rest: Duration) {
        let total = self.bar.length().unwrap_or(0) as usize;
        self.bar
            .set_message(format!("{name}, {} left", duration(rest)));
        self.bar.set_position(done as u64);
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bar.is_hidden() && pace.is_due(done, total, self.began.elapsed()) {
            eprintln!("{done} of {total} runs, {} left", duration(rest));
        }
    }

    /// Says something above the bar.
    fn say(&self, words: &str) {
        match self.bar.is_hidden() {
            true => eprintln!("{words}"),
            false => self.bar.println(words),
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squares numbers; 3 cannot be squared.
    struct Squares;

    impl Task for Squares {
        type Run = u32;
        type Made = u32;
        const SHOWS_PROGRESS: bool = false;

        fn name(&self, run: &u32) -> String {
            format!("run {run}")
        }

        fn kind(&self, run: &u32) -> String {
            (run % 2).to_string()
        }

        fn make(&self, run: &u32, place: Place) -> Result<u32, Failed> {
            assert_eq!(place.total, 5);
            match run {
                3 => Err(Failed::Run("odd".to_string())),
                run => Ok(run * run),
            }
        }
    }

    #[test]
    fn every_run_is_made_once_and_a_failed_one_does_not_end_the_others() {
        for jobs in [1, 3] {
            let (mut kept, mut seen) = (Vec::new(), Durations::default());
            let driven = drive(&Squares, (1..=5).collect(), jobs, &mut seen, |run, made| {
                kept.push((*run, made));
                Ok(())
            });
            kept.sort();
            assert_eq!(kept, [(1, 1), (2, 4), (4, 16), (5, 25)]);
            let failed = vec![("run 3".to_string(), "odd".to_string())];
            let expected = Driven {
                interrupted: false,
                failed,
            };
            assert_eq!(driven.unwrap(), expected);
        }
    }

    #[test]
    fn the_time_left_is_that_of_like_runs() {
        let mut seen = Durations::default();
        let kinds = ["a", "b", "a"].map(str::to_string);
        assert_eq!(seen.of(kinds.iter()), None);
        seen.add("a", Duration::from_secs(10));
        // Nothing is known of b.
        assert_eq!(seen.of(kinds.iter()), Some(Duration::from_secs(30)));
        seen.add("b", Duration::from_secs(60));
        seen.add("b", Duration::from_secs(40));
        assert_eq!(seen.of(kinds[1..].iter()), Some(Duration::from_secs(60)));
        assert_eq!(seen.of(kinds[3..].iter()), Some(Duration::ZERO));
    }
}
