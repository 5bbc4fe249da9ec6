//! What the samples of a method come to.

use serde::Serialize;

use super::method::MethodName;
use super::rounds::Sample;
use super::statistics::{Spread, mean};

/// A method in a few numbers, and the samples behind them.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The method.
    pub method: MethodName,
    /// Its units, if it is a line search.
    pub units: Option<usize>,
    /// Seconds of a step.
    pub seconds: Spread,
    /// Seconds of a step over those of Adam's in the same round.
    pub ratio: Spread,
    /// Of a line search: the steps in which exactly one trial was made, and accepted.
    pub one_trial: Option<OneTrial>,
    /// Forward passes a step on average, with a backward pass as two.
    pub forward_equivalents: f64,
    /// Trials a step on average.
    pub trials: f64,
    /// Blocking reads from the device a step on average.
    pub reads: f64,
    /// Seconds of a step outside its forward and backward passes.
    pub own_seconds: Spread,
    /// The same as a part of the step.
    pub own_share: Spread,
    /// The most memory of a process that trains by this method alone.
    pub peak_bytes: Option<u64>,
    /// The same over Adam's.
    pub peak_ratio: Option<f64>,
    /// The steps that were counted.
    pub samples: Vec<Sample>,
}

/// Steps in which exactly one trial was made, and accepted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OneTrial {
    /// How many there were.
    pub steps: usize,
    /// Their seconds over those of Adam's step in the same round; none if there was no such step.
    pub ratio: Option<Spread>,
}

impl OneTrial {
    fn of(samples: &[Sample], adam: &[Sample]) -> Self {
        let pairs = || {
            let pairs = samples.iter().zip(adam);
            pairs.filter(|(sample, _)| sample.one_trial())
        };
        Self {
            steps: pairs().count(),
            ratio: Spread::of(pairs().map(|(sample, adam)| sample.seconds / adam.seconds)),
        }
    }
}

impl Row {
    /// Of a method with so many units, none for one with a learning rate. `samples` and those of
    /// Adam, round by round, begin with `steps` that are counted; what follows tells of the passes
    /// alone.
    ///
    /// # Panics
    ///
    /// If no step is counted, or the passes of none were timed.
    pub fn new(
        method: MethodName,
        units: Option<usize>,
        samples: &[Sample],
        adam: &[Sample],
        steps: usize,
    ) -> Self {
        let own = samples.iter().filter_map(|s| Some((s.own()?, s.seconds)));
        let own_seconds = spread(own.clone().map(|(own, _)| own));
        let own_share = spread(own.map(|(own, seconds)| own / seconds));
        let (samples, adam) = (&samples[..steps], &adam[..steps]);
        let ratios = samples.iter().zip(adam);
        let searches = units.is_some();
        Self {
            method,
            units,
            seconds: spread(samples.iter().map(|sample| sample.seconds)),
            ratio: spread(ratios.map(|(sample, adam)| sample.seconds / adam.seconds)),
            one_trial: searches.then(|| OneTrial::of(samples, adam)),
            forward_equivalents: mean(samples.iter().map(Sample::equivalents)),
            trials: mean(samples.iter().map(|sample| sample.trials as f64)),
            reads: mean(samples.iter().map(|sample| sample.reads as f64)),
            own_seconds,
            own_share,
            peak_bytes: None,
            peak_ratio: None,
            samples: samples.to_vec(),
        }
    }
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    Spread::of(values).expect("a bench has at least one step")
}

#[cfg(test)]
mod tests {
    use burn_sls_optim::Outcome;

    use super::*;

    fn sample(seconds: f64, trials: usize, outcome: Option<Outcome>) -> Sample {
        Sample {
            seconds,
            passes: Some(0.75 * seconds),
            forwards: 1.0 + trials as f64,
            backwards: 1,
            trials,
            reads: outcome.map_or(0, |_| 1 + trials),
            outcome,
        }
    }

    #[test]
    fn ratios_are_of_the_same_round() {
        // The machine is ten times as slow in the second round.
        let adam = [1.0, 10.0, 1.0].map(|seconds| sample(seconds, 0, None));
        let accepted = Some(Outcome::Accepted);
        let search = [(1.25, 1), (15.0, 2), (1.5, 1)];
        let search = search.map(|(seconds, trials)| sample(seconds, trials, accepted));
        let row = Row::new(MethodName::Adamsls, Some(1), &search, &adam, 3);
        assert_eq!(row.ratio.median, 1.5);
        assert_eq!(row.seconds.median, 1.5);
        let one_trial = row.one_trial.unwrap();
        assert_eq!(one_trial.steps, 2);
        assert_eq!(one_trial.ratio.unwrap().median, 1.375);
        assert_eq!(
            (row.own_share.median, row.own_seconds.median),
            (0.25, 0.375)
        );
        assert!((row.forward_equivalents - 13.0 / 3.0).abs() < 1e-15);
        assert!((row.trials - 4.0 / 3.0).abs() < 1e-15);

        let row = Row::new(MethodName::Adam, None, &adam, &adam, 3);
        assert_eq!((row.ratio.median, row.forward_equivalents), (1.0, 3.0));
        assert_eq!(row.one_trial, None);
    }

    #[test]
    fn a_failed_trial_is_not_one_accepted_trial() {
        let moved = sample(1.0, 1, Some(Outcome::ExhaustedMoved));
        let reused = sample(1.0, 0, Some(Outcome::Reused));
        let adam = [sample(1.0, 0, None), sample(1.0, 0, None)];
        let steps = [moved, reused];
        let row = Row::new(MethodName::Salsa, Some(1), &steps, &adam, 2);
        let none = OneTrial {
            steps: 0,
            ratio: None,
        };
        assert_eq!(row.one_trial, Some(none));
    }

    #[test]
    fn rounds_that_time_the_passes_alone_are_not_counted_as_steps() {
        let step = |seconds, passes| Sample {
            passes,
            ..sample(seconds, 0, None)
        };
        let samples = [step(1.0, None), step(1.0, None), step(4.0, Some(1.0))];
        let row = Row::new(MethodName::Adam, None, &samples, &samples, 2);
        assert_eq!(row.seconds.median, 1.0);
        assert_eq!(row.own_share.median, 0.75);
        assert_eq!(row.samples.len(), 2);
    }
}
