//! The tables of a report, in Markdown.

use glue::names::TrainSize;

use crate::comparison::results::Run;
use crate::table::markdown;

use super::costs::{Axis, Costs};
use super::pairs::of_seed;
use super::parts::{Entry, Part};
use super::statistics::Mean;

/// What stands where there is no run.
pub(super) const NONE: &str = "–";

/// Whether more or less of a value is better.
#[derive(Clone, Copy, PartialEq)]
enum Better {
    More,
    Less,
}

/// Means over the seeds of a value of runs: a row for each method, a column for each cell, and
/// their mean if there are several. The best of a column is bold.
fn means(part: &Part, digits: usize, better: Better, value: impl Fn(&Run) -> f64 + Copy) -> String {
    let methods = &part.experiment.methods;
    let several = part.cells.len() > 1;
    let column = |entry: fn(&Part, usize, usize) -> &Entry, cell: usize| -> Vec<Option<Mean>> {
        let methods = 0..methods.len();
        let mean = |method| Mean::of(&entry(part, cell, method).values(value));
        methods.map(mean).collect()
    };
    let at: fn(&Part, usize, usize) -> &Entry = |part, cell, method| &part.cells[cell].1[method];
    let cells = 0..part.cells.len();
    let mut columns: Vec<Vec<Option<Mean>>> = cells.map(|cell| column(at, cell)).collect();
    if several {
        let methods = 0..methods.len();
        columns.push(
            methods
                .map(|method| over_cells(part, method, value))
                .collect(),
        );
    }
    let best: Vec<Option<f64>> = columns
        .iter()
        .map(|column| {
            let means = column.iter().flatten().map(|mean| mean.mean);
            let finite = means.filter(|mean| mean.is_finite());
            match better {
                Better::More => finite.max_by(f64::total_cmp),
                Better::Less => finite.min_by(f64::total_cmp),
            }
        })
        .collect();

    let heads = part.cells.iter().map(|(cell, _)| cell.name());
    let heads = heads.chain(several.then(|| "mean".to_string()));
    let rows = methods.iter().enumerate().map(|(row, method)| {
        let values = columns
            .iter()
            .zip(&best)
            .map(|(column, best)| match column[row] {
                None => NONE.to_string(),
                Some(mean) if methods.len() > 1 && Some(mean.mean) == *best => {
                    format!("**{}**", mean.in_words(digits))
                }
                Some(mean) => mean.in_words(digits),
            });
        std::iter::once(method.name.clone()).chain(values).collect()
    });
    markdown(std::iter::once(String::new()).chain(heads), rows)
}

/// The mean over cells, of the seeds that are there on all of them.
fn over_cells(part: &Part, method: usize, value: impl Fn(&Run) -> f64) -> Option<Mean> {
    let entries: Vec<&Entry> = part.of_method(method).collect();
    over_entries(part, &entries, value)
}

/// The mean over these entries, of the seeds that are there in all of them.
fn over_entries(part: &Part, entries: &[&Entry], value: impl Fn(&Run) -> f64) -> Option<Mean> {
    let seeds = part.experiment.seeds.iter();
    let values: Vec<f64> = seeds
        .filter_map(|&seed| of_seed(entries, seed, &value))
        .collect();
    Mean::of(&values)
}

/// The leading metric after the last epoch.
pub(super) fn last_metrics(part: &Part) -> String {
    means(part, 3, Better::More, Run::last_metric)
}

/// The best leading metric after any epoch.
pub(super) fn best_metrics(part: &Part) -> String {
    means(part, 3, Better::More, Run::best_metric)
}

/// The training loss after the last epoch.
pub(super) fn losses(part: &Part) -> String {
    means(part, 4, Better::Less, Run::loss)
}

/// What the runs of each method cost, over all cells.
pub(super) fn costs(part: &Part) -> String {
    let heads = [
        "",
        "runs",
        "forward passes per step",
        "forward-equivalents per step",
        "seconds per run",
        "searches that failed",
        "most trials after the first search",
        "steps skipped",
        "collapsed units",
    ];
    let methods = part.experiment.methods.iter().enumerate();
    let rows = methods.map(|(index, method)| {
        let entries = part.of_method(index);
        let costs: Vec<Costs> = entries
            .flat_map(|entry| entry.runs.iter().map(Run::costs))
            .collect();
        let mean = |value: fn(&Costs) -> f64, digits: usize| {
            let values: Vec<f64> = costs.iter().map(value).collect();
            let mean = Mean::of(&values);
            mean.map_or(NONE.to_string(), |mean| format!("{:.digits$}", mean.mean))
        };
        let of_search = |value: usize| match method.optimizer.is_line_search() {
            true => value.to_string(),
            false => NONE.to_string(),
        };
        let sum = |value: fn(&Costs) -> usize| costs.iter().map(value).sum::<usize>();
        let most = costs.iter().map(|costs| costs.most_trials).max();
        vec![
            method.name.clone(),
            costs.len().to_string(),
            mean(|costs| costs.forwards_per_step, 3),
            mean(|costs| costs.equivalents_per_step, 3),
            mean(|costs| costs.seconds, 1),
            of_search(sum(|costs| costs.failed)),
            of_search(most.unwrap_or(0)),
            of_search(sum(|costs| costs.skipped)),
            of_search(sum(|costs| costs.collapsed_units)),
        ]
    });
    markdown(heads.map(str::to_string), rows)
}

/// How much of the baseline's whole run each method takes to its final loss. None without a
/// baseline.
pub(super) fn to_the_baselines_loss(part: &Part) -> Option<String> {
    let baseline = part.baseline()?;
    let heads = [
        "",
        "runs that get there",
        "of its steps",
        "of its forward-equivalents",
        "of its seconds",
        "of its forward-equivalents, with the choice of a rate",
    ];
    let methods = part.experiment.methods.iter().enumerate();
    let rows = methods.map(|(index, method)| {
        let mut with_choice = Vec::new();
        let mut parts: [Vec<f64>; 3] = Default::default();
        let (mut there, mut runs) = (0, 0);
        for (_, entries) in &part.cells {
            let of_baseline = &entries[baseline];
            let end = |run: &Run, axis| {
                run.losses(axis)
                    .last()
                    .copied()
                    .unwrap_or((f64::NAN, f64::NAN))
            };
            let target = Mean::of(&of_baseline.values(|run| end(run, Axis::Epochs).1));
            let Some(target) = target else { continue };
            runs += entries[index].runs.len();
            for run in &entries[index].runs {
                // A mean of several runs: the last digits of it are not to decide.
                let target = target.mean * (1.0 + 1e-9);
                there += usize::from(run.reaches(target, Axis::Epochs).is_some());
                for (axis, parts) in Axis::ALL.into_iter().zip(&mut parts) {
                    let whole = Mean::of(&of_baseline.values(|run| end(run, axis).0));
                    let place = run.reaches(target, axis);
                    parts.extend(place.zip(whole).map(|(place, whole)| place / whole.mean));
                    if axis == Axis::Forwards {
                        // Each of the runs that it was chosen from costs as much as this one.
                        let chosen = entries[index].chosen.as_ref();
                        let tried = chosen.map_or(0, |chosen| chosen.candidates.len());
                        let before = (tried * part.experiment.selection_seeds.len()) as f64;
                        let costs = place.map(|place| place + before * end(run, axis).0);
                        with_choice
                            .extend(costs.zip(whole).map(|(costs, whole)| costs / whole.mean));
                    }
                }
            }
        }
        let word = |parts: &Vec<f64>| match Mean::of(parts) {
            Some(mean) => format!("{:.2}", mean.mean),
            None => NONE.to_string(),
        };
        let name = match index == baseline {
            true => format!("{} (the baseline)", method.name),
            false => method.name.clone(),
        };
        let parts = parts.iter().chain([&with_choice]).map(word);
        [name, format!("{there} of {runs}")]
            .into_iter()
            .chain(parts)
            .collect()
    });
    Some(markdown(heads.map(str::to_string), rows))
}

/// How learning rates were chosen. None if none was.
pub(super) fn chosen_rates(part: &Part) -> Option<String> {
    let heads = [
        "",
        "method",
        "chosen",
        "learning rate: metric, training loss",
    ];
    let mut rows = Vec::new();
    for (cell, entries) in &part.cells {
        for entry in entries {
            let Some(chosen) = &entry.chosen else {
                continue;
            };
            let candidates = chosen
                .candidates
                .iter()
                .map(|(rate, metric, loss)| format!("{rate:e}: {metric:.3}, {loss:.3}"));
            rows.push(vec![
                cell.name(),
                entry.method.name.clone(),
                format!("{:e}", chosen.rate),
                candidates.collect::<Vec<_>>().join("; "),
            ]);
        }
    }
    (!rows.is_empty()).then(|| markdown(heads.map(str::to_string), rows.into_iter()))
}

/// Published figures beside ours. None if the experiment names none.
pub(super) fn published(part: &Part) -> Option<String> {
    let heads = [
        "",
        "method",
        "metric, published",
        "metric, ours",
        "loss, published",
        "loss, ours",
        "source",
    ];
    let rows: Vec<Vec<String>> = part
        .experiment
        .published
        .iter()
        .map(|theirs| {
            let first = part.cells.first().map(|(cell, _)| cell.batch_size);
            let meant = part.cells.iter().filter(|(cell, _)| {
                theirs.is_of(&cell.task)
                    && cell.train_size == theirs.train_size
                    && Some(cell.batch_size) == first
            });
            let same = |entry: &&Entry| entry.method.name == theirs.method;
            let ours: Vec<&Entry> = meant
                .filter_map(|(_, entries)| entries.iter().find(same))
                .collect();
            let mean = |value: fn(&Run) -> f64, digits| {
                let mean = over_entries(part, &ours, value);
                mean.map_or(NONE.to_string(), |mean| mean.in_words(digits))
            };
            let word =
                |value: Option<f64>| value.map_or(NONE.to_string(), |value| value.to_string());
            let size = match theirs.train_size {
                TrainSize::All => "all".to_string(),
                TrainSize::Examples(count) => count.to_string(),
            };
            vec![
                format!("{}, {size}", theirs.task),
                theirs.method.clone(),
                word(theirs.metric),
                mean(Run::last_metric, 3),
                word(theirs.loss),
                mean(Run::loss, 4),
                theirs.source.clone(),
            ]
        })
        .collect();
    (!rows.is_empty()).then(|| markdown(heads.map(str::to_string), rows.into_iter()))
}
