//! `glue train`: from arguments to a trained model and the files of its run.

use std::path::Path;
use std::sync::Arc;

use burn_sls_run::RunError;
use burn_sls_run::checkpoints;
use burn_sls_run::claim::Claim;
use burn_sls_run::device;
use burn_sls_run::failure::Failure;
use burn_sls_run::files::{publish, sweep};
use burn_sls_run::record::FORMAT;
use burn_sls_run::recorder::{Course, kept};

use crate::arguments::TrainArgs;
use crate::data;
use crate::error::GlueError;
use crate::folder::{self, RunFile};
use crate::learner::{Ending, Manner, Training};
use crate::line_search;
use crate::metrics::Evaluations;
use crate::model::{GlueModel, Recorder};
use crate::saved_model::{self, Saved};
use crate::settings::Settings;
use crate::words;

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
    // Before anything is read of it that another program may be changing.
    let there = args.out.as_deref().filter(|out| out.is_dir());
    let claimed = there.map(Claim::of).transpose()?;
    let (named, earlier) = folder::open(args)?;
    let mut settings = match &earlier {
        Some(run) => run.settings.clone(),
        None => Settings::new(args)?,
    };
    device::check(&settings.device_specs())?;
    let length_asked = args.max_length.is_some() || earlier.is_some();
    let (data, source) = data::load(&mut settings, length_asked)?;
    let data_checksum = Some(data.checksum());
    if let (Some(run), Some(out)) = (&earlier, &named) {
        folder::check_data(run, data_checksum.as_deref(), out)?;
    }
    let layers = source.config().num_hidden_layers;
    let asked = settings.fit_units(layers).or(settings.units);
    let search = line_search::config(&settings, data.training.len(), layers)?;

    let done = match named.as_ref().filter(|_| earlier.is_some()) {
        Some(out) => checkpoints::last_epoch(&out.join(checkpoints::FOLDER))?,
        None => 0,
    };
    if let (Some(out), Some(last)) = (&named, earlier.as_ref().and_then(|run| run.last.clone()))
        && match manner {
            // The model is written last of all.
            Manner::Alone => saved_model::is_there(out) || folder::of_comparison(out),
            Manner::Among(_) => done == settings.epochs || folder::of_comparison(out),
        }
    {
        let out = out.clone();
        println!("the run in {} is finished already", out.display());
        return Ok(Ending::Finished { out, last });
    }
    // A worker ends with the process that has connected to it, so what can be checked without it
    // comes before.
    let devices = device::open_all(&settings.device_specs())?;
    let (out, _claim) = match (named, claimed) {
        (Some(out), Some(claim)) => (out, claim),
        (Some(out), None) => Claim::made(out)?,
        (None, _) => Claim::numbered(Path::new("runs"), &settings.name())?,
    };
    let stopped = |error: RunError| GlueError::stopped(error, &out);
    sweep(&out, &[saved_model::FILE]).map_err(stopped)?;
    let mut run = earlier.unwrap_or_else(|| RunFile {
        format: FORMAT,
        settings: settings.clone(),
        unit_names: Vec::new(),
        training_examples: data.training.len(),
        validation_examples: data.validation.len(),
        mismatched_examples: data.mismatched.as_ref().map(|rows| rows.len()),
        data_checksum: None,
        results: Vec::new(),
        last: None,
    });
    run.format = FORMAT;
    run.unit_names = line_search::unit_names(search.as_ref());
    run.data_checksum = data_checksum;
    let steps = kept(&out, &mut run, settings.epochs, done)?;
    let course = Course {
        title: settings.name(),
        epochs: settings.epochs,
        steps_per_epoch: settings.steps_of_an_epoch(run.training_examples),
    };
    let unit_names = run.unit_names.join(", ");
    let failure = Failure::new();
    let recorder = Recorder::new(&out, run, steps, course, failure.clone()).map_err(stopped)?;
    let recorder = Arc::new(recorder);
    let tokenizer = out.join("tokenizer.json");
    let unfinished = tokenizer.with_extension("unfinished");
    let saved = data.tokenizer.save(&unfinished);
    saved.map_err(|error| GlueError::stopped(error, &out))?;
    let published = publish(&unfinished, &tokenizer);
    published.map_err(|error| stopped(RunError::io(&tokenizer, error)))?;
    if manner == Manner::Alone {
        println!("{}", words::beginning(&settings, &data, &out, done));
        if let Some(asked) = asked {
            println!("{}: {unit_names}", words::units(asked, layers));
        }
    }

    let device = devices[0].clone().autodiff();
    device.seed(settings.seed);
    let saved = Saved::new(&out, &settings, source.config(), &data.tokenizer)?;
    let alone = manner == Manner::Alone;
    let model = GlueModel {
        classifier: source.classifier(&settings, &data, &device, alone)?,
        recorder: recorder.clone(),
    };
    let training = Training {
        devices,
        search,
        out,
        done,
        manner,
        saved,
        failure,
        evaluations: Arc::new(Evaluations::new(data.metrics.clone())),
        recorder,
        patience: args.patience(),
        settings,
        data,
    };
    training.run(model)
}
