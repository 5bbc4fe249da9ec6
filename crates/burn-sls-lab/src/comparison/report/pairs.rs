//! Differences of two methods, seed by seed: what the seeds have in common drops out.

use crate::comparison::experiment::Rates;
use crate::comparison::results::Run;
use crate::table::markdown;

use super::parts::{Entry, Part};
use super::statistics::Mean;
use super::tables::NONE;

/// The differences of every method to the first one, and to the first one whose learning rate was
/// chosen. None where no seed has two methods.
pub(super) fn differences(part: &Part) -> Option<String> {
    let methods = &part.experiment.methods;
    let chosen = |rates: &Option<Rates>| matches!(rates, Some(Rates::Best(_)));
    let tuned = methods.iter().position(|method| chosen(&method.lr));
    let references: Vec<usize> = std::iter::once(0)
        .chain(tuned.filter(|place| *place > 0))
        .collect();
    let heads = references.iter().flat_map(|&place| {
        let name = &methods[place].name;
        [
            format!("metric, minus that of {name}"),
            format!("loss, over that of {name}"),
        ]
    });
    let heads = ["".to_string(), "seeds".to_string()]
        .into_iter()
        .chain(heads);
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (index, method) in methods.iter().enumerate() {
        let pairs: Vec<Option<Pair>> = references
            .iter()
            .map(|&place| (place != index).then(|| Pair::of(part, index, place))?)
            .collect();
        let Some(most) = pairs.iter().flatten().map(|pair| pair.seeds).max() else {
            continue;
        };
        let cells = pairs.iter().flat_map(|pair| match pair {
            None => [NONE.to_string(), NONE.to_string()],
            Some(pair) => [pair.metric.clone(), pair.loss.clone()],
        });
        rows.push(
            [method.name.clone(), most.to_string()]
                .into_iter()
                .chain(cells)
                .collect(),
        );
    }
    (!rows.is_empty()).then(|| markdown(heads, rows.into_iter()))
}

/// Two methods, compared.
struct Pair {
    seeds: usize,
    metric: String,
    loss: String,
}

impl Pair {
    fn of(part: &Part, method: usize, reference: usize) -> Option<Self> {
        let mut metrics = Vec::new();
        let mut losses = Vec::new();
        for &seed in &part.experiment.seeds {
            let mean = |method: usize, value: fn(&Run) -> f64| {
                let entries = part.of_method(method).collect::<Vec<&Entry>>();
                of_seed(&entries, seed, value)
            };
            let both =
                |value: fn(&Run) -> f64| Some((mean(method, value)?, mean(reference, value)?));
            if let Some((mine, theirs)) = both(Run::last_metric) {
                metrics.push(mine - theirs);
            }
            if let Some((mine, theirs)) = both(Run::loss) {
                losses.extend(Some((mine / theirs).ln()).filter(|ratio| ratio.is_finite()));
            }
        }
        let metric = with_interval(&metrics, |metric| format!("{metric:+.3}"))?;
        let loss = with_interval(&losses, |ratio| format!("{:.2}", ratio.exp()));
        Some(Self {
            seeds: metrics.len(),
            metric,
            loss: loss.unwrap_or(NONE.to_string()),
        })
    }
}

/// The mean of the seeds' values, with its interval where there are several seeds.
fn with_interval(values: &[f64], word: impl Fn(f64) -> String) -> Option<String> {
    let mean = Mean::of(values)?;
    let middle = word(mean.mean);
    Some(match mean.half_interval(values.len()) {
        None => middle,
        Some(half) => {
            let (from, to) = (word(mean.mean - half), word(mean.mean + half));
            format!("{middle} ({from} to {to})")
        }
    })
}

/// The mean of a seed's runs in these entries, if all of them are there.
pub(super) fn of_seed(entries: &[&Entry], seed: u64, value: impl Fn(&Run) -> f64) -> Option<f64> {
    let of_entry = |entry: &&Entry| {
        let mut runs = entry.runs.iter();
        runs.find(|run| run.file.settings.seed == seed).map(&value)
    };
    let values: Option<Vec<f64>> = entries.iter().map(of_entry).collect();
    let values = values.filter(|values| !values.is_empty())?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}
