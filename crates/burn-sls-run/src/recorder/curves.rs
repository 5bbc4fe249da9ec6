//! The curves of a run, as its files have them.

use super::Course;
use crate::plot::{Points, RunCurves};
use crate::record::{EpochResult, LEARNING_RATE, RunFile, StepLine, unit_sizes};

/// What there is to draw of a run with these metrics.
pub(super) fn of_run<S>(
    run: &RunFile<S>,
    steps: &[StepLine],
    metrics: impl Iterator<Item = String>,
    course: &Course,
) -> RunCurves {
    // Epochs that were trained on other devices have another number of steps.
    let lengths = run.results.iter().map(EpochResult::steps);
    let lengths: Vec<usize> = lengths.collect();
    let at = |step: &StepLine| {
        let done = step.epoch - 1;
        let before: usize = lengths.iter().take(done).sum();
        let length = lengths.get(done).unwrap_or(&course.steps_per_epoch);
        done as f64 + (step.step as f64 + 1.0 - before as f64) / *length as f64
    };
    let result_points = |value: &dyn Fn(&EpochResult) -> f64| -> Points {
        let results = run.results.iter();
        results
            .map(|result| (result.epoch as f64, value(result)))
            .collect()
    };
    let metrics = metrics.map(|name| {
        let points = result_points(&|result| result.metric(&name));
        (name, points)
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
        title: course.title.clone(),
        losses: steps
            .iter()
            .filter_map(|s| Some((at(s), s.loss?)))
            .collect(),
        train_losses: result_points(&|result| result.train_loss),
        metrics: metrics.collect(),
        step_sizes: names.into_iter().zip(sizes).collect(),
    }
}
