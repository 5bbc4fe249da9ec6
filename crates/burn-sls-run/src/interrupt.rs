//! Ctrl-C: the training under way ends after its step.

use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::train::Interrupter;

use crate::error::RunError;

/// Whether Ctrl-C was pressed.
static ASKED_TO_STOP: AtomicBool = AtomicBool::new(false);

/// Whether the user has asked to stop, by Ctrl-C.
pub fn interrupted() -> bool {
    ASKED_TO_STOP.load(Ordering::Relaxed)
}

/// The training that Ctrl-C stops.
static UNDER_WAY: Mutex<Option<Interrupter>> = Mutex::new(None);

fn under_way() -> MutexGuard<'static, Option<Interrupter>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets Ctrl-C end the training after the step under way; a second one ends the program at once.
///
/// A process has one handler, and a comparison many trainings, one after the other: the handler
/// stops whichever is under way.
///
/// # Errors
///
/// If the system takes no handler.
pub fn stop_on_ctrl_c(interrupter: Interrupter) -> Result<(), RunError> {
    if interrupted() {
        // Between the last training and this one.
        interrupter.stop(Some("Ctrl-C"));
    }
    *under_way() = Some(interrupter);
    catch_ctrl_c("stopping after this step")
}

/// Lets Ctrl-C make [`interrupted`] true, with a `word` on standard error; a second one ends the
/// program at once. A process has one handler, and so the word of the first call.
///
/// # Errors
///
/// If the system takes no handler.
pub fn catch_ctrl_c(word: &'static str) -> Result<(), RunError> {
    static CAUGHT: AtomicBool = AtomicBool::new(false);
    if CAUGHT.load(Ordering::Relaxed) {
        return Ok(());
    }
    ctrlc::set_handler(move || {
        if ASKED_TO_STOP.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
        eprintln!("{word} (Ctrl-C again to stop at once)");
        if let Some(interrupter) = under_way().as_ref() {
            interrupter.stop(Some("Ctrl-C"));
        }
    })
    .map_err(|error| RunError::Training(format!("Ctrl-C cannot be caught: {error}")))?;
    CAUGHT.store(true, Ordering::Relaxed);
    Ok(())
}
