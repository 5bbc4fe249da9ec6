//! Where a search begins: at the initial step if no step size is known, or else at the last one,
//! grown.

use burn_sls_core::{Growth, polyak};

use super::rule::{Candidate, Rule, Start};
use crate::config::{Extrapolation, InitialStep};
use crate::engine::loss::noise_of_mean;
use crate::state::UnitState;

/// The factor from a step size that cannot be judged to the next trial, without a Polyak step.
const LONGER: f64 = 10.0;

/// The part of the longest step size found so far below which one has collapsed.
const COLLAPSED: f64 = 1e-3;

/// Whether a step size has become too short to be judged: in `searches` searches in a row its
/// trials differed from `w_k` by no more than the arithmetic's noise. Each failed attempt to find a
/// better one doubles that number.
///
/// Near a minimum there is little to judge, with step sizes that are right. So it counts only for
/// one that has collapsed, or that has been judged at most once: it is of the first mini-batch, or
/// the user's.
pub(super) fn is_unjudged(unit: &UnitState, searches: Option<u64>) -> bool {
    let history = &unit.history;
    let failed = u32::try_from(history.failed_restarts).unwrap_or(u32::MAX);
    let factor = 2u64.checked_pow(failed).unwrap_or(u64::MAX);
    let unjudged = searches.is_some_and(|s| history.indistinguishable >= s.saturating_mul(factor));
    unjudged && (history.judged <= 1 || unit.step_size < COLLAPSED * history.longest)
}

/// Whether a longer step could be judged at all: the loss is above its lower bound by more than
/// rounding. A loss that has come down to its bound has nothing to show, whatever the step size is.
pub(super) fn can_be_judged(loss: f64, bound: Option<f64>, rounding: f64, loss_scale: f64) -> bool {
    let noise = noise_of_mean(rounding, loss, loss_scale);
    bound.is_none_or(|bound| loss - bound > noise)
}

/// `η ← γ^(k/n)·η` in the `k`-th iteration since the last search (the paper, Eq. 4).
impl Rule for Growth {
    fn first_trial(&self, search: &Candidate<'_>, start: Start) -> Start {
        let reuses = search.units.iter().map(|unit| unit.history.reuses).min();
        Start {
            step_size: self.grow_over(search.last, reuses.unwrap_or(0) + 1),
            ..start
        }
    }
}

/// `η ← max(η, min(most, limit)·η_last)`, where the parabola through the last accepted trial allows
/// `limit` times the step size.
impl Rule for Extrapolation {
    fn first_trial(&self, search: &Candidate<'_>, start: Start) -> Start {
        let limits = search
            .units
            .iter()
            .map(|unit| unit.history.extrapolation_limit);
        let limit = limits.fold(self.most, f64::min);
        Start {
            step_size: start.step_size.max((limit * search.last).min(f64::MAX)),
            ..start
        }
    }
}

/// A search without earlier ones begins at the Polyak step `(f_k - f*)/(c·s)`, and goes up from
/// there while the loss falls.
pub(super) struct Initial(pub(super) InitialStep, pub(super) Option<f64>);

impl Rule for Initial {
    fn first_trial(&self, search: &Candidate<'_>, start: Start) -> Start {
        let Self(initial, expand) = *self;
        if !(search.fresh || search.unjudged) {
            return start;
        }
        let (polyak, c) = match initial {
            InitialStep::Polyak { c, .. } => (true, c),
            InitialStep::Fixed(_) => (false, 1.0),
        };
        // A fixed step size is in the state before the first search. Where it turns out too short
        // to be judged, it is no place to begin again.
        let step_size = match polyak || search.unjudged {
            true => usable_polyak(search, c).or(search.unjudged.then_some(LONGER * search.last)),
            false => None,
        };
        // A step size that has collapsed was longer before, and goes back to that at most.
        let histories = search.units.iter().map(|unit| unit.history);
        let known = histories.filter(|history| search.unjudged && history.judged > 1);
        let longest = known.map(|history| history.longest).reduce(f64::max);
        let step_size = step_size.map(|size| size.min(longest.unwrap_or(f64::MAX)));
        let is_initial = polyak || search.unjudged || !search.state.started;
        Start {
            step_size: step_size.unwrap_or(start.step_size),
            expand: expand.filter(|_| is_initial && longest.is_none()),
            ..start
        }
    }
}

/// The Polyak step of a search, if its loss and slope have one.
pub(super) fn usable_polyak(search: &Candidate<'_>, c: f64) -> Option<f64> {
    let step_size = polyak(search.loss, search.lower_bound?, c, search.slope);
    (step_size.is_finite() && step_size > 0.0).then_some(step_size)
}
