//! The state of averaging, for one unit.

use serde::{Deserialize, Serialize};

use super::agreement::Agreement;

/// What [`Averaging`](crate::Averaging) keeps of a unit: the weights of its average, and the means
/// by which its step size grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AverageState {
    /// `η_1`, the step size that the first search has found, or the part of it that is left where
    /// mini-batches do not agree; 0 before it.
    pub searched: f64,
    /// Steps since then, `k`.
    pub steps: u64,
    /// The longest of them, `max e`.
    pub longest_step: f64,
    /// The sum of their weights, `Σ w`.
    pub weights: f64,
    /// The mean of `⟨g, z - x⟩`, with the weight of its beginning in zero.
    pub(crate) along: f64,
    /// The mean of `e·s`, likewise.
    pub(crate) promised: f64,
    /// The mean loss of the first steps.
    pub(crate) early_loss: f64,
    /// The decayed mean of the loss.
    pub(crate) recent_loss: f64,
    /// The decayed mean of its squared distance from that, with the weight of its beginning in zero.
    pub(crate) scatter: f64,
    /// A mean of the loss that has decayed faster.
    pub(crate) latest_loss: f64,
    /// Steps in a row that could have been longer, at the searched step size or beyond.
    pub(crate) at_bound: u64,
    /// Whether mini-batches agree. In a training that began without the question it is not asked.
    #[serde(default = "Agreement::decided")]
    pub(crate) agreement: Agreement,
}

impl AverageState {
    /// The numbers of `r` and of the average, all of which must be finite.
    pub(crate) fn numbers(&self) -> [f64; 6] {
        [
            self.searched,
            self.longest_step,
            self.weights,
            self.along,
            self.promised,
            self.early_loss,
        ]
    }

    /// What is known of the loss since then, which must be finite, too.
    pub(crate) fn losses(&self) -> [f64; 3] {
        [self.recent_loss, self.scatter, self.latest_loss]
    }
}
