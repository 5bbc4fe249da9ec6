//! The report of an iteration: its decisions and its costs.

use burn_sls_core::Trial;
use serde::{Deserialize, Serialize};

use crate::direction::SearchAlong;
use crate::units::Searched;

/// Everything that one iteration decided and spent. Every step gives one.
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
    /// The direction of the trials. With [`SearchAlong::Update`] it is `Gradient` where the update
    /// direction led uphill. The displacement of an adopted optimizer is always `Update`.
    #[serde(default)]
    pub along: SearchAlong,
    /// The slope along that direction of what was searched, `s = -⟨g, d⟩`.
    pub slope: f64,
    /// Every step size that was tried, in order.
    pub trials: Vec<Trial>,
    /// How the iteration ended.
    pub outcome: Outcome,
    /// The step size of every unit after the iteration, and after any merge in it.
    pub step_sizes: Vec<f64>,
    /// The factor of the schedule; 1 without one. Where parameters have factors of their own, that
    /// of the others.
    #[serde(default = "one")]
    pub lr: f64,
    /// The factor of [`ReduceOnPlateau`](crate::ReduceOnPlateau); 1 without it.
    #[serde(default = "one")]
    pub plateau: f64,
    /// The factor by which the Polyak cap shortened the step; 1 where the step was below it, or was
    /// tried as it is.
    #[serde(default = "one")]
    pub polyak: f64,
    /// The factor of the [warm-up](crate::Averaging::warm_up) of averaging; 1 without it.
    #[serde(default = "one")]
    pub warm_up: f64,
    /// Whether the longest step size bounded the search, where it began or how far it went up:
    /// [`max_step_size`](crate::StartConfig::max_step_size), or `1/λ` with weight decay `λ`.
    #[serde(default)]
    pub capped: bool,
    /// Whether the search began again from the initial step, since the step size had become too
    /// short to be judged: see [`restart_after`](crate::StartConfig::restart_after).
    #[serde(default)]
    pub restarted: bool,
    /// Whether the loss is below [`loss_lower_bound`](crate::SearchConfig::loss_lower_bound), by
    /// more than rounding. Then it is no bound: rules that need one are off from here on.
    #[serde(default)]
    pub below_bound: bool,
    /// Whether another forward was made to check that the loss is reproducible.
    #[serde(default)]
    pub checked: bool,
    /// After a merge, the original units that each present unit consists of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged: Option<Vec<Vec<usize>>>,
    /// Forward passes, for every micro-batch one of training and one per trial. A
    /// [self-check](crate::SelfCheck) and
    /// [`TrialMode::Deterministic`](crate::TrialMode::Deterministic) cost one more each.
    pub forwards: usize,
    /// The part of these that was not computed, in forward passes, since trials began at the first
    /// stage that had moved; 0 unless the model is given [in stages](crate::Stages).
    #[serde(default)]
    pub saved: f64,
    /// Backward passes.
    pub backwards: usize,
    /// Blocking device reads.
    pub reads: usize,
}

fn one() -> f64 {
    1.0
}

impl StepReport {
    /// The factor between the searched step sizes and the step that was taken,
    /// `lr·plateau·polyak·warm_up`. The search does not know it, and
    /// [`step_sizes`](Self::step_sizes) do not contain it.
    pub fn factor(&self) -> f64 {
        self.lr * self.plateau * self.polyak * self.warm_up
    }
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// A step size was accepted, and the step was taken.
    Accepted,
    /// The arithmetic cannot distinguish the loss of the last trial from that at `w_k`. The step
    /// was taken, and the step size has not grown: it is the one before the search or, after
    /// rejected trials, that of the last trial.
    Indistinguishable,
    /// No search was due: the step was taken with the step size that an earlier one found.
    Reused,
    /// No step size was accepted within the budget. The step was taken with the shrunk step size.
    ExhaustedMoved,
    /// No step size was accepted within the budget, and the preset says to stay, or the loss of the
    /// last trial was not finite. The model and the optimizer's state are as they were. The next
    /// search begins at the initial step again if that is a Polyak step, and else at the shrunk
    /// step size. A search that had [begun again](StepReport::restarted) leaves the step size as it
    /// was.
    ExhaustedStayed,
    /// What was to be searched has a gradient of zero, and another unit has not: all moved by their
    /// step sizes. With the preset `Reference`, also where its published code makes no search.
    NotSearched,
    /// The loss `f_k(w_k)` is NaN or infinite. Nothing was changed.
    SkippedNonFiniteLoss,
    /// A gradient is NaN or infinite. Nothing was changed.
    SkippedNonFiniteGradient,
    /// Every gradient is zero. Nothing was changed.
    SkippedZeroGradient,
    /// The gradient is finite, and its square overflows: every direction is zero, or the slope is
    /// infinite. Nothing was changed.
    SkippedOverflow,
    /// The first search has failed. It is tried again after 1, 3, 7, … steps, up to
    /// [`longest_wait`](crate::ScheduleConfig::longest_wait). Nothing was changed.
    WaitingAfterFailure,
    /// The direction leads uphill: `⟨g, d⟩ > 0`. The model is as it was, and so are the step sizes.
    ///
    /// [`Adam`](crate::direction::Adam) and [`Sgd`](crate::direction::Sgd) have a direction that
    /// always leads downhill; the displacement of an adopted optimizer with momentum, or a
    /// direction of yours, may not. The adopted optimizer has taken in the gradient, as in its own
    /// step, so that its momentum can turn around. Otherwise the same momentum would meet the next
    /// gradients at the same point, and training could stop for ever.
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
    /// Iterations whose trial could not be distinguished from `w_k`.
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
    /// Iterations skipped for a gradient whose square overflows.
    pub overflow: u64,
    /// Iterations without a search since the first one had failed.
    pub waiting: u64,
    /// Iterations with a loss below its lower bound.
    pub below_bound: u64,
    /// Searches that began again from the initial step.
    pub restarted: u64,
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
        self.non_finite_loss
            + self.non_finite_gradient
            + self.zero_gradient
            + self.ascent
            + self.overflow
            + self.waiting
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
            Outcome::SkippedOverflow => &mut self.overflow,
            Outcome::WaitingAfterFailure => &mut self.waiting,
        };
        *count += 1;
        self.below_bound += u64::from(report.below_bound);
        self.restarted += u64::from(report.restarted);
        self.merges += u64::from(report.merged.is_some());
        self.trials += report.trials.len() as u64;
        self.forwards += report.forwards as u64;
    }

    /// Every count by its name, for records.
    pub(crate) fn fields(&mut self) -> [(&'static str, &mut u64); 17] {
        [
            ("accepted", &mut self.accepted),
            ("indistinguishable", &mut self.indistinguishable),
            ("reused", &mut self.reused),
            ("exhausted_moved", &mut self.exhausted_moved),
            ("exhausted_stayed", &mut self.exhausted_stayed),
            ("not_searched", &mut self.not_searched),
            ("non_finite_loss", &mut self.non_finite_loss),
            ("non_finite_gradient", &mut self.non_finite_gradient),
            ("zero_gradient", &mut self.zero_gradient),
            ("ascent", &mut self.ascent),
            ("overflow", &mut self.overflow),
            ("waiting", &mut self.waiting),
            ("below_bound", &mut self.below_bound),
            ("restarted", &mut self.restarted),
            ("merges", &mut self.merges),
            ("trials", &mut self.trials),
            ("forwards", &mut self.forwards),
        ]
    }
}
