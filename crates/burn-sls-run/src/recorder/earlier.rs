//! What an interrupted run has written down.

use std::fs;
use std::path::Path;

use crate::error::RunError;
use crate::record::{EpochResult, RUN, RunFile, STEPS, StepLine};

/// Cuts the results of a run of so many `epochs` to the first `done`, and reads the steps of these.
///
/// # Errors
///
/// If there are not the results and steps of `done` epochs. Whatever came after the checkpoint, a
/// half-written line included, is of no account: it is made again.
pub fn kept<S>(
    folder: &Path,
    run: &mut RunFile<S>,
    epochs: usize,
    done: usize,
) -> Result<Vec<StepLine>, RunError> {
    run.results.retain(|result| result.epoch <= done);
    if run.results.len() != done {
        let reason = missing("results", run.results.len(), done, done);
        return Err(RunError::file(folder.join(RUN), reason));
    }
    let last = run.results.last();
    run.last = last.filter(|_| done == epochs).cloned();
    if done == 0 {
        return Ok(Vec::new());
    }

    let path = folder.join(STEPS);
    let text = fs::read_to_string(&path).map_err(|error| RunError::io(&path, error))?;
    let mut steps: Vec<StepLine> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match serde_json::from_str::<StepLine>(line) {
            Ok(step) if step.epoch <= done => steps.push(step),
            Ok(_) => break,
            Err(_) if steps.last().is_some_and(|step| step.epoch == done) => break,
            Err(error) => {
                let reason = format!("line {}: {error}", number + 1);
                return Err(RunError::file(&path, reason));
            }
        }
    }
    match run.results.iter().map(EpochResult::steps).sum::<usize>() {
        expected if steps.len() == expected => Ok(steps),
        expected => {
            let reason = missing("steps", steps.len(), expected, done);
            Err(RunError::file(&path, reason))
        }
    }
}

fn missing(what: &str, there: usize, expected: usize, done: usize) -> String {
    format!(
        "has {there} of the {expected} {what} up to the checkpoint of epoch {done}: the file was \
         changed or cut; begin again with another --out"
    )
}
