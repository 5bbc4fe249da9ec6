//! Draws a run: losses, validation metrics and step sizes over the epochs.

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::figure::Figure;
use std::path::Path;
use std::{fs, io};

use crate::files::put_whole;
use points::smoothing;

mod compact;
mod panel;
mod points;

pub use panel::{Banded, PANEL_HEIGHT, Panel, Scale};
pub use points::smooth;

/// A curve: pairs of an epoch, which may be fractional, and a value.
pub type Points = Vec<(f64, f64)>;

/// What there is to draw of a run, at any moment of it.
///
/// Every curve may be empty, and its points come in the order of their epochs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunCurves {
    /// The title of the figure.
    pub title: String,
    /// The loss of each mini-batch.
    pub losses: Points,
    /// The loss on the whole training set, once per epoch.
    pub train_losses: Points,
    /// Name and values of each metric on the validation set, once per epoch.
    pub metrics: Vec<(String, Points)>,
    /// The step sizes of each unit, or a single curve for a learning rate, once per step.
    pub step_sizes: Vec<(String, Points)>,
}

/// Writes the figure of a run as `run.svg` and `run.png` into the directory `dir`, which is
/// created if it does not exist.
///
/// The three panels share the epoch axis. Loss and step size have logarithmic axes, on which
/// values that are not finite or below 10⁻¹⁰ (zeros, negatives) are left out. Curves of more than
/// about 1,300 points, two for a pixel, are thinned out such that their extremes stay. The words of
/// the SVG take a font of whoever shows it; the PNG needs none.
///
/// # Errors
///
/// [`PlotError`] if the directory or a file cannot be written, or the image cannot be made.
///
/// # Example
///
/// ```
/// use burn_sls_run::plot::{RunCurves, write};
///
/// let curves = RunCurves {
///     title: "A short run".to_string(),
///     losses: vec![(0.0, 0.7), (0.5, 0.4), (1.0, 0.3)],
///     metrics: vec![("accuracy".to_string(), vec![(1.0, 0.8)])],
///     ..RunCurves::default()
/// };
/// let dir = std::env::temp_dir().join(format!("burn-sls-plot-{}", std::process::id()));
/// write(&curves, &dir).unwrap();
/// assert!(dir.join("run.png").exists());
/// # std::fs::remove_dir_all(&dir).unwrap();
/// ```
pub fn write(curves: &RunCurves, dir: &Path) -> Result<(), PlotError> {
    save(figure(curves), dir, "run")
}

/// Writes a figure as `NAME.svg` and `NAME.png`, and makes the directory if it is not there.
///
/// # Errors
///
/// As for [`write()`].
pub fn save(figure: Figure, dir: &Path, name: &str) -> Result<(), PlotError> {
    let scene = figure.render();
    let svg = compact::compact(&SvgBackend::new().render_scene(&scene));
    let png = RasterBackend::new()
        .render_scene(&scene)
        .map_err(PlotError::Image)?;
    fs::create_dir_all(dir)?;
    put_whole(&dir.join(format!("{name}.svg")), svg.as_bytes())?;
    put_whole(&dir.join(format!("{name}.png")), &png)?;
    Ok(())
}

/// A figure could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The directory or one of the files could not be written.
    #[error("the figure could not be written: {0}")]
    Io(#[from] io::Error),
    /// The image could not be made; the text is the plotting library's.
    #[error("the figure could not be drawn: {0}")]
    Image(String),
}

/// The colours of Okabe and Ito, which most colour-blind readers can tell apart.
const COLORS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555",
];

const PALE: &str = "#b5cfe3";

/// The size of the figure, in pixels of the SVG; the PNG has twice as many.
const WIDTH: f64 = 940.0;
fn figure(curves: &RunCurves) -> Figure {
    let panels = [
        loss_panel(curves),
        metric_panel(curves),
        step_size_panel(curves),
    ];
    let last_epoch = panels.iter().map(Panel::x_end).fold(0.0, f64::max);
    // A run that has barely begun still gets an axis that one can read.
    let last_epoch = if last_epoch > 0.0 { last_epoch } else { 1.0 };

    let mut figure = Figure::new(panels.len(), 1)
        .with_title(curves.title.clone())
        .with_title_size(18)
        .with_cell_size(WIDTH, PANEL_HEIGHT)
        .with_spacing(8.0)
        .with_padding(14.0);
    for (row, panel) in panels.iter().enumerate() {
        figure = figure.with_row_height(row, panel.height());
    }
    let (plots, layouts) = panels
        .into_iter()
        .map(|panel| panel.draw(last_epoch))
        .unzip();
    figure.with_plots(plots).with_layouts(layouts)
}

fn loss_panel(curves: &RunCurves) -> Panel {
    let mut panel = Panel::new("Training loss", "loss", Scale::Log);
    let smoothed = smooth(&curves.losses, smoothing(curves.losses.len()));
    panel.line("mini-batch", &curves.losses, PALE, 0.8);
    panel.line("mini-batch, smoothed", &smoothed, COLORS[0], 2.0);
    panel.dots("training set", &curves.train_losses, COLORS[1]);
    panel
}

fn metric_panel(curves: &RunCurves) -> Panel {
    let mut panel = Panel::new("Validation", "metric", Scale::Linear);
    for (index, (name, points)) in curves.metrics.iter().enumerate() {
        let color = COLORS[index % COLORS.len()];
        panel.line("", points, color, 1.5);
        panel.dots(name, points, color);
    }
    panel
}

fn step_size_panel(curves: &RunCurves) -> Panel {
    let mut panel = Panel::new("Step size", "step size", Scale::Log);
    unit_lines(&mut panel, &curves.step_sizes);
    panel
}

/// The step sizes of units, as they are: a unit's changes when it is searched, in one iteration of
/// many.
pub fn unit_lines(panel: &mut Panel, step_sizes: &[(String, Points)]) {
    let units = step_sizes.len();
    for (index, (name, points)) in step_sizes.iter().enumerate() {
        let color = color(index, units);
        panel.line(name, points, &color, if units > 3 { 1.4 } else { 1.0 });
    }
}

/// The colour of one of several curves.
pub fn color(index: usize, count: usize) -> String {
    match COLORS.get(index) {
        Some(color) if count <= COLORS.len() => (*color).to_string(),
        _ => ramp(index as f64 / (count - 1) as f64),
    }
}

/// A colour between violet and red, for units that have an order, such as layers; far enough apart
/// to tell a dozen of them.
fn ramp(position: f64) -> String {
    const STOPS: [[f64; 3]; 7] = [
        [70.0, 30.0, 110.0],
        [60.0, 90.0, 215.0],
        [40.0, 175.0, 220.0],
        [30.0, 150.0, 85.0],
        [165.0, 195.0, 50.0],
        [240.0, 150.0, 30.0],
        [175.0, 25.0, 25.0],
    ];
    let place = position.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let stop = (place as usize).min(STOPS.len() - 2);
    let part = place - stop as f64;
    let mix = |channel: usize| {
        (STOPS[stop][channel] * (1.0 - part) + STOPS[stop + 1][channel] * part) as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

#[cfg(test)]
mod tests;
