//! The state as a record: every number by its name.

use burn::tensor::TensorData;
use burn_sls_core::AcceptanceState;

use super::agreement::Agreement;
use super::average::AverageState;
use super::fields::Fields;
use super::plateau::PlateauState;
use super::search_state::SearchState;
use super::unit::{UnitHistory, UnitState};
use crate::error::LineSearchError;
use crate::report::Counts;

/// The version of the names and their meaning. It grows when the meaning of a name changes; a new
/// name alone needs no new version, since an absent one has its default.
const VERSION: u64 = 7;

impl SearchState {
    /// The state as a vector of whole numbers below 2^16, of a length that depends on the number of
    /// original units alone.
    pub(crate) fn to_data(&self) -> TensorData {
        let mut fields = Fields::default();
        fields.put("version", [VERSION]);
        fields.put("layout", [self.layout]);
        fields.put("seed", self.seed);
        fields.put("step", [self.step]);
        fields.put("started", [u64::from(self.started)]);
        fields.put("failures", [self.failures]);
        fields.put("waiting", [self.waiting]);
        fields.put("turn", [self.turn as u64]);
        fields.put("unit_of", self.unit_of.iter().map(|&unit| unit as u64));
        fields.put("joint", words_of(self.joint));
        fields.put("later_trials", [self.later_trials]);
        fields.put_floats("loss_scale", [self.loss_scale]);
        fields.put_floats("lowest_below", [self.lowest_below]);
        let units = || self.units.iter();
        fields.put_floats("step_size", units().map(|unit| unit.step_size));
        let acceptance = units().flat_map(|unit| words_of(unit.acceptance));
        fields.put("acceptance", acceptance);
        let histories = || self.units.iter().map(|unit| unit.history);
        fields.put("searches", histories().map(|history| history.searches));
        fields.put("reuses", histories().map(|history| history.reuses));
        let unjudged = histories().map(|history| history.indistinguishable);
        fields.put("indistinguishable", unjudged);
        let failed = histories().map(|history| history.failed_restarts);
        fields.put("failed_restarts", failed);
        fields.put("judged", histories().map(|history| history.judged));
        fields.put_floats("longest", histories().map(|history| history.longest));
        fields.put_floats("fast", histories().map(|history| history.fast));
        fields.put_floats("slow", histories().map(|history| history.slow));
        let limits = histories().map(|history| history.extrapolation_limit);
        fields.put_floats("extrapolation_limit", limits);
        let first = histories().map(|history| history.first_step_size);
        fields.put_floats("first_step_size", first);
        let means = histories().map(|history| history.hypergradient_mean);
        fields.put_floats("hypergradient_mean", means);
        let averages = || self.units.iter().map(|unit| unit.average);
        fields.put_floats("average", averages().flat_map(|average| average.numbers()));
        fields.put("average.steps", averages().map(|average| average.steps));
        fields.put(
            "average.at_bound",
            averages().map(|average| average.at_bound),
        );
        let losses = averages().flat_map(|average| [average.recent_loss, average.scatter]);
        fields.put_floats("average.losses", losses);
        let latest = averages().map(|average| average.latest_loss);
        fields.put_floats("average.latest_loss", latest);
        let agreements = || averages().map(|average| average.agreement);
        let samples = agreements().flat_map(|a| [a.samples, u64::from(a.absent)]);
        fields.put("average.samples", samples);
        let numbers = agreements().flat_map(|agreement| agreement.numbers());
        fields.put_floats("average.agreement", numbers);
        let plateau = &self.plateau;
        fields.put("plateau.seen", [plateau.seen]);
        fields.put_floats("plateau.factor", [plateau.factor]);
        fields.put_floats("plateau.mean", [plateau.mean]);
        fields.put_floats("plateau.squares", [plateau.squares]);
        fields.put_floats("plateau.best", [plateau.best]);
        fields.put_floats("plateau.best_variance", [plateau.best_variance]);
        if let Some(averages) = &self.slope_averages {
            fields.put_floats("slope_averages", averages.iter().copied());
        }
        for (name, count) in self.counts.clone().fields() {
            fields.put(&format!("counts.{name}"), [*count]);
        }
        fields.to_data(self.unit_of.len())
    }

    /// The inverse of [`to_data`](Self::to_data).
    ///
    /// # Errors
    ///
    /// If the data is no state, or one of another version.
    pub(crate) fn from_data(data: &TensorData) -> Result<Self, LineSearchError> {
        let fields = Fields::from_data(data)?;
        match fields.one("version", 0) {
            VERSION => {}
            0 => return Err(unfit("it has no version".to_string())),
            other => {
                return Err(unfit(format!(
                    "its version is {other}, and this release reads version {VERSION}"
                )));
            }
        }
        let present = fields.get("step_size").len();
        let units = fields.get("unit_of").len();
        if present == 0 || present > units {
            return Err(unfit(format!(
                "it has {present} step sizes of {units} units"
            )));
        }
        let initial = UnitHistory::default();
        let whole = |name: &str, unit: usize| fields.get(name).get(unit).copied();
        let float = |name: &str, unit: usize, default: f64| {
            whole(name, unit).map_or(default, f64::from_bits)
        };
        let average = |unit: usize| {
            let number = |index: usize| float("average", 6 * unit + index, 0.0);
            let steps = whole("average.steps", unit).unwrap_or(0);
            let agreement = match whole("average.samples", 2 * unit) {
                Some(samples) => Agreement {
                    samples,
                    mean: float("average.agreement", 3 * unit, 0.0),
                    squares: float("average.agreement", 3 * unit + 1, 0.0),
                    last_step: float("average.agreement", 3 * unit + 2, 0.0),
                    absent: whole("average.samples", 2 * unit + 1) == Some(1),
                },
                // Not asked in a training that has begun without.
                None if steps > 0 => Agreement::decided(),
                None => Agreement::default(),
            };
            let recent_loss = float("average.losses", 2 * unit, number(5));
            AverageState {
                searched: number(0),
                longest_step: number(1),
                weights: number(2),
                along: number(3),
                promised: number(4),
                early_loss: number(5),
                recent_loss,
                latest_loss: float("average.latest_loss", unit, recent_loss),
                scatter: float("average.losses", 2 * unit + 1, 0.0),
                steps,
                // Counted by another rule where the losses are not known.
                at_bound: whole("average.losses", 2 * unit)
                    .and_then(|_| whole("average.at_bound", unit))
                    .unwrap_or(0),
                agreement,
            }
        };
        let unit = |unit: usize| UnitState {
            step_size: float("step_size", unit, f64::NAN),
            history: UnitHistory {
                searches: whole("searches", unit).unwrap_or(0),
                reuses: whole("reuses", unit).unwrap_or(0),
                fast: float("fast", unit, initial.fast),
                slow: float("slow", unit, initial.slow),
                extrapolation_limit: float(
                    "extrapolation_limit",
                    unit,
                    initial.extrapolation_limit,
                ),
                first_step_size: float("first_step_size", unit, initial.first_step_size),
                hypergradient_mean: float("hypergradient_mean", unit, initial.hypergradient_mean),
                indistinguishable: whole("indistinguishable", unit).unwrap_or(0),
                failed_restarts: whole("failed_restarts", unit).unwrap_or(0),
                judged: whole("judged", unit).unwrap_or(0),
                longest: float("longest", unit, initial.longest),
            },
            average: average(unit),
            acceptance: acceptance_of(fields.get("acceptance").get(3 * unit..)),
        };
        let plateau = PlateauState::default();
        let mut counts = Counts::default();
        for (name, count) in counts.fields() {
            *count = fields.one(&format!("counts.{name}"), 0);
        }
        let averages = fields.get("slope_averages");
        let averages: Vec<f64> = averages.iter().copied().map(f64::from_bits).collect();
        Ok(Self {
            layout: fields.one("layout", 0),
            seed: fields.get("seed").first().copied(),
            step: fields.one("step", 0),
            started: fields.one("started", 0) != 0,
            failures: fields.one("failures", 0),
            waiting: fields.one("waiting", 0),
            turn: fields.one("turn", 0) as usize,
            unit_of: fields
                .get("unit_of")
                .iter()
                .map(|&unit| unit as usize)
                .collect(),
            units: (0..present).map(unit).collect(),
            joint: acceptance_of(Some(fields.get("joint"))),
            later_trials: fields.one("later_trials", 0),
            loss_scale: fields.float("loss_scale", 0.0),
            lowest_below: fields.float("lowest_below", f64::MAX),
            plateau: PlateauState {
                factor: fields.float("plateau.factor", plateau.factor),
                seen: fields.one("plateau.seen", 0),
                mean: fields.float("plateau.mean", plateau.mean),
                squares: fields.float("plateau.squares", plateau.squares),
                best: fields.float("plateau.best", plateau.best),
                best_variance: fields.float("plateau.best_variance", plateau.best_variance),
            },
            slope_averages: (!averages.is_empty()).then_some(averages),
            counts,
        })
    }
}

/// An acceptance state as its kind and two numbers.
fn words_of(state: AcceptanceState) -> [u64; 3] {
    match state {
        AcceptanceState::Smoothed { decrease, slope } => [1, decrease.to_bits(), slope.to_bits()],
        AcceptanceState::Nonmonotone { loss, weight } => [2, loss.to_bits(), weight.to_bits()],
        _ => [0; 3],
    }
}

/// The inverse of [`words_of`], for the words from the state's first on.
fn acceptance_of(words: Option<&[u64]>) -> AcceptanceState {
    let floats = |a: u64, b: u64| (f64::from_bits(a), f64::from_bits(b));
    match words {
        Some(&[1, a, b, ..]) => {
            let (decrease, slope) = floats(a, b);
            AcceptanceState::Smoothed { decrease, slope }
        }
        Some(&[2, a, b, ..]) => {
            let (loss, weight) = floats(a, b);
            AcceptanceState::Nonmonotone { loss, weight }
        }
        _ => AcceptanceState::None,
    }
}

fn unfit(reason: String) -> LineSearchError {
    LineSearchError::Record { reason }
}

#[cfg(test)]
mod tests;
