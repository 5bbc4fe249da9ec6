//! The report of a set of runs: `report.md`, `results.json` and a figure. The same runs always give
//! the same files.

mod failures;
pub(crate) mod figure;
mod results;
mod table;
mod tables;

use std::path::Path;

use burn_sls_run::files::put_whole;
use burn_sls_run::{RunError, plot};

use crate::error::LabError;
use crate::suite::competitor::compared;
use crate::suite::problems::families;
use crate::suite::record::Record;
use crate::suite::reported::RESULTS;
use crate::suite::score::{Case, Measure, cases, levels, profiles, sensitivities, summaries};

pub use failures::{Failed, Missing, failures, missing};
pub use table::Table;

/// The page.
pub const REPORT: &str = "report.md";
/// The picture, `profile.svg` and `profile.png`.
pub const FIGURE: &str = "profile";

/// Competitors in this order come first, those with settings or factors after their own.
const ORDER: [&str; 11] = [
    "default",
    "amortized",
    "paper",
    "salsa",
    "reference",
    "adam",
    "adamw",
    "prodigy",
    "schedule-free",
    "schedule-free-tuned",
    "adam-tuned",
];

/// The competitors of some runs, in the order of tables.
pub fn competitors<'a>(records: &[&'a Record]) -> Vec<&'a str> {
    let names = records.iter().map(|record| record.key.competitor.as_str());
    let mut names: Vec<&str> = names.collect();
    let place = |name: &str| {
        let base = name.split(['+', '@', ':']).next().unwrap_or_default();
        let known = ORDER.iter().position(|other| *other == base);
        known.unwrap_or(ORDER.len())
    };
    names.sort_by(|a, b| place(a).cmp(&place(b)).then(a.cmp(b)));
    names.dedup();
    names
}

/// What a report is made of.
pub(crate) struct Judgement<'a> {
    /// Whose runs set the targets.
    pub(crate) bar: &'a str,
    /// In the order of tables.
    pub(crate) competitors: Vec<&'a str>,
    /// In the order of the catalogue.
    pub(crate) cases: Vec<Case<'a>>,
}

impl<'a> Judgement<'a> {
    /// Of these runs.
    pub(crate) fn new(records: &'a [Record], bar: &'a str) -> Self {
        let order: Vec<&str> = families().iter().map(|family| family.name).collect();
        Self {
            bar,
            competitors: competitors(&compared(records, bar)),
            cases: cases(records, bar, &order),
        }
    }

    /// Those whose steps are as long as they find them.
    pub(crate) fn unscaled(&self) -> Vec<&'a str> {
        let unscaled = self.competitors.iter().filter(|name| !name.contains('@'));
        unscaled.copied().collect()
    }
}

/// Writes the report of these runs into a folder. Returns what there is to print: the scores.
///
/// # Errors
///
/// If a file cannot be written, or a run has not all that it is judged by: it was read from a
/// report with another bar.
pub fn report(folder: &Path, records: &[Record], bar: &str) -> Result<String, LabError> {
    let judgement = Judgement::new(records, bar);
    let mut unfit: Vec<&str> = Vec::new();
    for key in judgement.cases.iter().flat_map(Case::unfit) {
        if !unfit.contains(&key.competitor.as_str()) {
            unfit.push(&key.competitor);
        }
    }
    if !unfit.is_empty() {
        let names = unfit.join(",");
        return Err(LabError::Usage(format!(
            "runs of {names} are kept in brief, for other targets than those that `{bar}` sets: \
             have all of them made again, with `--competitors {names} --again {names}`, or take \
             another folder"
        )));
    }
    let Judgement {
        competitors, cases, ..
    } = &judgement;
    let unscaled = judgement.unscaled();
    let summaries = summaries(cases, competitors, bar);
    let levels = levels(cases, competitors);
    let sensitivities = sensitivities(cases, competitors);
    let profiles = Measure::ALL.map(|measure| (measure, profiles(cases, &unscaled, measure)));
    let failed = failures(cases, competitors);
    let missing = missing(cases, competitors);

    let mut parts = vec![tables::head(&judgement)];
    let summary = tables::summary(&summaries, bar);
    if !levels.is_empty() {
        parts.push(tables::levels(&levels, competitors));
        parts.push(failures::unsolved(cases, competitors));
    }
    if cases.iter().any(Case::counts) {
        parts.push(summary.markdown());
        parts.push(tables::work(&summaries).markdown());
        for (measure, profiles) in &profiles {
            parts.push(tables::profile(*measure, profiles).markdown());
        }
        parts.push(format!("![Performance profiles]({FIGURE}.svg)"));
        if !sensitivities.is_empty() {
            parts.push(tables::sensitivity(&sensitivities).markdown());
        }
        parts.push(tables::groups(&judgement).markdown());
        parts.push(tables::problems(&judgement).markdown());
    }
    parts.push(failures::words(&failed, &missing));

    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        put_whole(&path, bytes).map_err(|error| LabError::io(&path, error))
    };
    write(REPORT, (parts.join("\n\n") + "\n").as_bytes())?;
    let results = results::json(
        &judgement,
        &summaries,
        &levels,
        &sensitivities,
        &profiles,
        (&failed, &missing),
    );
    write(RESULTS, results.as_bytes())?;
    let drawn = plot::save(figure::draw(&profiles), folder, FIGURE);
    drawn.map_err(|error| RunError::file(folder.join(FIGURE), error))?;
    Ok(format!(
        "{}\n{} failed and {} missing runs; the report is {}",
        summary.terminal(),
        failed.len(),
        missing.iter().map(Missing::runs).sum::<usize>(),
        folder.join(REPORT).display()
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::suite::store::Store;
    use crate::suite::testing::record;

    #[test]
    fn the_same_runs_in_another_order_give_the_same_files() {
        let mut records = vec![
            record("p", "adam-tuned", &[2.0, 0.5]),
            record("p", "default", &[2.0, 0.4]),
            record("p", "default@2", &[2.0, f64::NAN]),
            record("q", "adam-tuned", &[2.0, 0.5]),
            record("p", "adam-cosine:1e-2", &[2.0, 0.5]),
        ];
        let files = |records: &[Record]| {
            let folder = tempfile::tempdir().expect("a folder");
            report(folder.path(), records, "adam-tuned").expect("written");
            [REPORT, RESULTS, "profile.svg"]
                .map(|name| fs::read_to_string(folder.path().join(name)).expect(name))
        };
        let before = files(&records);
        assert!(before[0].contains("default@2"), "{}", before[0]);
        assert!(!before[0].contains("adam-cosine"), "{}", before[0]);
        records.reverse();
        assert!(files(&records) == before, "the files differ");
    }

    #[test]
    fn a_report_is_enough_for_the_same_report_and_for_more_runs() {
        let long = |run: &str, end: f64| record("p", run, &[3.0, 2.0, 1.5, 0.4, 0.3, 0.45, end]);
        let records = [long("adam-tuned", 0.6), long("default", 0.5)];
        let folder = tempfile::tempdir().expect("a folder");
        let made = |records: &[Record], bar| report(folder.path(), records, bar);
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect(name);
        made(&records, "adam-tuned").expect("written");
        let before = read(RESULTS);

        let mut store = Store::open(folder.path()).expect("a store");
        assert_eq!(store.records().len(), 2);
        assert_eq!(store.records()[1].curve.len(), 4);
        made(store.records(), "adam-tuned").expect("written");
        assert_eq!(read(RESULTS), before);

        store.append(long("adam", 0.7)).expect("appended");
        made(store.records(), "adam-tuned").expect("written");
        assert!(read(REPORT).contains("| adam |"), "{}", read(REPORT));
        let error = made(store.records(), "adam").expect_err("another bar");
        assert!(error.to_string().contains("--again default"), "{error}");
    }
}
