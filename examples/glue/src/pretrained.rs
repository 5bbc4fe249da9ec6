//! A pre-trained model and its tokenizer, in a folder or on the hub.

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use burn_sls_bert::{BertConfig, BertError, Checkpoint, Tokenizer};
use burn_sls_run::hub::{self, Kind};

use crate::error::GlueError;
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
            GlueError::usage(format!(
                "--model {} has no {file}: give a folder with config.json, model.safetensors and \
                 tokenizer.json, or `{TINY}`",
                folder.display()
            ))
        }
        error => GlueError::Bert(error),
    }
}

/// Prints warnings, each once, however many runs of a comparison have it.
pub fn warn(warnings: impl IntoIterator<Item = String>) {
    static SAID: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    for warning in warnings {
        if said.insert(warning.clone()) {
            eprintln!("warning: {warning}");
        }
    }
}
