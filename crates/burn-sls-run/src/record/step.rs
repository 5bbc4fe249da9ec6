//! A step as a line of `steps.jsonl`.

use burn_sls_optim::{Outcome, SearchAlong, Searched, StepReport};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The name of the only step size of an optimizer with a learning rate.
pub const LEARNING_RATE: &str = "learning rate";

/// A line of `steps.jsonl`: of a line search what its [`StepReport`] has, with the losses of several
/// devices as their mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepLine {
    /// The iteration, from 0.
    pub step: u64,
    /// The epoch, from 1.
    pub epoch: usize,
    /// The loss of the mini-batch before the step; null where it is not finite.
    pub loss: Option<f64>,
    /// The searched units; null for an optimizer with a learning rate.
    #[serde(deserialize_with = "searched")]
    pub searched: Option<Searched>,
    /// The direction of the trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub along: Option<SearchAlong>,
    /// The slope of what was searched.
    pub slope: Option<f64>,
    /// Step size and loss of every trial.
    pub trials: Vec<(f64, Option<f64>)>,
    /// How the step ended, and so why there was no search where there was none.
    pub outcome: StepOutcome,
    /// The step size of every unit, or the learning rate. After a merge there are fewer units.
    pub step_sizes: Vec<f64>,
    /// What they were multiplied by where the step was taken: the product of the four below, which
    /// files without a format do not have.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub factor: f64,
    /// The factor of the schedule.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub lr: f64,
    /// The factor of a plateau.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub plateau: f64,
    /// The factor of the Polyak cap.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub polyak: f64,
    /// The factor of the warm-up of averaging.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub warm_up: f64,
    /// Whether the longest step size bounded the search.
    #[serde(default, skip_serializing_if = "is_false")]
    pub capped: bool,
    /// Whether the search began again from the initial step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub restarted: bool,
    /// Whether the loss was below its lower bound.
    #[serde(default, skip_serializing_if = "is_false")]
    pub below_bound: bool,
    /// After a step that merged two units: for every unit left, the indices of those in `run.json`
    /// that it consists of from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Vec<Vec<usize>>>,
    /// Forward passes.
    pub forwards: usize,
    /// Backward passes, one for every device.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub backwards: usize,
    /// Blocking reads from the device.
    #[serde(default)]
    pub reads: usize,
    /// Seconds since the step before, or since the epoch began.
    pub seconds: f64,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum StepOutcome {
    /// A line search: in the file by the name of the outcome, such as `accepted`.
    Search(Outcome),
    /// A step of an optimizer with a learning rate: `step` in the file.
    Rate(RateStep),
}

/// The only way in which a step with a learning rate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateStep {
    /// It was taken.
    Step,
}

impl<'de> Deserialize<'de> for StepOutcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = Value::deserialize(deserializer)?;
        if let Ok(step) = RateStep::deserialize(&word) {
            return Ok(Self::Rate(step));
        }
        let outcome = Outcome::deserialize(&word);
        outcome.map(Self::Search).map_err(D::Error::custom)
    }
}

impl StepOutcome {
    /// That of a step with a learning rate.
    pub const STEP: Self = Self::Rate(RateStep::Step);

    /// Whether a search found no step size within its budget.
    pub fn exhausted(self) -> bool {
        matches!(self, Self::Search(outcome) if outcome.exhausted())
    }

    /// Whether nothing was changed, because a loss or gradient could not be searched.
    pub fn skipped(self) -> bool {
        matches!(self, Self::Search(outcome)
            if outcome.skipped() && outcome != Outcome::WaitingAfterFailure)
    }
}

/// Reads the searched units. Files without a format have a unit as its bare index.
fn searched<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Searched>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Index(usize),
        Units(Option<Searched>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Index(unit) => Some(Searched::Unit(unit)),
        Written::Units(searched) => searched,
    })
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

fn whole() -> f64 {
    1.0
}

fn is_whole(factor: &f64) -> bool {
    *factor == 1.0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl StepLine {
    /// A step with learning rate `lr` on mini-batches of so many devices, and their mean loss.
    pub(crate) fn at_rate(
        step: u64,
        epoch: usize,
        lr: f64,
        loss: Option<f64>,
        devices: usize,
    ) -> Self {
        Self {
            step,
            epoch,
            loss,
            searched: None,
            along: None,
            slope: None,
            trials: Vec::new(),
            outcome: StepOutcome::STEP,
            step_sizes: vec![lr],
            factor: 1.0,
            lr: 1.0,
            plateau: 1.0,
            polyak: 1.0,
            warm_up: 1.0,
            capped: false,
            restarted: false,
            below_bound: false,
            merged: None,
            forwards: devices,
            backwards: devices,
            reads: 0,
            seconds: 0.0,
        }
    }

    /// A step of a line search.
    pub(crate) fn of_search(report: &StepReport, epoch: usize) -> Self {
        // The objective is a sum over the devices, and what is written down their mean.
        let devices = report.backwards.max(1) as f64;
        let finite = |x: f64| x.is_finite().then_some(x / devices);
        let trials = report.trials.iter();
        let trials = trials.map(|trial| (trial.step_size, finite(trial.loss)));
        Self {
            step: report.step,
            epoch,
            loss: finite(report.loss),
            searched: Some(report.searched),
            along: Some(report.along),
            slope: finite(report.slope),
            trials: trials.collect(),
            outcome: StepOutcome::Search(report.outcome),
            step_sizes: report.step_sizes.clone(),
            factor: report.factor(),
            lr: report.lr,
            plateau: report.plateau,
            polyak: report.polyak,
            warm_up: report.warm_up,
            capped: report.capped,
            restarted: report.restarted,
            below_bound: report.below_bound,
            merged: report.merged.clone(),
            forwards: report.forwards,
            backwards: report.backwards,
            reads: report.reads,
            seconds: 0.0,
        }
    }

    /// The step as a line.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("a step is plain data");
        line.push('\n');
        line
    }
}

/// The step sizes of every unit, step by step. Where two are merged, the column of the later one
/// has the step size of both, and none from there on.
pub fn unit_sizes(lines: &[StepLine], units: usize) -> Vec<Vec<Option<f64>>> {
    let mut groups: Vec<Vec<usize>> = (0..units).map(|unit| vec![unit]).collect();
    let mut left: Vec<usize> = (0..units).collect();
    let mut columns = vec![vec![None; lines.len()]; units];
    for (step, line) in lines.iter().enumerate() {
        if let Some(merged) = &line.merged {
            groups.clone_from(merged);
        }
        for (group, &size) in groups.iter().zip(&line.step_sizes) {
            let there = |unit: &&usize| **unit < units && left.contains(unit);
            for unit in group.iter().filter(there) {
                columns[*unit][step] = Some(size);
            }
        }
        left = heads(&groups);
    }
    columns
}

/// The units that stand for their groups.
pub fn heads(groups: &[Vec<usize>]) -> Vec<usize> {
    let heads = groups.iter().filter_map(|group| group.first().copied());
    heads.collect()
}
