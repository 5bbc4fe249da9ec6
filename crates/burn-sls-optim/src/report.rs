//! What an iteration did, and what it cost.

use burn_sls_core::Trial;
use serde::{Deserialize, Serialize};

/// Everything that one iteration decided and spent. Returned by every step, in both faces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// The iteration `k`, counted from 0 over the whole training.
    pub step: u64,
    /// The loss `f_k(w_k)` before the step. Under gradient accumulation, the sum of the
    /// micro-batches' mean losses, since that is what the gradients are of.
    pub loss: f64,
    /// The units that were searched in this iteration.
    pub searched: Searched,
    /// The slope `s = -⟨g, d⟩` of what was searched.
    pub slope: f64,
    /// Every step size that was tried, in order.
    pub trials: Vec<Trial>,
    /// How the iteration ended.
    pub outcome: Outcome,
    /// The step size of every unit after the iteration.
    pub step_sizes: Vec<f64>,
    /// After a merge, the original units that each present unit consists of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged: Option<Vec<Vec<usize>>>,
    /// Forward passes spent: that of the training step, and one per trial and micro-batch.
    pub forwards: usize,
    /// Backward passes spent.
    pub backwards: usize,
    /// Blocking device reads spent.
    pub reads: usize,
}

/// The units that a search moved along its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Searched {
    /// All units together, by one step size.
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
    /// No step size was accepted within the budget. The step was taken with the shrunk step size.
    ExhaustedMoved,
    /// No step size was accepted within the budget. The model and the optimizer's state are as
    /// they were; the next search starts from the shrunk step size.
    ExhaustedStayed,
    /// The searched unit has no gradient, the others have: they moved by their step sizes.
    NotSearched,
    /// The loss `f_k(w_k)` is NaN or infinite. Nothing was changed.
    SkippedNonFiniteLoss,
    /// A gradient is NaN or infinite. Nothing was changed.
    SkippedNonFiniteGradient,
    /// Every gradient is zero. Nothing was changed.
    SkippedZeroGradient,
    /// The direction does not lead downhill: `⟨g, d⟩ >= 0`. Nothing was changed.
    SkippedAscent,
}

impl Outcome {
    /// Whether the parameters were moved.
    pub fn moved(self) -> bool {
        matches!(
            self,
            Self::Accepted | Self::ExhaustedMoved | Self::NotSearched
        )
    }
}

/// How often each outcome has occurred, and what the searches have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Iterations whose step size was accepted.
    pub accepted: u64,
    /// Iterations whose search used up its budget.
    pub exhausted: u64,
    /// Iterations that changed nothing because of a loss or a gradient that could not be searched.
    pub skipped: u64,
    /// Trials of all iterations.
    pub trials: u64,
    /// Forward passes of all iterations.
    pub forwards: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, report: &StepReport) {
        match report.outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::ExhaustedMoved | Outcome::ExhaustedStayed => self.exhausted += 1,
            Outcome::NotSearched => {}
            Outcome::SkippedNonFiniteLoss
            | Outcome::SkippedNonFiniteGradient
            | Outcome::SkippedZeroGradient
            | Outcome::SkippedAscent => self.skipped += 1,
        }
        self.trials += report.trials.len() as u64;
        self.forwards += report.forwards as u64;
    }
}
