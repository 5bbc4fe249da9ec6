//! What a run cost, and how its searches went.

use burn_sls_run::plot::{Points, smooth};
use burn_sls_run::record::StepOutcome;

use crate::comparison::matrix::leading;
use crate::comparison::results::Run;

/// Forward passes that a backward pass costs as much as.
const BACKWARD: f64 = 2.0;

/// The factor of the exponential average of the training loss.
pub(super) const SMOOTHING: f64 = 0.9;

/// A unit has collapsed when its step size is below this part of its median.
const COLLAPSED: f64 = 1e-3;

/// What progress is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// Epochs, and so steps: as the paper has it.
    Epochs,
    /// Forward passes, of which a backward pass is two.
    Forwards,
    /// Seconds of training steps.
    Seconds,
}

impl Axis {
    pub(super) const ALL: [Self; 3] = [Self::Epochs, Self::Forwards, Self::Seconds];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Epochs => "epoch",
            Self::Forwards => "forward-equivalents",
            Self::Seconds => "seconds of training",
        }
    }
}

/// A run in a few numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Costs {
    /// Forward passes a step.
    pub(super) forwards_per_step: f64,
    /// The same with 2 for the backward pass: 3 for a step of Adam.
    pub(super) equivalents_per_step: f64,
    /// Steps whose search found no step size within its budget.
    pub(super) failed: usize,
    /// Steps that changed nothing, because a loss or gradient could not be searched.
    pub(super) skipped: usize,
    /// The most trials of a search after the first.
    pub(super) most_trials: usize,
    /// Units whose step size ended below a thousandth of its median over the run.
    pub(super) collapsed_units: usize,
    /// Seconds of training steps.
    pub(super) seconds: f64,
}

impl Run {
    /// Where every step ends on an axis.
    fn places(&self, axis: Axis) -> Vec<f64> {
        let per_epoch = self.batches_per_epoch();
        let steps = &self.steps;
        let costs = steps.forwards.iter().zip(&*steps.milliseconds);
        costs
            .scan(0.0, |place, (forwards, milliseconds)| {
                *place += match axis {
                    Axis::Epochs => 1.0 / per_epoch,
                    Axis::Forwards => *forwards as f64 + BACKWARD,
                    Axis::Seconds => *milliseconds as f64 / 1e3,
                };
                Some(*place)
            })
            .collect()
    }

    fn batches_per_epoch(&self) -> f64 {
        let examples = self.file.training_examples;
        examples.div_ceil(self.file.settings.batch_size) as f64
    }

    /// The losses of the mini-batches, smoothed.
    pub(super) fn losses(&self, axis: Axis) -> Points {
        let losses = self.steps.loss.iter().map(|loss| loss.unwrap_or(f64::NAN));
        let places = self.places(axis).into_iter();
        smooth(&places.zip(losses).collect::<Points>(), SMOOTHING)
    }

    /// The leading metric after every epoch.
    pub(super) fn metrics(&self, axis: Axis) -> Points {
        let places = self.places(axis);
        let last = |end: &usize| end.checked_sub(1);
        let ends = self.steps.epoch_ends.iter();
        let ends = ends.map(|end| last(end).map_or(0.0, |last| places[last]));
        ends.zip(leading(&self.file)).collect()
    }

    /// The mean step size of the units, or the learning rate.
    pub(super) fn mean_step_sizes(&self) -> Points {
        let sizes = self.steps.sizes_left(&self.file.unit_names).into_iter();
        let means = sizes.map(|sizes| sizes.iter().sum::<f64>() / sizes.len() as f64);
        self.places(Axis::Epochs).into_iter().zip(means).collect()
    }

    /// The step size of every unit: of one that was merged, until then.
    pub(super) fn unit_step_sizes(&self) -> Vec<(String, Points)> {
        let places = self.places(Axis::Epochs);
        let points = |name: &String| -> Points {
            let sizes = self.steps.step_sizes.get(name);
            let sizes = sizes.into_iter().flat_map(|sizes| sizes.iter());
            let points = places.iter().zip(sizes);
            points
                .filter_map(|(place, size)| Some((*place, (*size)?)))
                .collect()
        };
        let names = self.file.unit_names.iter();
        names.map(|name| (name.clone(), points(name))).collect()
    }

    /// Where the smoothed loss first is at most `target`.
    pub(super) fn reaches(&self, target: f64, axis: Axis) -> Option<f64> {
        let losses = self.losses(axis);
        let first = losses.iter().find(|(_, loss)| *loss <= target);
        first.map(|(place, _)| *place)
    }

    /// The training loss after the last epoch.
    pub(super) fn loss(&self) -> f64 {
        let last = self.file.last.as_ref();
        last.map_or(f64::NAN, |last| last.train_loss)
    }

    /// The leading metric after the last epoch.
    pub(super) fn last_metric(&self) -> f64 {
        leading(&self.file).last().unwrap_or(f64::NAN)
    }

    /// The best leading metric after any epoch.
    pub(super) fn best_metric(&self) -> f64 {
        leading(&self.file).fold(f64::NAN, f64::max)
    }

    /// The run in a few numbers.
    pub(super) fn costs(&self) -> Costs {
        let count = self.steps.count().max(1) as f64;
        let forwards: usize = self.steps.forwards.iter().sum();
        let ended = |how: fn(StepOutcome) -> bool| {
            let outcomes = self.steps.outcome.iter();
            outcomes.filter(|outcome| how(**outcome)).count()
        };
        let searches = self.steps.trials.iter().filter(|trials| **trials > 0);
        let sizes = self.unit_step_sizes();
        Costs {
            forwards_per_step: forwards as f64 / count,
            equivalents_per_step: forwards as f64 / count + BACKWARD,
            failed: ended(StepOutcome::exhausted),
            skipped: ended(StepOutcome::skipped),
            most_trials: searches.skip(1).max().copied().unwrap_or(0),
            // Of units alone: the schedule of a learning rate ends near 0, and on purpose.
            collapsed_units: sizes.iter().filter(|(_, sizes)| collapsed(sizes)).count(),
            seconds: self.steps.milliseconds.iter().sum::<u64>() as f64 / 1e3,
        }
    }
}

/// Whether the last of a unit's step sizes is far below their median.
fn collapsed(sizes: &[(f64, f64)]) -> bool {
    let mut sorted: Vec<f64> = sizes.iter().map(|(_, size)| *size).collect();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get(sorted.len() / 2), sizes.last()) {
        (Some(median), Some((_, last))) => *last < COLLAPSED * median,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_collapses_only_relative_to_itself() {
        let sizes = |values: &[f64]| -> Points {
            let places = (0..).map(f64::from);
            places.zip(values.iter().copied()).collect()
        };
        assert!(collapsed(&sizes(&[1e-2, 1e-2, 1e-2, 9e-6])));
        assert!(!collapsed(&sizes(&[1e-2, 1e-2, 1e-2, 1.1e-5])));
        assert!(!collapsed(&sizes(&[1e-12, 1e-12])));
        assert!(!collapsed(&[]));
    }
}
