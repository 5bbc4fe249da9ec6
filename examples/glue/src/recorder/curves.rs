//! The curves of a run, as its files have them.

use crate::plot::{Points, RunCurves};
use crate::results::{EpochResult, LEARNING_RATE, RunFile, StepLine, unit_sizes};

/// What there is to draw of a run with these metrics. `steps_per_epoch` is for the epoch under way;
/// finished ones have their own number.
pub(super) fn of_run(
    run: &RunFile,
    steps: &[StepLine],
    metrics: Vec<String>,
    steps_per_epoch: usize,
) -> RunCurves {
    // Epochs that were trained on other devices have another number of steps.
    let lengths = run.results.iter().map(EpochResult::steps);
    let lengths: Vec<usize> = lengths.collect();
    let at = |step: &StepLine| {
        let done = step.epoch - 1;
        let before: usize = lengths.iter().take(done).sum();
        let length = lengths.get(done).unwrap_or(&steps_per_epoch);
        done as f64 + (step.step as f64 + 1.0 - before as f64) / *length as f64
    };
    let result_points = |value: &dyn Fn(&EpochResult) -> f64| -> Points {
        let results = run.results.iter();
        results
            .map(|result| (result.epoch as f64, value(result)))
            .collect()
    };
    let metrics = metrics.into_iter().map(|name| {
        let value = |result: &EpochResult| result.metrics[&name].as_f64().unwrap_or(f64::NAN);
        (name.clone(), result_points(&value))
    });
    let names = match &run.unit_names[..] {
        [] => vec![LEARNING_RATE.to_string()],
        [_] => vec!["step size".to_string()],
        units => units.to_vec(),
    };
    let sizes = unit_sizes(steps, names.len()).into_iter();
    let sizes = sizes.map(|sizes| {
        let points = steps.iter().zip(sizes);
        points
            .filter_map(|(step, size)| Some((at(step), size?)))
            .collect()
    });
    RunCurves {
        title: run.settings.name(),
        losses: steps
            .iter()
            .filter_map(|s| Some((at(s), s.loss?)))
            .collect(),
        train_losses: result_points(&|result| result.train_loss),
        metrics: metrics.collect(),
        step_sizes: names.into_iter().zip(sizes).collect(),
    }
}
