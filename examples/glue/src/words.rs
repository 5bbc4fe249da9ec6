//! What the program says of a run, before it and after it.

use std::path::Path;

use burn_sls_bert::UnitSplit;

use crate::arguments::TrainArgs;
use crate::data::Data;
use crate::error::resume;
use crate::learner::Ending;
use crate::saved_model;
use crate::settings::{SENTENCES, Settings};

/// What is about to be trained, on what, and where its files are.
pub fn beginning(settings: &Settings, data: &Data, out: &Path, done: usize) -> String {
    let skipped = data.cut_short.iter().map(|skipped| format!("{skipped}\n"));
    let validation = [Some(&data.validation), data.mismatched.as_ref()];
    let validation = validation.into_iter().flatten();
    format!(
        "{}{}: {} training and {} validation examples, {}; {} in {}",
        skipped.collect::<String>(),
        settings.name(),
        data.training.len(),
        validation.map(|rows| rows.len()).sum::<usize>(),
        match data.outputs {
            1 => "labelled by scores".to_string(),
            classes => format!("{classes} classes"),
        },
        match done {
            0 => "files".to_string(),
            done => format!("resumed after epoch {done}, files"),
        },
        out.display()
    )
}

/// A split into units, and why it is not what was asked for where it is not.
pub fn units(asked: UnitSplit, layers: usize) -> String {
    let count = asked.modules(layers).len();
    let units = match count {
        1 => "1 unit".to_string(),
        _ => format!("{count} units"),
    };
    match asked.fit(layers) == asked {
        true => units,
        false => format!("{units}, since {layers} layers are too few for {asked}"),
    }
}

/// How a training ended, and what to run next.
pub fn farewell(ending: &Ending, args: &TrainArgs) -> String {
    let (out, last) = match ending {
        Ending::Interrupted { out, done } => {
            let resume = resume(out);
            return format!("interrupted; {done} epochs are kept. Go on with:\n  {resume}");
        }
        Ending::Finished { out, last } => (out, last),
    };
    let metrics = last.metrics.iter();
    let metrics: Vec<String> = metrics
        .map(|(name, value)| format!("{name} {:.3}", value.as_f64().unwrap_or(f64::NAN)))
        .collect();
    let mut text = format!(
        "done: training loss {:.4}, validation {}\nthe run is in {out}: run.json, steps.jsonl, \
         run.svg, run.png{model}",
        last.train_loss,
        metrics.join(", "),
        out = out.display(),
        model = saved_model::in_words(out),
    );
    let built_in = args.task.as_deref().unwrap_or(SENTENCES) == SENTENCES;
    if built_in && args.data_dir.is_none() && args.model.is_none() {
        text.push_str(
            "\n\nnext, the same with a learning rate:\n  cargo run --release -p glue -- train \
             --optimizer adam --lr 1e-3\nand a real BERT (a folder with config.json, \
             model.safetensors and tokenizer.json) on real data:\n  cargo run --release -p glue -- \
             train --task sst2 --data-dir GLUE --model BERT --train-size 500",
        );
    }
    text
}
