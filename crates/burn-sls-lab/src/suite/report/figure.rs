//! The picture of performance profiles.

use std::sync::Arc;

use kuva::plot::LinePlot;
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use crate::suite::score::{Measure, Profile};

/// Factors are drawn up to two to this power.
const DOUBLINGS: f64 = 4.0;

/// The size of a panel, and the room of the legend.
const SIZE: (f64, f64) = (820.0, 330.0);
const LEGEND: f64 = 250.0;

/// The colours of Okabe and Ito, which most colour-blind readers can tell apart, and a grey.
pub(crate) const COLORS: [&str; 8] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555", "#b0a000",
];

/// Panels over one another. The factor is on a logarithmic axis.
pub(super) fn draw(profiles: &[(Measure, Vec<Profile>)]) -> Figure {
    let panels = profiles
        .iter()
        .map(|(measure, profiles)| panel(*measure, profiles));
    let (plots, layouts): (Vec<Vec<Plot>>, Vec<Layout>) = panels.unzip();
    Figure::new(plots.len(), 1)
        .with_cell_size(SIZE.0, SIZE.1)
        .with_spacing(8.0)
        .with_padding(14.0)
        .with_plots(plots)
        .with_layouts(layouts)
}

fn panel(measure: Measure, profiles: &[Profile]) -> (Vec<Plot>, Layout) {
    let lines = profiles.iter().enumerate().map(|(index, profile)| {
        let line = LinePlot::new()
            .with_data(stairs(profile))
            .with_color(COLORS[index % COLORS.len()])
            .with_stroke_width(1.8);
        line.with_legend(profile.competitor.as_str()).into()
    });
    let tick = |doublings: f64| format!("{}", 2f64.powf(doublings));
    let plots: Vec<Plot> = lines.collect();
    let layout = Layout::auto_from_plots(&plots)
        .with_title(format!("{} to the target", measure.name()))
        .with_title_size(14)
        .with_x_label("factor on the fastest")
        .with_y_label("share of problems")
        .with_label_size(13)
        .with_tick_size(11)
        .with_x_axis_min(0.0)
        .with_x_axis_max(DOUBLINGS)
        .with_x_tick_step(1.0)
        .with_x_tick_format(TickFormat::Custom(Arc::new(tick)))
        .with_y_axis_min(0.0)
        .with_y_axis_max(1.0)
        .with_legend_box(false)
        .with_legend_wrap(30)
        .with_force_margins(84.0, LEGEND);
    (plots, layout)
}

/// The profile as a line of steps over the logarithm of the factor.
fn stairs(profile: &Profile) -> Vec<(f64, f64)> {
    let mut line = vec![(0.0, profile.at(1.0))];
    for (factor, share) in profile.corners() {
        let x = factor.log2();
        if x > DOUBLINGS {
            break;
        }
        line.push((x, line[line.len() - 1].1));
        line.push((x, share));
    }
    line.push((DOUBLINGS, line[line.len() - 1].1));
    line
}
