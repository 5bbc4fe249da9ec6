//! The record of [`ScheduleFree`](crate::ScheduleFree).

use std::path::Path;

use burn::optim::OptimizerRecord;
use burn::tensor::Bytes;

use super::bytes::{take, take_u64};
use super::iterates::Iterates;
use crate::error::LineSearchError;
use crate::files;

/// The state of the optimizer, and what is kept of the averaged weights.
#[derive(Debug)]
pub struct ScheduleFreeRecord {
    /// The state of the optimizer.
    pub optimizer: OptimizerRecord,
    pub(super) weights: Weights,
    pub(super) iterates: Iterates,
}

/// What the weights of the steps are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Weights {
    /// `k`.
    pub(super) steps: u64,
    /// The largest learning rate so far.
    pub(super) largest_lr: f64,
    /// `Σ ω`.
    pub(super) sum: f64,
}

/// A file begins with this. Then come the steps, the largest learning rate, the sum of the weights
/// and the length of the iterates, of eight bytes each; the iterates; and Burn's own record of the
/// optimizer.
const MAGIC: &[u8; 8] = b"sls-free";

impl ScheduleFreeRecord {
    /// The record as bytes.
    ///
    /// # Errors
    ///
    /// If Burn cannot serialise the optimizer's record.
    pub fn into_bytes(self) -> Result<Vec<u8>, LineSearchError> {
        let optimizer = self.optimizer.into_bytes().map_err(files::unfit)?;
        let iterates = self.iterates.into_bytes();
        let Weights {
            steps,
            largest_lr,
            sum,
        } = self.weights;
        let numbers = [steps, largest_lr.to_bits(), sum.to_bits()];
        let mut bytes = MAGIC.to_vec();
        for number in numbers.into_iter().chain([iterates.len() as u64]) {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(iterates);
        bytes.extend_from_slice(&optimizer);
        Ok(bytes)
    }

    /// The record from bytes.
    ///
    /// # Errors
    ///
    /// If the bytes are no such record, or a damaged one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LineSearchError> {
        let foreign = || files::unfit("it does not begin as a Schedule-Free record does");
        let mut rest = bytes.strip_prefix(MAGIC).ok_or_else(foreign)?;
        let cut = || files::unfit("it is cut short");
        let mut number = || take_u64(&mut rest).ok_or_else(cut);
        let weights = Weights {
            steps: number()?,
            largest_lr: f64::from_bits(number()?),
            sum: f64::from_bits(number()?),
        };
        let known = |number: f64| number.is_finite() && number >= 0.0;
        if !(known(weights.largest_lr) && known(weights.sum)) {
            return Err(files::unfit("the weights of its average are damaged"));
        }
        let length = usize::try_from(number()?).map_err(|_| cut())?;
        let iterates = take(&mut rest, length).ok_or_else(cut)?;
        let damaged = || files::unfit("its averaged weights are damaged");
        let iterates = Iterates::from_bytes(iterates).ok_or_else(damaged)?;
        let optimizer = Bytes::from_bytes_vec(rest.to_vec());
        Ok(Self {
            optimizer: OptimizerRecord::from_bytes(optimizer).map_err(files::unfit)?,
            weights,
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
