//! The state of [`ReduceOnPlateau`](crate::ReduceOnPlateau).

use serde::{Deserialize, Serialize};

/// The losses of the present window, and the best window before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlateauState {
    /// The factor of the searched step sizes, 1 at first.
    pub factor: f64,
    /// Losses in the present window.
    pub seen: u64,
    /// Their mean.
    pub mean: f64,
    /// The sum of their squared deviations from it.
    pub squares: f64,
    /// The lowest mean of a window; the largest number before the first has ended.
    pub best: f64,
    /// The square of its standard error.
    pub best_variance: f64,
}

impl Default for PlateauState {
    fn default() -> Self {
        Self {
            factor: 1.0,
            seen: 0,
            mean: 0.0,
            squares: 0.0,
            best: f64::MAX,
            best_variance: 0.0,
        }
    }
}
