//! What an iteration did, and what it cost.

use burn_sls_core::Trial;
use serde::{Deserialize, Serialize};

use crate::config::Tested;

/// Everything that one iteration decided and spent. Returned by every step, in both faces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The iteration `k`, counted from 0 over the whole training.
    pub step: u64,
    /// The loss `f_k(w_k)` before the step. Under gradient accumulation, the sum of the
    /// micro-batches' mean losses, since that is what the gradients are of.
    pub loss: f64,
    /// The units that were searched in this iteration, counted as they were before any merge in it.
    pub searched: Searched,
    /// The direction that was tested. Another optimizer's displacement is both, and always `Taken`; with the
    /// setting [`Tested::Taken`], it is `Search` where the update direction led uphill.
    #[serde(default)]
    pub tested: Tested,
    /// The slope of what was searched, `s = -⟨g, d⟩`, along the direction that was tested.
    pub slope: f64,
    /// Every step size that was tried, in order.
    pub trials: Vec<Trial>,
    /// How the iteration ended.
    pub outcome: Outcome,
    /// The step size of every unit after the iteration, and after any merge in it.
    pub step_sizes: Vec<f64>,
    /// The learning rate that the step was taken with, as a schedule gives it; 1 without one. Where parameters
    /// have rates of their own, that of the others.
    #[serde(default = "whole")]
    pub lr: f64,
    /// The factor of [`LineSearchConfig::tail`](crate::LineSearchConfig::tail) that the step was taken with;
    /// 1 without one.
    #[serde(default = "whole")]
    pub tail: f64,
    /// The factor that [`LineSearchConfig::ceiling`](crate::LineSearchConfig::ceiling) made the step shorter by;
    /// 1 without one, or where the step was below it.
    #[serde(default = "whole")]
    pub cap: f64,
    /// After a merge, the original units that each present unit consists of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged: Option<Vec<Vec<usize>>>,
    /// Forward passes spent: that of the training step, one per trial and micro-batch, and in
    /// [`TrialMode::Deterministic`](crate::TrialMode::Deterministic) one more per micro-batch.
    pub forwards: usize,
    /// What of these was not computed, in forward passes, since trials began at the first stage with
    /// something moved; 0 unless the model is given [in stages](crate::Stages).
    #[serde(default)]
    pub saved: f64,
    /// Backward passes spent.
    pub backwards: usize,
    /// Blocking device reads spent.
    pub reads: usize,
}

fn whole() -> f64 {
    1.0
}

impl StepReport {
    /// What the step sizes were multiplied by where the step was taken: `lr·tail·cap`. No search is told of it,
    /// and [`step_sizes`](Self::step_sizes) do not hold it.
    pub fn factor(&self) -> f64 {
        self.lr * self.tail * self.cap
    }
}

/// The units that a search moved along its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Searched {
    /// All units together. Step sizes keep their proportions: a trial's is the largest of them, and the
    /// slope is that of the move in these proportions.
    All,
    /// The unit of this index alone; the others stood at `w_k`.
    Unit(usize),
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A step size was accepted, and the step was taken.
    Accepted,
    /// The point that was tried could not be told from `w_k` by the arithmetic. The step was taken with the
    /// step size as it was, neither shrunk nor grown.
    Indistinguishable,
    /// No search was due: the step was taken with the step size that an earlier one found.
    Reused,
    /// No step size was accepted within the budget. The step was taken with the shrunk step size.
    ExhaustedMoved,
    /// No step size was accepted within the budget. The model and the optimizer's state are as
    /// they were; the next search starts from the shrunk step size.
    ExhaustedStayed,
    /// What was to be searched has no gradient (or, with the `reference` preset, too small a one),
    /// and the others have: all moved by their step sizes.
    NotSearched,
    /// The loss `f_k(w_k)` is NaN or infinite. Nothing was changed.
    SkippedNonFiniteLoss,
    /// A gradient is NaN or infinite. Nothing was changed.
    SkippedNonFiniteGradient,
    /// Every gradient is zero. Nothing was changed.
    SkippedZeroGradient,
    /// The direction does not lead downhill: `⟨g, d⟩ > 0`. The model is as it was, and so are the
    /// step sizes.
    ///
    /// The directions of this crate always lead downhill; the displacement of another optimizer
    /// with momentum may not. That optimizer has taken in the gradient, as it would have in a step
    /// of its own, so that its momentum can turn around: without it, the same momentum would meet
    /// the next gradients from the same point, and training could stand still for ever.
    SkippedAscent,
}

impl Outcome {
    /// Whether the parameters were moved.
    pub fn moved(self) -> bool {
        matches!(
            self,
            Self::Accepted
                | Self::Indistinguishable
                | Self::Reused
                | Self::ExhaustedMoved
                | Self::NotSearched
        )
    }

    /// Whether a search was begun and used up its budget.
    pub fn exhausted(self) -> bool {
        matches!(self, Self::ExhaustedMoved | Self::ExhaustedStayed)
    }

    /// Whether no search was begun and nothing moved.
    pub fn skipped(self) -> bool {
        !self.moved() && !self.exhausted()
    }
}

/// How often each [`Outcome`] has occurred, and what the searches have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Iterations whose step size was accepted.
    pub accepted: u64,
    /// Iterations that tried a point that could not be told from `w_k`.
    pub indistinguishable: u64,
    /// Iterations that used the step size of an earlier search.
    pub reused: u64,
    /// Iterations whose search used up its budget, and that moved all the same.
    pub exhausted_moved: u64,
    /// Iterations whose search used up its budget, and that changed nothing but the step size.
    pub exhausted_stayed: u64,
    /// Iterations that moved without a search.
    pub not_searched: u64,
    /// Iterations skipped for a loss that was not finite.
    pub non_finite_loss: u64,
    /// Iterations skipped for a gradient that was not finite.
    pub non_finite_gradient: u64,
    /// Iterations skipped for a gradient of zero.
    pub zero_gradient: u64,
    /// Iterations skipped for a direction that leads uphill.
    pub ascent: u64,
    /// Merges of two units.
    pub merges: u64,
    /// Trials of all iterations.
    pub trials: u64,
    /// Forward passes of all iterations.
    pub forwards: u64,
}

impl Counts {
    /// Iterations whose search used up its budget.
    pub fn exhausted(&self) -> u64 {
        self.exhausted_moved + self.exhausted_stayed
    }

    /// Iterations that were skipped: nothing was searched, and nothing moved.
    pub fn skipped(&self) -> u64 {
        self.non_finite_loss + self.non_finite_gradient + self.zero_gradient + self.ascent
    }

    pub(crate) fn add(&mut self, report: &StepReport) {
        let count = match report.outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Indistinguishable => &mut self.indistinguishable,
            Outcome::Reused => &mut self.reused,
            Outcome::ExhaustedMoved => &mut self.exhausted_moved,
            Outcome::ExhaustedStayed => &mut self.exhausted_stayed,
            Outcome::NotSearched => &mut self.not_searched,
            Outcome::SkippedNonFiniteLoss => &mut self.non_finite_loss,
            Outcome::SkippedNonFiniteGradient => &mut self.non_finite_gradient,
            Outcome::SkippedZeroGradient => &mut self.zero_gradient,
            Outcome::SkippedAscent => &mut self.ascent,
        };
        *count += 1;
        self.merges += u64::from(report.merged.is_some());
        self.trials += report.trials.len() as u64;
        self.forwards += report.forwards as u64;
    }

    pub(crate) const WORDS: usize = 13;

    /// The counts in a fixed order, for records.
    pub(crate) fn to_words(self) -> [u64; Self::WORDS] {
        [
            self.accepted,
            self.indistinguishable,
            self.reused,
            self.exhausted_moved,
            self.exhausted_stayed,
            self.not_searched,
            self.non_finite_loss,
            self.non_finite_gradient,
            self.zero_gradient,
            self.ascent,
            self.merges,
            self.trials,
            self.forwards,
        ]
    }

    /// The inverse of [`to_words`](Self::to_words).
    pub(crate) fn from_words(words: [u64; Self::WORDS]) -> Self {
        let [
            accepted,
            indistinguishable,
            reused,
            exhausted_moved,
            exhausted_stayed,
            not_searched,
            non_finite_loss,
            non_finite_gradient,
            zero_gradient,
            ascent,
            merges,
            trials,
            forwards,
        ] = words;
        Self {
            accepted,
            indistinguishable,
            reused,
            exhausted_moved,
            exhausted_stayed,
            not_searched,
            non_finite_loss,
            non_finite_gradient,
            zero_gradient,
            ascent,
            merges,
            trials,
            forwards,
        }
    }
}
