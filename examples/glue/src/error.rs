//! What ends the program early, and with which exit code.

use core::fmt;
use std::path::{Path, PathBuf};

use burn_sls_bert::BertError;

use crate::hub::HubError;

/// Why the program stopped. Its message is one sentence for the person at the terminal.
#[derive(Debug)]
#[non_exhaustive]
pub enum GlueError {
    /// The command asks for something that does not make sense, or is not there yet.
    Usage(String),
    /// The data, the model or the tokenizer cannot be used.
    Bert(BertError),
    /// A model or data set cannot be had from the hub.
    Hub(HubError),
    /// A file of the run cannot be read or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A file of an earlier run is damaged.
    Run {
        /// The file.
        path: PathBuf,
        /// Its fault.
        reason: String,
    },
    /// Training failed.
    Training(String),
}

impl GlueError {
    pub(crate) fn io(path: impl AsRef<Path>, source: std::io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_path_buf(),
            source,
        }
    }

    pub(crate) fn run(path: impl AsRef<Path>, reason: impl ToString) -> Self {
        Self::Run {
            path: path.as_ref().to_path_buf(),
            reason: reason.to_string(),
        }
    }

    /// 2 for what can be put right before any work is done, 1 for a training that failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Training(_) => 1,
            _ => 2,
        }
    }
}

impl fmt::Display for GlueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Training(message) => f.write_str(message),
            Self::Bert(error) => error.fmt(f),
            Self::Hub(error) => error.fmt(f),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Run { path, reason } => write!(f, "{}: {reason}", path.display()),
        }
    }
}

impl std::error::Error for GlueError {}

impl From<BertError> for GlueError {
    fn from(error: BertError) -> Self {
        Self::Bert(error)
    }
}

impl From<HubError> for GlueError {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}
