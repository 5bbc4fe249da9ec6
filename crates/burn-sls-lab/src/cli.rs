//! The arguments of the program.

use std::path::PathBuf;

use burn_sls_optim::Preset;
use burn_sls_run::device::DeviceName;
use clap::{Args, Parser, Subcommand};

use crate::bench::{MethodName, ModelSize};
use crate::suite::files::Files;

/// The laboratory: compares optimizers, judges them on problems that nobody tuned, and measures what
/// they cost.
#[derive(Debug, Parser)]
#[command(name = "sls-lab", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judges optimizers on training problems on which nobody tuned: makes the runs that are not
    /// there yet, and a report of all.
    Problems(Box<ProblemsArgs>),
    /// Runs an experiment, a matrix of trainings by `glue`, as far as it is not run yet.
    Compare(CompareArgs),
    /// Turns the runs of an experiment into tables and pictures.
    Report(ReportArgs),
    /// Measures what a step of training costs on a device, of every method beside Adam's.
    ///
    /// Every method trains a copy of one randomly initialised model on the same random batches, a
    /// step each in turn. All copies are held at once: with all eight methods, bert-base takes 8.7
    /// GB for weights and moments, minilm 1.8 GB, and a step its gradients, directions and
    /// activations on top. --methods takes fewer.
    Bench(BenchArgs),
    /// Measures what a step and a trial cost on several devices, and computes it for more.
    #[cfg(feature = "remote")]
    Devices(crate::devices::DevicesArgs),
    /// Lends a device of this process to a training: what `devices` starts.
    #[cfg(feature = "remote")]
    #[command(hide = true)]
    Worker(burn_sls_run::worker::WorkerArgs),
    /// Makes one run and prints it: what `problems` starts.
    #[command(hide = true)]
    RunOne {
        /// What the problem is made from.
        #[command(flatten)]
        files: Files,
        /// The key of the run, as JSON.
        key: String,
    },
}

/// The options of `sls-lab compare`.
#[derive(Args, Clone, Debug)]
pub struct CompareArgs {
    /// A ready-made experiment (quick, table1, rivals, default, ablation, table2, fig1
    /// to fig9, units, merging, batches) or a TOML file that describes one
    #[arg(value_name = "NAME|FILE")]
    pub experiment: String,
    /// Folder of the comparison. Several experiments may share it: a run that they have in common
    /// is computed once
    #[arg(long, value_name = "DIR", default_value = COMPARISON)]
    pub out: PathBuf,
    /// Folder of the model to begin with, or `tiny` for a small BERT trained from scratch, or a
    /// name on the hub [default: the experiment's]
    #[arg(long, value_name = "DIR|NAME|tiny")]
    pub model: Option<String>,
    /// Folder with the tasks' folders of GLUE, or a name on the hub [default: the experiment's]
    #[arg(long, value_name = "DIR|NAME")]
    pub data_dir: Option<PathBuf>,
    /// Backend [default: the experiment's, or flex]
    #[arg(long, value_enum)]
    pub device: Option<DeviceName>,
    /// List the runs, and which of them are there, without running any
    #[arg(long)]
    pub plan: bool,
}

/// The options of `sls-lab report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder of a comparison, which the report is written into
    #[arg(value_name = "DIR", default_value = COMPARISON)]
    pub dir: PathBuf,
}

/// The folder of a comparison, if none is named.
const COMPARISON: &str = "comparison";

/// The options of `sls-lab bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Size of the model, whose weights are random
    #[arg(long, value_enum, default_value = "mlp")]
    pub model: ModelSize,
    /// Methods, separated by commas; adam is always among them, since all are compared with it
    /// [default: all]
    #[arg(long, value_enum, value_name = "NAME,...", value_delimiter = ',')]
    pub methods: Vec<MethodName>,
    /// Examples in a mini-batch
    #[arg(long, value_name = "N", default_value = "32", value_parser = at_least_one)]
    pub batch: usize,
    /// Tokens of an example, for a BERT [default: 64]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub tokens: Option<usize>,
    /// Steps of every method that are counted [default: mlp 100, minilm 20, bert-base 10]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub steps: Option<usize>,
    /// Steps of every method before those
    #[arg(long, value_name = "N", default_value = "3", value_parser = at_least_one)]
    pub warm_up: usize,
    /// Backend
    #[arg(long, value_enum, default_value = "flex")]
    pub device: DeviceName,
    /// Make a second table: how what a line search adds grows with units, tensors and parameters
    #[arg(long)]
    pub growth: bool,
    /// Folder for bench.json and bench.md
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Make a few steps of one method and print the most memory they took, for a process of its own
    #[arg(long, value_enum, hide = true)]
    pub alone: Option<MethodName>,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_string()),
        Ok(number) => Ok(number),
        Err(_) => Err("it must be a whole number of at least 1".to_string()),
    }
}

/// Which runs to make.
#[derive(Args, Clone, Debug)]
pub struct ProblemsArgs {
    /// The folder of the runs and of their report.
    #[arg(long, default_value = "target/problems")]
    pub out: PathBuf,
    /// Makes no run: reports those of this folder.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Lists the problems, and makes no run.
    #[arg(long)]
    pub list: bool,
    /// The first problem of every group, one seed, half as long, with `default`, `adam` and the
    /// tuned Adam.
    #[arg(long)]
    pub quick: bool,
    /// Families or groups; a name with `*` at its end stands for all that begin so, and one with
    /// `!` before it is left out. Default: all.
    #[arg(long, value_delimiter = ',')]
    pub families: Vec<String>,
    /// Who is judged.
    #[arg(long, value_delimiter = ',', default_values_t = default_competitors())]
    pub competitors: Vec<String>,
    /// Another setting of every preset that is judged, such as `c=0.5`: a competitor of its own
    /// name.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds of the nominal problems: `choose` (1 to 3), `report` (1001 to 1003), `1..5` with its
    /// end, `1,4`, or `none`. Those below 1,000 are for choosing, others for reporting.
    #[arg(long, default_value = "choose")]
    pub seeds: String,
    /// Drawn variants of every family that varies: for choosing, or, with seeds for reporting,
    /// for reporting.
    #[arg(long, default_value_t = 0)]
    pub drawn: u64,
    /// Length of runs, as a part of the problems' own.
    #[arg(long)]
    pub length: Option<f64>,
    /// Runs at once, each in a process with one thread.
    #[arg(long, default_value_t = 1)]
    pub jobs: usize,
    /// The files of the families that fine-tune a pre-trained BERT.
    #[command(flatten)]
    pub files: Files,
    /// Whose runs set the targets.
    #[arg(long, default_value = "adam-tuned")]
    pub bar: String,
    /// Makes the runs of these competitors again.
    #[arg(long, value_delimiter = ',')]
    pub again: Vec<String>,
}

fn default_competitors() -> Vec<String> {
    [
        "default",
        "amortized",
        "paper",
        "salsa",
        "adam",
        "adamw",
        "prodigy",
        "schedule-free",
        "adam-tuned",
        "schedule-free-tuned",
    ]
    .map(String::from)
    .to_vec()
}

/// The competitors with the settings of `--set`, and the bar among them.
///
/// `default` and `c=0.5` give `default+c=0.5`, and `default@2` gives `default+c=0.5@2`.
pub fn competitors(args: &ProblemsArgs) -> Vec<String> {
    let quick = ["default", "adam"].map(String::from);
    let named = match args.quick && args.competitors == default_competitors() {
        true => &quick[..],
        false => &args.competitors[..],
    };
    let mut competitors: Vec<String> = named.iter().map(|name| with(name, &args.set)).collect();
    if !competitors.contains(&args.bar) {
        competitors.push(args.bar.clone());
    }
    competitors
}

fn with(name: &str, settings: &[String]) -> String {
    let base = name.split(['+', '@']).next().unwrap_or_default();
    if base.parse::<Preset>().is_err() {
        return name.to_string();
    }
    let (rest, factor) = match name.rsplit_once('@') {
        Some((rest, factor)) => (rest, format!("@{factor}")),
        None => (name, String::new()),
    };
    let settings = settings.iter().map(|setting| format!("+{setting}"));
    format!("{rest}{}{factor}", settings.collect::<String>())
}

/// The seeds that are asked for.
///
/// # Errors
///
/// If the text is none of those that `--seeds` takes.
pub fn seeds(text: &str) -> Result<Vec<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let seeds = match text {
        "choose" => Some((1..=3).collect()),
        "report" => Some((1001..=1003).collect()),
        "none" => Some(Vec::new()),
        _ => match text.split_once("..") {
            Some((first, last)) => number(first)
                .zip(number(last.trim_start_matches('=')))
                .map(|(first, last)| (first..=last).collect()),
            None => text.split(',').map(number).collect(),
        },
    };
    seeds.ok_or_else(|| format!("`{text}` are no seeds: see --help"))
}

/// The draws of variants: of their own numbers for reporting, as the seeds are.
pub fn drawn(args: &ProblemsArgs, seeds: &[u64]) -> Vec<u64> {
    let reporting = args.seeds == "report" || seeds.iter().any(|seed| *seed >= 1000);
    let first = if reporting { 1001 } else { 1 };
    (first..first + args.drawn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_lists_ranges_and_names() {
        assert_eq!(seeds("1..3"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("choose"), Ok(vec![1, 2, 3]));
        assert_eq!(seeds("4,1"), Ok(vec![4, 1]));
        assert_eq!(seeds("none"), Ok(vec![]));
        assert!(seeds("many").is_err());
    }

    #[test]
    fn a_setting_belongs_to_presets() {
        let set = ["c=0.5".to_string()];
        assert_eq!(with("default", &set), "default+c=0.5");
        assert_eq!(with("default@2", &set), "default+c=0.5@2");
        assert_eq!(with("adam", &set), "adam");
    }
}
