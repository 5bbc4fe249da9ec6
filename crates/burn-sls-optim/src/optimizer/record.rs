//! The record of a [`LineSearchOptimizer`](crate::LineSearchOptimizer): what a resumed training
//! needs beside the model.

use std::fs;
use std::path::Path;

use burn::optim::OptimizerRecord;
use burn::tensor::{Bytes, TensorData};

use crate::error::LineSearchError;
use crate::state::SearchState;

/// The state of the search, and the state of the optimizer that gives the directions.
#[derive(Debug)]
pub struct LineSearchRecord {
    /// The state of the search.
    pub search: SearchState,
    /// The state of the optimizer.
    pub optimizer: OptimizerRecord,
}

/// The file begins with this, then the length of the search's state, the state, and Burn's own
/// record of the optimizer.
const MAGIC: &[u8; 8] = b"burn-sls";

impl LineSearchRecord {
    /// The record as bytes.
    ///
    /// # Errors
    ///
    /// If Burn cannot serialise the optimizer's record.
    pub fn into_bytes(self) -> Result<Vec<u8>, LineSearchError> {
        let optimizer = self.optimizer.into_bytes().map_err(unfit)?;
        let search: Vec<i32> = self.search.to_data().iter::<i32>().collect();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((search.len() as u32).to_le_bytes());
        bytes.extend(search.into_iter().flat_map(i32::to_le_bytes));
        bytes.extend_from_slice(&optimizer);
        Ok(bytes)
    }

    /// The record from bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are no such record, or a damaged one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LineSearchError> {
        let cut = || unfit("it is cut short");
        let rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| unfit("it does not begin as a line search's record does"))?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = (u32::from_le_bytes(*length) as usize).checked_mul(4);
        let length = length
            .filter(|&length| length <= rest.len())
            .ok_or_else(cut)?;
        let (search, optimizer) = rest.split_at(length);
        let search: Vec<i32> = search
            .chunks_exact(4)
            .map(|part| i32::from_le_bytes([part[0], part[1], part[2], part[3]]))
            .collect();
        let search = SearchState::from_data(&TensorData::from(search.as_slice()))?;
        let optimizer = Bytes::from_bytes_vec(optimizer.to_vec());
        Ok(Self {
            search,
            optimizer: OptimizerRecord::from_bytes(optimizer).map_err(unfit)?,
        })
    }

    /// Writes the record to a file.
    ///
    /// # Errors
    ///
    /// If it cannot be serialised or written; the message names the file.
    pub fn save(self, path: impl AsRef<Path>) -> Result<(), LineSearchError> {
        let path = path.as_ref();
        let bytes = self.into_bytes()?;
        // Beside it first: an interruption must not cost the record that was there.
        let mut beside = path.as_os_str().to_owned();
        beside.push(".partial");
        fs::write(&beside, bytes)
            .and_then(|()| fs::rename(&beside, path))
            .map_err(|error| unfit(format!("{} cannot be written: {error}", path.display())))
    }

    /// Reads a record from a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no record; the message names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LineSearchError> {
        let path = path.as_ref();
        let bytes = fs::read(path)
            .map_err(|error| unfit(format!("{} cannot be read: {error}", path.display())))?;
        Self::from_bytes(&bytes).map_err(|error| match error {
            LineSearchError::Record { reason } => unfit(format!("{}: {reason}", path.display())),
            other => other,
        })
    }
}

fn unfit(reason: impl ToString) -> LineSearchError {
    LineSearchError::Record {
        reason: reason.to_string(),
    }
}
