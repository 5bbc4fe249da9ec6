//! How many epochs of a run are done.

use std::time::Duration;

/// Which epochs there are and how much of them is done, counted in training items.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Epochs {
    pub(super) total: usize,
    /// Epochs that were already complete when the run began or was resumed.
    pub(super) skipped: usize,
    pub(super) complete: usize,
    /// The part of the current epoch that is done, in `0.0..=1.0`.
    pub(super) fraction: f64,
}

impl Epochs {
    pub(super) fn done(self) -> f64 {
        (self.complete as f64 + self.fraction).min(self.total as f64)
    }

    /// The part of the run that is done.
    pub(super) fn part(self) -> f64 {
        match self.total {
            0 => 0.0,
            total => self.done() / total as f64,
        }
    }

    /// The time left, if the rest is as fast as what this run has done so far.
    pub(super) fn time_left(self, elapsed: Duration) -> Option<Duration> {
        let done = self.done() - self.skipped as f64;
        let left = self.total as f64 - self.done();
        (done > 0.0).then(|| elapsed.mul_f64(left / done))
    }

    pub(super) fn describe(self) -> String {
        match self.total {
            0 => String::new(),
            total => format!("epoch {}/{total}", (self.complete + 1).min(total)),
        }
    }
}
