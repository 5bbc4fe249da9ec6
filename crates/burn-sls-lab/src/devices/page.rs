//! The page of what was measured and computed, and its picture.

use std::sync::Arc;

use kuva::plot::LinePlot;
use kuva::render::figure::Figure;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;

use super::measure::{Row, Setup};
use super::time::{Exchange, Link, Load, fitted};
use crate::suite::report::Table;
use crate::suite::report::figure::COLORS;

/// A training to compute times for. These are assumptions, not measurements.
struct Case {
    name: &'static str,
    load: Load,
    link: Link,
    /// What it is taken to run on.
    words: &'static str,
}

/// The trials of a step: of `paper` as in Table I on the small BERT, of `amortized` by its share of
/// three hundredths of the cost, of which a trial is a third, and of `default` by at most eight
/// trials in a thousand steps.
const TRIALS: [(&str, f64); 3] = [("paper", 1.08), ("amortized", 0.09), ("default", 0.008)];

/// The devices of the computed tables.
const DEVICES: [usize; 4] = [2, 8, 64, 1024];

/// The cases, with messages for each tensor as they were counted.
fn cases(step_messages: f64, trial_messages: f64) -> [Case; 2] {
    let case = |name, words, bytes, compute, tensors: f64, link| Case {
        name,
        words,
        load: Load {
            bytes,
            compute,
            step_messages: tensors * step_messages,
            trial_messages: tensors * trial_messages,
        },
        link,
    };
    // Operations of a forward and a backward pass: 6 for a parameter and a token.
    let compute = |parameters: f64, tokens: f64, speed: f64| 6.0 * parameters * tokens / speed;
    [
        case(
            "BERT-base",
            "110 million parameters of 4 bytes in 200 tensors, 32 examples of 128 tokens a device \
             at 60·10^12 operations a second, links of 100 GB/s and 10 µs",
            4.0 * 110e6,
            compute(110e6, 4096.0, 60e12),
            200.0,
            Link {
                bandwidth: 100e9,
                latency: 10e-6,
            },
        ),
        case(
            "7 billion parameters",
            "7 billion parameters of 2 bytes in 300 tensors, 4,096 tokens a device at 200·10^12 \
             operations a second, links of 25 GB/s and 20 µs",
            2.0 * 7e9,
            compute(7e9, 4096.0, 200e12),
            300.0,
            Link {
                bandwidth: 25e9,
                latency: 20e-6,
            },
        ),
    ]
}

/// The page and its picture.
pub(super) fn page(rows: &[Row], tensors: f64) -> (String, Figure) {
    let mut parts = vec![
        "# Measured and computed\n\nMade by `sls-lab devices`; [the page on several \
         devices](../devices.md) says what it means."
            .to_string(),
        traffic(rows).markdown(),
    ];
    let link = fitted(rows);
    if let Some(link) = link {
        parts.push(seconds(rows, link).markdown());
    }
    let of_device = |messages: fn(&Row) -> f64| {
        let apart = rows
            .iter()
            .filter(|row| row.setup == Setup::Processes && row.devices > 1);
        let each: Vec<f64> = apart
            .map(|row| messages(row) / (tensors * (row.devices - 1) as f64))
            .collect();
        each.iter().sum::<f64>() / each.len().max(1) as f64
    };
    let cases = cases(
        of_device(|row| row.step_messages),
        of_device(|row| row.trial_messages),
    );
    parts.extend(cases.iter().map(|case| computed(case).markdown()));
    parts.push("![The part of a step that its trials take](scale.svg)".to_string());
    (parts.join("\n\n") + "\n", draw(&cases))
}

/// What passes between processes.
fn traffic(rows: &[Row]) -> Table {
    let mut table = Table::new(
        "Bytes and messages",
        "Between the main process and workers on the loopback interface, counted by a relay. *S* is \
         the size of the parameters in bytes. The counts include the losses of 32 examples. Their \
         vectors are drawn on the worker.",
        &[
            "parameters",
            "devices",
            "bytes of a step",
            "over S",
            "messages",
            "bytes of a trial",
            "over S",
            "messages",
        ],
    );
    for row in rows
        .iter()
        .filter(|row| row.setup == Setup::Processes && row.devices > 1)
    {
        let over = |bytes: f64| format!("{:.3}", bytes / (4.0 * row.parameters as f64));
        table.push(vec![
            row.parameters.to_string(),
            row.devices.to_string(),
            format!("{:.0}", row.step_bytes),
            over(row.step_bytes),
            format!("{:.0}", row.step_messages),
            format!("{:.0}", row.trial_bytes),
            over(row.trial_bytes),
            format!("{:.0}", row.trial_messages),
        ]);
    }
    table
}

/// Seconds beside those of the model.
fn seconds(rows: &[Row], link: Link) -> Table {
    let words = format!(
        "Median milliseconds, and those of the cost model with the link that explains two \
         processes best: {:.2} GB/s and {:.0} µs a message. Computing takes what it takes in \
         threads of one process, since all devices share the same cores.",
        link.bandwidth / 1e9,
        link.latency * 1e6
    );
    let mut table = Table::new(
        "Seconds",
        &words,
        &[
            "parameters",
            "devices",
            "step, threads",
            "step, processes",
            "computed",
            "trial, threads",
            "trial, processes",
            "computed",
        ],
    );
    let of = |setup: Setup| rows.iter().filter(move |row| row.setup == setup);
    for threads in of(Setup::Threads) {
        let same =
            |row: &&Row| (row.devices, row.parameters) == (threads.devices, threads.parameters);
        let Some(apart) = of(Setup::Processes).find(same) else {
            continue;
        };
        let extra = |bytes: f64, messages: f64| bytes / link.bandwidth + messages * link.latency;
        let step = threads.step + extra(apart.step_bytes, apart.step_messages);
        let trial = threads.trial + extra(apart.trial_bytes, apart.trial_messages);
        let ms = |seconds: f64| format!("{:.2}", seconds * 1e3);
        table.push(vec![
            threads.parameters.to_string(),
            threads.devices.to_string(),
            ms(threads.step),
            ms(apart.step),
            ms(step),
            ms(threads.trial),
            ms(apart.trial),
            ms(trial),
        ]);
    }
    table
}

/// What trials add to a step.
fn computed(case: &Case) -> Table {
    let presets = TRIALS.map(|(preset, _)| format!("`{preset}` adds"));
    let heads = ["exchange", "devices", "s a step", "s a trial"].into_iter();
    let heads: Vec<&str> = heads.chain(presets.iter().map(String::as_str)).collect();
    let words = format!("Computed, not measured: {}.", case.words);
    let mut table = Table::new(case.name, &words, &heads);
    for exchange in Exchange::ALL {
        for devices in DEVICES {
            let mut row = vec![
                exchange.name().to_string(),
                devices.to_string(),
                format!("{:.3}", case.load.step(exchange, case.link, devices)),
                format!("{:.3}", case.load.trial(exchange, case.link, devices)),
            ];
            row.extend(TRIALS.map(|(_, trials)| {
                let overhead = case.load.overhead(exchange, case.link, devices, trials);
                format!("{:.1} %", 100.0 * overhead)
            }));
            table.push(row);
        }
    }
    table
}

/// What a trial in every step adds, against the number of devices.
fn draw(cases: &[Case]) -> Figure {
    let panels = cases.iter().map(|case| {
        let lines = Exchange::ALL
            .into_iter()
            .enumerate()
            .map(|(index, exchange)| {
                let points = (0..=10).map(|doublings| {
                    let overhead = case.load.overhead(exchange, case.link, 1 << doublings, 1.0);
                    (f64::from(doublings), 100.0 * overhead)
                });
                let line = LinePlot::new()
                    .with_data(points.collect::<Vec<_>>())
                    .with_color(COLORS[index])
                    .with_stroke_width(1.8);
                line.with_legend(exchange.name()).into()
            });
        let plots: Vec<Plot> = lines.collect();
        let tick = |doublings: f64| format!("{}", 2f64.powf(doublings));
        let layout = Layout::auto_from_plots(&plots)
            .with_title(case.name)
            .with_title_size(14)
            .with_x_label("devices")
            .with_y_label("a trial, % of a step")
            .with_label_size(13)
            .with_tick_size(11)
            .with_x_axis_min(0.0)
            .with_x_axis_max(10.0)
            .with_x_tick_step(1.0)
            .with_x_tick_format(TickFormat::Custom(Arc::new(tick)))
            .with_y_axis_min(0.0)
            .with_legend_box(false)
            .with_force_margins(84.0, 200.0);
        (plots, layout)
    });
    let (plots, layouts): (Vec<Vec<Plot>>, Vec<Layout>) = panels.unzip();
    Figure::new(plots.len(), 1)
        .with_cell_size(760.0, 300.0)
        .with_spacing(8.0)
        .with_padding(14.0)
        .with_plots(plots)
        .with_layouts(layouts)
}
