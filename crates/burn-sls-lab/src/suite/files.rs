//! The files that some problems are made from.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use glue::error::GlueError;

/// The files that some problems are made from, by the names that `glue train` has for them.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// Folder with the tasks' folders of GLUE's official download (SST-2, MRPC, QNLI, MNLI): with
    /// --model it adds the families that fine-tune on them
    #[arg(long, value_name = "DIR", requires = "model")]
    pub data_dir: Option<PathBuf>,
    /// Folder of a pre-trained BERT, with config.json, model.safetensors and tokenizer.json
    #[arg(long, value_name = "DIR", requires = "data_dir")]
    pub model: Option<String>,
}

impl Files {
    /// Whether they are named.
    pub fn given(&self) -> bool {
        self.data_dir.is_some() && self.model.is_some()
    }

    /// The arguments that name the same files.
    pub fn arguments(&self) -> Vec<OsString> {
        let data_dir = self.data_dir.iter().map(|path| path.clone().into());
        let model = self.model.iter().map(OsString::from);
        let option = |name: &str, value: OsString| [OsString::from(name), value];
        let data_dir = data_dir.flat_map(|value| option("--data-dir", value));
        let model = model.flat_map(|value| option("--model", value));
        data_dir.chain(model).collect()
    }
}

/// Why a problem cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The family of this name needs files, and none are named.
    #[error(
        "`{0}` fine-tunes a pre-trained BERT: add --data-dir DIR, the folder that holds \
         SST-2/train.tsv and the like, and --model DIR, the folder of the BERT"
    )]
    Missing(String),
    /// They cannot be read.
    #[error(transparent)]
    Glue(#[from] GlueError),
}
