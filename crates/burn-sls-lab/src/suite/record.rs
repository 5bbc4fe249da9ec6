//! What a run leaves behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::suite::problem::Evaluation;
use crate::suite::variant::Variant;

/// A finished run: what it was, its costs, and what was measured on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which run.
    pub key: Key,
    /// What the problem belongs to.
    pub group: String,
    /// The candidate that a [tuned](crate::suite::competitor::Tuned) competitor has chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// Steps of the whole run. It ends earlier where it is solved or no longer finite.
    pub planned: usize,
    /// Steps that were made.
    pub steps: usize,
    /// Examples in a mini-batch.
    pub batch: usize,
    /// What the loss cannot fall below.
    pub lower_bound: Option<f64>,
    /// Whether the problem's threshold was reached, where it has one.
    pub passed: Option<bool>,
    /// Forward passes of all steps, trials included.
    pub forwards: u64,
    /// The costs of all steps in forward passes: 3 for the forward and the backward pass of a step,
    /// 1 for a trial.
    pub equivalents: u64,
    /// Seconds of all steps, without the making of mini-batches and evaluations.
    pub seconds: f64,
    /// Whether a loss that was evaluated is NaN or infinite. The run has ended there.
    pub non_finite: bool,
    /// How the iterations of a line search have ended.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// The evaluations, the first before the first step.
    pub curve: Vec<Point>,
    /// The target for which [`Record::brief`] has kept evaluations; `None` where all are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_for: Option<f64>,
}

/// What makes a run another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The family of the problem.
    pub problem: String,
    /// Which of its problems.
    pub variant: Variant,
    /// Who has trained.
    pub competitor: String,
    /// The length, as a part of the problem's own.
    pub length: f64,
}

impl Key {
    /// The problem with its variant, such as `mnist1d-cnn, seed 1`, or `..., drawn 3, seed 1`, and
    /// its length where that is another than the problem's own.
    pub fn problem_name(&self) -> String {
        let Variant { seed, drawn } = self.variant;
        let drawn = drawn.map_or(String::new(), |drawn| format!(", drawn {drawn}"));
        let length = match self.length == 1.0 {
            true => String::new(),
            false => format!(", length {}", self.length),
        };
        format!("{}{drawn}, seed {seed}{length}", self.problem)
    }
}

/// An evaluation on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps so far.
    pub step: usize,
    /// Their costs in forward passes.
    pub equivalents: u64,
    /// The training loss.
    #[serde(with = "number")]
    pub loss: f64,
    /// The loss on examples held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
    /// The share of examples classified correctly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The step size of a line search: the largest of its units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_size: Option<f64>,
}

impl Point {
    /// What was measured after so many steps, at these costs.
    pub fn new(step: usize, equivalents: u64, measured: Evaluation) -> Self {
        Self {
            step,
            equivalents,
            loss: measured.loss,
            held_out: measured.held_out.filter(|loss| loss.is_finite()),
            accuracy: measured.accuracy,
            step_size: None,
        }
    }
}

impl Record {
    /// The training loss before the first step.
    pub fn start(&self) -> f64 {
        self.curve.first().map_or(f64::NAN, |point| point.loss)
    }

    /// The last evaluation.
    ///
    /// # Panics
    ///
    /// If there is none: every run has one before its first step.
    pub fn end(&self) -> &Point {
        self.curve.last().expect("an evaluation")
    }

    /// The run with those evaluations alone that a report reads: the first, the last, and the two
    /// between which the loss first reaches the target.
    #[must_use]
    pub fn brief(&self, target: f64) -> Self {
        let last = self.curve.len().saturating_sub(1);
        let there = self.curve.iter().position(|point| point.loss <= target);
        let kept = |place: usize| {
            let around = there.is_some_and(|there| place == there || place + 1 == there);
            place == 0 || place == last || around
        };
        let points = self.curve.iter().enumerate();
        Self {
            curve: points
                .filter(|(place, _)| kept(*place))
                .map(|(_, point)| *point)
                .collect(),
            kept_for: Some(target),
            ..self.clone()
        }
    }
}

/// Numbers that JSON has not: `null` for all that is not finite.
mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        number.is_finite().then_some(*number).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
    }
}
