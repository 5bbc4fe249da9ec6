//! Why the program ends with an error.

use std::io;
use std::path::{Path, PathBuf};

use burn_sls_run::RunError;
use burn_sls_run::error::code_of;
use glue::error::GlueError;

use crate::suite::competitor::UnknownCompetitor;
use crate::suite::files::FilesError;
use crate::suite::run::StepError;
use crate::suite::store::StoreError;

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// An argument.
    #[error("{0}")]
    Usage(String),
    /// The files that a problem is made from.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A name of a competitor.
    #[error(transparent)]
    Competitor(#[from] UnknownCompetitor),
    /// A step of a run.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The runs of a folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A run of an experiment, and its files.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A training by `glue`.
    #[error(transparent)]
    Glue(#[from] GlueError),
    /// A file of a report.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

impl LabError {
    /// A command that asks for something that does not make sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// A file of a report.
    pub fn io(path: impl AsRef<Path>, error: io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        Self::Io { path, error }
    }

    /// 2 for what can be put right before any work is done, 1 for a run that failed and for a full
    /// disk.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Run(error) => error.exit_code(),
            Self::Glue(error) => error.exit_code(),
            Self::Step(_) => 1,
            Self::Io { error, .. } | Self::Store(StoreError::Io(_, error)) => code_of(error),
            _ => 2,
        }
    }
}
