//! The steps of a run as columns, as far as a report has use for them.

use std::collections::BTreeMap;

use burn_sls_run::record::{LEARNING_RATE, StepLine, StepOutcome, heads, unit_sizes};
use serde::{Deserialize, Serialize};

use super::column::Column;

/// The significant digits of losses, and those of step sizes and factors.
const DIGITS: (usize, usize) = (5, 4);

/// What a step size or factor may move by, as a part of it, and still count as the same. One that
/// grows a little in each step would fill the file with numbers that no picture tells apart.
const SLACK: f64 = 5e-3;

/// The steps of a run. But for `epoch_ends` and `merged`, every column has a value for each step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// How many steps had been made at the end of each epoch.
    pub epoch_ends: Column<usize>,
    /// The loss of the mini-batch before the step; none where it was not finite.
    pub loss: Column<Option<f64>>,
    /// How many step sizes were tried.
    pub trials: Column<usize>,
    /// How the step ended: see [`StepLine::outcome`].
    pub outcome: Column<StepOutcome>,
    /// What the step sizes were multiplied by: see [`StepLine::factor`].
    pub factor: Column<f64>,
    /// Forward passes.
    pub forwards: Column<usize>,
    /// Milliseconds, rounded such that their sums from the first step on are right.
    pub milliseconds: Column<u64>,
    /// The steps, from 0, that merged units, each with the groups of units that are left: see
    /// [`StepLine::merged`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<(usize, Vec<Vec<usize>>)>,
    /// The step size of every unit by its name, or [`LEARNING_RATE`]. A unit that is merged into
    /// one before it has the common step size in that step, and none after it.
    pub step_sizes: BTreeMap<String, Column<Option<f64>>>,
}

impl Steps {
    /// The steps of a run with these units; without any for an optimizer with a learning rate.
    pub fn new(lines: &[StepLine], units: &[String]) -> Self {
        let epochs = lines.chunk_by(|a, b| a.epoch == b.epoch).map(<[_]>::len);
        let seconds = lines.iter().map(|line| line.seconds);
        let sizes = unit_sizes(lines, units.len().max(1));
        let names = names(units).into_iter();
        let merged = lines.iter().enumerate();
        Self {
            epoch_ends: epochs
                .scan(0, |end, steps| {
                    *end += steps;
                    Some(*end)
                })
                .collect(),
            loss: lines.iter().map(|line| line.loss).collect(),
            trials: lines.iter().map(|line| line.trials.len()).collect(),
            outcome: lines.iter().map(|line| line.outcome).collect(),
            factor: lines.iter().map(|line| line.factor).collect(),
            forwards: lines.iter().map(|line| line.forwards).collect(),
            milliseconds: milliseconds(seconds),
            merged: merged
                .filter_map(|(step, line)| Some((step, line.merged.clone()?)))
                .collect(),
            step_sizes: names.zip(sizes.into_iter().map(Column)).collect(),
        }
    }

    /// The same as a file of results has it: losses to five digits, step sizes and factors to half
    /// a percent.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        for loss in self.loss.0.iter_mut().flatten() {
            *loss = rounded(*loss, DIGITS.0);
        }
        for sizes in self.step_sizes.values_mut() {
            settle(sizes.0.iter_mut().flatten());
        }
        settle(self.factor.0.iter_mut());
        self
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.loss.len()
    }

    /// The step sizes of the units that are left after each step.
    pub fn sizes_left(&self, units: &[String]) -> Vec<Vec<f64>> {
        let columns: Vec<_> = names(units)
            .iter()
            .filter_map(|name| self.step_sizes.get(name))
            .collect();
        let mut left: Vec<usize> = (0..columns.len()).collect();
        let mut merged = self.merged.iter().peekable();
        (0..self.count())
            .map(|step| {
                if let Some((_, groups)) = merged.next_if(|(merge, _)| *merge == step) {
                    left = heads(groups);
                }
                let sizes = left.iter().filter_map(|unit| columns[*unit][step]);
                sizes.collect()
            })
            .collect()
    }

    /// The first fault of the columns of a run with these units and so many epochs, or none.
    pub(crate) fn fault(&self, units: &[String], epochs: usize) -> Option<String> {
        let steps = self.count();
        let lengths = [
            ("trials", self.trials.len()),
            ("outcome", self.outcome.len()),
            ("factor", self.factor.len()),
            ("forwards", self.forwards.len()),
            ("milliseconds", self.milliseconds.len()),
        ];
        let sizes = self.step_sizes.iter();
        let sizes = sizes.map(|(name, column)| (name.as_str(), column.len()));
        if let Some((name, length)) = lengths.into_iter().chain(sizes).find(|of| of.1 != steps) {
            return Some(format!(
                "`{name}` has {length} values and `loss` has {steps}"
            ));
        }
        let ends = &*self.epoch_ends;
        if ends.len() != epochs || !ends.is_sorted() || ends.last().is_some_and(|end| *end != steps)
        {
            return Some(format!(
                "`epoch_ends` does not divide {steps} steps into {epochs} epochs"
            ));
        }
        let names = names(units);
        if !names.iter().all(|name| self.step_sizes.contains_key(name)) {
            let names = names.join("`, `");
            return Some(format!("`step_sizes` has not all of `{names}`"));
        }
        let in_order = self.merged.is_sorted_by_key(|(step, _)| *step);
        let mut groups = self.merged.iter().flat_map(|(_, groups)| groups);
        let there = |unit: &usize| *unit < names.len();
        let sound = |group: &Vec<usize>| !group.is_empty() && group.iter().all(there);
        let sound = in_order && groups.all(sound);
        (!sound).then(|| "`merged` is not a list of steps, each with groups of units".to_string())
    }
}

/// The names of the columns of step sizes.
fn names(units: &[String]) -> Vec<String> {
    match units {
        [] => vec![LEARNING_RATE.to_string()],
        units => units.to_vec(),
    }
}

/// What a step's rounding is off by goes into the next one.
fn milliseconds(seconds: impl Iterator<Item = f64>) -> Column<u64> {
    let whole = |seconds: f64| (seconds * 1e3).round() as u64;
    seconds
        .scan(0.0, |sum, seconds| {
            let before = whole(*sum);
            *sum += seconds;
            Some(whole(*sum) - before)
        })
        .collect()
}

/// Values that stay where they were until they have moved by more than the slack.
fn settle<'a>(values: impl Iterator<Item = &'a mut f64>) {
    let mut last = f64::NAN;
    for value in values {
        let here = rounded(*value, DIGITS.1);
        let stays = (here - last).abs() < SLACK * last.abs();
        last = if stays { last } else { here };
        *value = last;
    }
}

fn rounded(value: f64, digits: usize) -> f64 {
    let digits = format!("{value:.*e}", digits - 1);
    digits.parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::comparison::results::compact::tests::line;

    /// Three steps an epoch, and as many trials as steps before.
    fn steps(step: u64, step_sizes: &[f64], merged: Option<Vec<Vec<usize>>>) -> StepLine {
        StepLine {
            epoch: 1 + step as usize / 3,
            loss: Some(1.0 / (1.0 + step as f64)),
            trials: vec![(0.1, None); step as usize],
            seconds: 0.0104,
            ..line(step, step_sizes, merged)
        }
    }

    #[test]
    fn a_merged_unit_meets_the_other_and_ends() {
        let lines = [
            steps(0, &[0.1, 0.2, 0.3, 0.4], None),
            steps(
                1,
                &[0.1, 0.25, 0.4],
                Some(vec![vec![0], vec![1, 2], vec![3]]),
            ),
            steps(2, &[0.1, 0.5, 0.6], None),
            steps(3, &[0.3, 0.6], Some(vec![vec![0, 1, 2], vec![3]])),
            steps(4, &[0.7, 0.8], None),
        ];
        let units = ["a", "b", "c", "d"].map(str::to_string);
        let steps = Steps::new(&lines, &units);
        let expected: [(&str, &[f64]); 4] = [
            ("a", &[0.1, 0.1, 0.1, 0.3, 0.7]),
            ("b", &[0.2, 0.25, 0.5, 0.3]),
            ("c", &[0.3, 0.25]),
            ("d", &[0.4, 0.4, 0.6, 0.6, 0.8]),
        ];
        for (unit, sizes) in expected {
            let column = &steps.step_sizes[unit];
            assert!(column[..sizes.len()].iter().flatten().eq(sizes), "{unit}");
            assert!(column[sizes.len()..].iter().all(Option::is_none), "{unit}");
        }
        let left = steps.sizes_left(&units);
        assert!(left.iter().eq(lines.iter().map(|line| &line.step_sizes)));
        assert_eq!(steps.fault(&units, 2), None);
        assert_eq!(*steps.epoch_ends, [3, 5]);
    }

    #[test]
    fn a_rounded_run_keeps_its_sums_of_seconds_and_is_not_rounded_further() {
        let size = |step: u64| 0.1 * 1.001f64.powi(step as i32);
        let lines: Vec<StepLine> = (0..10)
            .map(|step| steps(step, &[size(step)], None))
            .collect();
        let steps = Steps::new(&lines, &[]).rounded();
        let sums = steps.milliseconds.iter().scan(0, |sum, step| {
            *sum += step;
            Some(*sum)
        });
        assert!(sums.eq([10, 21, 31, 42, 52, 62, 73, 83, 94, 104]));
        assert_eq!(steps.loss[2], Some(0.33333));
        let sizes = steps.step_sizes[LEARNING_RATE].iter().flatten();
        let growth = [[0.1; 5], [0.1005; 5]].concat();
        assert!(sizes.eq(&growth), "{:?}", steps.step_sizes);
        assert_eq!(steps.clone().rounded(), steps);
    }

    #[test]
    fn columns_that_do_not_fit_together_are_found() {
        let lines: Vec<StepLine> = (0..6).map(|step| steps(step, &[0.1, 0.2], None)).collect();
        let units = ["a", "b"].map(str::to_string);
        let whole = Steps::new(&lines, &units);
        assert_eq!(whole.fault(&units, 2), None);
        let fault = |change: fn(&mut Steps)| {
            let mut steps = whole.clone();
            change(&mut steps);
            steps.fault(&units, 2).expect("a fault")
        };
        for (found, words) in [
            (fault(|steps| steps.trials.0.truncate(5)), "`trials` has 5"),
            (fault(|steps| steps.epoch_ends.0 = vec![3]), "`epoch_ends`"),
            (
                fault(|steps| drop(steps.step_sizes.remove("b"))),
                "not all of `a`, `b`",
            ),
            (
                fault(|steps| steps.merged = vec![(1, vec![vec![0, 2]])]),
                "`merged`",
            ),
        ] {
            assert!(found.contains(words), "{found}");
        }
    }
}
