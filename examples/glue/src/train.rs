//! `glue train`: from settings to a trained model and the files of its run.

mod begin;
mod farewell;
mod folder;
mod optimizer;

use std::any::Any;
use std::fs;
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
use burn_sls_bert::glue::{Features, GlueBatch};
use burn_sls_optim::LineSearchConfig;

use crate::checkpoints::{self, KEPT, WholeFileCheckpointer};
use crate::data;
use crate::device;
use crate::error::GlueError;
use crate::interrupt;
use crate::line_search;
use crate::loader::{EvaluationLoader, TrainingLoader};
use crate::metrics::EvaluationMetric;
use crate::model::{EvaluationBatch, EvaluationOutput, GlueModel, Part, TrainingOutput};
use crate::progress::{Place, Progress};
use crate::recorder::Recorder;
use crate::results::{EpochResult, RunFile, publish};
use crate::run_log::{self, ExperimentLog, MetricLogs, RunLog};
use crate::saved::{self, Saved};
use crate::settings::{DeviceSpec, Settings, TrainArgs};
use crate::units;

use begin::{announce, classifier};
pub use farewell::farewell;

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

/// Trains as the command line says.
///
/// # Errors
///
/// Whatever is wrong with the command line, the data or the model, before any long work; and what
/// makes the training itself fail.
pub fn train(args: &TrainArgs) -> Result<Ending, GlueError> {
    train_as(args, Manner::Alone)
}

/// As [`train`], alone or among others.
///
/// # Errors
///
/// As for [`train`].
pub fn train_as(args: &TrainArgs, manner: Manner) -> Result<Ending, GlueError> {
    let (out, earlier) = folder::open(args)?;
    let mut settings = match &earlier {
        Some(run) => run.settings.clone(),
        None => Settings::new(args)?,
    };
    device::check(&settings.device_specs())?;
    let length_asked = args.max_length.is_some() || earlier.is_some();
    let data = data::load(&mut settings, length_asked)?;
    let data_checksum = Some(data.checksum());
    if let Some(run) = &earlier {
        folder::check_data(run, data_checksum.as_deref(), &out)?;
    }
    let layers = data.model.config().num_hidden_layers;
    let asked = settings.fit_units(layers).or(settings.units);
    let search = line_search::config(&settings, data.training.len(), layers)?;

    let folder = out.join(checkpoints::FOLDER);
    let done = match &earlier {
        Some(_) => checkpoints::last_epoch(&folder)?,
        None => 0,
    };
    if let Some(last) = earlier.as_ref().and_then(|run| run.last.clone())
        && match manner {
            // The model is written last of all.
            Manner::Alone => saved::is_there(&out) || folder::of_comparison(&out),
            Manner::Among(_) => done == settings.epochs || folder::of_comparison(&out),
        }
    {
        println!("the run in {} is finished already", out.display());
        return Ok(Ending::Finished { out, last });
    }
    // A worker ends with the process that has connected to it, so what can be checked without it
    // comes before.
    let devices = device::open_all(&settings.device_specs())?;
    fs::create_dir_all(&out).map_err(|error| GlueError::io(&out, error))?;
    let stopped = |error| GlueError::stopped(error, &out);
    saved::sweep(&out).map_err(stopped)?;
    let unit_names = line_search::unit_names(search.as_ref());
    let run = earlier.unwrap_or_else(|| RunFile {
        settings: settings.clone(),
        unit_names: Vec::new(),
        training_examples: data.training.len(),
        validation_examples: data.validation.len(),
        mismatched_examples: data.mismatched.as_ref().map(|rows| rows.len()),
        data_checksum: None,
        results: Vec::new(),
        last: None,
    });
    let run = RunFile {
        unit_names: unit_names.clone(),
        data_checksum,
        ..run
    };
    let recorder = Arc::new(Recorder::open(&out, run, done, data.metrics.clone())?);
    let tokenizer = out.join("tokenizer.json");
    let unfinished = tokenizer.with_extension("unfinished");
    let saved = data.tokenizer.save(&unfinished);
    saved.map_err(|error| GlueError::stopped(error, &out))?;
    publish(&unfinished, &tokenizer).map_err(|error| stopped(GlueError::io(&tokenizer, error)))?;
    if manner == Manner::Alone {
        announce(&settings, &data, &out, done);
        if let Some(asked) = asked {
            let units = units::in_words(asked, layers);
            println!("{units}: {}", unit_names.join(", "));
        }
    }

    let device = devices[0].clone().autodiff();
    device.seed(settings.seed);
    let saved = Saved::new(&out, &settings, data.model.config(), &data.tokenizer)?;
    let model = GlueModel {
        classifier: classifier(
            &settings,
            data.model,
            &data.tokenizer,
            data.outputs,
            &device,
            &manner,
        )?,
        recorder: recorder.clone(),
    };
    Training {
        settings,
        devices,
        #[cfg(feature = "remote")]
        patience: args.patience,
        search,
        out,
        done,
        training: data.training,
        validation: data.validation,
        mismatched: data.mismatched,
        pad_id: data.tokenizer.pad_id(),
        recorder,
        manner,
        saved,
    }
    .run(model)
}

/// A training about to begin.
struct Training {
    settings: Settings,
    /// The main one first.
    devices: Vec<Device>,
    /// Seconds that a worker may be silent.
    #[cfg(feature = "remote")]
    patience: Option<usize>,
    /// None for an optimizer with a learning rate.
    search: Option<LineSearchConfig>,
    out: PathBuf,
    /// Epochs that a resumed run has behind it.
    done: usize,
    training: Arc<Vec<Features>>,
    validation: Arc<Vec<Features>>,
    mismatched: Option<Arc<Vec<Features>>>,
    pad_id: u32,
    recorder: Arc<Recorder>,
    manner: Manner,
    saved: Saved,
}

impl Training {
    /// Trains by `run`. `show` adds what the optimizer has to show on the dashboard.
    fn launch<M>(
        self,
        model: M,
        show: impl FnOnce(SupervisedTraining<M>) -> SupervisedTraining<M>,
        run: impl FnOnce(M, SupervisedTraining<M>) -> Result<LearningResult<GlueModel>, GlueError>,
    ) -> Result<Ending, GlueError>
    where
        M: LearnerModel
            + TrainStep<Input = GlueBatch, Output = TrainingOutput>
            + InferenceStep<Input = EvaluationBatch, Output = EvaluationOutput>,
    {
        let Self {
            settings,
            devices,
            #[cfg(feature = "remote")]
            patience,
            search: _,
            out,
            done,
            training,
            validation,
            mismatched,
            pad_id,
            recorder,
            manner,
            saved,
        } = self;
        let mut sets = vec![(Part::Validation, validation)];
        sets.extend(mismatched.map(|mismatched| (Part::Mismatched, mismatched)));
        sets.push((Part::Training, training.clone()));
        let evaluation = Arc::new(EvaluationLoader::new(sets, settings.batch_size, pad_id));
        let training = Arc::new(TrainingLoader::new(
            training,
            settings.batch_size,
            pad_id,
            settings.seed,
            done + 1,
            recorder.clone(),
        ));
        let folder = out.join(checkpoints::FOLDER);
        let stopped = |error| GlueError::stopped(error, &out);
        let checkpointer = |part| {
            let checkpointer = WholeFileCheckpointer::new(&folder, part, recorder.clone());
            checkpointer.map_err(stopped)
        };
        let [model_part, optim_part, scheduler_part] = checkpoints::PARTS;
        let progress = Progress::new(settings.epochs);
        let progress = match &manner {
            Manner::Alone => {
                recorder.print_to(Some(progress.printer()));
                progress
            }
            Manner::Among(place) => {
                recorder.print_to(None);
                progress.among(place.clone())
            }
        };

        let supervised = SupervisedTraining::new(&out, training, evaluation)
            .num_epochs(settings.epochs)
            .with_custom_checkpointers(
                checkpointer(model_part)?,
                checkpointer(optim_part)?,
                checkpointer(scheduler_part)?,
            )
            .with_checkpointing_strategy(KeepLastNCheckpoints::new(KEPT))
            .metric_train_numeric(LossMetric::new());
        let log = ExperimentLog::new(&out).map_err(stopped)?;
        let with_workers = settings.devices.iter().any(DeviceSpec::is_worker);
        let strategy = ExecutionStrategy::multi(devices, MultiDeviceOptim::OptimMainDevice);
        let mut supervised = show(supervised)
            .with_training_strategy(strategy.into())
            .metric_valid_numeric(EvaluationMetric::new(recorder.clone()))
            .with_progress_logger(RunLog::new(recorder.clone()))
            .with_metric_logger(MetricLogs::new(&out, recorder.clone()))
            .with_application_logger(Some(Box::new(log.quiet(with_workers))))
            .renderer(Box::new(progress));
        if done > 0 {
            checkpoints::check(&folder, done, &model)?;
            supervised = supervised.checkpoint(done);
        }
        checkpoints::sweep(&folder, done).map_err(stopped)?;
        recorder.stop_by(supervised.interrupter());
        interrupt::stop_on_ctrl_c(supervised.interrupter())?;

        #[cfg(feature = "remote")]
        let watch = crate::worker::watch(&settings.device_specs(), patience, &out);
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
        if let Some(error) = recorder.take_failure() {
            return Err(stopped(error));
        }
        let result = result.map_err(|error| match error {
            GlueError::Device(text) if with_workers => stopped(lost(text)),
            GlueError::Device(text) => failed(text),
            error => error,
        })?;
        if let Some(error) = result.error {
            return Err(match error.as_ref() {
                TrainingError::Workers(_) if with_workers => stopped(lost(error)),
                _ => failed(error),
            });
        }
        if result.interrupted.is_some() {
            let done = checkpoints::last_epoch(&folder)?;
            return Ok(Ending::Interrupted { out, done });
        }
        if manner == Manner::Alone {
            let classifier = result.model.classifier;
            let written = catch_unwind(AssertUnwindSafe(|| saved.write(classifier)));
            // The weights may be on a worker.
            let written = match written {
                Err(panic) if with_workers => Err(panicked(panic.as_ref())),
                Err(panic) => resume_unwind(panic),
                Ok(written) => written,
            };
            written.map_err(stopped)?;
        }
        #[cfg(feature = "remote")]
        drop(watch);
        let skipped = recorder.skipped_steps();
        if skipped > 0 && manner == Manner::Alone {
            println!(
                "{skipped} steps changed nothing, because their loss or gradient could not be \
                 searched: see `outcome` in steps.jsonl"
            );
        }
        let last = recorder.run().last;
        let last = last.ok_or_else(|| GlueError::Training("no epoch was finished".into()))?;
        Ok(Ending::Finished { out, last })
    }
}

/// A training with workers that cannot go on.
fn lost(error: impl std::fmt::Display) -> GlueError {
    let error = error.to_string();
    let words: Vec<&str> = error.split_whitespace().collect();
    let words = words.join(" ");
    GlueError::Device(format!(
        "the training failed, as where a worker is lost: {words}"
    ))
}

/// What a panic says.
fn panicked(panic: &(dyn Any + Send)) -> GlueError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    GlueError::Device(text.unwrap_or("a panic without a message").to_string())
}

fn failed(error: impl std::fmt::Display) -> GlueError {
    GlueError::Training(format!("training failed: {error}"))
}
