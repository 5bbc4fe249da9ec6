//! What a step and a trial cost on several devices: counted and measured on one machine, and
//! computed for more.

mod measure;
pub mod meter;
mod network;
mod page;
mod time;

use std::fs;
use std::path::{Path, PathBuf};

use burn_sls_run::files::write_whole;
use burn_sls_run::{RunError, plot};
use clap::Args;

pub use measure::{Row, Setup};
pub use time::{Exchange, Link, Load, fitted};

use crate::error::LabError;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct DevicesArgs {
    /// The folder of the page, its picture and the numbers.
    #[arg(long, default_value = "target/devices")]
    pub out: PathBuf,
    /// The most devices.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u8).range(2..=64))]
    pub most: u8,
    /// Steps of every kind that are counted.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..))]
    pub steps: u16,
    /// Widths of the networks, which have four layers.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256, 1024])]
    pub widths: Vec<usize>,
    /// Measures nothing: writes the page again from the numbers in the folder.
    #[arg(long)]
    pub again: bool,
}

/// The file of the numbers.
const NUMBERS: &str = "devices.json";

/// Measures, and writes the page.
///
/// # Errors
///
/// If a worker or a step fails, or a file cannot be read or written.
pub fn devices(args: &DevicesArgs) -> Result<(), LabError> {
    let numbers = args.out.join(NUMBERS);
    let io = |path: &Path, error| LabError::io(path, error);
    let rows = match args.again {
        true => {
            let text = fs::read_to_string(&numbers).map_err(|error| io(&numbers, error))?;
            serde_json::from_str(&text)
                .map_err(|error| LabError::Usage(format!("{}: {error}", numbers.display())))?
        }
        false => measured(args)?,
    };
    let (page, picture) = page::page(&rows, 2.0 * network::LAYERS as f64);
    fs::create_dir_all(&args.out).map_err(|error| io(&args.out, error))?;
    let lines: Vec<String> = rows
        .iter()
        .map(|row| serde_json::json!(row).to_string())
        .collect();
    let text = format!("[\n{}\n]\n", lines.join(",\n"));
    write_whole(&numbers, text.as_bytes())?;
    write_whole(&args.out.join("report.md"), page.as_bytes())?;
    let drawn = plot::save(picture, &args.out, "scale");
    drawn.map_err(|error| RunError::file(args.out.join("scale.svg"), error))?;
    println!("the page is {}", args.out.join("report.md").display());
    Ok(())
}

fn measured(args: &DevicesArgs) -> Result<Vec<Row>, LabError> {
    let most = args.most.into();
    let workers = measure::Workers::start(most - 1)?;
    let mut rows = Vec::new();
    for &width in &args.widths {
        for setup in [Setup::Threads, Setup::Processes] {
            for devices in 1..=most {
                let row = measure::measure(setup, devices, width, args.steps.into(), &workers)?;
                println!(
                    "{} parameters, {devices} devices as {setup:?}: {:.2} ms a step, {:.2} ms a \
                     trial",
                    row.parameters,
                    1e3 * row.step,
                    1e3 * row.trial
                );
                rows.push(row);
            }
        }
    }
    Ok(rows)
}
