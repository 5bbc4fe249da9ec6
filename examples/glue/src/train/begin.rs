//! The beginning of a training: its model, and what is said of it.

use std::path::Path;

use burn::tensor::Device;
use burn_sls_bert::{BertClassifier, Tokenizer};

use super::Manner;
use crate::data::{Data, Source};
use crate::error::GlueError;
use crate::pretrained;
use crate::settings::{Settings, Switch};

/// The model that training begins from, its head drawn from the device's generator.
pub(super) fn classifier(
    settings: &Settings,
    source: Source,
    tokenizer: &Tokenizer,
    classes: usize,
    device: &Device,
    manner: &Manner,
) -> Result<BertClassifier, GlueError> {
    let dropout = settings.dropout == Switch::On;
    match source {
        Source::Scratch(config) => {
            let config = match dropout {
                true => config,
                false => config.with_dropout(0.0),
            };
            Ok(config.init_classifier(classes, device))
        }
        Source::Pretrained(checkpoint) => {
            let checkpoint = match dropout {
                true => *checkpoint,
                false => checkpoint.with_dropout(0.0)?,
            };
            let config = checkpoint.config().clone();
            let (classifier, report) = checkpoint.classifier(classes, device)?;
            let model = &settings.model;
            pretrained::warn(pretrained::warnings(model, &config, tokenizer, &report));
            if *manner == Manner::Alone {
                println!(
                    "{} tensors loaded from {}; not used: {}",
                    report.loaded.len(),
                    settings.model,
                    match report.unused.is_empty() {
                        true => "none".to_string(),
                        false => report.unused.join(", "),
                    }
                );
            }
            Ok(classifier)
        }
    }
}

/// Says what is about to be trained, on what, and where its files are.
pub(super) fn announce(settings: &Settings, data: &Data, out: &Path, done: usize) {
    for skipped in &data.cut_short {
        println!("{skipped}");
    }
    println!(
        "{}: {} training and {} validation examples, {}; {} in {}",
        settings.name(),
        data.training.len(),
        data.validation.len() + data.mismatched.as_ref().map_or(0, |rows| rows.len()),
        match data.outputs {
            1 => "labelled by scores".to_string(),
            classes => format!("{classes} classes"),
        },
        match done {
            0 => "files".to_string(),
            done => format!("resumed after epoch {done}, files"),
        },
        out.display()
    );
}
