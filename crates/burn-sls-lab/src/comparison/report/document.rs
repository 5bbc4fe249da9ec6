//! The text around tables and pictures.

use std::path::Path;

use serde_json::{Value, json};

use crate::error::LabError;
use glue::names::Switch;
use glue::settings::{SENTENCES, base_name};

use super::costs::SMOOTHING;
use super::figures;
use super::pairs;
use super::parts::Part;
use super::tables;

/// How the report begins.
pub(super) const HEADING: &str = "\
# Comparison

Values are means over the seeds ± the standard error of the mean. The metric is the task's leading \
one on
the validation examples; the training loss is that of all training examples, dropout off. A \
forward pass
is one *forward-equivalent* and a backward pass two, so a step of Adam costs three, and a step of \
a line
search three and one more for every trial. Seconds are those of training steps, without \
evaluation, on a
machine that may have had other work.
";

/// The part of an experiment.
pub(super) fn part(part: &Part, folder: &Path) -> Result<String, LabError> {
    let experiment = &part.experiment;
    let mut text = format!("\n## {}\n", experiment.title);
    let mut add = |paragraph: &str| {
        text.push('\n');
        text.push_str(paragraph.trim());
        text.push('\n');
    };
    add(&experiment.about);
    add(&setup(part));
    let missing = part.missing_in_words();
    if !missing.is_empty() {
        add(&format!(
            "**Not complete.** These runs are not there, and means are over fewer seeds:\n\n- {}",
            missing.join("\n- ")
        ));
    }
    let metric = part.cells.iter().flat_map(|(_, entries)| entries);
    let metric = metric.flat_map(|entry| &entry.runs).next();
    if metric.is_none() {
        return Ok(text);
    }
    add("### Validation metric after the last epoch");
    add(&metrics_named(part));
    add(&tables::last_metrics(part));
    add("### Training loss after the last epoch");
    add(&tables::losses(part));
    add("### Best validation metric of any epoch");
    add("Chosen by looking at the validation examples, so too good by the luck of the best epoch.");
    add(&tables::best_metrics(part));
    if let Some(table) = pairs::differences(part) {
        add("### Seed by seed");
        add(
            "Means over the tasks, compared with the same seed's of another method, and \
             then averaged over the seeds; in brackets the interval that has the true mean in it \
             with a certainty of 95 %, if only the seeds are to blame for the differences.",
        );
        add(&table);
    }
    if let Some(table) = tables::published(part) {
        add("### Published figures");
        add(&table);
    }
    add("### Cost and conduct");
    add(
        "Sums over all runs but where it says *per*. A search fails when it finds no step size \
         within its budget; a unit has collapsed when its step size ends below a thousandth of \
         its median.",
    );
    add(&tables::costs(part));
    if let Some(table) = tables::to_the_baselines_loss(part) {
        add("### What it takes to reach the baseline's loss");
        add(&format!(
            "Until the smoothed loss of the mini-batches (factor {SMOOTHING}) is where the \
             baseline's ends, as a part of the baseline's whole run; means over the runs that \
             get there."
        ));
        add(&table);
    }
    if let Some(table) = tables::chosen_rates(part) {
        let seeds = experiment.selection_seeds.iter().map(u64::to_string);
        add("### Learning rates");
        add(&format!(
            "Chosen for each column apart by the metric after the last epoch with {}, not among \
             those reported.",
            counted_list("seed", seeds.collect())
        ));
        add(&table);
    }
    add("### Pictures");
    add(figures::LEGEND);
    for picture in figures::draw(part, folder)? {
        add(&format!(
            "![{}](figures/{}.svg)",
            picture.caption, picture.name
        ));
    }
    Ok(text)
}

/// What was run, in a sentence or two.
fn setup(part: &Part) -> String {
    let experiment = &part.experiment;
    let some = part.cells.iter().flat_map(|(_, entries)| entries);
    let some = some.flat_map(|entry| &entry.runs).next();
    let built_in = experiment.tasks.iter().any(|task| task == SENTENCES);
    let validation = match experiment.validation_size {
        _ if built_in => "validation sentences drawn with the training sentences".to_string(),
        None => "all validation examples".to_string(),
        Some(count) => format!("at most {count} validation examples, the same for every run"),
    };
    let model = base_name(experiment.model().unwrap_or("tiny"));
    let seeds = experiment.seeds.iter().map(u64::to_string).collect();
    let device = some.map_or(Value::Null, |run| json!(run.file.settings.device));
    format!(
        "Model {}, {} {}, {}, {}, dropout {}, backend {}.",
        model,
        experiment.epochs,
        if experiment.epochs == 1 {
            "epoch"
        } else {
            "epochs"
        },
        counted_list("seed", seeds),
        validation,
        match experiment.dropout {
            Switch::On => "on",
            Switch::Off => "off",
        },
        device.as_str().unwrap_or("unknown"),
    )
}

/// `seed 1`, `seeds 1, 2`.
fn counted_list(what: &str, items: Vec<String>) -> String {
    let plural = if items.len() == 1 { "" } else { "s" };
    format!("{what}{plural} {}", items.join(", "))
}

/// Which metric is meant, by task.
fn metrics_named(part: &Part) -> String {
    let mut names: Vec<String> = Vec::new();
    for (cell, entries) in &part.cells {
        if let Some(run) = entries.iter().flat_map(|entry| &entry.runs).next() {
            let name = format!("{} of {}", run.file.settings.leading_metric(), cell.task);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut text = names.join(", ");
    if let Some(first) = text.get(..1) {
        text = first.to_uppercase() + &text[1..];
    }
    text + "."
}
