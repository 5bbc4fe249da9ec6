//! The pictures of a report.

use std::path::Path;

use kuva::render::figure::Figure;

use crate::error::GlueError;
use crate::experiment::Cell;
use crate::plot::{self, Banded, Fonts, PANEL_HEIGHT, Panel, Points, Scale};

use super::costs::{Axis, Run};
use super::parts::{Entry, Part};
use super::statistics::{mean_curve, mean_points};

/// A picture in the report.
pub(super) struct Picture {
    /// The file's name without its ending.
    pub(super) name: String,
    /// What it shows.
    pub(super) caption: String,
}

/// The width of a panel, and that of one with a legend, in pixels of the SVG.
const WIDTH: f64 = 400.0;
const WIDTH_WITH_LEGEND: f64 = 590.0;

/// Draws everything that the runs of a part have to show.
pub(super) fn draw(part: &Part, folder: &Path) -> Result<Vec<Picture>, GlueError> {
    let mut pictures = Vec::new();
    let mut save = |figure: Figure, name: String, caption: String| {
        plot::save(figure, folder, &name, Fonts::TheReaders)
            .map_err(|error| GlueError::run(folder.join(&name), error))?;
        pictures.push(Picture { name, caption });
        Ok::<(), GlueError>(())
    };
    for (index, (cell, entries)) in part.cells.iter().enumerate() {
        if entries.iter().all(|entry| entry.runs.is_empty()) {
            continue;
        }
        let name = |what: &str| match part.cells.len() {
            1 => format!("{}-{what}", part.name),
            _ => format!("{}-{}-{what}", part.name, index + 1),
        };
        save(
            curves(cell, entries),
            name("curves"),
            format!(
                "{}: training loss, smoothed, and validation metric, over what each method had spent. \
                 Means over the seeds, bands of one standard error.",
                cell.name()
            ),
        )?;
        save(
            step_sizes(cell, entries),
            name("step-sizes"),
            format!(
                "{}: mean step size of the units, or learning rate; means over the seeds.",
                cell.name()
            ),
        )?;
        if let Some(figure) = units(cell, entries) {
            save(
                figure,
                name("units"),
                format!("{}: the step size of every unit, first seed.", cell.name()),
            )?;
        }
    }
    if part.experiment.batch_sizes.len() > 1 {
        for (index, task) in part.experiment.tasks.iter().enumerate() {
            let name = format!("{}-batch-sizes-{}", part.name, index + 1);
            save(
                batch_sizes(part, task),
                name,
                format!("{task}: results by batch size, over the same epochs."),
            )?;
        }
    }
    Ok(pictures)
}

/// Loss and metric, each over epochs, forward passes and seconds.
fn curves(cell: &Cell, entries: &[Entry]) -> Figure {
    let metric = entries.iter().find_map(|entry| entry.runs.first());
    let metric = metric.map_or_else(String::new, |run| run.file.leading_metric());
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
    grid(&cell.name(), rows.map(Vec::from).into())
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
fn step_sizes(cell: &Cell, entries: &[Entry]) -> Figure {
    let panel = Panel::new("Step size", "mean step size", Scale::Log);
    let panel = filled(panel, entries, |runs| {
        let curves: Vec<Points> = runs.iter().map(Run::mean_step_sizes).collect();
        mean_points(&curves)
    });
    grid(&cell.name(), vec![vec![panel]])
}

/// The step sizes of the units of every method that has several.
fn units(cell: &Cell, entries: &[Entry]) -> Option<Figure> {
    let first = entries
        .iter()
        .filter_map(|entry| Some((entry, entry.runs.first()?)));
    let split = first.filter(|(_, run)| run.file.unit_names.len() > 1);
    let panels: Vec<Vec<Panel>> = split
        .map(|(entry, run)| {
            let mut panel = Panel::new(entry.method.name.clone(), "step size", Scale::Log);
            plot::unit_lines(&mut panel, &run.unit_step_sizes());
            vec![panel]
        })
        .collect();
    (!panels.is_empty()).then(|| grid(&cell.name(), panels))
}

/// Final results of every method over the batch sizes, for each number of training examples.
fn batch_sizes(part: &Part, task: &str) -> Figure {
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
    let loss = Panel::new(title, "training loss", Scale::Log).without_legend();
    let metric = Panel::new(title, "validation metric", Scale::Linear);
    let row = vec![filled(loss, Run::loss), filled(metric, Run::last_metric)];
    grid(task, vec![row])
}

/// Panels in rows, with room for a legend at the end of each. The panels of a column share their x axis.
fn grid(title: &str, rows: Vec<Vec<Panel>>) -> Figure {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(1);
    let ends: Vec<f64> = (0..columns)
        .map(|column| {
            let panels = rows.iter().filter_map(|row| row.get(column));
            let end = panels.map(Panel::x_end).fold(0.0, f64::max);
            if end > 0.0 { end } else { 1.0 }
        })
        .collect();
    let width = match columns {
        1 => WIDTH_WITH_LEGEND + 250.0,
        _ => WIDTH_WITH_LEGEND,
    };
    let mut figure = Figure::new(rows.len(), columns)
        .with_title(title)
        .with_title_size(17)
        .with_cell_size(WIDTH, PANEL_HEIGHT)
        .with_col_width(columns - 1, width)
        .with_spacing(8.0)
        .with_padding(14.0);
    let mut drawn = (Vec::new(), Vec::new());
    for (index, row) in rows.into_iter().enumerate() {
        let height = row.iter().map(Panel::height).fold(0.0, f64::max);
        figure = figure.with_row_height(index, height);
        for (panel, end) in row.into_iter().zip(&ends) {
            let (plots, layout) = panel.draw(*end);
            drawn.0.push(plots);
            drawn.1.push(layout);
        }
    }
    figure.with_plots(drawn.0).with_layouts(drawn.1)
}
