//! The error type of this crate.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::quote::one_line;

/// An error in a configuration, a checkpoint, a tokenizer, a data set or a split into units.
///
/// The message names the file, and the line or key if there is one. It says what was found and,
/// where that helps, what was expected.
#[derive(Debug)]
#[non_exhaustive]
pub enum BertError {
    /// A file or folder could not be read or written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A model configuration is not JSON, is of an unsupported model, or has an invalid value.
    Config {
        /// The file it was read from. `None` for a configuration built in memory.
        path: Option<PathBuf>,
        /// The key with the error. Empty if the error concerns the whole configuration.
        key: String,
        /// What was found and what was expected.
        message: String,
    },
    /// A safetensors file cannot be read as the weights of the model.
    Weights {
        /// The file.
        path: PathBuf,
        /// The key with the error, spelled as in the file. Empty for an error in the whole file.
        key: String,
        /// What was found and what was expected.
        message: String,
    },
    /// A tokenizer cannot be read, built or used.
    Tokenizer {
        /// The file it was read from. `None` for a tokenizer built in memory.
        path: Option<PathBuf>,
        /// The reason.
        message: String,
    },
    /// A data file is missing or does not have the data that its task needs.
    Data {
        /// The file or folder.
        path: PathBuf,
        /// The line, or the row of a Parquet file, counted from 1. `None` if the error concerns the
        /// whole file.
        line: Option<u64>,
        /// What was found and what was expected.
        message: String,
    },
    /// A GLUE task is unknown, or does not have the requested split.
    Task(
        /// What was requested and what exists.
        String,
    ),
    /// There is no such split into units.
    Units(
        /// What was requested and what exists.
        String,
    ),
}

/// The most bytes of a key and of a message: a file may have a key or a value of any length.
const LONGEST_KEY: usize = 200;
const LONGEST_MESSAGE: usize = 1000;

impl BertError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn config(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config {
            path: None,
            key: one_line(key, LONGEST_KEY),
            message: one_line(message, LONGEST_MESSAGE),
        }
    }

    pub(crate) fn weights(path: &Path, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Weights {
            path: path.to_owned(),
            key: one_line(key, LONGEST_KEY),
            message: one_line(message, LONGEST_MESSAGE),
        }
    }

    pub(crate) fn tokenizer(message: impl Into<String>) -> Self {
        Self::Tokenizer {
            path: None,
            message: one_line(message, LONGEST_MESSAGE),
        }
    }

    pub(crate) fn data(path: &Path, line: Option<u64>, message: impl Into<String>) -> Self {
        Self::Data {
            path: path.to_owned(),
            line,
            message: one_line(message, LONGEST_MESSAGE),
        }
    }

    /// Adds the file to an error that does not name one.
    pub(crate) fn in_file(self, file: &Path) -> Self {
        match self {
            Self::Config {
                path: None,
                key,
                message,
            } => Self::Config {
                path: Some(file.to_owned()),
                key,
                message,
            },
            Self::Tokenizer {
                path: None,
                message,
            } => Self::Tokenizer {
                path: Some(file.to_owned()),
                message,
            },
            other => other,
        }
    }
}

impl fmt::Display for BertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |f: &mut fmt::Formatter<'_>, path: &Option<PathBuf>| match path {
            Some(path) => write!(f, "{}: ", path.display()),
            None => Ok(()),
        };
        match self {
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Config { path, key, message } => {
                at(f, path)?;
                match key.as_str() {
                    "" => write!(f, "{message}"),
                    key => write!(f, "`{key}`: {message}"),
                }
            }
            Self::Weights { path, key, message } => match key.as_str() {
                "" => write!(f, "{}: {message}", path.display()),
                key => write!(f, "{}: `{key}`: {message}", path.display()),
            },
            Self::Tokenizer { path, message } => {
                at(f, path)?;
                write!(f, "{message}")
            }
            Self::Data {
                path,
                line,
                message,
            } => match line {
                Some(line) => write!(f, "{}:{line}: {message}", path.display()),
                None => write!(f, "{}: {message}", path.display()),
            },
            Self::Task(message) | Self::Units(message) => write!(f, "{message}"),
        }
    }
}

impl core::error::Error for BertError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_from_a_file_is_cut_and_stays_on_one_line() {
        let long = "é\n".repeat(100_000);
        for error in [
            BertError::config(long.as_str(), long.as_str()),
            BertError::weights(Path::new("a"), long.as_str(), long.as_str()),
            BertError::tokenizer(long.as_str()),
        ] {
            let text = error.to_string();
            assert!(text.len() < 1500, "{}", text.len());
            assert_eq!(text.lines().count(), 1);
            assert!(text.contains("… (300000 bytes)"), "{text}");
        }
        let short = BertError::config("hidden_act", "is odd").to_string();
        assert_eq!(short, "`hidden_act`: is odd");
    }
}
