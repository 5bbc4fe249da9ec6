//! A pre-trained model and its tokenizer, in a folder or on the hub.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn_sls_bert::{BertConfig, BertError, Checkpoint, LoadReport, Tokenizer};

use crate::error::GlueError;
use crate::hub::{self, Kind};
use crate::settings::TINY;

/// The files of a model. The weights last: a fault of the small files shows before they are
/// downloaded and read.
const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// Opens the model in a folder or on the hub.
///
/// # Errors
///
/// Whatever is wrong with the files; see [`burn_sls_bert::BertError`].
pub fn open(model: &str) -> Result<(Checkpoint, Tokenizer), GlueError> {
    let folder = hub::folder(Kind::Model, model, &FILES)?;
    let [config, tokenizer, weights] = FILES;
    let read = BertConfig::from_file(folder.join(config));
    let config = read.map_err(|error| lacks(&folder, config, error))?;
    let read = Tokenizer::from_file(folder.join(tokenizer));
    let tokenizer = read.map_err(|error| lacks(&folder, tokenizer, error))?;
    tokenizer.check_fits(&config)?;
    let read = Checkpoint::open(&folder);
    let checkpoint = read.map_err(|error| lacks(&folder, weights, error))?;
    Ok((checkpoint, tokenizer))
}

/// The configuration of the model in a folder or on the hub, of which nothing else is read.
///
/// # Errors
///
/// If there is none, or it is not that of a BERT.
pub fn config(model: &str) -> Result<BertConfig, GlueError> {
    let file = FILES[0];
    let folder = hub::folder(Kind::Model, model, &[file])?;
    BertConfig::from_file(folder.join(file)).map_err(|error| lacks(&folder, file, error))
}

/// The configuration of a model by its name on the command line; that of `tiny` but for its
/// vocabulary, which is the data's.
///
/// # Errors
///
/// As for [`config`].
pub fn config_of(model: &str) -> Result<BertConfig, GlueError> {
    match model {
        TINY => Ok(BertConfig::tiny(1)),
        model => config(model),
    }
}

/// The error for a file of the model: a missing one, of which the folder gives no hint, is named
/// with what a model needs.
fn lacks(folder: &Path, file: &str, error: BertError) -> GlueError {
    match error {
        BertError::Io { path, source }
            if source.kind() == io::ErrorKind::NotFound && path == folder.join(file) =>
        {
            GlueError::Usage(format!(
                "--model {} has no {file}: give a folder with config.json, model.safetensors and \
                 tokenizer.json, or `{TINY}`",
                folder.display()
            ))
        }
        error => GlueError::Bert(error),
    }
}

/// What may make the model or its tokens another than meant, a sentence for each.
pub fn warnings(
    model: &str,
    config: &BertConfig,
    tokenizer: &Tokenizer,
    report: &LoadReport,
) -> Vec<String> {
    let mut all = Vec::new();
    if !report.unknown_settings.is_empty() {
        all.push(format!(
            "{model}: config.json has settings that are not known here and not followed: {}; if \
             one of them changes the model, another model than that is trained",
            listed(&report.unknown_settings)
        ));
    }
    all.extend(report.warnings.iter().cloned());
    all.extend(tokenizer.warnings(config));
    all
}

/// Names from a file, cut where they are too many or too long for a line.
fn listed(names: &[String]) -> String {
    const MOST: usize = 12;
    const LONGEST: usize = 60;
    let shown = names.iter().take(MOST);
    let shown = shown.map(|name| name.chars().take(LONGEST).collect::<String>());
    let shown = shown.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Prints warnings, each once, however many runs of a comparison have it.
pub fn warn(warnings: Vec<String>) {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    for warning in warnings {
        if said.insert(warning.clone()) {
            eprintln!("warning: {warning}");
        }
    }
}
