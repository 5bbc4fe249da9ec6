//! The long tests from the command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use burn_sls_campaign::fuzz::{BLOCK, Campaign};
use burn_sls_campaign::{steps, targets};
use burn_sls_optim::Preset;
use clap::{Args, Parser};

/// Long tests. They write figures as they go, and go on from there when they are run again.
#[derive(Parser)]
#[command(name = "campaign")]
enum Command {
    /// Sends changed files through the readers
    Fuzz(Fuzz),
    /// Trains a small model for many steps
    Steps(Steps),
}

#[derive(Args)]
struct Fuzz {
    /// The readers; all of them if none is named
    targets: Vec<String>,
    /// Files for each reader, with those of earlier runs
    #[arg(long, default_value_t = 10_000_000)]
    inputs: u64,
    /// Seconds for each reader at most
    #[arg(long)]
    seconds: Option<u64>,
    /// The seed of the changes
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder of the kept files and of the figures
    #[arg(long, default_value = "tests/campaign/corpus")]
    folder: PathBuf,
}

#[derive(Args)]
struct Steps {
    /// Steps of each preset
    #[arg(long, default_value_t = 1_000_000)]
    steps: u64,
    /// The presets
    #[arg(long = "preset", default_values = ["default", "amortized", "paper"])]
    presets: Vec<Preset>,
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Fuzz(fuzz) => run_fuzz(&fuzz),
        Command::Steps(args) => {
            run_steps(&args);
            Ok(true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("campaign: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether nothing went wrong.
fn run_fuzz(args: &Fuzz) -> Result<bool, String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let all = targets::all(scratch.path());
    let names: Vec<&str> = all.iter().map(|target| target.name).collect();
    if let Some(unknown) = args
        .targets
        .iter()
        .find(|name| !names.contains(&name.as_str()))
    {
        return Err(format!(
            "there is no target `{unknown}`: name some of {}",
            names.join(", ")
        ));
    }
    println!("| reader | files | taken | kinds of answers | slowest | most memory | failures |");
    println!("|---|---|---|---|---|---|---|");
    let mut well = true;
    for target in all {
        if args.targets.is_empty() || args.targets.iter().any(|name| name == target.name) {
            well &= one_target(target, args, &args.folder).map_err(|error| error.to_string())?;
        }
    }
    Ok(well)
}

fn one_target(target: targets::Target, args: &Fuzz, folder: &Path) -> std::io::Result<bool> {
    let since = std::time::Instant::now();
    let mut campaign = Campaign::open(target, folder)?;
    let in_time = || {
        args.seconds
            .is_none_or(|seconds| since.elapsed().as_secs() < seconds)
    };
    let mut shown = 0;
    while campaign.figures.inputs < args.inputs && in_time() {
        campaign.block(args.seed, BLOCK.min(args.inputs - campaign.figures.inputs));
        campaign.save()?;
        let minutes = since.elapsed().as_secs() / 60;
        if minutes > shown {
            shown = minutes;
            eprintln!(
                "{}: {} of {} files in {minutes} min, {} kinds of answers",
                campaign.name(),
                campaign.figures.inputs,
                args.inputs,
                campaign.kinds()
            );
        }
    }
    let figures = &campaign.figures;
    println!(
        "| `{}` | {} | {:.1} % | {} | {:.0} ms | {} KiB | {} |",
        campaign.name(),
        figures.inputs,
        100.0 * figures.taken as f64 / figures.inputs.max(1) as f64,
        campaign.kinds(),
        figures.slowest * 1e3,
        figures.memory >> 10,
        figures.failures.len()
    );
    for failure in &figures.failures {
        eprintln!("{}: {failure}", campaign.name());
    }
    Ok(figures.failures.is_empty())
}

fn run_steps(args: &Steps) {
    println!("| preset | steps | held | step size: quartiles | loss | moved | trials |");
    println!("|---|---|---|---|---|---|---|");
    for &preset in &args.presets {
        steps::train(preset.adamsls(), args.steps, |part| {
            let [lower, median, upper] = part.step_sizes;
            println!(
                "| {preset} | {} | {} KiB | {lower:.2e}, {median:.2e}, {upper:.2e} | {:.4} | {} | {} |",
                part.steps,
                part.held >> 10,
                part.loss,
                part.moved,
                part.trials
            );
        });
    }
}
