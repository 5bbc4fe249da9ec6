//! The record of a [`LineSearchOptimizer`](crate::LineSearchOptimizer): what a resumed training
//! needs beside the model.

use std::path::Path;

use burn::optim::OptimizerRecord;
use burn::tensor::{Bytes, TensorData};

use crate::average::{Iterates, take, take_u64};
use crate::error::LineSearchError;
use crate::files::{self, unfit};
use crate::state::SearchState;

/// The state of the search, the state of the optimizer that gives the directions, and what is kept
/// of averaged weights.
#[derive(Debug)]
pub struct LineSearchRecord {
    /// The state of the search.
    pub search: SearchState,
    /// The state of the optimizer.
    pub optimizer: OptimizerRecord,
    /// Of averaged weights: the iterates beside the model, which is recorded itself.
    pub(crate) iterates: Iterates,
}

/// The file begins with this, then the length of the search's state, the state, and Burn's own
/// record of the optimizer.
const MAGIC: &[u8; 8] = b"burn-sls";

/// With averaged weights it begins with this, and the same follows after the length of the iterates
/// and the iterates.
const MAGIC_AVERAGING: &[u8; 8] = b"sls-aver";

impl LineSearchRecord {
    /// The record as bytes.
    ///
    /// # Errors
    ///
    /// If Burn cannot serialise the optimizer's record.
    pub fn into_bytes(self) -> Result<Vec<u8>, LineSearchError> {
        let optimizer = self.optimizer.into_bytes().map_err(unfit)?;
        let search: Vec<i32> = self.search.to_data().iter::<i32>().collect();
        let mut bytes = Vec::new();
        if self.iterates.is_empty() {
            bytes.extend(MAGIC);
        } else {
            let iterates = self.iterates.into_bytes();
            bytes.extend(MAGIC_AVERAGING);
            bytes.extend((iterates.len() as u64).to_le_bytes());
            bytes.extend(iterates);
        }
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
        let (rest, iterates) = match bytes.strip_prefix(MAGIC_AVERAGING) {
            Some(mut rest) => {
                let length = take_u64(&mut rest).and_then(|length| usize::try_from(length).ok());
                let iterates = length.and_then(|length| take(&mut rest, length));
                let iterates = Iterates::from_bytes(iterates.ok_or_else(cut)?);
                let damaged = || unfit("its averaged weights are damaged");
                (rest, iterates.ok_or_else(damaged)?)
            }
            None => {
                let foreign = || unfit("it does not begin as a line search's record does");
                let rest = bytes.strip_prefix(MAGIC).ok_or_else(foreign)?;
                (rest, Iterates::default())
            }
        };
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
            iterates,
        })
    }

    /// Writes the record to a file.
    ///
    /// # Errors
    ///
    /// If it cannot be serialised or written; the message names the file.
    pub fn save(self, path: impl AsRef<Path>) -> Result<(), LineSearchError> {
        files::save(&self.into_bytes()?, path.as_ref())
    }

    /// Reads a record from a file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no record; the message names the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, LineSearchError> {
        files::load(path.as_ref(), Self::from_bytes)
    }
}
