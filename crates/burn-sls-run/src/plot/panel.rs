//! One panel of the figure, with its axes.

use std::sync::Arc;

use kuva::plot::annotations::TextAnnotation;
use kuva::plot::{BandPlot, LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use super::Points;
use super::points::decimate;

/// The most points of a curve that are drawn: two for each pixel of a wide panel.
pub(super) const MOST_POINTS: usize = 1300;

/// The least value on a logarithmic axis: the plotting library draws everything below on it.
pub(super) const LEAST_LOG: f64 = 1e-10;

const GREY: &str = "#777777";

/// The height of a panel, in pixels of the SVG.
pub const PANEL_HEIGHT: f64 = 270.0;

/// The space of the y axis and of the legend, equal in all panels to align their epochs.
const MARGINS: (f64, f64) = (84.0, 210.0);

/// The space on the right of a panel without a legend.
const MARGIN: f64 = 24.0;

/// The room on both sides of the epochs, as a part of the run, that keeps dots off the edges.
const X_ROOM: f64 = 0.012;

/// A point of a mean, with the error on each side of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Banded {
    /// Where on the x axis.
    pub x: f64,
    /// The mean.
    pub mean: f64,
    /// Its error, not negative.
    pub error: f64,
}

/// A vertical axis.
#[derive(Clone, Copy, PartialEq)]
pub enum Scale {
    /// Equal steps are equal differences.
    Linear,
    /// Equal steps are equal factors.
    Log,
}

impl Scale {
    pub(super) fn shows(self, (epoch, value): (f64, f64)) -> bool {
        epoch.is_finite() && value.is_finite() && (self == Self::Linear || value >= LEAST_LOG)
    }
}

/// One panel of a figure: curves over a common axis.
pub struct Panel {
    title: String,
    x_label: String,
    y_label: String,
    scale: Scale,
    plots: Vec<Plot>,
    legend: bool,
    legend_entries: usize,
    /// The least and the largest drawn value, and the end of the x axis.
    values: Option<(f64, f64)>,
    x_end: f64,
}

impl Panel {
    /// A panel over the epochs, with a legend.
    pub fn new(title: impl Into<String>, y_label: impl Into<String>, scale: Scale) -> Self {
        Self {
            title: title.into(),
            x_label: "epoch".to_string(),
            y_label: y_label.into(),
            scale,
            plots: Vec::new(),
            legend: true,
            legend_entries: 0,
            values: None,
            x_end: 0.0,
        }
    }

    /// The same over something else.
    pub fn over(mut self, x_label: impl Into<String>) -> Self {
        self.x_label = x_label.into();
        self
    }

    /// The same without a legend, nor room for one.
    pub fn without_legend(mut self) -> Self {
        self.legend = false;
        self
    }

    /// A mean with its error on both sides: a line in a pale band.
    pub fn band(&mut self, name: &str, points: &[Banded], color: &str) {
        let ends = |point: &Banded| [point.mean - point.error, point.mean + point.error];
        let least = match self.scale {
            Scale::Linear => f64::NEG_INFINITY,
            // A band down to 0 has no place on a logarithmic axis.
            Scale::Log => LEAST_LOG,
        };
        let shown: Vec<&Banded> = points
            .iter()
            .filter(|point| self.scale.shows((point.x, point.mean)) && point.error.is_finite())
            .collect();
        if shown.iter().any(|point| point.error > 0.0) && shown.len() > 1 {
            let lower = shown.iter().map(|point| ends(point)[0].max(least));
            let lower: Vec<f64> = match self.scale {
                Scale::Linear => lower.collect(),
                // Nor should one that nearly reaches it stretch the axis by decades.
                Scale::Log => lower
                    .zip(&shown)
                    .map(|(low, point)| low.max(point.mean / 10.0))
                    .collect(),
            };
            let upper: Vec<f64> = shown.iter().map(|point| ends(point)[1]).collect();
            let x = shown.iter().map(|point| point.x);
            let edges = lower.iter().chain(&upper).map(|&y| (shown[0].x, y));
            self.admit(&edges.collect::<Points>());
            let band = BandPlot::new(x, lower, upper).with_color(color);
            self.plots.push(band.with_opacity(0.15).into());
        }
        let line: Points = shown.iter().map(|point| (point.x, point.mean)).collect();
        self.line(name, &line, color, 1.8);
    }

    /// A curve.
    pub fn line(&mut self, name: &str, points: &[(f64, f64)], color: &str, width: f64) {
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

    /// Points that no line joins.
    pub fn dots(&mut self, name: &str, points: &[(f64, f64)], color: &str) {
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
        let named = self.legend && !name.is_empty();
        self.legend_entries += usize::from(named);
        named
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
            self.x_end = self.x_end.max(epoch);
        }
        decimate(&shown, MOST_POINTS)
    }

    /// Where the x axis has to reach.
    pub fn x_end(&self) -> f64 {
        self.x_end
    }

    /// The height of the panel, which grows with a long legend.
    pub fn height(&self) -> f64 {
        PANEL_HEIGHT.max(90.0 + 18.0 * self.legend_entries as f64)
    }

    /// The panel with an x axis from 0 to `x_end`.
    pub fn draw(mut self, x_end: f64) -> (Vec<Plot>, Layout) {
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
            let note = TextAnnotation::new("no data yet", x_end / 2.0, middle);
            Layout::new((0.0, x_end), (low, high))
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
            .with_x_label(self.x_label)
            .with_y_label(self.y_label)
            .with_label_size(13)
            .with_tick_size(11)
            .with_x_axis_min(-X_ROOM * x_end)
            .with_x_axis_max((1.0 + X_ROOM) * x_end)
            .with_y_axis_min(low)
            .with_y_axis_max(high)
            .with_legend_box(false)
            .with_legend_wrap(24)
            .with_force_margins(MARGINS.0, if self.legend { MARGINS.1 } else { MARGIN });
        (self.plots, layout)
    }
}

/// A range around the values whose ends are of the form 1, 2 or 5 · 10ⁿ, so that the axis has at
/// least two ticks however little the values vary.
pub(super) fn log_range(values: Option<(f64, f64)>) -> (f64, f64) {
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
pub(super) fn log_tick(value: f64) -> String {
    if (0.000_99..1e5).contains(&value) {
        // Six decimals hide the rounding errors of the ticks.
        let text = format!("{value:.6}");
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        format!("{value:.0e}")
    }
}

/// A range around the values with some room on both sides.
pub(super) fn linear_range(values: Option<(f64, f64)>) -> (f64, f64) {
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
