//! How far a plan is, and how long the rest will take.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use burn_sls_run::progress::{Pace, duration};
use indicatif::{ProgressBar, ProgressStyle};

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
pub(super) struct Bar {
    bar: ProgressBar,
    pace: Pace,
    began: Instant,
}

impl Bar {
    /// Of so many runs.
    pub(super) fn new(total: usize) -> Self {
        // Drawn on a terminal only.
        let bar = ProgressBar::new(total as u64);
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}");
        bar.set_style(style.expect("the template is a constant"));
        Self {
            bar,
            pace: Pace::default(),
            began: Instant::now(),
        }
    }

    /// A run is done.
    pub(super) fn advance(&mut self, name: &str, rest: Duration) {
        let left = duration(rest);
        self.bar.set_message(format!("{name}, {left} left"));
        self.bar.inc(1);
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let due = self
            .pace
            .is_due(done as usize, total as usize, self.began.elapsed());
        if self.bar.is_hidden() && due {
            eprintln!("{done} of {total} runs, {left} left");
        }
    }

    /// Says something above the bar.
    pub(super) fn say(&self, words: &str) {
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
