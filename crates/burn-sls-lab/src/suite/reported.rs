//! The runs in a report's `results.json`.

use serde::{Deserialize, Serialize};

use crate::suite::record::Record;

/// All numbers of a report.
pub const RESULTS: &str = "results.json";

/// A run, and its scores.
#[derive(Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) run: Record,
    pub(crate) ratio: Option<f64>,
    pub(crate) steps_to_target: Option<f64>,
    pub(crate) costs_to_target: Option<f64>,
    pub(crate) failed: Option<bool>,
}

/// The runs in the text of a `results.json`.
pub(crate) fn runs(text: &str) -> Result<Vec<Record>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Results {
        runs: Vec<Line>,
    }
    let results: Results = serde_json::from_str(text)?;
    Ok(results.runs.into_iter().map(|line| line.run).collect())
}
