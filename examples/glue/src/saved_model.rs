//! The trained model in files: Burn's, and the folder that Hugging Face's code reads.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use burn::module::Module;
use burn_sls_bert::glue::Task;
use burn_sls_bert::{BertClassifier, BertConfig, BertError, Export, Tokenizer, sentences};
use burn_sls_run::checkpoints::unwritten;
use burn_sls_run::files::sync_all;

use crate::error::GlueError;
use crate::settings::{LEFT_BEHIND, SENTENCES, Settings};

/// The file of the trained model for Burn, in the run's folder.
pub const FILE: &str = "model.bpk";

/// Everything about the trained model but its weights.
pub struct Saved {
    out: PathBuf,
    /// With the dropout that training begins from, whether this run used it or not.
    config: BertConfig,
    tokenizer: Tokenizer,
    /// The classes' names; none for a score.
    labels: &'static [&'static str],
}

impl Saved {
    /// A model of these settings that is to be saved in the run's folder `out`.
    ///
    /// # Errors
    ///
    /// If there is no such task.
    pub fn new(
        out: &Path,
        settings: &Settings,
        config: &BertConfig,
        tokenizer: &Tokenizer,
    ) -> Result<Self, GlueError> {
        Ok(Self {
            out: out.to_path_buf(),
            config: config.clone(),
            tokenizer: tokenizer.clone(),
            labels: match settings.task.as_str() {
                SENTENCES => &sentences::LABELS,
                task => Task::from_str(task)?.class_names(),
            },
        })
    }

    /// Writes the folder [`LEFT_BEHIND`], and [`FILE`] after it: a run that has the file has the
    /// whole model. A model with weights that are not numbers, as of a run that diverged, has no
    /// such folder: no code could use it.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(&self, model: BertClassifier) -> Result<(), GlueError> {
        let export = Export::new(&self.config).with_tokenizer(&self.tokenizer);
        let export = match self.labels {
            [] => export,
            labels => export.with_labels(labels.iter().copied()),
        };
        let folder = self.out.join(LEFT_BEHIND);
        match export.classifier(&model, &folder) {
            Err(error @ BertError::Weights { .. }) => {
                println!("no folder for Hugging Face's code: {error}");
            }
            done => {
                done?;
                sync_all(&folder)?;
            }
        }
        let file = self.out.join(FILE);
        let saved = model.save_file(&file);
        saved.map_err(|error| unwritten(&file, &error).into())
    }
}

/// Whether the trained model is in the folder `out`.
pub fn is_there(out: &Path) -> bool {
    out.join(FILE).is_file()
}

/// Where the model is that a run has left in its folder `out`.
pub fn in_words(out: &Path) -> String {
    let folder = out.join(LEFT_BEHIND);
    match folder.join("config.json").is_file() {
        true => format!(
            "; its model, for --model and for Hugging Face's code, in {}",
            folder.display()
        ),
        false => String::new(),
    }
}
