//! Ctrl-C: the training under way ends after its step.

use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::train::Interrupter;

use crate::error::GlueError;

/// Whether Ctrl-C was pressed.
static ASKED_TO_STOP: AtomicBool = AtomicBool::new(false);

/// Whether the user has asked to stop, by Ctrl-C during a training of this process.
pub fn interrupted() -> bool {
    ASKED_TO_STOP.load(Ordering::Relaxed)
}

/// Lets Ctrl-C end the training after the step under way; a second one ends the program at once.
///
/// A process has one handler, and a comparison many trainings, one after the other: the handler
/// stops whichever is under way.
///
/// # Errors
///
/// If the system takes no handler.
pub fn stop_on_ctrl_c(interrupter: Interrupter) -> Result<(), GlueError> {
    static UNDER_WAY: Mutex<Option<Interrupter>> = Mutex::new(None);
    let under_way = || {
        UNDER_WAY
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    };
    if interrupted() {
        // Between the last training and this one.
        interrupter.stop(Some("Ctrl-C"));
    }
    if under_way().replace(interrupter).is_some() {
        return Ok(());
    }
    ctrlc::set_handler(move || {
        if ASKED_TO_STOP.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
        eprintln!("stopping after this step (Ctrl-C again to stop at once)");
        if let Some(interrupter) = under_way().as_ref() {
            interrupter.stop(Some("Ctrl-C"));
        }
    })
    .map_err(|error| GlueError::Training(format!("Ctrl-C cannot be caught: {error}")))
}
