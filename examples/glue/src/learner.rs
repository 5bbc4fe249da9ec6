//! Burn's `Learner`, with everything that a run writes down.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use burn::tensor::Device;
use burn::train::checkpoint::KeepLastNCheckpoints;
use burn::train::metric::LossMetric;
use burn::train::{
    ExecutionStrategy, InferenceStep, LearnerModel, LearningResult, MultiDeviceOptim,
    SupervisedTraining, TrainStep, TrainingError,
};
use burn_sls_bert::glue::{Features, GlueBatch, collate};
use burn_sls_optim::LineSearchConfig;
use burn_sls_run::batches::{EvaluationLoader, TrainingLoader};
use burn_sls_run::checkpoints::{self, KEPT, WholeFileCheckpointer};
use burn_sls_run::device::DeviceSpec;
use burn_sls_run::failure::Failure;
use burn_sls_run::progress::{Place, Progress};
use burn_sls_run::record::EpochResult;
use burn_sls_run::run_log::{self, EpochEnds, ExperimentLog, MetricLogs};
use burn_sls_run::{RunError, interrupt};

use crate::data::Data;
use crate::error::GlueError;
use crate::metrics::{EvaluationMetric, Evaluations};
use crate::model::{EvaluationBatch, EvaluationOutput, GlueModel, Part, Recorder, TrainingOutput};
use crate::saved_model::Saved;
use crate::settings::Settings;

/// How a training ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ending {
    /// All epochs are done.
    Finished {
        /// The folder with the run's files.
        out: PathBuf,
        /// The last epoch's values.
        last: EpochResult,
    },
    /// It was interrupted, and can be resumed.
    Interrupted {
        /// The folder with the run's files.
        out: PathBuf,
        /// Epochs whose checkpoint is complete.
        done: usize,
    },
}

/// How a training presents itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Manner {
    /// As the only one: it says what it does.
    #[default]
    Alone,
    /// As one of several: it shows its progress and theirs, and prints nothing.
    Among(Place),
}

/// A training about to begin.
pub struct Training {
    /// The settings.
    pub settings: Settings,
    /// The main device first.
    pub devices: Vec<Device>,
    /// Seconds that a worker may be silent.
    pub patience: Option<usize>,
    /// None for an optimizer with a learning rate.
    pub search: Option<LineSearchConfig>,
    /// The folder of the run.
    pub out: PathBuf,
    /// Epochs that a resumed run has behind it.
    pub done: usize,
    /// The examples.
    pub data: Data,
    /// Writes down steps and epochs.
    pub recorder: Arc<Recorder>,
    /// Gathers what is evaluated.
    pub evaluations: Arc<Evaluations>,
    /// Ends the training when a file cannot be written.
    pub failure: Failure,
    /// Alone, or one of several.
    pub manner: Manner,
    /// Writes the trained model.
    pub saved: Saved,
}

impl Training {
    /// Trains by `run`. `show` adds what the optimizer has to show on the dashboard.
    pub fn launch<M>(
        self,
        model: M,
        show: impl FnOnce(SupervisedTraining<M>) -> SupervisedTraining<M>,
        run: impl FnOnce(M, SupervisedTraining<M>) -> Result<LearningResult<GlueModel>, RunError>,
    ) -> Result<Ending, GlueError>
    where
        M: LearnerModel
            + TrainStep<Input = GlueBatch, Output = TrainingOutput>
            + InferenceStep<Input = EvaluationBatch, Output = EvaluationOutput>,
    {
        let Self {
            settings,
            out,
            done,
            recorder,
            failure,
            ..
        } = &self;
        let stopped = |error: RunError| GlueError::stopped(error, out);
        let folder = out.join(checkpoints::FOLDER);
        let checkpointer =
            |part| WholeFileCheckpointer::new(&folder, part, failure.clone()).map_err(stopped);
        let [model_part, optim_part, scheduler_part] = checkpoints::PARTS;
        let progress = Progress::new(settings.epochs);
        let progress = match &self.manner {
            Manner::Alone => {
                recorder.print_to(progress.printer());
                progress
            }
            Manner::Among(place) => progress.among(place.clone()),
        };
        let (training, evaluation) = (Arc::new(self.training()), Arc::new(self.evaluation()));
        let supervised = SupervisedTraining::new(out, training, evaluation)
            .num_epochs(settings.epochs)
            .with_custom_checkpointers(
                checkpointer(model_part)?,
                checkpointer(optim_part)?,
                checkpointer(scheduler_part)?,
            )
            .with_checkpointing_strategy(KeepLastNCheckpoints::new(KEPT))
            .metric_train_numeric(LossMetric::new());
        let log = ExperimentLog::new(out).map_err(stopped)?;
        let with_workers = settings.devices.iter().any(DeviceSpec::is_worker);
        let devices = self.devices.clone();
        let strategy = ExecutionStrategy::multi(devices, MultiDeviceOptim::OptimMainDevice);
        let (written, evaluated) = (recorder.clone(), self.evaluations.clone());
        let epoch_ends = move |epoch| written.epoch_ends(epoch, evaluated.take());
        let epoch_ends = EpochEnds::new(supervised.interrupter(), epoch_ends);
        let mut supervised = show(supervised)
            .with_training_strategy(strategy.into())
            .metric_valid_numeric(EvaluationMetric::new(self.evaluations.clone()))
            .with_progress_logger(epoch_ends)
            .with_metric_logger(MetricLogs::new(out, failure.clone()))
            .with_application_logger(Some(Box::new(log.quiet(with_workers))))
            .renderer(Box::new(progress));
        if *done > 0 {
            checkpoints::check(&folder, *done, &model)?;
            supervised = supervised.checkpoint(*done);
        }
        checkpoints::sweep(&folder, *done).map_err(stopped)?;
        failure.stops(supervised.interrupter());
        interrupt::stop_on_ctrl_c(supervised.interrupter())?;

        #[cfg(feature = "remote")]
        let watch = {
            let go_on = crate::error::resume(out);
            burn_sls_run::worker::watch(&settings.device_specs(), self.patience, out, &go_on)
        };
        let result = match with_workers {
            false => run(model, supervised),
            // Burn has no error for a worker that is lost between two steps, but a panic.
            true => catch_unwind(AssertUnwindSafe(|| run(model, supervised)))
                .unwrap_or_else(|panic| Err(panicked(panic.as_ref()))),
        };
        if with_workers {
            run_log::loud_again();
        }
        // An error of Burn's may follow from it, and knows less.
        if let Some(error) = failure.take() {
            return Err(stopped(error));
        }
        let result = result.map_err(|error| match error {
            RunError::Device(text) if with_workers => stopped(lost(text)),
            RunError::Device(text) => failed(text).into(),
            error => error.into(),
        })?;
        match result.error.as_deref() {
            Some(error @ TrainingError::Workers(_)) if with_workers => {
                return Err(stopped(lost(error)));
            }
            Some(error) => return Err(failed(error).into()),
            None => {}
        }
        if result.interrupted.is_some() {
            let done = checkpoints::last_epoch(&folder)?;
            return Ok(Ending::Interrupted {
                out: self.out,
                done,
            });
        }
        if self.manner == Manner::Alone {
            let classifier = result.model.classifier;
            let written = catch_unwind(AssertUnwindSafe(|| self.saved.write(classifier)));
            // The weights may be on a worker.
            let written = match written {
                Err(panic) if with_workers => Err(panicked(panic.as_ref()).into()),
                Err(panic) => resume_unwind(panic),
                Ok(written) => written,
            };
            written.map_err(|error: GlueError| GlueError::stopped(error, out))?;
        }
        #[cfg(feature = "remote")]
        drop(watch);
        let skipped = recorder.skipped_steps();
        if skipped > 0 && self.manner == Manner::Alone {
            println!(
                "{skipped} steps changed nothing, because their loss or gradient could not be \
                 searched: see `outcome` in steps.jsonl"
            );
        }
        let last = recorder.last();
        let last = last.ok_or_else(|| RunError::Training("no epoch was finished".into()))?;
        Ok(Ending::Finished {
            out: self.out,
            last,
        })
    }

    /// The batches to train on.
    fn training(&self) -> TrainingLoader<Features, GlueBatch> {
        let (settings, data, recorder) = (&self.settings, &self.data, self.recorder.clone());
        let pad_id = data.tokenizer.pad_id();
        TrainingLoader::new(
            data.training.clone(),
            settings.batch_size,
            settings.seed,
            self.done + 1,
            move |epoch| recorder.epoch_begins(epoch),
            move |rows, device| collate(rows, pad_id, device),
        )
    }

    /// The batches to evaluate.
    fn evaluation(&self) -> EvaluationLoader<Part, Features, EvaluationBatch> {
        let data = &self.data;
        let pad_id = data.tokenizer.pad_id();
        let mut sets = vec![(Part::Validation, data.validation.clone())];
        sets.extend(data.mismatched.clone().map(|rows| (Part::Mismatched, rows)));
        sets.push((Part::Training, data.training.clone()));
        EvaluationLoader::new(
            sets,
            self.settings.batch_size,
            |row| row.ids.len(),
            move |part, rows, device| EvaluationBatch {
                part,
                batch: collate(rows, pad_id, device),
            },
        )
    }
}

/// A training with workers that cannot go on.
fn lost(error: impl std::fmt::Display) -> RunError {
    let error = error.to_string();
    let words: Vec<&str> = error.split_whitespace().collect();
    let words = words.join(" ");
    RunError::Device(format!(
        "the training failed, as where a worker is lost: {words}"
    ))
}

/// What a panic says.
fn panicked(panic: &(dyn Any + Send)) -> RunError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    RunError::Device(text.unwrap_or("a panic without a message").to_string())
}

/// A training that failed by itself.
pub fn failed(error: impl std::fmt::Display) -> RunError {
    RunError::Training(format!("training failed: {error}"))
}
