//! The interface of a rule.

use crate::state::{SearchState, UnitState};

/// A rule of an iteration. Every method has a default that leaves things as they are.
pub(crate) trait Rule {
    /// Learns from this gradient how the last step of a unit did, from the slope `s` along the
    /// present direction and `s'` along the last.
    fn observe(&self, _unit: &mut UnitState, _slope: f64, _along_last: f64) {}

    /// Whether a search may be made in this iteration. All rules must agree.
    fn is_due(&self, _search: &Candidate<'_>) -> bool {
        true
    }

    /// Where the search begins, from where the rules before would begin it.
    fn first_trial(&self, _search: &Candidate<'_>, start: Start) -> Start {
        start
    }
}

/// A search that may be made.
pub(crate) struct Candidate<'a> {
    pub(crate) state: &'a SearchState,
    /// The units that would be searched.
    pub(crate) units: &'a [UnitState],
    /// `f_k(w_k)`, and the lowest value that a loss can have, if one is known.
    pub(crate) loss: f64,
    pub(crate) lower_bound: Option<f64>,
    /// The slope of the search.
    pub(crate) slope: f64,
    /// The step size before it.
    pub(crate) last: f64,
    /// Whether no earlier search says anything of the magnitude.
    pub(crate) fresh: bool,
    /// Whether the step size has been too short to be judged, several times in a row.
    pub(crate) unjudged: bool,
    /// Whether the slopes along the last direction are known.
    pub(crate) has_hypergradient: bool,
}

/// Where a search begins, and how it goes on.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub(crate) step_size: f64,
    /// The factor by which it goes on while the loss falls.
    pub(crate) expand: Option<f64>,
    /// Whether the largest step size shortened it.
    pub(crate) capped: bool,
}
