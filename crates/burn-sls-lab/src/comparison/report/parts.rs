//! An experiment with the runs that are there.

use crate::comparison::experiment::{Cell, Experiment, Method, Rates};
use crate::comparison::matrix::{Chosen, Matrix};
use crate::comparison::results::Run;
use crate::comparison::store::Store;
use crate::error::LabError;

/// An experiment's part of the report.
#[derive(Debug)]
pub(super) struct Part {
    /// What its pictures' names begin with.
    pub(super) name: String,
    pub(super) experiment: Experiment,
    /// Cell by cell, the methods in the experiment's order.
    pub(super) cells: Vec<(Cell, Vec<Entry>)>,
}

/// A method on a cell.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) method: Method,
    /// How its learning rate was chosen, if it was.
    pub(super) chosen: Option<Chosen>,
    /// The finished runs, in the order of their seeds.
    pub(super) runs: Vec<Run>,
}

impl Part {
    /// Finds the runs of an experiment among those that are finished.
    pub(super) fn new(
        name: String,
        experiment: Experiment,
        store: &Store,
        finished: &[Run],
    ) -> Result<Self, LabError> {
        let matrix = Matrix::new(&experiment)?;
        let mut cells = Vec::new();
        for cell in matrix.cells() {
            let mut entries = Vec::new();
            for method in &experiment.methods {
                let files = matrix.finished(cell, method, store).into_iter();
                let runs = files.filter_map(|file| {
                    let settings = file.settings.portable();
                    let mut finished = finished.iter();
                    finished.find(|run| run.file.settings == settings).cloned()
                });
                let chosen = match &method.lr {
                    Some(Rates::Best(_)) => matrix.choose(cell, method, store).ok(),
                    _ => None,
                };
                entries.push(Entry {
                    method: method.clone(),
                    chosen,
                    runs: runs.collect(),
                });
            }
            cells.push((cell.clone(), entries));
        }
        // Names of pictures: a link in Markdown takes no spaces.
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        Ok(Self {
            name: name.chars().map(plain).collect(),
            experiment,
            cells,
        })
    }

    /// How many reported runs are not there.
    pub(super) fn missing(&self) -> usize {
        let seeds = self.experiment.seeds.len();
        let entries = self.cells.iter().flat_map(|(_, entries)| entries);
        entries.map(|entry| seeds - entry.runs.len()).sum()
    }

    /// The runs that are not there, a line for each method and cell.
    pub(super) fn missing_in_words(&self) -> Vec<String> {
        let seeds = &self.experiment.seeds;
        let mut lines = Vec::new();
        for (cell, entries) in &self.cells {
            for entry in entries
                .iter()
                .filter(|entry| entry.runs.len() < seeds.len())
            {
                let there: Vec<u64> = entry.seeds().collect();
                let missing = seeds.iter().filter(|seed| !there.contains(seed));
                let missing: Vec<String> = missing.map(u64::to_string).collect();
                let name = &entry.method.name;
                lines.push(format!(
                    "{}, {name}: seed {}",
                    cell.name(),
                    missing.join(", ")
                ));
            }
        }
        lines
    }

    /// The runs of the method at that place of the list, cell by cell.
    pub(super) fn of_method(&self, method: usize) -> impl Iterator<Item = &Entry> {
        self.cells.iter().map(move |(_, entries)| &entries[method])
    }

    /// The method that the others are measured against: the first with a fixed learning rate, or
    /// with any.
    pub(super) fn baseline(&self) -> Option<usize> {
        let methods = &self.experiment.methods;
        let rates = |method: &Method| method.lr.clone();
        let fixed = |method| matches!(rates(method), Some(Rates::Fixed(_)));
        let first = methods.iter().position(fixed);
        first.or_else(|| methods.iter().position(|method| rates(method).is_some()))
    }
}

impl Entry {
    /// The seeds of the runs.
    pub(super) fn seeds(&self) -> impl Iterator<Item = u64> {
        self.runs.iter().map(|run| run.file.settings.seed)
    }

    /// A value of every run.
    pub(super) fn values(&self, value: impl Fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().map(value).collect()
    }
}
