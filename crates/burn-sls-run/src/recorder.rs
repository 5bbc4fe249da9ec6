//! Writes down a run while it happens: settings and results, every step, and a picture.
//!
//! Training, evaluation and the end of an epoch happen on different threads and at different
//! places of Burn's `Learner`; all of them tell the one recorder of the run.

mod curves;
mod earlier;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use burn::tensor::Tensor;
use burn_sls_optim::StepReport;
use serde::Serialize;
use serde_json::json;

use crate::error::RunError;
use crate::failure::Failure;
use crate::files::write_whole;
use crate::plot;
use crate::progress::Printer;
use crate::record::{EpochResult, RunFile, STEPS, StepLine, write_run};

pub use earlier::kept;

/// What was measured of the model after an epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluated {
    /// Mean loss over the training set.
    pub train_loss: f64,
    /// The task's metrics by name, the leading one first.
    pub metrics: Vec<(String, f64)>,
}

/// What the recorder has to know of a run, whose settings it cannot read.
#[derive(Clone, Debug)]
pub struct Course {
    /// The heading of the picture.
    pub title: String,
    /// The epochs of the whole run.
    pub epochs: usize,
    /// The steps of an epoch.
    pub steps_per_epoch: usize,
}

/// Writes down a run while it happens. `S` are the settings of the program.
pub struct Recorder<S> {
    folder: PathBuf,
    course: Course,
    failure: Failure,
    state: Mutex<State<S>>,
}

struct State<S> {
    run: RunFile<S>,
    steps: Vec<StepLine>,
    steps_file: File,
    printer: Option<Printer>,
    /// The losses of the training forwards of the step under way, one for every device.
    losses: Vec<Tensor<1>>,
    epoch: usize,
    epoch_began: Instant,
    last_step: Instant,
}

impl<S: Serialize> Recorder<S> {
    /// Writes the files of a run, which go on after the given epochs and steps: see [`kept`].
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn new(
        folder: &Path,
        run: RunFile<S>,
        steps: Vec<StepLine>,
        course: Course,
        failure: Failure,
    ) -> Result<Self, RunError> {
        let path = folder.join(STEPS);
        let kept: String = steps.iter().map(StepLine::to_line).collect();
        write_whole(&path, kept.as_bytes())?;
        let steps_file = OpenOptions::new().append(true).open(&path);
        let steps_file = steps_file.map_err(|error| RunError::io(&path, error))?;
        write_run(folder, &run)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            course,
            failure,
            state: Mutex::new(State {
                epoch: run.results.len(),
                run,
                steps,
                steps_file,
                printer: None,
                losses: Vec::new(),
                epoch_began: Instant::now(),
                last_step: Instant::now(),
            }),
        })
    }

    /// Prints a line per epoch through `printer` from now on.
    pub fn print_to(&self, printer: Printer) {
        self.state().printer = Some(printer);
    }

    /// Steps in an epoch: mini-batches, of several devices those of the one that has the most.
    pub fn steps_per_epoch(&self) -> usize {
        self.course.steps_per_epoch
    }

    /// Steps in the first epoch, which may have been trained on other devices.
    pub fn steps_of_first_epoch(&self) -> usize {
        let first = self.state().run.results.first().map(EpochResult::steps);
        first.unwrap_or(self.course.steps_per_epoch)
    }

    /// The steps so far.
    pub fn steps(&self) -> usize {
        self.state().steps.len()
    }

    /// The values of the last epoch, once all are done.
    pub fn last(&self) -> Option<EpochResult> {
        self.state().run.last.clone()
    }

    /// The steps that changed nothing, because of a loss or gradient that could not be searched.
    pub fn skipped_steps(&self) -> usize {
        let state = self.state();
        let outcomes = state.steps.iter().map(|step| step.outcome);
        outcomes.filter(|outcome| outcome.skipped()).count()
    }

    fn state(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An epoch's first batch is about to be drawn.
    pub fn epoch_begins(&self, epoch: usize) {
        let mut state = self.state();
        state.epoch = epoch;
        state.epoch_began = Instant::now();
        state.last_step = state.epoch_began;
    }

    /// The losses of a training forward, `[batch]`.
    pub fn training_losses(&self, losses: Tensor<1>) {
        self.state().losses.push(losses);
    }

    /// A step with learning rate `lr`.
    pub fn rate_step(&self, lr: f64) {
        let mut state = self.state();
        let losses = std::mem::take(&mut state.losses).into_iter();
        let losses = losses.map(|losses| {
            let losses: Vec<f64> = losses.into_data().iter::<f64>().collect();
            mean(&losses)
        });
        let losses: Vec<f64> = losses.collect();
        let loss = (!losses.is_empty()).then(|| mean(&losses));
        let step = state.steps.last().map_or(0, |step| step.step + 1);
        let line = StepLine::at_rate(step, state.epoch, lr, loss, losses.len());
        self.push(&mut state, line);
    }

    /// A step of a line search.
    pub fn search_step(&self, report: &StepReport) {
        let mut state = self.state();
        state.losses.clear();
        let line = StepLine::of_search(report, state.epoch);
        self.push(&mut state, line);
    }

    fn push(&self, state: &mut State<S>, mut line: StepLine) {
        line.seconds = state.last_step.elapsed().as_secs_f64();
        state.last_step = Instant::now();
        let written = state.steps_file.write_all(line.to_line().as_bytes());
        if let Err(error) = written {
            self.failure
                .note(RunError::io(self.folder.join(STEPS), error));
        }
        state.steps.push(line);
    }

    /// Evaluation after an epoch is complete: writes the results, and draws the picture.
    pub fn epoch_ends(&self, epoch: usize, evaluated: Evaluated) {
        let mut state = self.state();
        let steps = state.steps.iter().filter(|step| step.epoch == epoch);
        let losses: Vec<f64> = steps.clone().filter_map(|step| step.loss).collect();
        let forwards = steps.clone().map(|step| step.forwards).sum();
        let backwards = steps.clone().map(|step| step.backwards).sum();
        let steps = steps.count();
        let metrics = evaluated.metrics.iter();
        let result = EpochResult {
            epoch,
            train_loss: evaluated.train_loss,
            train_loss_running: mean(&losses),
            metrics: metrics
                .map(|(name, value)| (name.clone(), json!(value)))
                .collect(),
            seconds_train: (state.last_step - state.epoch_began).as_secs_f64(),
            seconds_eval: state.last_step.elapsed().as_secs_f64(),
            forwards,
            backwards,
            steps: (steps != backwards).then_some(steps),
        };
        if let Some(printer) = &state.printer {
            printer.println(&self.line(&state, &result, &evaluated.metrics));
        }
        if epoch == self.course.epochs {
            state.run.last = Some(result.clone());
        }
        state.run.results.push(result);
        // The steps first: a checkpoint follows, and a run goes on from it with its steps.
        let steps = state.steps_file.sync_all();
        let written = steps
            .map_err(|error| RunError::io(self.folder.join(STEPS), error))
            .and_then(|()| write_run(&self.folder, &state.run))
            .and_then(|()| {
                let metrics = evaluated.metrics.into_iter().map(|(name, _)| name);
                let curves = curves::of_run(&state.run, &state.steps, metrics, &self.course);
                plot::write(&curves, &self.folder)
                    .map_err(|error| RunError::file(self.folder.join("run.svg"), error))
            });
        if let Err(error) = written {
            self.failure.note(error);
        }
    }

    /// An epoch in a line.
    fn line(&self, state: &State<S>, result: &EpochResult, metrics: &[(String, f64)]) -> String {
        let metrics = metrics
            .iter()
            .map(|(name, value)| format!("{name} {value:.4}"));
        let sizes = state.steps.last().map(|step| mean(&step.step_sizes));
        format!(
            "epoch {}/{}: training loss {:.4}, validation {}, {} {:.2e}, {} forward and {} \
             backward passes, {:.1} s training, {:.1} s evaluation",
            result.epoch,
            self.course.epochs,
            result.train_loss,
            metrics.collect::<Vec<_>>().join(", "),
            match state.run.unit_names.len() {
                0 => "learning rate",
                1 => "step size",
                _ => "mean step size",
            },
            sizes.unwrap_or(f64::NAN),
            result.forwards,
            result.backwards,
            result.seconds_train,
            result.seconds_eval,
        )
    }
}

impl<S> std::fmt::Debug for Recorder<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
