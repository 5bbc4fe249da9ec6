//! Progress of a run on standard error: bars on a terminal, occasional lines in a log.

use burn::train::metric::MetricId;
use burn::train::renderer::MetricState;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use epochs::Epochs;
use log::{gap, number};

mod epochs;
mod log;
mod place;
mod renderer;

pub use log::{Pace, duration};
pub use place::Place;

/// Shows how far a run has come, for use as the renderer of Burn's training.
///
/// On a terminal there are two bars on standard error, one over the whole run with the time left
/// and one over the current split with its speed, and below them the latest value of every numeric
/// metric. Where standard error is not a terminal, a plain line takes their place, see
/// [`Pace`].
///
/// The bars disappear when the run ends or the value is dropped, and nothing is printed after
/// that: neither Burn's summary nor the epochs. What the program itself prints during the run has
/// to go through [`Progress::printer`], or the bars overwrite it.
pub struct Progress {
    bars: MultiProgress,
    /// Over all runs, if this is one of several.
    all: ProgressBar,
    place: Option<Place>,
    run: ProgressBar,
    split: ProgressBar,
    /// Where the plain lines go; `None` where the bars are visible.
    log: Option<Box<dyn Write + Send + Sync>>,
    pace: Pace,
    started: Instant,
    split_started: Instant,
    epochs: Epochs,
    split_name: String,
    metrics: Vec<Metric>,
}

/// A registered numeric metric and its latest value.
struct Metric {
    id: MetricId,
    name: String,
    unit: String,
    latest: Option<f64>,
}

/// The steps of the run's bar per epoch.
const RESOLUTION: f64 = 1000.0;

impl Progress {
    /// Progress of a run of `total_epochs` epochs, on standard error.
    #[must_use]
    pub fn new(total_epochs: usize) -> Self {
        Self::with_outputs(
            total_epochs,
            ProgressDrawTarget::stderr(),
            Box::new(io::stderr()),
        )
    }

    fn with_outputs(
        total_epochs: usize,
        target: ProgressDrawTarget,
        log: Box<dyn Write + Send + Sync>,
    ) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let log = bars.is_hidden().then_some(log);
        Self {
            bars,
            all: ProgressBar::hidden(),
            place: None,
            run: ProgressBar::hidden(),
            split: ProgressBar::hidden(),
            log,
            pace: Pace::default(),
            started: Instant::now(),
            split_started: Instant::now(),
            epochs: Epochs {
                total: total_epochs,
                ..Epochs::default()
            },
            split_name: String::new(),
            metrics: Vec::new(),
        }
    }

    /// The same for one of several runs: a bar over all of them on top, or their numbers in every
    /// line.
    #[must_use]
    pub fn among(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// A handle that prints to standard output above the bars; see [`Printer`].
    #[must_use]
    pub fn printer(&self) -> Printer {
        Printer {
            bars: self.bars.clone(),
        }
    }

    fn begin(&mut self) {
        self.clear();
        self.started = Instant::now();
        if self.log.is_some() {
            return;
        }
        let style = |template| {
            ProgressStyle::with_template(template)
                .expect("the template is a constant")
                .with_key(
                    "speed",
                    |state: &ProgressState, out: &mut dyn fmt::Write| {
                        // The bar can do without a number that could not be formatted.
                        let _ = out.write_str(&number(state.per_sec()));
                    },
                )
                .progress_chars("━╸─")
        };
        let run = ProgressBar::new((self.epochs.total as f64 * RESOLUTION) as u64);
        run.set_style(style(
            "{prefix:<12} {bar:30.green/238} {percent:>3} %  {wide_msg}",
        ));
        let split = ProgressBar::new(0);
        split.set_style(style(
            "{prefix:<12} {bar:30.cyan/238} {percent:>3} %  {pos}/{len}, {speed} items/s, \
             {eta} left\n{wide_msg}",
        ));
        if let Some(place) = &self.place {
            let all = ProgressBar::new((place.total as f64 * RESOLUTION) as u64);
            all.set_style(style(
                "{prefix:<12} {bar:30.yellow/238} {percent:>3} %  {wide_msg}",
            ));
            all.set_prefix(format!("run {}/{}", place.number, place.total));
            self.all = self.bars.add(all);
        }
        self.run = self.bars.add(run);
        self.split = self.bars.add(split);
        self.show_epochs();
    }

    fn begin_split(&mut self, name: &str, items: usize) {
        self.split_name = name.to_string();
        self.split_started = Instant::now();
        self.pace = Pace::default();
        self.split.reset();
        self.split.set_length(items as u64);
        self.split.set_prefix(name.to_string());
    }

    fn advance(&mut self, done: usize, of_training: bool) {
        self.split.set_position(done as u64);
        let items = self.split.length().unwrap_or(0) as usize;
        if of_training && items > 0 {
            self.epochs.fraction = (done as f64 / items as f64).min(1.0);
        }
        self.show_epochs();
        self.split.set_message(self.describe_metrics());
        self.write_line(done, items);
    }

    fn show_epochs(&self) {
        self.run.set_prefix(self.epochs.describe());
        self.run
            .set_position((self.epochs.done() * RESOLUTION) as u64);
        let elapsed = self.started.elapsed();
        let left = self.time_left();
        let left = left.map_or(String::new(), |left| format!(", {} left", duration(left)));
        self.run.set_message(format!("{}{left}", duration(elapsed)));
        if let Some(place) = &self.place {
            let done = (place.number - 1) as f64 + self.epochs.part();
            self.all.set_position((done * RESOLUTION) as u64);
            self.all.set_message(place.describe(self.time_left()));
        }
    }

    /// The time left for this run.
    fn time_left(&self) -> Option<Duration> {
        self.epochs.time_left(self.started.elapsed())
    }

    /// Writes the line of a log, if one is due.
    fn write_line(&mut self, done: usize, items: usize) {
        let Some(log) = &mut self.log else { return };
        let elapsed = self.split_started.elapsed();
        if !self.pace.is_due(done, items, elapsed) {
            return;
        }
        let mut line = format!("{} {done}/{items}", self.split_name);
        if self.epochs.total > 0 {
            line = format!("{}, {line}", self.epochs.describe());
        }
        let seconds = elapsed.as_secs_f64();
        if done > 0 && seconds > 0.0 {
            line += &format!(", {} items/s", number(done as f64 / seconds));
        }
        let left = self.epochs.time_left(self.started.elapsed());
        if let Some(left) = left {
            line += &format!(", {} left", duration(left));
        }
        if let Some(place) = &self.place {
            line = format!(
                "run {}/{}, {}: {line}",
                place.number,
                place.total,
                place.describe(left)
            );
        }
        let metrics = describe(&self.metrics);
        if !metrics.is_empty() {
            line += &format!(": {metrics}");
        }
        // A log that cannot be written must not end the run.
        let _ = writeln!(log, "{line}").and_then(|()| log.flush());
    }

    fn describe_metrics(&self) -> String {
        describe(&self.metrics)
    }

    fn record(&mut self, state: MetricState) {
        let MetricState::Numeric(entry, Some(value)) = state else {
            return;
        };
        if let Some(metric) = self
            .metrics
            .iter_mut()
            .find(|metric| metric.id == entry.metric_id)
        {
            metric.latest = Some(value.current());
        }
    }

    fn clear(&mut self) {
        for bar in [&self.split, &self.run, &self.all] {
            bar.finish_and_clear();
            self.bars.remove(bar);
        }
        self.all = ProgressBar::hidden();
        self.run = ProgressBar::hidden();
        self.split = ProgressBar::hidden();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Prints to standard output without disturbing the bars of a [`Progress`].
///
/// Clones print to the same place. A printer outlives its progress: once the bars are gone it just
/// prints.
#[derive(Clone, Debug)]
pub struct Printer {
    bars: MultiProgress,
}

impl Printer {
    /// Prints a line to standard output, above the bars if there are any.
    pub fn println(&self, line: &str) {
        self.bars.suspend(|| {
            let mut out = io::stdout().lock();
            // The reader of a pipe may have gone; the run goes on without it.
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        });
    }
}

/// The latest value of every metric that has one.
fn describe(metrics: &[Metric]) -> String {
    let values = metrics.iter().filter_map(|metric| {
        let value = number(metric.latest?);
        Some(format!(
            "{} {value}{}{}",
            metric.name,
            gap(&metric.unit),
            metric.unit
        ))
    });
    values.collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests;
