//! The pictures of a report.

use std::path::Path;

use kuva::render::figure::Figure;

use crate::comparison::results::Run;
use burn_sls_run::RunError;

use crate::error::LabError;
use burn_sls_run::plot::{self, Banded, PANEL_HEIGHT, Panel, Points, Scale};

use super::costs::Axis;
use super::parts::{Entry, Part};
use super::statistics::{mean_curve, mean_points};

/// A picture in the report.
pub(super) struct Picture {
    /// The file's name without its ending.
    pub(super) name: String,
    /// What it shows.
    pub(super) caption: String,
}

/// What there is to see in the picture of a cell.
pub(super) const LEGEND: &str = "\
Above, the training loss, smoothed, and the validation metric over what each method had spent; \
below,
the mean step size of the units, or the learning rate. Means over the seeds, bands of one standard
error. Then the step size of every unit, with the first seed, for methods that have several.";

/// The widths of the columns, in pixels of the SVG: they make rows of three panels, of which the
/// last has a legend, and rows of two with a legend each.
const WIDTHS: [f64; 4] = [400.0, 291.0, 101.0, 590.0];

/// The space between columns and between rows.
const SPACING: f64 = 8.0;

/// Draws everything that the runs of a part have to show.
pub(super) fn draw(part: &Part, folder: &Path) -> Result<Vec<Picture>, LabError> {
    let mut pictures = Vec::new();
    let mut save = |figure: Figure, name: String, caption: String| {
        plot::save(figure, folder, &name)
            .map_err(|error| RunError::file(folder.join(&name), error))?;
        pictures.push(Picture { name, caption });
        Ok::<(), LabError>(())
    };
    for (index, (cell, entries)) in part.cells.iter().enumerate() {
        if entries.iter().all(|entry| entry.runs.is_empty()) {
            continue;
        }
        let name = match part.cells.len() {
            1 => part.name.clone(),
            _ => format!("{}-{}", part.name, index + 1),
        };
        let mut rows = curves(entries);
        let mut below = vec![step_sizes(entries)];
        below.extend(units(entries));
        while !below.is_empty() {
            rows.push(below.drain(..below.len().min(2)).collect());
        }
        save(grid(&cell.name(), rows), name, cell.name())?;
    }
    if part.experiment.batch_sizes.len() > 1 {
        for (index, task) in part.experiment.tasks.iter().enumerate() {
            let name = format!("{}-batch-sizes-{}", part.name, index + 1);
            let figure = grid(task, vec![batch_sizes(part, task)]);
            save(
                figure,
                name,
                format!("{task}: results by batch size, over the same epochs"),
            )?;
        }
    }
    Ok(pictures)
}

/// Loss and metric, each over epochs, forward passes and seconds.
fn curves(entries: &[Entry]) -> Vec<Vec<Panel>> {
    let metric = entries.iter().find_map(|entry| entry.runs.first());
    let metric = metric.map_or_else(String::new, |run| run.file.settings.leading_metric());
    let losses = |axis: Axis| {
        let panel = Panel::new("Training loss", "loss, smoothed", Scale::Log);
        filled(panel_over(panel, axis), entries, |runs| {
            let curves: Vec<Points> = runs.iter().map(|run| run.losses(axis)).collect();
            mean_curve(&curves)
        })
    };
    let metrics = |axis: Axis| {
        let panel = Panel::new("Validation", metric.clone(), Scale::Linear);
        filled(panel_over(panel, axis), entries, |runs| {
            let curves: Vec<Points> = runs.iter().map(|run| run.metrics(axis)).collect();
            mean_points(&curves)
        })
    };
    let rows = [Axis::ALL.map(losses), Axis::ALL.map(metrics)];
    rows.map(Vec::from).into()
}

/// A panel over an axis; the last of a row has the legend of all.
fn panel_over(panel: Panel, axis: Axis) -> Panel {
    let panel = panel.over(axis.label());
    match Some(&axis) == Axis::ALL.last() {
        true => panel,
        false => panel.without_legend(),
    }
}

/// A panel with a band for every method.
fn filled(panel: Panel, entries: &[Entry], curve: impl Fn(&[Run]) -> Vec<Banded>) -> Panel {
    let mut panel = panel;
    for (index, entry) in entries.iter().enumerate() {
        let color = plot::color(index, entries.len());
        panel.band(&entry.method.name, &curve(&entry.runs), &color);
    }
    panel
}

/// The mean step size of every method.
fn step_sizes(entries: &[Entry]) -> Panel {
    let panel = Panel::new("Step size", "mean step size", Scale::Log);
    filled(panel, entries, |runs| {
        let curves: Vec<Points> = runs.iter().map(Run::mean_step_sizes).collect();
        mean_points(&curves)
    })
}

/// The step sizes of the units of every method that has several.
fn units(entries: &[Entry]) -> Vec<Panel> {
    let first = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.runs.first()?)));
    let split = first.filter(|(_, run)| run.file.unit_names.len() > 1);
    split
        .map(|(entry, run)| {
            let title = format!("Units of {}", entry.method.name);
            let mut panel = Panel::new(title, "step size", Scale::Log);
            plot::unit_lines(&mut panel, &run.unit_step_sizes());
            panel
        })
        .collect()
}

/// Final results of every method over the batch sizes, for each number of training examples.
fn batch_sizes(part: &Part, task: &str) -> Vec<Panel> {
    let methods = &part.experiment.methods;
    let filled = |panel: Panel, value: fn(&Run) -> f64| {
        let mut panel = panel.over("batch size");
        for (index, method) in methods.iter().enumerate() {
            let cells = part.cells.iter().filter(|(cell, _)| cell.task == task);
            let points = cells.filter_map(|(cell, entries)| {
                let runs = &entries[index].runs;
                let points = runs
                    .iter()
                    .map(|run| vec![(cell.batch_size as f64, value(run))]);
                mean_points(&points.collect::<Vec<Points>>())
                    .first()
                    .copied()
            });
            let points: Vec<Banded> = points.collect();
            panel.band(&method.name, &points, &plot::color(index, methods.len()));
        }
        panel
    };
    let title = "After the last epoch";
    let loss = Panel::new(title, "training loss", Scale::Log);
    let metric = Panel::new(title, "validation metric", Scale::Linear);
    vec![filled(loss, Run::loss), filled(metric, Run::last_metric)]
}

/// Panels in rows of one to three. Those of as long rows share the x axis of their column.
fn grid(title: &str, rows: Vec<Vec<Panel>>) -> Figure {
    let end = |length: usize, place: usize| {
        let alike = rows.iter().filter(|row| row.len() == length);
        let panels = alike.filter_map(|row| row.get(place));
        let end = panels.map(Panel::x_end).fold(0.0, f64::max);
        if end > 0.0 { end } else { 1.0 }
    };
    let ends: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| (0..row.len()).map(|place| end(row.len(), place)).collect())
        .collect();
    let mut figure = Figure::new(rows.len(), WIDTHS.len())
        .with_title(title)
        .with_title_size(17)
        .with_cell_size(WIDTHS[0], PANEL_HEIGHT)
        .with_spacing(SPACING)
        .with_padding(14.0);
    for (column, width) in WIDTHS.into_iter().enumerate() {
        figure = figure.with_col_width(column, width);
    }
    let mut drawn = (Vec::new(), Vec::new());
    let mut structure = Vec::new();
    for (index, (row, ends)) in rows.into_iter().zip(ends).enumerate() {
        let height = row.iter().map(Panel::height).fold(0.0, f64::max);
        figure = figure.with_row_height(index, height);
        let columns = place_of(row.len()).iter();
        for ((panel, end), &(first, last)) in row.into_iter().zip(ends).zip(columns) {
            let (plots, layout) = panel.draw(end);
            drawn.0.push(plots);
            drawn.1.push(layout);
            let cells = (first..=last).map(|column| index * WIDTHS.len() + column);
            structure.push(cells.collect());
        }
    }
    figure
        .with_structure(structure)
        .with_plots(drawn.0)
        .with_layouts(drawn.1)
}

/// The first and the last column of each panel of a row of so many.
fn place_of(panels: usize) -> &'static [(usize, usize)] {
    match panels {
        1 => &[(0, 3)],
        2 => &[(0, 1), (2, 3)],
        _ => &[(0, 0), (1, 2), (3, 3)],
    }
}
