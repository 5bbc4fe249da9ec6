//! What ends the program early, and with which exit code.

use core::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn_sls_bert::BertError;

use crate::checkpoints;
use crate::command;
use crate::hub::HubError;
use crate::results::RUN;

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
    /// A device of the training is lost.
    Device(String),
    /// A training ended early, because a device was lost or a file of its run could not be written.
    Stopped {
        /// Which file or device, and what went wrong.
        cause: Box<GlueError>,
        /// The folder of the run.
        out: PathBuf,
        /// What of it can be resumed.
        kept: Kept,
    },
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

    /// The end of a training in the folder `out`, where `cause` says what could not be written, or
    /// which device is lost.
    pub(crate) fn stopped(cause: impl Into<Self>, out: &Path) -> Self {
        let cause = match cause.into() {
            already @ Self::Stopped { .. } => return already,
            cause => Box::new(cause),
        };
        let run = fs::metadata(out.join(RUN)).map_err(|error| error.kind());
        let kept = match run {
            Ok(_) => match checkpoints::last_epoch(&out.join(checkpoints::FOLDER)) {
                Ok(done) => Kept::Epochs(done),
                Err(_) => Kept::Unseen,
            },
            Err(ErrorKind::NotFound | ErrorKind::NotADirectory) => Kept::Nothing,
            Err(_) => Kept::Unseen,
        };
        Self::Stopped {
            cause,
            out: out.to_path_buf(),
            kept,
        }
    }

    /// 2 for what can be put right before any work is done, 1 for a training that failed and for a
    /// full disk.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Training(_) | Self::Device(_) | Self::Stopped { .. } => 1,
            Self::Io { source, .. } => match source.kind() {
                ErrorKind::StorageFull | ErrorKind::FileTooLarge | ErrorKind::QuotaExceeded => 1,
                _ => 2,
            },
            _ => 2,
        }
    }
}

/// What to do about a file that could not be written. The libraries that write the large files
/// give the system's words for what went wrong, and nothing else.
fn remedy(cause: &str, out: &Path) -> String {
    let says = |words: &str| cause.contains(words);
    if says("No space left") || says("quota exceeded") {
        "free some space".to_string()
    } else if says("File too large") {
        "raise the limit on the size of files (`ulimit -f`)".to_string()
    } else {
        format!(
            "make sure that the program can read and write in {}",
            out.display()
        )
    }
}

impl fmt::Display for GlueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Training(message) | Self::Device(message) => {
                f.write_str(message)
            }
            Self::Bert(error) => error.fmt(f),
            Self::Hub(error) => error.fmt(f),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Run { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Stopped { cause, out, kept } => {
                let lost = matches!(**cause, Self::Device(_));
                let cause = cause.to_string();
                let remedy = match lost {
                    true => "start its worker again, or name other devices by `--devices`".into(),
                    false => remedy(&cause, out),
                };
                let kept = match kept {
                    Kept::Nothing => {
                        return write!(
                            f,
                            "{cause}; the run has stopped, and nothing in {} is left to go on \
                             from: {remedy}, then start it again",
                            out.display()
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
                    command::resume(out)
                )
            }
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
