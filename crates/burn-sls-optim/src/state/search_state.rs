//! The state of a line search.

use burn_sls_core::{AcceptanceState, Merge};
use serde::{Deserialize, Serialize};

use super::plateau::PlateauState;
use super::unit::UnitState;
use crate::error::LineSearchError;
use crate::report::Counts;
use crate::units::Units;

/// No search finds a longer step size. A record that has one is damaged: one bit of an exponent
/// makes 3e307 of 0.2.
const LONGEST: f64 = 1e200;

/// The state of a line search. It travels by value, like an optimizer's moments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchState {
    /// A hash of the units' names and members: step sizes of other units would mean nothing.
    pub(crate) layout: u64,
    /// The seed of the run, once one has been used.
    pub seed: Option<u64>,
    /// Iterations made, `k`.
    pub step: u64,
    /// Whether the first search, of all units together, has ended with a step.
    pub(crate) started: bool,
    /// First searches that have failed.
    pub(crate) failures: u64,
    /// Iterations until the first search is tried again.
    pub(crate) waiting: u64,
    /// The unit that is searched next in a cycle, as an index into `units`.
    pub turn: usize,
    /// The present unit of every original unit: merging maps several to one.
    pub unit_of: Vec<usize>,
    /// The present units.
    pub units: Vec<UnitState>,
    /// The state of the acceptance rule for all units together.
    pub(crate) joint: AcceptanceState,
    /// Trials after the first search.
    pub(crate) later_trials: u64,
    /// The largest mean size of a loss so far.
    pub(crate) loss_scale: f64,
    /// The lowest loss that was below the lower bound of the settings by more than rounding; the
    /// largest number where none was.
    pub(crate) lowest_below: f64,
    /// Of [`ReduceOnPlateau`](crate::ReduceOnPlateau).
    pub(crate) plateau: PlateauState,
    /// Moving averages of slopes, which only the published code's iteration keeps: one per original
    /// unit. After a merge the published code goes on counting them by the present units.
    pub(crate) slope_averages: Option<Vec<f64>>,
    /// How the iterations ended.
    pub counts: Counts,
}

impl SearchState {
    /// The state before the first iteration.
    pub(crate) fn new(units: &Units, first_step_size: f64) -> Self {
        Self {
            layout: units.layout(),
            seed: None,
            step: 0,
            started: false,
            failures: 0,
            waiting: 0,
            turn: 0,
            unit_of: (0..units.len()).collect(),
            units: vec![UnitState::new(first_step_size); units.len()],
            joint: AcceptanceState::default(),
            later_trials: 0,
            loss_scale: 0.0,
            lowest_below: f64::MAX,
            plateau: PlateauState::default(),
            slope_averages: None,
            counts: Counts::default(),
        }
    }

    /// The step size of every present unit.
    pub fn step_sizes(&self) -> Vec<f64> {
        self.units.iter().map(|unit| unit.step_size).collect()
    }

    /// The original units that each present unit consists of.
    pub fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups = vec![Vec::new(); self.units.len()];
        for (original, &present) in self.unit_of.iter().enumerate() {
            groups[present].push(original);
        }
        groups
    }

    /// Merges two units if one has a step size below `threshold` (Algorithm 1).
    pub(crate) fn merge_below(&mut self, threshold: f64) -> Option<Merge> {
        let mut step_sizes = self.step_sizes();
        let merge = burn_sls_core::merge(&mut step_sizes, threshold)?;
        self.units.remove(merge.removed);
        // The searches of the two say nothing of the merged unit. Its average goes on.
        self.units[merge.kept] = UnitState {
            average: self.units[merge.kept].average,
            ..UnitState::new(step_sizes[merge.kept])
        };
        for unit in &mut self.unit_of {
            *unit = match (*unit).cmp(&merge.removed) {
                core::cmp::Ordering::Less => *unit,
                core::cmp::Ordering::Equal => merge.kept,
                core::cmp::Ordering::Greater => *unit - 1,
            };
        }
        if self.turn >= self.units.len() {
            self.turn = 0;
        }
        Some(merge)
    }

    /// Whether the state is one of these units, and its indices and step sizes make sense.
    ///
    /// # Errors
    ///
    /// [`LineSearchError::Record`] with the reason.
    pub(crate) fn check(&self, of: &Units) -> Result<(), LineSearchError> {
        let units = of.len();
        let present = self.units.len();
        let without_member = (0..present).any(|unit| !self.unit_of.contains(&unit));
        let mut sizes = self.units.iter().map(|unit| unit.step_size);
        let averages = self.slope_averages.as_deref().unwrap_or_default();
        let reason = if self.unit_of.len() != units {
            let count = self.unit_of.len();
            format!("it has {count} units, and the configuration has {units}")
        } else if self.layout != of.layout() {
            "it is of units with other names or members".to_string()
        } else if self.turn >= present
            || self.unit_of.iter().any(|&unit| unit >= present)
            || without_member
        {
            "its units are not numbered from 0 without gaps".to_string()
        } else if ![0, units].contains(&averages.len()) || averages.iter().any(|a| !a.is_finite()) {
            "its averages of slopes are damaged".to_string()
        } else if let Some(bad) = sizes.find(|step| !(*step > 0.0 && *step <= LONGEST)) {
            format!("it has a step size of {bad:e}")
        } else if !(self.plateau.factor > 0.0 && self.plateau.factor <= 1.0) {
            format!("its steps are multiplied by {}", self.plateau.factor)
        } else if !self.numbers().all(f64::is_finite) {
            "its history of earlier searches is damaged".to_string()
        } else {
            return Ok(());
        };
        Err(LineSearchError::Record { reason })
    }

    /// All numbers of the histories and acceptance states.
    fn numbers(&self) -> impl Iterator<Item = f64> {
        let histories = self.units.iter().flat_map(|unit| unit.history.numbers());
        let averages = self.units.iter().map(|unit| unit.average);
        let averages = averages.flat_map(|state| {
            let means = state.losses().into_iter().chain(state.agreement.numbers());
            state.numbers().into_iter().chain(means)
        });
        let acceptance = self.units.iter().map(|unit| unit.acceptance);
        let acceptance = acceptance
            .chain([self.joint])
            .flat_map(|state| match state {
                AcceptanceState::Smoothed { decrease, slope } => [decrease, slope],
                AcceptanceState::Nonmonotone { loss, weight } => [loss, weight],
                _ => [0.0; 2],
            });
        let all = histories.chain(averages).chain(acceptance);
        all.chain([self.loss_scale, self.lowest_below])
    }
}
