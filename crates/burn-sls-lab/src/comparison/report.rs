//! `sls-lab report`: turns the runs of a comparison into tables and pictures.

mod costs;
mod document;
mod figures;
mod page;
mod pairs;
mod parts;
mod statistics;
mod tables;

use std::path::{Path, PathBuf};

use burn_sls_run::RunError;
use burn_sls_run::files::write_whole;

use super::args::ReportArgs;
use super::experiment::{Experiment, READY};
use super::results::{RESULTS, write_results};
use super::store::Store;
use crate::error::LabError;

use parts::Part;

/// The files of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// A page with all pictures in it.
    pub page: PathBuf,
    /// The same as Markdown, with the pictures as files beside it.
    pub markdown: PathBuf,
    /// Every finished run: with this file, the report needs no others.
    pub results: PathBuf,
    /// Runs that the experiments ask for and that are not there.
    pub missing: usize,
}

/// Writes the report of a comparison into its folder: `report.html`, `report.md`, `results.json`,
/// and the pictures under `figures/`.
///
/// It finds runs under `runs/` and in the `results.json` of an earlier report, and writes all of
/// them to that file; so `runs/` may be deleted afterwards.
///
/// # Errors
///
/// If the folder holds no comparison, or a file in it is damaged, or one cannot be written.
pub fn report(args: &ReportArgs) -> Result<Written, LabError> {
    let dir = &args.dir;
    let experiments = experiments(dir)?;
    let store = Store::open(dir)?;
    let finished = store.finished()?;
    let mut parts = Vec::new();
    for (name, experiment) in experiments {
        parts.push(Part::new(name, experiment, &store, &finished)?);
    }
    let figures = dir.join("figures");
    let mut text = String::from(document::HEADING);
    for part in &parts {
        text += &document::part(part, &figures)?;
    }
    let written = Written {
        page: dir.join("report.html"),
        markdown: dir.join("report.md"),
        results: dir.join(RESULTS),
        missing: parts.iter().map(Part::missing).sum(),
    };
    write_whole(&written.markdown, text.as_bytes())?;
    write_whole(&written.page, page::html(&text, dir)?.as_bytes())?;
    write_results(&written.results, &finished)?;
    Ok(written)
}

/// The experiments of a comparison: the ready-made ones in their order, then others by name.
fn experiments(dir: &Path) -> Result<Vec<(String, Experiment)>, LabError> {
    let none = || {
        LabError::usage(format!(
            "there is no comparison in {}: make one by `sls-lab compare quick --out {0}`",
            dir.display()
        ))
    };
    let entries = dir.read_dir().map_err(|_| none())?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| RunError::io(dir, error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            found.push((name.into_owned(), Experiment::recorded(&path)?));
        }
    }
    if found.is_empty() {
        return Err(none());
    }
    let place = |name: &str| {
        let ready = READY.iter().position(|ready| *ready == name);
        ready.unwrap_or(READY.len())
    };
    found.sort_by(|(a, _), (b, _)| place(a).cmp(&place(b)).then(a.cmp(b)));
    Ok(found)
}

/// What to say at the end.
pub fn farewell(written: &Written) -> String {
    let missing = match written.missing {
        0 => String::new(),
        1 => "\n1 run is missing: the report says which".to_string(),
        count => format!("\n{count} runs are missing: the report says which"),
    };
    format!(
        "the report is in {} (open it in a browser), {} and {}{missing}",
        written.page.display(),
        written.markdown.display(),
        written.results.display()
    )
}

#[cfg(test)]
mod tests;
