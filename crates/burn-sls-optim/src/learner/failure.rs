//! Errors of a training whose methods return none.

use std::sync::{Arc, Mutex, MutexGuard};

use burn::train::train::WorkerFailure;
use burn::train::{Interrupter, TrainingError};

use crate::error::LineSearchError;

/// The first error of a training that was stopped by its interrupter, for all clones of the model.
///
/// Taken before training begins with [`LineSearch::failure`](crate::LineSearch::failure), and asked
/// after it has ended.
#[derive(Clone, Debug, Default)]
pub struct Failure(Arc<Mutex<Option<LineSearchError>>>);

impl Failure {
    /// The error that stopped the training, if there was one.
    pub fn error(&self) -> Option<LineSearchError> {
        self.slot().clone()
    }

    fn slot(&self) -> MutexGuard<'_, Option<LineSearchError>> {
        self.0.lock().unwrap_or_else(|p| p.into_inner())
    }
}

/// Burn's `TrainStep` and `Module` return no error. This keeps one, and stops the training.
#[derive(Clone, Default)]
pub(super) struct Reporter {
    /// Without one, an error is a panic.
    pub(super) interrupter: Option<Interrupter>,
    pub(super) failure: Failure,
    /// An error that is not reported yet, since there was no training to stop when it occurred.
    postponed: Option<LineSearchError>,
}

impl Reporter {
    /// The first error so far, reported or not.
    pub(super) fn first(&self) -> Option<LineSearchError> {
        self.failure.error().or_else(|| self.postponed.clone())
    }

    /// Leaves an error to be reported by the next step of training.
    pub(super) fn postpone(&mut self, error: LineSearchError) {
        self.postponed.get_or_insert(error);
    }

    /// Stops the training. Only the first error is kept.
    ///
    /// # Panics
    ///
    /// Without an interrupter, with the error's text.
    pub(super) fn report(&self, error: LineSearchError) {
        let Some(interrupter) = &self.interrupter else {
            panic!("{error}");
        };
        let first = self.failure.slot().get_or_insert(error).clone();
        if interrupter.error().is_none() {
            interrupter.fail(training_error(&first));
        }
    }
}

/// Burn has no variant for the errors of a model. This one means that a training step failed.
fn training_error(error: &LineSearchError) -> TrainingError {
    TrainingError::Workers(vec![WorkerFailure {
        device_id: 0,
        message: error.to_string(),
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_stops_the_training_and_later_ones_do_not_replace_it() {
        let interrupter = Interrupter::new();
        let reporter = Reporter {
            interrupter: Some(interrupter.clone()),
            ..Reporter::default()
        };
        let clone = reporter.clone();
        assert_eq!(clone.first(), None);
        reporter.report(LineSearchError::EmptyLoss);
        reporter.report(LineSearchError::NoGradient);
        assert!(interrupter.should_stop());
        let text = interrupter.error().expect("an error").to_string();
        assert!(
            text.contains(&LineSearchError::EmptyLoss.to_string()),
            "{text}"
        );
        assert_eq!(clone.first(), Some(LineSearchError::EmptyLoss));
        assert_eq!(clone.failure.error(), Some(LineSearchError::EmptyLoss));
    }

    #[test]
    fn a_postponed_error_stops_nothing_and_is_this_clones_alone() {
        let interrupter = Interrupter::new();
        let mut reporter = Reporter {
            interrupter: Some(interrupter.clone()),
            ..Reporter::default()
        };
        let other = reporter.clone();
        reporter.postpone(LineSearchError::EmptyLoss);
        reporter.postpone(LineSearchError::NoGradient);
        assert_eq!(reporter.first(), Some(LineSearchError::EmptyLoss));
        assert_eq!((other.first(), reporter.failure.error()), (None, None));
        assert!(!interrupter.should_stop());
    }
}
