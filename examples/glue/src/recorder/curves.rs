//! The curves of a run, as its files have them.

use crate::plot::{Points, RunCurves};
use crate::results::{EpochResult, RunFile, StepLine};

/// What there is to draw of a run of so many mini-batches an epoch, with these metrics.
pub(super) fn of_run(
    run: &RunFile,
    steps: &[StepLine],
    metrics: Vec<String>,
    batches_per_epoch: usize,
) -> RunCurves {
    let at = |step: &StepLine| (step.step as f64 + 1.0) / batches_per_epoch as f64;
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
        [] => vec!["learning rate".to_string()],
        [_] => vec!["step size".to_string()],
        units => units.to_vec(),
    };
    RunCurves {
        title: run.settings.name(),
        losses: steps
            .iter()
            .filter_map(|s| Some((at(s), s.loss?)))
            .collect(),
        train_losses: result_points(&|result| result.train_loss),
        metrics: metrics.collect(),
        step_sizes: step_sizes(names, steps, at),
    }
}

/// A curve for every unit. Where two are merged, the curve of the later one meets the other, and ends.
pub(crate) fn step_sizes(
    names: Vec<String>,
    steps: &[StepLine],
    at: impl Fn(&StepLine) -> f64,
) -> Vec<(String, Points)> {
    let mut groups: Vec<Vec<usize>> = (0..names.len()).map(|unit| vec![unit]).collect();
    let mut drawn: Vec<usize> = (0..names.len()).collect();
    let mut curves: Vec<(String, Points)> =
        names.into_iter().map(|name| (name, Vec::new())).collect();
    for step in steps {
        if let Some(merged) = &step.merged {
            groups.clone_from(merged);
        }
        for (group, &size) in groups.iter().zip(&step.step_sizes) {
            for unit in group.iter().filter(|unit| drawn.contains(unit)) {
                curves[*unit].1.push((at(step), size));
            }
        }
        drawn = groups
            .iter()
            .filter_map(|group| group.first().copied())
            .collect();
    }
    curves
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_merged_unit_meets_the_other_and_ends() {
        let step = |step: u64, step_sizes: &[f64], merged: Option<Vec<Vec<usize>>>| StepLine {
            step,
            epoch: 1,
            loss: None,
            searched: Value::Null,
            slope: None,
            trials: Vec::new(),
            outcome: "accepted".into(),
            step_sizes: step_sizes.to_vec(),
            factor: 1.0,
            merged,
            forwards: 2,
            seconds: 0.0,
        };
        let steps = [
            step(0, &[0.1, 0.2, 0.3, 0.4], None),
            step(
                1,
                &[0.1, 0.25, 0.4],
                Some(vec![vec![0], vec![1, 2], vec![3]]),
            ),
            step(2, &[0.1, 0.5, 0.6], None),
            step(3, &[0.3, 0.6], Some(vec![vec![0, 1, 2], vec![3]])),
            step(4, &[0.7, 0.8], None),
        ];
        let names = ["a", "b", "c", "d"].map(str::to_string).to_vec();
        let curves = step_sizes(names, &steps, |step| step.step as f64);
        let expected: [(&str, &[f64]); 4] = [
            ("a", &[0.1, 0.1, 0.1, 0.3, 0.7]),
            ("b", &[0.2, 0.25, 0.5, 0.3]),
            ("c", &[0.3, 0.25]),
            ("d", &[0.4, 0.4, 0.6, 0.6, 0.8]),
        ];
        for ((name, points), (unit, sizes)) in curves.iter().zip(expected) {
            assert_eq!(name, unit);
            assert!(
                points.iter().map(|point| point.1).eq(sizes.iter().copied()),
                "{unit}: {points:?}"
            );
        }
    }
}
