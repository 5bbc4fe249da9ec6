//! Which runs an experiment consists of.

use burn_sls_run::RunError;
use glue::arguments::TrainArgs;
use glue::folder::RunFile;
use glue::settings::Settings;

use super::experiment::{Cell, Experiment, Method, Rates, Shape};
use super::store::{Found, Store};
use crate::error::LabError;

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A learning rate is chosen by it.
    Selection,
    /// It is reported.
    Report,
}

/// A run of an experiment.
#[derive(Clone, Debug)]
pub struct Planned {
    /// `sst2, 500 examples, batch 32, ADAMSLS, seed 1`.
    pub name: String,
    /// Its cell: its runs take about as long.
    pub kind: String,
    /// Its command line, but for the folder.
    pub args: TrainArgs,
    /// What its command line comes to.
    pub settings: Settings,
}

/// A learning rate that was chosen, with the candidates' mean results: rate, leading metric,
/// training loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The best.
    pub rate: f64,
    /// All of them.
    pub candidates: Vec<(f64, f64, f64)>,
}

/// An experiment with its model's shape known.
#[derive(Debug)]
pub struct Matrix<'a> {
    experiment: &'a Experiment,
    shape: Shape,
    cells: Vec<Cell>,
}

impl<'a> Matrix<'a> {
    /// The matrix of an experiment, whose model is opened if its shape is not noted down.
    ///
    /// # Errors
    ///
    /// If its model cannot be found, or options of a method contradict each other.
    pub fn new(experiment: &'a Experiment) -> Result<Self, LabError> {
        let matrix = Self {
            experiment,
            shape: match experiment.model_shape {
                Some(shape) => shape,
                None => Shape::of(experiment.model()?)?,
            },
            cells: experiment.cells(),
        };
        for cell in &matrix.cells {
            for method in &experiment.methods {
                for rate in rates(method) {
                    experiment.run(matrix.shape, cell, method, rate, 0)?;
                }
            }
        }
        Ok(matrix)
    }

    /// What the methods are compared on.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The runs of a purpose, seed by seed: whenever it is stopped, all methods are equally far.
    /// Without the reported ones of a method whose learning rate cannot be chosen yet: see
    /// [`decided`](Self::decided).
    ///
    /// # Errors
    ///
    /// If a run's options contradict each other.
    pub fn planned(&self, purpose: Purpose, store: &Store) -> Result<Vec<Planned>, LabError> {
        let mut planned = Vec::new();
        for &seed in self.seeds(purpose) {
            for cell in &self.cells {
                for method in &self.experiment.methods {
                    let rates = match (purpose, &method.lr) {
                        (Purpose::Selection, Some(Rates::Best(_))) => rates(method),
                        (Purpose::Selection, _) => continue,
                        (Purpose::Report, Some(Rates::Best(_))) => {
                            let chosen = self.choose(cell, method, store);
                            chosen.iter().map(|chosen| Some(chosen.rate)).collect()
                        }
                        (Purpose::Report, _) => rates(method),
                    };
                    for rate in rates {
                        let (args, settings) =
                            self.experiment.run(self.shape, cell, method, rate, seed)?;
                        planned.push(Planned {
                            name: run_name(cell, method, rate, seed),
                            kind: cell.name(),
                            args,
                            settings,
                        });
                    }
                }
            }
        }
        Ok(planned)
    }

    /// Whether every learning rate can be chosen: the runs that they are chosen by are all in
    /// `store`.
    pub fn decided(&self, store: &Store) -> bool {
        self.cells.iter().all(|cell| {
            let methods = &self.experiment.methods;
            let mut to_choose = methods
                .iter()
                .filter(|method| matches!(method.lr, Some(Rates::Best(_))));
            to_choose.all(|method| self.choose(cell, method, store).is_ok())
        })
    }

    /// How many runs there are in all, and the kinds of the reported ones that are not known to be
    /// in `store`.
    pub fn counts(&self, store: &Store) -> (usize, Vec<String>) {
        let selection = self.planned(Purpose::Selection, store).unwrap_or_default();
        let reported = self.report_names().len();
        let all = selection.len() + reported;
        let report = match self.decided(store) {
            true => self.planned(Purpose::Report, store).unwrap_or_default(),
            false => {
                let of_cell = self.experiment.methods.len() * self.experiment.seeds.len();
                let cells = self.cells.iter();
                let kinds = cells.flat_map(|cell| std::iter::repeat_n(cell.name(), of_cell));
                return (all, kinds.collect());
            }
        };
        let there = |run: &Planned| matches!(store.find(&run.settings), Some(Found::Finished(_)));
        let missing = report.into_iter().filter(|run| !there(run));
        (all, missing.map(|run| run.kind).collect())
    }

    /// The names of the reported runs, whatever learning rates they come to have.
    pub fn report_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for &seed in &self.experiment.seeds {
            for cell in &self.cells {
                for method in &self.experiment.methods {
                    let rate = match &method.lr {
                        Some(Rates::Fixed(rate)) => Some(*rate),
                        _ => None,
                    };
                    names.push(run_name(cell, method, rate, seed));
                }
            }
        }
        names
    }

    /// The finished runs of a method that are reported, in the order of their seeds.
    pub fn finished(&self, cell: &Cell, method: &Method, store: &Store) -> Vec<RunFile> {
        let rate = match &method.lr {
            None => None,
            Some(Rates::Fixed(rate)) => Some(*rate),
            Some(Rates::Best(_)) => match self.choose(cell, method, store) {
                Ok(chosen) => Some(chosen.rate),
                Err(_) => return Vec::new(),
            },
        };
        let seeds = self.experiment.seeds.iter();
        let run = |seed| self.finished_run(cell, method, rate, seed, store);
        seeds.filter_map(|&seed| run(seed)).collect()
    }

    /// The learning rate with the best leading metric on the validation set after the last epoch,
    /// as a mean over the selection seeds; of equal ones, that with the lower training loss.
    ///
    /// # Errors
    ///
    /// If a run that this takes is not in `store`.
    pub fn choose(&self, cell: &Cell, method: &Method, store: &Store) -> Result<Chosen, LabError> {
        let seeds = &self.experiment.selection_seeds;
        let mut candidates = Vec::new();
        for rate in rates(method).into_iter().flatten() {
            let (mut metric, mut loss) = (0.0, 0.0);
            for &seed in seeds {
                let run = self.finished_run(cell, method, Some(rate), seed, store);
                let run = run.ok_or_else(|| {
                    let name = run_name(cell, method, Some(rate), seed);
                    RunError::Training(format!(
                        "the learning rate of `{}` cannot be chosen: there is no finished run of \
                         {name}",
                        method.name
                    ))
                })?;
                let last = run.last.as_ref().map_or(f64::NAN, |last| last.train_loss);
                // Where the outputs are NaN, every prediction is the first class, and many of them
                // may be right.
                let reached = leading(&run).last().filter(|_| last.is_finite());
                metric += reached.unwrap_or(f64::NAN) / seeds.len() as f64;
                loss += last / seeds.len() as f64;
            }
            candidates.push((rate, metric, loss));
        }
        // A run that diverged is the last choice.
        let worth = |x: f64| if x.is_nan() { f64::NEG_INFINITY } else { x };
        let best = candidates.iter().max_by(|a, b| {
            let by_metric = worth(a.1).total_cmp(&worth(b.1));
            by_metric.then(worth(-a.2).total_cmp(&worth(-b.2)))
        });
        let rate = best.map(|best| best.0);
        Ok(Chosen {
            rate: rate.expect("an experiment's lists of learning rates are not empty"),
            candidates,
        })
    }

    fn finished_run(
        &self,
        cell: &Cell,
        method: &Method,
        rate: Option<f64>,
        seed: u64,
        store: &Store,
    ) -> Option<RunFile> {
        let run = self.experiment.run(self.shape, cell, method, rate, seed);
        match store.find(&run.ok()?.1) {
            Some(Found::Finished(run)) => Some(*run),
            _ => None,
        }
    }

    fn seeds(&self, purpose: Purpose) -> &[u64] {
        match purpose {
            Purpose::Selection => &self.experiment.selection_seeds,
            Purpose::Report => &self.experiment.seeds,
        }
    }
}

/// The metric that a run's task is judged by, after each epoch.
pub fn leading(run: &RunFile) -> impl Iterator<Item = f64> {
    run.metric(run.settings.leading_metric())
}

/// The learning rates of a method: none, one, or those to choose from.
fn rates(method: &Method) -> Vec<Option<f64>> {
    match &method.lr {
        None => vec![None],
        Some(Rates::Fixed(rate)) => vec![Some(*rate)],
        Some(Rates::Best(rates)) => rates.iter().copied().map(Some).collect(),
    }
}

fn run_name(cell: &Cell, method: &Method, rate: Option<f64>, seed: u64) -> String {
    let rate = match (&method.lr, rate) {
        (Some(Rates::Best(_)), Some(rate)) => format!(" at {rate:e}"),
        _ => String::new(),
    };
    format!("{}, {}{rate}, seed {seed}", cell.name(), method.name)
}

#[cfg(test)]
mod tests;
