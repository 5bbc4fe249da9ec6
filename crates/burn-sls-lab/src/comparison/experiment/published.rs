//! Figures of other people's runs.

use serde::{Deserialize, Serialize};

use glue::names::TrainSize;

/// A mean that was published, to stand beside ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The [`Method`](super::Method)'s name.
    pub method: String,
    /// The task, or `mean` for the mean over all tasks of the experiment.
    pub task: String,
    /// Its training examples.
    pub train_size: TrainSize,
    /// The leading metric on the validation set, as a part of 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<f64>,
    /// The training loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<f64>,
    /// Where it was published: model, table, paper.
    pub source: String,
}

impl Published {
    /// Whether runs on this task are a part of it.
    pub fn is_of(&self, task: &str) -> bool {
        self.task == MEAN || self.task == task
    }
}

/// The mean over all tasks, in the place of a task.
pub const MEAN: &str = "mean";
