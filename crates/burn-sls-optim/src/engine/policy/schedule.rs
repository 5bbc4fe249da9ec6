//! When a search is due: as often as the step size needs one ([`Frequency`]) and the budget allows.

use super::rule::{Candidate, Rule};
use crate::config::Frequency;
use crate::state::UnitHistory;

impl Rule for Frequency {
    /// Every `L`-th iteration, `L = 1/(r - 1)` rounded, with `r` the ratio of the two moving
    /// averages of step sizes.
    fn is_due(&self, search: &Candidate<'_>) -> bool {
        search.units.iter().any(|unit| is_due(*self, &unit.history))
    }
}

fn is_due(frequency: Frequency, history: &UnitHistory) -> bool {
    match frequency {
        Frequency::Always => true,
        Frequency::Settling { longest, first, .. } => {
            history.searches < first || history.reuses + 1 >= interval(history, longest)
        }
    }
}

/// Every how many iterations to search, from 1 to `longest`.
fn interval(history: &UnitHistory, longest: u32) -> u64 {
    let UnitHistory { fast, slow, .. } = *history;
    let ratio = (fast / slow).max(slow / fast);
    // Where the two are equal, as long as there is; `as` takes infinity to the largest integer.
    let interval = (1.0 / (ratio - 1.0)).round() as u64;
    interval.clamp(1, u64::from(longest))
}

/// The decays of the fast and the slow moving average of step sizes.
pub(crate) fn decays(frequency: Frequency) -> (f64, f64) {
    match frequency {
        Frequency::Settling { fast, slow, .. } => (fast, slow),
        Frequency::Always => match Frequency::settling(1) {
            Frequency::Settling { fast, slow, .. } => (fast, slow),
            Frequency::Always => unreachable!("`settling` makes the other variant"),
        },
    }
}

/// All trials after the first search may cost this fraction of training, three forward-equivalents
/// an iteration:
///
/// ```text
/// trials + 1 <= 3·fraction·(k + 1)
/// ```
pub(crate) struct Budget(pub(crate) f64);

impl Rule for Budget {
    fn is_due(&self, search: &Candidate<'_>) -> bool {
        let spent = (search.state.later_trials + 1) as f64;
        spent <= self.0 * 3.0 * (search.state.step + 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of so many iterations are searched, where a search in iteration `k` finds `found(k)`.
    fn searches(frequency: Frequency, iterations: u64, found: impl Fn(u64) -> f64) -> Vec<u64> {
        let mut history = UnitHistory::default();
        let mut searched = Vec::new();
        for k in 0..iterations {
            match is_due(frequency, &history) {
                true => {
                    history.record_search(found(k), 1.0, decays(frequency));
                    searched.push(k);
                }
                false => history.record_reuse(),
            }
        }
        searched
    }

    #[test]
    fn a_step_size_that_stays_is_searched_ten_times_and_then_as_rarely_as_allowed() {
        let expected: Vec<u64> = (0..10).chain([19, 29, 39]).collect();
        assert_eq!(searches(Frequency::settling(10), 45, |_| 0.1), expected);
        let always: Vec<u64> = (0..45).collect();
        assert_eq!(searches(Frequency::Always, 45, |_| 0.1), always);
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // fast/slow = 1.25 → 1/(0.25) = 4; and as much for the inverse.
        for (fast, slow, expected) in [
            (1.25, 1.0, 4),
            (1.0, 1.25, 4),
            (1.0, 1.0, 10),
            (1.05, 1.0, 10),
            (3.0, 1.0, 1),
            (1e300, 1e-300, 1),
        ] {
            let history = UnitHistory {
                fast,
                slow,
                searches: 50,
                ..UnitHistory::default()
            };
            assert_eq!(interval(&history, 10), expected, "{fast}/{slow}");
        }
    }

    #[test]
    fn a_step_size_that_moves_is_searched_more_often_than_one_that_stays() {
        let count = |found: fn(u64) -> f64| searches(Frequency::settling(10), 400, found).len();
        let halved_at_200 = |k: u64| if k < 200 { 0.1 } else { 0.01 };
        assert!(count(halved_at_200) > count(|_| 0.1) + 20);
    }
}
