//! Processes that train replicas of one model together.

use core::fmt;

/// What processes need to train replicas of one model together: see
/// [`step_among`](crate::LineSearchOptimizer::step_among).
///
/// All processes call the same methods in the same order; a call returns when all have made it. MPI
/// has both as `MPI_Allgatherv` and `MPI_Allreduce`; `examples/mpi` implements this trait for it.
///
/// # Example
///
/// The only process of a training:
///
/// ```
/// use burn_sls_optim::{Peers, PeersError};
///
/// struct Alone;
///
/// impl Peers for Alone {
///     fn rank(&self) -> usize {
///         0
///     }
///
///     fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, PeersError> {
///         Ok(vec![own.to_vec()])
///     }
///
///     fn sum(&self, _values: &mut [f32]) -> Result<(), PeersError> {
///         Ok(())
///     }
/// }
/// ```
pub trait Peers {
    /// The place of this process among all, from 0.
    fn rank(&self) -> usize;

    /// What every process hands in, in the order of ranks. The lengths may differ.
    ///
    /// # Errors
    ///
    /// If a process cannot be reached any more.
    fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, PeersError>;

    /// Puts the sums over all processes, which hand in as many values each, in the place of
    /// `values`: the same bits on every process.
    ///
    /// # Errors
    ///
    /// If a process cannot be reached any more.
    fn sum(&self, values: &mut [f32]) -> Result<(), PeersError>;
}

/// Why processes cannot exchange anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeersError(pub String);

impl fmt::Display for PeersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PeersError {}
