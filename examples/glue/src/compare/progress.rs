//! How far a comparison is, and how long the rest will take.

use std::collections::HashMap;
use std::time::Duration;

use crate::progress::{Place, duration};
use crate::results::{EpochResult, RunFile};

/// Counts the runs of a comparison and learns how long they take.
pub(super) struct Pace {
    /// The cell of every run, and whether it was there from the beginning.
    expected: Vec<(usize, bool)>,
    /// The run under way, from 1.
    number: usize,
    /// Seconds of the finished runs of a cell.
    seen: HashMap<usize, Vec<f64>>,
}

impl Pace {
    pub(super) fn new(expected: Vec<(usize, bool)>) -> Self {
        Self {
            expected,
            number: 0,
            seen: HashMap::new(),
        }
    }

    /// The next run is about to begin, or is there.
    pub(super) fn next(&mut self) {
        self.number += 1;
    }

    /// A run of that cell, and so what others of it will take.
    pub(super) fn had(&mut self, cell: usize, run: &RunFile) {
        self.seen
            .entry(cell)
            .or_default()
            .push(seconds(&run.results));
    }

    pub(super) fn place(&self, name: &str) -> Place {
        Place {
            number: self.number,
            total: self.expected.len(),
            name: name.to_string(),
            rest: self.rest(),
        }
    }

    /// The time that the runs after this one will take: as the mean of those of their cell; for a
    /// cell without any, as the mean of all.
    fn rest(&self) -> Option<Duration> {
        let mean = |seconds: &[f64]| seconds.iter().sum::<f64>() / seconds.len() as f64;
        let all: Vec<f64> = self.seen.values().flatten().copied().collect();
        if all.is_empty() {
            return None;
        }
        let later = self.expected.iter().skip(self.number);
        let seconds = later.filter(|(_, there)| !there).map(|(cell, _)| {
            let of_cell = self.seen.get(cell);
            of_cell.map_or_else(|| mean(&all), |of_cell| mean(of_cell))
        });
        Some(Duration::from_secs_f64(seconds.sum()))
    }
}

fn seconds(results: &[EpochResult]) -> f64 {
    let epochs = results.iter();
    epochs
        .map(|epoch| epoch.seconds_train + epoch.seconds_eval)
        .sum()
}

/// The time that a run took, evaluation included.
pub(super) fn took(results: &[EpochResult]) -> String {
    duration(Duration::from_secs_f64(seconds(results)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_is_that_of_like_runs() {
        let mut pace = Pace::new(vec![
            (0, false),
            (1, false),
            (0, false),
            (1, true),
            (1, false),
        ]);
        pace.next();
        assert_eq!(pace.rest(), None);
        pace.seen.insert(0, vec![10.0]);
        // Cells 1, 0 and 1 are to come; nothing is known of cell 1.
        assert_eq!(pace.rest(), Some(Duration::from_secs(30)));
        pace.next();
        pace.seen.insert(1, vec![60.0, 40.0]);
        assert_eq!(pace.rest(), Some(Duration::from_secs(60)));
        pace.number = 5;
        assert_eq!(pace.rest(), Some(Duration::ZERO));
    }
}
