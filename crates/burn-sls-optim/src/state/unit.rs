//! The state of one unit: its step size, and what its searches have found.

use burn_sls_core::AcceptanceState;
use serde::{Deserialize, Serialize};

use super::average::AverageState;

/// The state of one unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitState {
    /// The step size `η`.
    pub step_size: f64,
    /// Its searches since the last one that failed or began again.
    pub history: UnitHistory,
    /// The state of its average.
    #[serde(default)]
    pub average: AverageState,
    /// The state of the acceptance rule.
    pub(crate) acceptance: AcceptanceState,
}

impl UnitState {
    /// A unit that has not been searched.
    pub(crate) fn new(step_size: f64) -> Self {
        Self {
            step_size,
            history: UnitHistory::default(),
            average: AverageState::default(),
            acceptance: AcceptanceState::default(),
        }
    }
}

/// The searches of one unit, as the rules need them that say when the next one is due and where it
/// begins. A search that has spent its trials, and one that began again and found a better step
/// size, reset it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitHistory {
    /// Searches that have ended with a step size.
    pub searches: u64,
    /// Iterations that have used the step size again since the last search.
    pub reuses: u64,
    /// The fast moving average of the step sizes found.
    pub fast: f64,
    /// The slow moving average of the step sizes found.
    pub slow: f64,
    /// How many times longer than the accepted step size the next search may begin, at least 1: see
    /// [`Search::extrapolation_limit`](burn_sls_core::Search::extrapolation_limit).
    pub extrapolation_limit: f64,
    /// The step size that the first of these searches found; 0 before it.
    pub first_step_size: f64,
    /// The moving average of the normalised hypergradient, from -1 to 1: see
    /// [`Hypergradient`](crate::Hypergradient).
    pub hypergradient_mean: f64,
    /// Searches in a row that could not judge the step size: see
    /// [`restart_after`](crate::StartConfig::restart_after).
    pub indistinguishable: u64,
    /// Searches that began again for that reason and found nothing better. Each doubles the number
    /// of searches before the next attempt.
    pub failed_restarts: u64,
    /// Searches whose accepted trial differed from `w_k` by more than the arithmetic's noise. It
    /// and the next are never reset.
    pub judged: u64,
    /// The longest step size that one of these has found.
    pub longest: f64,
}

impl Default for UnitHistory {
    fn default() -> Self {
        Self {
            searches: 0,
            reuses: 0,
            fast: 0.0,
            slow: 0.0,
            extrapolation_limit: 1.0,
            first_step_size: 0.0,
            hypergradient_mean: 0.0,
            indistinguishable: 0,
            failed_restarts: 0,
            judged: 0,
            longest: 0.0,
        }
    }
}

impl UnitHistory {
    /// Takes in a search that has ended with this step size. `decays` are those of the fast and the
    /// slow moving average.
    pub(crate) fn record_search(
        &mut self,
        step_size: f64,
        extrapolation_limit: f64,
        decays: (f64, f64),
    ) {
        let first = self.searches == 0;
        let averages = [(&mut self.fast, decays.0), (&mut self.slow, decays.1)];
        for (average, decay) in averages {
            *average = match first {
                true => step_size,
                false => decay * *average + (1.0 - decay) * step_size,
            };
        }
        if first {
            self.first_step_size = step_size;
        }
        self.searches += 1;
        self.reuses = 0;
        self.extrapolation_limit = extrapolation_limit;
    }

    /// Takes in an iteration that has used the step size again, without a search.
    pub(crate) fn record_reuse(&mut self) {
        self.reuses += 1;
    }

    /// Forgets the searches, where they no longer say anything about the magnitude.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            judged: self.judged,
            longest: self.longest,
            ..Self::default()
        };
    }

    /// All numbers that must be finite.
    pub(crate) fn numbers(&self) -> [f64; 6] {
        [
            self.longest,
            self.fast,
            self.slow,
            self.extrapolation_limit,
            self.first_step_size,
            self.hypergradient_mean,
        ]
    }
}
