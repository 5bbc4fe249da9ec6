//! Records as files.

use std::fs;
use std::path::Path;

use crate::error::LineSearchError;

/// Writes a record's bytes.
///
/// # Errors
///
/// If they cannot be written; the message names the file.
pub(crate) fn save(bytes: &[u8], path: &Path) -> Result<(), LineSearchError> {
    // Beside it first: an interruption must not cost the record that was there.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    fs::write(&beside, bytes)
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| unfit(format!("{} cannot be written: {error}", path.display())))
}

/// Reads a record.
///
/// # Errors
///
/// If the file cannot be read, or is no record; the message names the file.
pub(crate) fn load<T>(
    path: &Path,
    from_bytes: impl Fn(&[u8]) -> Result<T, LineSearchError>,
) -> Result<T, LineSearchError> {
    let bytes = fs::read(path)
        .map_err(|error| unfit(format!("{} cannot be read: {error}", path.display())))?;
    from_bytes(&bytes).map_err(|error| match error {
        LineSearchError::Record { reason } => unfit(format!("{}: {reason}", path.display())),
        other => other,
    })
}

/// The error of a record that cannot be used.
pub(crate) fn unfit(reason: impl ToString) -> LineSearchError {
    LineSearchError::Record {
        reason: reason.to_string(),
    }
}
