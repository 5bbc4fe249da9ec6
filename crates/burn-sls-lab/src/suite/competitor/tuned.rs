//! The bars: optimizers whose learning rate is chosen for each problem.

use crate::suite::record::Record;

pub(super) const ADAM_COSINE: &str = "adam-cosine";
pub(super) const SCHEDULE_FREE_WARM: &str = "schedule-free-warm";

/// Optimizers whose learning rate is chosen for each problem: the bars.
///
/// The rate is that with the lowest final training loss on the problem's [tuning
/// variants](crate::suite::plan::tuning), which have other data and other initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tuned {
    /// Adam with warm-up over a tenth of the run, and a cosine down to 0.
    Adam,
    /// Schedule-Free AdamW with warm-up over a twentieth of the run.
    ScheduleFree,
}

/// The learning rates that the bars choose from, as they stand in the names of candidates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Peaks of Adam.
    pub adam: [&'static str; 5],
    /// Of Schedule-Free AdamW, after its warm-up.
    pub schedule_free: [&'static str; 5],
}

impl Rates {
    /// Of a network that is trained from scratch.
    pub const SCRATCH: Self = Self {
        adam: ["3e-4", "1e-3", "3e-3", "1e-2", "3e-2"],
        schedule_free: ["2.5e-3", "5e-3", "1e-2", "2.5e-2", "5e-2"],
    };

    /// Of a pre-trained network.
    pub const PRETRAINED: Self = Self {
        adam: FINE,
        schedule_free: FINE,
    };
}

const FINE: [&str; 5] = ["1e-5", "2e-5", "5e-5", "1e-4", "3e-4"];

impl Tuned {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Adam, Self::ScheduleFree];

    /// The name of the bar.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adam => "adam-tuned",
            Self::ScheduleFree => "schedule-free-tuned",
        }
    }

    /// The names of the competitors that it is the best of, where it chooses from these rates: see
    /// [`Family::rates`](crate::suite::family::Family::rates).
    pub fn candidates(self, rates: &Rates) -> [String; 5] {
        let (base, rates) = match self {
            Self::Adam => (ADAM_COSINE, rates.adam),
            Self::ScheduleFree => (SCHEDULE_FREE_WARM, rates.schedule_free),
        };
        rates.map(|rate| format!("{base}:{rate}"))
    }

    /// The bar of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tuned| tuned.name() == name)
    }
}

/// The runs of these that are compared. Those of the candidates of a tuned competitor are not, where
/// it is among them or sets the targets, but for a candidate that sets them itself.
pub fn compared<'a>(records: &'a [Record], bar: &str) -> Vec<&'a Record> {
    let is_there = |tuned: &Tuned| {
        let mut names = records.iter().map(|record| record.key.competitor.as_str());
        tuned.name() == bar || names.any(|name| name == tuned.name())
    };
    let tuned = Tuned::ALL.into_iter().filter(is_there);
    let rates = [Rates::SCRATCH, Rates::PRETRAINED];
    let candidates = tuned.flat_map(|tuned| rates.map(|rates| tuned.candidates(&rates)));
    let candidates: Vec<String> = candidates.flatten().filter(|name| name != bar).collect();
    let compared = |record: &&Record| !candidates.contains(&record.key.competitor);
    records.iter().filter(compared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::competitor::{Competitor, Method};
    use crate::suite::testing::record;

    #[test]
    fn candidates_are_competitors_of_rising_rates() {
        for rates in [Rates::SCRATCH, Rates::PRETRAINED] {
            for tuned in Tuned::ALL {
                let rate = |name: &String| match Competitor::named(name).expect(name).method {
                    Method::Adam { rate, .. } | Method::ScheduleFree { rate, .. } => rate,
                    other => panic!("{other:?}"),
                };
                assert!(tuned.candidates(&rates).iter().map(rate).is_sorted());
            }
        }
    }

    #[test]
    fn candidates_are_compared_where_nothing_is_chosen_from_them() {
        let runs = ["adam-cosine:1e-3", "schedule-free-warm:1e-2", "adam"];
        let mut runs = runs.map(|name| record("p", name, &[2.0, 1.0])).to_vec();
        let names = |runs: &[Record], bar: &str| -> Vec<String> {
            let compared = compared(runs, bar).into_iter();
            compared.map(|run| run.key.competitor.clone()).collect()
        };
        assert_eq!(names(&runs, "adam").len(), 3);
        assert_eq!(
            names(&runs, "adam-tuned"),
            ["schedule-free-warm:1e-2", "adam"]
        );
        runs.push(record("p", "adam-tuned", &[2.0, 1.0]));
        assert_eq!(names(&runs, "adam-cosine:1e-3").len(), 4);
        assert_eq!(names(&runs, "adam").len(), 3);
        runs.pop();
        runs.push(record("p", "schedule-free-tuned", &[2.0, 1.0]));
        assert_eq!(
            names(&runs, "adam"),
            ["adam-cosine:1e-3", "adam", "schedule-free-tuned"]
        );
    }
}
