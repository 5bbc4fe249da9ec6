//! Draws a run: losses, validation metrics and step sizes over the epochs.

use kuva::backend::raster::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::plot::annotations::TextAnnotation;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, fs, io};

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
/// about 2,000 points are thinned out such that their extremes stay. Both files contain their
/// fonts.
///
/// # Errors
///
/// [`PlotError`] if the directory or a file cannot be written, or the image cannot be made.
///
/// # Example
///
/// ```
/// use glue::plot::{RunCurves, write};
///
/// let curves = RunCurves {
///     title: "A short run".to_string(),
///     losses: vec![(0.0, 0.7), (0.5, 0.4), (1.0, 0.3)],
///     metrics: vec![("accuracy".to_string(), vec![(1.0, 0.8)])],
///     ..RunCurves::default()
/// };
/// let dir = std::env::temp_dir().join("glue-plot-example");
/// write(&curves, &dir).unwrap();
/// assert!(dir.join("run.png").exists());
/// # std::fs::remove_dir_all(&dir).unwrap();
/// ```
pub fn write(curves: &RunCurves, dir: &Path) -> Result<(), PlotError> {
    let scene = figure(curves).render();
    let svg = SvgBackend::new()
        .with_embedded_font(true)
        .render_scene(&scene);
    let png = RasterBackend::new()
        .render_scene(&scene)
        .map_err(PlotError::Image)?;
    fs::create_dir_all(dir).map_err(PlotError::Io)?;
    fs::write(dir.join("run.svg"), svg).map_err(PlotError::Io)?;
    fs::write(dir.join("run.png"), png).map_err(PlotError::Io)
}

/// The exponential moving average of a curve, corrected for its start.
///
/// With `f` the factor, the value after the points `y_1 … y_t` is
///
/// ```text
/// m_t = f · m_(t−1) + (1 − f) · y_t,   m_0 = 0
/// smoothed_t = m_t / (1 − f^t)
/// ```
///
/// so that the first value is `y_1` itself and the early ones are not drawn towards 0. Points
/// whose value is not finite are left out.
///
/// # Panics
///
/// If `factor` is outside `0.0..1.0`.
#[must_use]
pub fn smooth(points: &[(f64, f64)], factor: f64) -> Points {
    assert!(
        (0.0..1.0).contains(&factor),
        "the smoothing factor {factor} must be in 0.0..1.0"
    );
    let (mut average, mut weight) = (0.0, 0.0);
    let finite = points.iter().filter(|(_, value)| value.is_finite());
    finite
        .map(|&(epoch, value)| {
            average = factor * average + (1.0 - factor) * value;
            weight = factor * weight + (1.0 - factor);
            (epoch, average / weight)
        })
        .collect()
}

/// A figure could not be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlotError {
    /// The directory or one of the files could not be written.
    Io(io::Error),
    /// The image could not be made; the text is the plotting library's.
    Image(String),
}

impl fmt::Display for PlotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the figure could not be written: {error}"),
            Self::Image(error) => write!(f, "the figure could not be drawn: {error}"),
        }
    }
}

impl std::error::Error for PlotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Image(_) => None,
        }
    }
}

/// The most points of a curve that are drawn.
const MOST_POINTS: usize = 2000;

/// The least value on a logarithmic axis: the plotting library draws everything below on it.
const LEAST_LOG: f64 = 1e-10;

/// The colours of Okabe and Ito, which most colour-blind readers can tell apart.
const COLORS: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555",
];

const PALE: &str = "#b5cfe3";
const GREY: &str = "#777777";

/// The size of the figure, in pixels of the SVG; the PNG has twice as many.
const WIDTH: f64 = 940.0;
const PANEL_HEIGHT: f64 = 270.0;
/// The space of the y axis and of the legend, equal in all panels to align their epochs.
const MARGINS: (f64, f64) = (84.0, 210.0);

/// The room on both sides of the epochs, as a part of the run, that keeps dots off the edges.
const X_ROOM: f64 = 0.012;

/// A vertical axis.
#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    Log,
}

impl Scale {
    fn shows(self, (epoch, value): (f64, f64)) -> bool {
        epoch.is_finite() && value.is_finite() && (self == Self::Linear || value >= LEAST_LOG)
    }
}

fn figure(curves: &RunCurves) -> Figure {
    let panels = [
        loss_panel(curves),
        metric_panel(curves),
        step_size_panel(curves),
    ];
    let last_epoch = panels.iter().map(Panel::last_epoch).fold(0.0, f64::max);
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
    let units = curves.step_sizes.len();
    // Step sizes jump from one step to the next. Many of them are told apart by their averages.
    let averaged = units > 3;
    let title = if averaged {
        "Step size, smoothed"
    } else {
        "Step size"
    };
    let mut panel = Panel::new(title, "step size", Scale::Log);
    for (index, (name, points)) in curves.step_sizes.iter().enumerate() {
        let color = match COLORS.get(index) {
            Some(color) if units <= COLORS.len() => (*color).to_string(),
            _ => ramp(index as f64 / (units - 1) as f64),
        };
        if averaged {
            panel.line(
                name,
                &decimate(&geometric_mean(points), MOST_POINTS / 4),
                &color,
                1.4,
            );
        } else {
            panel.line(name, points, &color, 1.0);
        }
    }
    panel
}

/// The moving geometric mean of a curve over about a fiftieth of it.
fn geometric_mean(points: &[(f64, f64)]) -> Points {
    let shown = points.iter().filter(|&&point| Scale::Log.shows(point));
    let logs: Points = shown.map(|&(epoch, value)| (epoch, value.ln())).collect();
    let mean = smooth(&logs, smoothing(logs.len()));
    mean.into_iter()
        .map(|(epoch, value)| (epoch, value.exp()))
        .collect()
}

/// The factor of an average over about a fiftieth of a curve of `count` points.
fn smoothing(count: usize) -> f64 {
    (1.0 - 50.0 / count.max(1) as f64).clamp(0.6, 0.9999)
}

/// A colour between dark blue and orange, for units that have an order, such as layers.
fn ramp(position: f64) -> String {
    const STOPS: [[f64; 3]; 5] = [
        [38.0, 34.0, 98.0],
        [45.0, 105.0, 160.0],
        [48.0, 160.0, 130.0],
        [150.0, 185.0, 60.0],
        [230.0, 140.0, 20.0],
    ];
    let place = position.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let stop = (place as usize).min(STOPS.len() - 2);
    let part = place - stop as f64;
    let mix = |channel: usize| {
        (STOPS[stop][channel] * (1.0 - part) + STOPS[stop + 1][channel] * part) as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

/// One panel of the figure: curves over a common axis.
struct Panel {
    title: &'static str,
    y_label: &'static str,
    scale: Scale,
    plots: Vec<Plot>,
    legend_entries: usize,
    /// The least and the largest value, and the last epoch, of what is drawn.
    values: Option<(f64, f64)>,
    last_epoch: f64,
}

impl Panel {
    fn new(title: &'static str, y_label: &'static str, scale: Scale) -> Self {
        Self {
            title,
            y_label,
            scale,
            plots: Vec::new(),
            legend_entries: 0,
            values: None,
            last_epoch: 0.0,
        }
    }

    fn line(&mut self, name: &str, points: &[(f64, f64)], color: &str, width: f64) {
        let shown = self.admit(points);
        match shown.len() {
            0 => {}
            // A line of one point would be invisible.
            1 => self.scatter(name, shown, color),
            _ => {
                let mut line = LinePlot::new()
                    .with_data(shown)
                    .with_color(color)
                    .with_stroke_width(width);
                if self.names(name) {
                    line = line.with_legend(name);
                }
                self.plots.push(line.into());
            }
        }
    }

    fn dots(&mut self, name: &str, points: &[(f64, f64)], color: &str) {
        let shown = self.admit(points);
        if !shown.is_empty() {
            self.scatter(name, shown, color);
        }
    }

    fn scatter(&mut self, name: &str, shown: Points, color: &str) {
        let mut dots = ScatterPlot::new()
            .with_data(shown)
            .with_color(color)
            .with_size(3.5);
        if self.names(name) {
            dots = dots.with_legend(name);
        }
        self.plots.push(dots.into());
    }

    fn names(&mut self, name: &str) -> bool {
        self.legend_entries += usize::from(!name.is_empty());
        !name.is_empty()
    }

    /// The points of a curve that are drawn; widens the axes to hold them.
    fn admit(&mut self, points: &[(f64, f64)]) -> Points {
        let shown: Points = points
            .iter()
            .copied()
            .filter(|&point| self.scale.shows(point))
            .collect();
        for &(epoch, value) in &shown {
            let (low, high) = self.values.unwrap_or((value, value));
            self.values = Some((low.min(value), high.max(value)));
            self.last_epoch = self.last_epoch.max(epoch);
        }
        decimate(&shown, MOST_POINTS)
    }

    fn last_epoch(&self) -> f64 {
        self.last_epoch
    }

    /// The height of the panel, which grows with a long legend.
    fn height(&self) -> f64 {
        PANEL_HEIGHT.max(90.0 + 18.0 * self.legend_entries as f64)
    }

    fn draw(mut self, last_epoch: f64) -> (Vec<Plot>, Layout) {
        let (low, high) = match self.scale {
            Scale::Linear => linear_range(self.values),
            Scale::Log => log_range(self.values),
        };
        let mut layout = if self.plots.is_empty() {
            let middle = match self.scale {
                Scale::Linear => (low + high) / 2.0,
                Scale::Log => (low * high).sqrt(),
            };
            // A panel without any plot would not be drawn.
            self.plots.push(LinePlot::new().into());
            let note = TextAnnotation::new("no data yet", last_epoch / 2.0, middle);
            Layout::new((0.0, last_epoch), (low, high))
                .with_annotation(note.with_color(GREY).with_font_size(14))
                .with_show_grid(false)
        } else {
            Layout::auto_from_plots(&self.plots)
        };
        if self.scale == Scale::Log {
            layout = layout
                .with_log_y()
                .with_y_tick_format(TickFormat::Custom(Arc::new(log_tick)));
        }
        let layout = layout
            .with_title(self.title)
            .with_title_size(14)
            .with_x_label("epoch")
            .with_y_label(self.y_label)
            .with_label_size(13)
            .with_tick_size(11)
            .with_x_axis_min(-X_ROOM * last_epoch)
            .with_x_axis_max((1.0 + X_ROOM) * last_epoch)
            .with_y_axis_min(low)
            .with_y_axis_max(high)
            .with_legend_box(false)
            .with_legend_wrap(24)
            .with_force_margins(MARGINS.0, MARGINS.1);
        (self.plots, layout)
    }
}

/// A range around the values whose ends are of the form 1, 2 or 5 · 10ⁿ, so that the axis has at
/// least two ticks however little the values vary.
fn log_range(values: Option<(f64, f64)>) -> (f64, f64) {
    let Some((low, high)) = values else {
        return (0.1, 1.0);
    };
    let decade = |value: f64| value.log10().floor() as i32;
    let ticks = |exponent: i32| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(exponent));
    let below = (decade(low) - 1..=decade(low) + 1).flat_map(ticks);
    let above = (decade(high) - 1..=decade(high) + 1).flat_map(ticks);
    let low = below
        .filter(|tick| *tick < low * 0.999)
        .fold(LEAST_LOG, f64::max);
    let high = above
        .filter(|tick| *tick > high * 1.001)
        .fold(f64::INFINITY, f64::min);
    (low, high)
}

/// A tick of a logarithmic axis: `0.05`, `2`, `1e-4`.
fn log_tick(value: f64) -> String {
    if (0.000_99..1e5).contains(&value) {
        // Six decimals hide the rounding errors of the ticks.
        let text = format!("{value:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        format!("{value:.0e}")
    }
}

/// A range around the values with some room on both sides.
fn linear_range(values: Option<(f64, f64)>) -> (f64, f64) {
    let Some((low, high)) = values else {
        return (0.0, 1.0);
    };
    let room = if high > low {
        0.08 * (high - low)
    } else {
        0.05 * high.abs().max(0.1)
    };
    (low - room, high + room)
}

/// Thins a curve out to at most `most` points and keeps the extremes: of every stretch of points
/// the least and the largest stay, in their order.
fn decimate(points: &[(f64, f64)], most: usize) -> Points {
    if points.len() <= most {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(most / 2);
    let mut kept = Vec::with_capacity(most);
    for stretch in points.chunks(stretch) {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let extremes = stretch
            .iter()
            .min_by(by_value)
            .zip(stretch.iter().max_by(by_value));
        let Some((&least, &largest)) = extremes else {
            continue;
        };
        let (first, second) = if least.0 <= largest.0 {
            (least, largest)
        } else {
            (largest, least)
        };
        kept.push(first);
        if second != first {
            kept.push(second);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(count: usize, value: impl Fn(f64) -> f64) -> Points {
        let epoch = |index: usize| 5.0 * index as f64 / count as f64;
        (0..count)
            .map(|index| (epoch(index), value(epoch(index))))
            .collect()
    }

    #[test]
    fn smoothing_keeps_a_constant_and_starts_at_the_first_value() {
        let constant = [(0.0, 3.0), (1.0, 3.0), (2.0, 3.0)];
        for (_, value) in smooth(&constant, 0.9) {
            assert!((value - 3.0).abs() < 1e-12);
        }

        // m = (1, 2.5), weights = (0.5, 0.75) at factor 0.5; the infinite point does not count.
        let points = [(0.0, 2.0), (1.0, f64::INFINITY), (2.0, 4.0)];
        let smoothed = smooth(&points, 0.5);
        assert_eq!(smoothed, [(0.0, 2.0), (2.0, 2.5 / 0.75)]);
    }

    #[test]
    fn thinning_keeps_extremes_and_order() {
        let mut points = curve(300_000, |epoch| (epoch * 40.0).sin());
        points[123_456].1 = 9.0;
        points[200_001].1 = -9.0;
        let thin = decimate(&points, MOST_POINTS);
        assert!(
            (MOST_POINTS / 2..=MOST_POINTS).contains(&thin.len()),
            "{}",
            thin.len()
        );
        assert!(thin.contains(&points[123_456]) && thin.contains(&points[200_001]));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(decimate(&points[..2000], MOST_POINTS), &points[..2000]);
    }

    #[test]
    fn a_log_axis_has_two_ticks_however_little_the_values_vary() {
        for (values, range) in [
            ((0.3, 0.31), (0.2, 0.5)),
            ((0.5, 0.5), (0.2, 1.0)),
            ((1.0, 1.0), (0.5, 2.0)),
            ((3e-7, 0.9), (2e-7, 1.0)),
            ((1e-10, 1e-10), (1e-10, 2e-10)),
        ] {
            let (low, high) = log_range(Some(values));
            let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
            assert!(
                close(low, range.0) && close(high, range.1),
                "{values:?}: {low} to {high}"
            );
        }
    }

    #[test]
    fn every_stage_of_a_run_can_be_drawn() {
        let awkward = vec![
            (0.0, 0.0),
            (0.1, -1.0),
            (0.2, f64::NAN),
            (0.3, f64::INFINITY),
        ];
        let stages = [
            ("empty", RunCurves::default()),
            (
                "first-step",
                RunCurves {
                    title: "First step".into(),
                    losses: vec![(0.0, 0.7)],
                    step_sizes: vec![("learning rate".into(), vec![(0.0, 0.0)])],
                    ..RunCurves::default()
                },
            ),
            (
                "awkward",
                RunCurves {
                    title: "Values that a logarithmic axis cannot show".into(),
                    losses: awkward.clone(),
                    train_losses: awkward.clone(),
                    metrics: vec![("accuracy".into(), awkward.clone())],
                    step_sizes: vec![("all".into(), awkward)],
                },
            ),
            ("full", full_run()),
        ];
        let root = std::env::temp_dir().join(format!("glue-plot-{}", std::process::id()));
        for (name, curves) in stages {
            let dir = root.join(name);
            write(&curves, &dir).unwrap();
            let svg = fs::read_to_string(dir.join("run.svg")).unwrap();
            assert!(svg.contains("@font-face"), "{name}");
            let (_, drawing) = svg.split_once("</style>").unwrap();
            assert!(
                !drawing.contains("NaN") && !drawing.contains("inf"),
                "{name}"
            );
            assert!(svg.len() < 4_000_000, "{name}: {} bytes", svg.len());
            assert!(
                fs::read(dir.join("run.png"))
                    .unwrap()
                    .starts_with(b"\x89PNG"),
                "{name}"
            );
        }
        fs::remove_dir_all(root).unwrap();
    }

    /// A long run with twelve layers whose step sizes differ.
    fn full_run() -> RunCurves {
        let noise = |epoch: f64| (epoch * 7919.0).sin() * (epoch * 104_729.0).cos();
        let loss = |epoch: f64| 0.7 * (-0.8 * epoch).exp() + 0.02;
        let epochs = |value: &dyn Fn(f64) -> f64| -> Points {
            (0..=5)
                .map(|epoch| (f64::from(epoch), value(f64::from(epoch))))
                .collect()
        };
        let steps = |layer: usize| {
            let size = 0.01 * 1.4f64.powi(layer as i32);
            curve(3000, move |epoch| {
                size * (-0.3 * epoch).exp() * (1.0 + 0.3 * noise(epoch))
            })
        };
        RunCurves {
            title: "BERT-base on MRPC, line search per layer, seed 1".into(),
            losses: curve(200_000, |epoch| loss(epoch) * (0.6 * noise(epoch)).exp()),
            train_losses: epochs(&loss),
            metrics: vec![
                ("accuracy".into(), epochs(&|e| 0.9 - 0.25 * (-e).exp())),
                ("F1".into(), epochs(&|e| 0.92 - 0.2 * (-e).exp())),
            ],
            step_sizes: (0..12)
                .map(|layer| (format!("layer {layer}"), steps(layer)))
                .collect(),
        }
    }
}
