//! Which problem of a family.

use serde::{Deserialize, Serialize};

/// Which problem of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    /// Draws the data, the initial weights and the mini-batches.
    pub seed: u64,
    /// Draws the shape of the problem: width, depth, activation, normalisation, initial scale,
    /// label noise, input scale, batch size, length of run, where the family has them. `None` is
    /// the nominal problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn: Option<u64>,
}

impl Variant {
    /// The nominal problem.
    pub fn nominal(seed: u64) -> Self {
        Self { seed, drawn: None }
    }
}
