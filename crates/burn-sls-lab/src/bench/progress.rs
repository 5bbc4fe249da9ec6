//! How far a bench has come, on standard error: a bar on a terminal, occasional lines in a log.

use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use burn_sls_run::progress::{Pace, duration};

/// Counts the finished part of a stage.
pub struct Progress {
    name: &'static str,
    bar: ProgressBar,
    pace: Pace,
    begun: Instant,
}

impl Progress {
    /// A stage of so many items.
    pub fn new(name: &'static str, items: usize) -> Self {
        // Drawn on a terminal only.
        let bar = ProgressBar::new(items as u64).with_prefix(name);
        let style = ProgressStyle::with_template(
            "{prefix:<12} {bar:30.green/238} {percent:>3} %  {pos}/{len}, {eta} left",
        );
        bar.set_style(
            style
                .expect("the template is a constant")
                .progress_chars("━╸─"),
        );
        Self {
            name,
            bar,
            pace: Pace::default(),
            begun: Instant::now(),
        }
    }

    /// An item is done.
    pub fn advance(&mut self) {
        self.bar.inc(1);
        let (done, items) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let elapsed = self.begun.elapsed();
        if self.bar.is_hidden() && self.pace.is_due(done as usize, items as usize, elapsed) {
            let left = elapsed.mul_f64(items.saturating_sub(done) as f64 / done as f64);
            eprintln!("{} {done}/{items}, {} left", self.name, duration(left));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
