//! Which units an iteration searches.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Which units an iteration searches, after the first search, which is of all units together.
///
/// Whatever is searched, every unit moves, by its own step size.
///
/// # References
///
/// The paper, Eq. 6 and 7.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnitChoice {
    /// One unit in each iteration, in turn: the paper's Eq. 6. A unit without a gradient is passed
    /// over, and so is one that another optimizer would move uphill.
    #[default]
    Cyclic,
    /// Always the unit of this name; the others keep the step size of the first search.
    Fixed(String),
    /// All units together: their step sizes grow and shrink by the same factor.
    Joint,
}

/// The units that a search moves along its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Searched {
    /// All units together. Step sizes keep their proportions: a trial's is the largest of them, and
    /// the slope is that of the move in these proportions.
    All,
    /// The unit of this index alone; the others stay at `w_k`.
    Unit(usize),
}

/// What your own rule for the choice of units decides by: see
/// [`LineSearchOptimizer::with_unit_rule`].
///
/// Units are counted as they are now: after a merge there are fewer than configured.
///
/// [`LineSearchOptimizer::with_unit_rule`]: crate::LineSearchOptimizer::with_unit_rule
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Turn<'a> {
    /// The iteration `k`.
    pub step: u64,
    /// The unit whose turn it would be in a cycle.
    pub cyclic: usize,
    /// The slope `s_u` of every unit in this iteration.
    pub slopes: &'a [f64],
    /// The step size of every unit.
    pub step_sizes: &'a [f64],
}

/// A user's own rule. It must be a function of its argument alone, so that a resumed run repeats
/// it.
pub(crate) type UnitRule = Arc<dyn Fn(&Turn<'_>) -> Searched + Send + Sync>;
