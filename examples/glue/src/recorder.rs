//! The files of a run: settings and results, every step, and a picture.
//!
//! Training, evaluation and the end of an epoch happen on different threads and at different
//! places of Burn's `Learner`; all of them tell the one recorder of the run.

pub(crate) mod curves;
mod earlier;
mod evaluation;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use burn::tensor::Tensor;
use burn::train::Interrupter;
use burn_sls_bert::glue::Metric;
use burn_sls_optim::{Outcome, Searched, StepReport};
use serde_json::{Value, json};

use crate::error::GlueError;
use crate::plot;
use crate::progress::Printer;
use crate::results::{EpochResult, RunFile, STEPS, StepLine, write_run, write_whole};

use evaluation::Evaluation;

/// Writes down a run while it happens.
pub struct Recorder {
    folder: PathBuf,
    steps_per_epoch: usize,
    metrics: Vec<Metric>,
    printer: Mutex<Option<Printer>>,
    state: Mutex<State>,
}

struct State {
    folder: PathBuf,
    run: RunFile,
    steps: Vec<StepLine>,
    steps_file: File,
    /// The losses of the training forwards of the step under way, one for every device.
    losses: Vec<Tensor<1>>,
    epoch: usize,
    epoch_began: Instant,
    last_step: Instant,
    training: Evaluation,
    validation: Evaluation,
    mismatched: Evaluation,
    failure: Option<GlueError>,
    /// Ends the training under way.
    interrupter: Option<Interrupter>,
}

impl Recorder {
    /// Opens the files of a run, keeping what an interrupted run wrote up to the end of epoch
    /// `done`.
    ///
    /// # Errors
    ///
    /// [`GlueError::Stopped`] if a file cannot be written, and others if an earlier one is damaged.
    pub fn open(
        folder: &Path,
        mut run: RunFile,
        done: usize,
        metrics: Vec<Metric>,
    ) -> Result<Self, GlueError> {
        let steps_per_epoch = run.settings.steps_of_an_epoch(run.training_examples);
        let steps = earlier::keep(folder, &mut run, done)?;
        let stopped = |error| GlueError::stopped(error, folder);
        let path = folder.join(STEPS);
        let kept: String = steps.iter().map(StepLine::to_line).collect();
        write_whole(&path, kept.as_bytes()).map_err(stopped)?;
        let steps_file = OpenOptions::new()
            .append(true)
            .open(&path)
            .map_err(|error| stopped(GlueError::io(&path, error)))?;
        let recorder = Self {
            folder: folder.to_path_buf(),
            steps_per_epoch,
            metrics,
            printer: Mutex::new(None),
            state: Mutex::new(State {
                folder: folder.to_path_buf(),
                run,
                steps,
                steps_file,
                losses: Vec::new(),
                epoch: done,
                epoch_began: Instant::now(),
                last_step: Instant::now(),
                training: Evaluation::default(),
                validation: Evaluation::default(),
                mismatched: Evaluation::default(),
                failure: None,
                interrupter: None,
            }),
        };
        write_run(folder, &recorder.state().run).map_err(stopped)?;
        Ok(recorder)
    }

    /// Prints a line per epoch through `printer` from now on, or none.
    pub fn print_to(&self, printer: Option<Printer>) {
        *self.printer.lock().unwrap_or_else(|p| p.into_inner()) = printer;
    }

    /// Steps in an epoch: mini-batches, of several devices those of the one that has the most.
    pub fn steps_per_epoch(&self) -> usize {
        self.steps_per_epoch
    }

    /// Steps in the first epoch, which may have been trained on other devices.
    pub fn steps_of_first_epoch(&self) -> usize {
        let first = self.state().run.results.first().map(EpochResult::steps);
        first.unwrap_or(self.steps_per_epoch)
    }

    /// The steps so far.
    pub fn steps(&self) -> usize {
        self.state().steps.len()
    }

    /// What `run.json` holds now.
    pub fn run(&self) -> RunFile {
        self.state().run.clone()
    }

    /// The steps that changed nothing, because of a loss or gradient that is not finite.
    pub fn skipped_steps(&self) -> usize {
        let state = self.state();
        let skipped = |step: &&StepLine| step.outcome.starts_with("skipped");
        state.steps.iter().filter(skipped).count()
    }

    /// Lets the recorder end the training when a file cannot be written.
    pub fn stop_by(&self, interrupter: Interrupter) {
        self.state().interrupter = Some(interrupter);
    }

    /// A file of the run could not be written: the training ends after the step under way.
    pub(crate) fn fail(&self, error: GlueError) {
        self.state().fail(error);
    }

    /// The first error that writing met.
    pub fn take_failure(&self) -> Option<GlueError> {
        self.state().failure.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|p| p.into_inner())
    }

    /// An epoch's first batch is about to be drawn.
    pub(crate) fn epoch_begins(&self, epoch: usize) {
        let mut state = self.state();
        state.epoch = epoch;
        state.epoch_began = Instant::now();
        state.last_step = state.epoch_began;
    }

    /// The losses of a training forward.
    pub(crate) fn training_losses(&self, losses: Tensor<1>) {
        self.state().losses.push(losses);
    }

    /// A step with learning rate `lr`.
    pub(crate) fn baseline_step(&self, lr: f64) {
        let mut state = self.state();
        let losses = std::mem::take(&mut state.losses);
        let batches = losses.len();
        let losses = losses
            .into_iter()
            .map(|losses| mean(&floats(losses.into_data())));
        let losses: Vec<f64> = losses.collect();
        let loss = (batches > 0).then(|| mean(&losses));
        let step = state.steps.last().map_or(0, |step| step.step + 1);
        let line = StepLine {
            step,
            epoch: state.epoch,
            loss,
            searched: Value::Null,
            slope: None,
            trials: Vec::new(),
            outcome: "step".to_string(),
            step_sizes: vec![lr],
            factor: 1.0,
            merged: None,
            forwards: batches,
            backwards: batches,
            seconds: 0.0,
        };
        state.push(line);
    }

    /// A step of a line search.
    pub(crate) fn search_step(&self, report: &StepReport) {
        let mut state = self.state();
        state.losses.clear();
        // The objective is a sum over the devices, and what is written down their mean.
        let devices = report.backwards.max(1) as f64;
        let finite = |x: f64| x.is_finite().then_some(x / devices);
        let line = StepLine {
            step: report.step,
            epoch: state.epoch,
            loss: finite(report.loss),
            searched: match report.searched {
                Searched::Unit(unit) => json!(unit),
                _ => json!("all"),
            },
            slope: finite(report.slope),
            trials: report
                .trials
                .iter()
                .map(|trial| (trial.step_size, finite(trial.loss)))
                .collect(),
            outcome: outcome_name(report.outcome),
            step_sizes: report.step_sizes.clone(),
            factor: report.factor(),
            merged: report.merged.clone(),
            forwards: report.forwards,
            backwards: report.backwards,
            seconds: 0.0,
        };
        state.push(line);
    }

    /// Evaluation after an epoch is complete: writes the results, and draws the picture.
    pub(crate) fn epoch_ends(&self, epoch: usize) {
        let mut state = self.state();
        let training = std::mem::take(&mut state.training);
        let validation = std::mem::take(&mut state.validation);
        let mismatched = std::mem::take(&mut state.mismatched);
        let steps = state.steps.iter().filter(|step| step.epoch == epoch);
        let losses: Vec<f64> = steps.clone().filter_map(|step| step.loss).collect();
        let forwards = steps.clone().map(|step| step.forwards).sum();
        let backwards = steps.clone().map(|step| step.backwards).sum();
        let steps = steps.count();
        let values = |set: &Evaluation| -> Vec<Value> {
            let value = |metric: &Metric| json!(metric.of(&set.predictions, &set.labels));
            self.metrics.iter().map(value).collect()
        };
        let values = values(&validation).into_iter().chain(values(&mismatched));
        let metrics = self.metric_names(&state).into_iter().zip(values);
        let result = EpochResult {
            epoch,
            train_loss: mean(&training.losses),
            train_loss_running: mean(&losses),
            metrics: metrics.collect(),
            seconds_train: (state.last_step - state.epoch_began).as_secs_f64(),
            seconds_eval: state.last_step.elapsed().as_secs_f64(),
            forwards,
            backwards,
            steps: (steps != backwards).then_some(steps),
        };
        self.print(&state, &result);
        if epoch == state.run.settings.epochs {
            state.run.last = Some(result.clone());
        }
        state.run.results.push(result);
        // The steps first: a checkpoint follows, and a run goes on from it with its steps.
        let steps = state.steps_file.sync_all();
        let written = steps
            .map_err(|error| GlueError::io(self.folder.join(STEPS), error))
            .and_then(|()| write_run(&self.folder, &state.run))
            .and_then(|()| self.draw(&state));
        if let Err(error) = written {
            state.fail(error);
        }
    }

    fn print(&self, state: &State, result: &EpochResult) {
        let metrics = self.metric_names(state).into_iter().map(|name| {
            let value = result.metrics[&name].as_f64();
            format!("{name} {:.4}", value.unwrap_or(f64::NAN))
        });
        let line = format!(
            "epoch {}/{}: training loss {:.4}, validation {}, {} {:.2e}, {} forward and {} \
             backward passes, {:.1} s training, {:.1} s evaluation",
            result.epoch,
            state.run.settings.epochs,
            result.train_loss,
            metrics.collect::<Vec<_>>().join(", "),
            match state.run.unit_names.len() {
                0 => "learning rate",
                1 => "step size",
                _ => "mean step size",
            },
            state.step_size().unwrap_or(f64::NAN),
            result.forwards,
            result.backwards,
            result.seconds_train,
            result.seconds_eval,
        );
        let printer = self.printer.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(printer) = printer.as_ref() {
            printer.println(&line);
        }
    }

    fn draw(&self, state: &State) -> Result<(), GlueError> {
        let curves = curves::of_run(
            &state.run,
            &state.steps,
            self.metric_names(state),
            self.steps_per_epoch,
        );
        plot::write(&curves, &self.folder)
            .map_err(|error| GlueError::run(self.folder.join("run.svg"), error))
    }
}

impl State {
    fn step_size(&self) -> Option<f64> {
        Some(mean(&self.steps.last()?.step_sizes))
    }

    fn push(&mut self, mut line: StepLine) {
        line.seconds = self.last_step.elapsed().as_secs_f64();
        self.last_step = Instant::now();
        if let Err(error) = self.steps_file.write_all(line.to_line().as_bytes()) {
            self.fail(GlueError::io(self.folder.join(STEPS), error));
        }
        self.steps.push(line);
    }

    fn fail(&mut self, error: GlueError) {
        self.failure.get_or_insert(error);
        if let Some(interrupter) = &self.interrupter {
            interrupter.stop(Some("a file of the run could not be written"));
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

fn outcome_name(outcome: Outcome) -> String {
    match serde_json::to_value(outcome) {
        Ok(Value::String(name)) => name,
        _ => format!("{outcome:?}"),
    }
}

fn floats(data: burn::tensor::TensorData) -> Vec<f64> {
    data.iter::<f64>().collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
