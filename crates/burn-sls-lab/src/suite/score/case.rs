//! The runs of all competitors on one problem.

use std::collections::HashMap;

use super::SOLVED_OR_NOT;
use super::target::{Scale, reached};
use crate::suite::competitor::compared;
use crate::suite::record::{Key, Record};

/// The runs of all competitors on one variant of a problem.
#[derive(Debug)]
pub struct Case<'a> {
    /// The key of one of the runs; only its competitor is another in the others.
    pub key: &'a Key,
    /// What the problem belongs to.
    pub group: &'a str,
    /// How losses compare, where the bar's run is there and finite.
    pub scale: Option<Scale>,
    /// The same for losses on examples held out.
    held_out: Option<Scale>,
    /// The bar's steps and costs to the target.
    bar: Option<(f64, f64)>,
    runs: Vec<&'a Record>,
}

/// A run, relative to the bar's.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The run.
    pub record: &'a Record,
    /// Its last training loss, as a [ratio](Scale::ratio).
    pub ratio: f64,
    /// Its last loss on examples held out.
    pub held_out: Option<f64>,
    /// Whether it ends within 1.1 times of the bar's loss.
    pub within: bool,
    /// Whether it ends within twice the bar's loss.
    pub within_twice: bool,
    /// Whether it has [failed](Scale::failed).
    pub failed: bool,
    /// Steps until it first reached the target, if it did.
    pub steps: Option<f64>,
    /// Forward passes until then.
    pub costs: Option<f64>,
    /// Those steps over the bar's; a run that never got there counts as twice its length.
    pub steps_ratio: f64,
    /// Those forward passes over the bar's, in the same way.
    pub costs_ratio: f64,
}

/// The problems of the runs that are [compared], in the order of the catalogue.
///
/// `order` has the names of the families.
pub fn cases<'a>(records: &'a [Record], bar: &str, order: &[&str]) -> Vec<Case<'a>> {
    let mut by_problem: HashMap<String, Vec<&Record>> = HashMap::new();
    for record in compared(records, bar) {
        let runs = by_problem.entry(record.key.problem_name()).or_default();
        runs.push(record);
    }
    let mut cases: Vec<Case> = by_problem
        .into_values()
        .map(|runs| Case::new(runs, bar))
        .collect();
    let place = |name: &str| order.iter().position(|other| *other == name);
    cases.sort_by_cached_key(|case| {
        let Key {
            problem,
            variant,
            length,
            ..
        } = case.key;
        (
            // Families that the catalogue no longer has come last.
            place(problem).unwrap_or(usize::MAX),
            problem.clone(),
            variant.drawn,
            variant.seed,
            length.to_bits(),
        )
    });
    cases
}

impl<'a> Case<'a> {
    fn new(runs: Vec<&'a Record>, bar: &str) -> Self {
        let bar = runs.iter().find(|run| run.key.competitor == bar);
        let scale = bar.and_then(|bar| Scale::new(bar.start(), bar.end().loss, bar.lower_bound));
        let held_out = bar.and_then(|bar| {
            let start = bar.curve.first()?.held_out?;
            Scale::new(start, bar.end().held_out?, bar.lower_bound)
        });
        let costs = bar
            .zip(scale)
            .and_then(|(bar, scale)| to_target(bar, &scale));
        Self {
            key: &runs[0].key,
            group: &runs[0].group,
            scale,
            held_out,
            bar: costs,
            runs,
        }
    }

    /// Whether it counts in means over problems.
    pub fn counts(&self) -> bool {
        self.group != SOLVED_OR_NOT && self.scale.is_some()
    }

    /// The runs that were kept in brief for another target.
    pub fn unfit(&self) -> impl Iterator<Item = &'a Key> {
        let target = self.scale.map(|scale| scale.target());
        let runs = self.runs.iter().copied();
        let unfit = runs.filter(move |run| run.kept_for.is_some() && run.kept_for != target);
        unfit.map(|run| &run.key)
    }

    /// The run of a competitor.
    pub fn run(&self, competitor: &str) -> Option<&'a Record> {
        let mut runs = self.runs.iter().copied();
        runs.find(|run| run.key.competitor == competitor)
    }

    /// The runs of all competitors.
    pub fn runs(&self) -> &[&'a Record] {
        &self.runs
    }

    /// The run of a competitor, relative to the bar's.
    pub fn judged(&self, competitor: &str) -> Option<Judged<'a>> {
        let (record, scale) = (self.run(competitor)?, self.scale?);
        let last = record.end();
        let there = to_target(record, &scale);
        let ratio = |mine: Option<f64>, bar: Option<f64>, otherwise: f64| {
            // A bar that is there at the start would make every ratio infinite.
            mine.unwrap_or(otherwise).max(1.0) / bar.unwrap_or(otherwise).max(1.0)
        };
        let (steps, costs) = (there.map(|there| there.0), there.map(|there| there.1));
        let per_step = record.equivalents as f64 / record.steps.max(1) as f64;
        let planned = record.planned as f64;
        Some(Judged {
            record,
            ratio: scale.ratio(last.loss),
            held_out: self.held_out.map(|scale| {
                // A loss that is not finite was not recorded.
                scale.ratio(last.held_out.unwrap_or(f64::NAN))
            }),
            within: last.loss <= scale.target(),
            within_twice: last.loss <= scale.within(2.0),
            failed: scale.failed(last.loss),
            steps,
            costs,
            steps_ratio: ratio(steps, self.bar.map(|bar| bar.0), 2.0 * planned),
            costs_ratio: ratio(costs, self.bar.map(|bar| bar.1), 2.0 * planned * per_step),
        })
    }
}

/// Steps and forward passes until a run first reached the target.
fn to_target(record: &Record, scale: &Scale) -> Option<(f64, f64)> {
    let target = scale.target();
    let steps = reached(&record.curve, target, |point| point.step as f64)?;
    let costs = reached(&record.curve, target, |point| point.equivalents as f64)?;
    Some((steps, costs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::testing::record;

    #[test]
    fn cases_are_in_the_order_of_the_catalogue() {
        let runs = [
            record("gone", "adam", &[2.0, 1.0]),
            record("b", "adam", &[2.0, 1.0]),
            record("a", "adam", &[2.0, 1.0]),
            record("a", "default", &[2.0, 0.5, 0.4]),
        ];
        let cases = cases(&runs, "adam", &["a", "b"]);
        let names: Vec<&str> = cases.iter().map(|case| case.key.problem.as_str()).collect();
        assert_eq!(names, ["a", "b", "gone"]);
        assert_eq!(cases[0].runs().len(), 2);

        let judged = cases[0].judged("default").expect("a run");
        assert!(judged.within && judged.within_twice && !judged.failed);
        // The target 1.102 lies at 0.898 / 1.5 of the first ten steps; the bar takes 8.98.
        assert!((judged.steps_ratio - (1.0 / 1.5)).abs() < 1e-12);
        assert!(cases[1].judged("default").is_none());
    }

    #[test]
    fn a_run_that_never_gets_there_counts_as_twice_its_length() {
        let runs = [
            record("a", "adam", &[2.0, 1.0, 0.0]),
            record("a", "default", &[2.0, 1.9, 1.8]),
        ];
        let cases = cases(&runs, "adam", &[]);
        let judged = cases[0].judged("default").expect("a run");
        assert_eq!((judged.steps, judged.failed), (None, true));
        assert!((judged.steps_ratio - 40.0 / (20.0 - 0.02)).abs() < 1e-9);
    }
}
