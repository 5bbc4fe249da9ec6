//! A training that ends early, and what of it can be resumed.

use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::checkpoints;
use crate::error::{Kept, RunError, Stopped};
use crate::record::RUN;

/// The end of a training in the folder `out`, where `cause` says what could not be written, or which
/// device is lost. `go_on` is the command that resumes it.
pub fn stopped(
    cause: impl Into<Box<dyn Error + Send + Sync>>,
    out: &Path,
    go_on: impl Into<String>,
) -> RunError {
    let cause = match cause.into().downcast::<RunError>() {
        Ok(already) if matches!(*already, RunError::Stopped(_)) => return *already,
        Ok(cause) => cause,
        Err(cause) => cause,
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
    RunError::Stopped(Box::new(Stopped {
        cause,
        out: out.to_path_buf(),
        kept,
        go_on: go_on.into(),
    }))
}
