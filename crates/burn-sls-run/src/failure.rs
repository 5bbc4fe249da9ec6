//! The first file of a run that could not be written, which ends the training under way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use burn::train::Interrupter;

use crate::error::RunError;

/// Where the parts of a run that write files, on their different threads, say that one could not be
/// written. The training then ends after its step. Clones are the same place.
#[derive(Clone, Default)]
pub struct Failure(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    first: Option<RunError>,
    interrupter: Option<Interrupter>,
}

impl Failure {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The training that ends after a failure.
    pub fn stops(&self, interrupter: Interrupter) {
        self.state().interrupter = Some(interrupter);
    }

    /// A file could not be written.
    pub fn note(&self, error: RunError) {
        let mut state = self.state();
        state.first.get_or_insert(error);
        if let Some(interrupter) = &state.interrupter {
            interrupter.stop(Some("a file of the run could not be written"));
        }
    }

    /// The first error.
    pub fn take(&self) -> Option<RunError> {
        self.state().first.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
