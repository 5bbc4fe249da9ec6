//! What ends a run early, and with which exit code.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use core::fmt;

/// Why a run stopped. Its message is one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The command asks for something that does not make sense, or is not built in.
    #[error("{0}")]
    Usage(String),
    /// A file of the run cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A file has a fault.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Its fault.
        reason: String,
    },
    /// A file of a run is of a later version of the program.
    #[error("{}: {reason}", path.display())]
    Later {
        /// The file.
        path: PathBuf,
        /// Its version, and what to do.
        reason: String,
    },
    /// Training failed.
    #[error("{0}")]
    Training(String),
    /// A device of the training is lost.
    #[error("{0}")]
    Device(String),
    /// A training ended early, because a device was lost or a file of its run could not be written.
    #[error(transparent)]
    Stopped(Box<Stopped>),
}

/// A training that ended early.
#[derive(Debug)]
pub struct Stopped {
    /// Which file or device, and what went wrong.
    pub cause: Box<dyn Error + Send + Sync>,
    /// The folder of the run.
    pub out: PathBuf,
    /// What of it can be resumed.
    pub kept: Kept,
    /// The command that resumes it.
    pub go_on: String,
}

/// What is there of a run that has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// No run that could be resumed.
    Nothing,
    /// Nobody knows: its folder cannot be read.
    Unseen,
    /// So many epochs.
    Epochs(usize),
}

impl RunError {
    /// A file that cannot be read or written.
    pub fn io(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::Io {
            path: path.as_ref().to_path_buf(),
            source,
        }
    }

    /// A file with a fault. The reason may quote from the file: it is cut, and stays on one line.
    pub fn file(path: impl AsRef<Path>, reason: impl ToString) -> Self {
        Self::File {
            path: path.as_ref().to_path_buf(),
            reason: one_line(&reason.to_string()),
        }
    }

    /// 2 for what can be put right before any work is done, 1 for a training that failed and for a
    /// full disk.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Training(_) | Self::Device(_) | Self::Stopped(_) => 1,
            Self::Io { source, .. } => code_of(source),
            _ => 2,
        }
    }
}

/// A reason that may quote from a file, on one line and of at most 1,000 bytes.
pub fn one_line(reason: &str) -> String {
    const LONGEST: usize = 1000;
    let end = reason.floor_char_boundary(LONGEST);
    let shown = reason[..end].replace(char::is_control, " ");
    match end < reason.len() {
        true => format!("{shown}… ({} bytes)", reason.len()),
        false => shown,
    }
}

/// The exit code after a file could not be read or written: 1 for a full disk, 2 for what can be put
/// right before any work is done.
pub fn code_of(error: &io::Error) -> u8 {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => 1,
        _ => 2,
    }
}

impl Stopped {
    /// What to do about it. The libraries that write the large files give the system's words for
    /// what went wrong, and nothing else.
    fn remedy(&self) -> String {
        let device = self.cause.downcast_ref::<RunError>();
        if matches!(device, Some(RunError::Device(_))) {
            return "start its worker again, or name other devices by `--devices`".to_string();
        }
        let cause = self.cause.to_string();
        let says = |words: &str| cause.contains(words);
        if says("No space left") || says("quota exceeded") {
            "free some space".to_string()
        } else if says("File too large") {
            "raise the limit on the size of files (`ulimit -f`)".to_string()
        } else {
            let out = self.out.display();
            format!("make sure that the program can read and write in {out}")
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (cause, out) = (&self.cause, self.out.display());
        let remedy = self.remedy();
        let kept = match self.kept {
            Kept::Nothing => {
                return write!(
                    f,
                    "{cause}; the run has stopped, and nothing in {out} is left to go on from: \
                     {remedy}, then start it again"
                );
            }
            Kept::Unseen => "what it has kept cannot be seen".to_string(),
            Kept::Epochs(0) => "no epoch of it is kept".to_string(),
            Kept::Epochs(1) => "1 epoch of it is kept".to_string(),
            Kept::Epochs(epochs) => format!("{epochs} epochs of it are kept"),
        };
        write!(
            f,
            "{cause}; the run has stopped, and {kept}: {remedy}, then go on with `{}`",
            self.go_on
        )
    }
}

impl Error for Stopped {}
