//! How far a set of runs is.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::record::Key;
use crate::runner::Durations;

/// Seconds between two lines where nobody watches.
const PAUSE: Duration = Duration::from_secs(60);

/// A bar with the time that remains; where there is no terminal, a line a minute.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    remaining: Vec<Key>,
    all: usize,
    jobs: usize,
    durations: Durations,
    last_line: Instant,
}

impl Progress {
    /// Of these runs, so many at once.
    pub(crate) fn new(keys: &[Key], jobs: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(keys.len() as u64);
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self {
            bar,
            remaining: keys.to_vec(),
            all: keys.len(),
            jobs,
            durations: Durations::default(),
            last_line: Instant::now(),
        }
    }

    /// A run has ended.
    pub(crate) fn done(&mut self, key: &Key, took: Duration) {
        self.durations.add(&key.problem, took);
        if let Some(place) = self.remaining.iter().position(|other| other == key) {
            self.remaining.remove(place);
        }
        let problems = self.remaining.iter().map(|key| key.problem.as_str());
        let rest = self.durations.of(problems).unwrap_or_default() / self.jobs as u32;
        let rest = HumanDuration(rest);
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{} {}, {rest} left", key.problem, key.competitor));
                bar.inc(1);
            }
            None if self.last_line.elapsed() >= PAUSE => {
                let done = self.all - self.remaining.len();
                eprintln!("{done} of {} runs, {rest} left", self.all);
                self.last_line = Instant::now();
            }
            None => {}
        }
    }

    /// Says something above the bar.
    pub(crate) fn say(&self, words: &str) {
        match &self.bar {
            Some(bar) => bar.println(words),
            None => eprintln!("{words}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
