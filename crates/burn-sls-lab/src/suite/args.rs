//! The options of `sls-lab problems`, and what they come to.

use std::path::PathBuf;

use clap::Args;

use super::competitor::{Rates, Tuned, is_line_search};
use super::files::Files;

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
    /// Another setting of every line search that is judged, such as `c=0.5`: a competitor of its
    /// own name.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seeds of the nominal problems: `choose` (1 to 3), `report` (1001 to 1003), `1..5` with its
    /// end, `1,4`, or `none`. Those below 1,000 are for choosing, others for reporting. Default:
    /// `choose`, and 1 with `--quick`.
    #[arg(long)]
    pub seeds: Option<String>,
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
    /// Makes the runs of these competitors again; of a tuned one, those that its rate is chosen
    /// from.
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
///
/// # Errors
///
/// If there are settings, and no line search that they are of.
pub fn competitors(args: &ProblemsArgs) -> Result<Vec<String>, String> {
    let quick = ["default", "adam"].map(String::from);
    let named = match args.quick && args.competitors == default_competitors() {
        true => &quick[..],
        false => &args.competitors[..],
    };
    let mut competitors: Vec<String> = named.iter().map(|name| with(name, &args.set)).collect();
    if !args.set.is_empty() && competitors == named {
        let names = named.join(", ");
        return Err(format!(
            "--set is of line searches, and there is none among {names}"
        ));
    }
    if !competitors.contains(&args.bar) {
        competitors.push(args.bar.clone());
    }
    Ok(competitors)
}

fn with(name: &str, settings: &[String]) -> String {
    let base = name.split(['+', '@']).next().unwrap_or_default();
    if !is_line_search(base) {
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

/// Whose runs are made again: of these `names`, and of the candidates of a tuned one. Where a
/// candidate is made again, the tuned one chooses again.
///
/// # Errors
///
/// If there is a name of nobody who is `judged`, a tuned one's candidates among them.
pub fn again(names: &[String], judged: &[String]) -> Result<Vec<String>, String> {
    if let Some(unknown) = names.iter().find(|name| !judged.contains(name)) {
        let judged = judged.join(", ");
        return Err(format!(
            "--again {unknown}: there are no runs of that name, but of {judged}"
        ));
    }
    let mut again = names.to_vec();
    for tuned in Tuned::ALL
        .iter()
        .filter(|tuned| judged.iter().any(|name| name == tuned.name()))
    {
        let rates = [Rates::SCRATCH, Rates::PRETRAINED];
        let candidates = rates.map(|rates| tuned.candidates(&rates)).concat();
        if names.iter().any(|name| name == tuned.name()) {
            again.extend(candidates);
        } else if names.iter().any(|name| candidates.contains(name)) {
            again.push(tuned.name().to_string());
        }
    }
    Ok(again)
}

/// The draws of variants: of their own numbers for reporting, as the seeds are.
pub fn drawn(args: &ProblemsArgs, seeds: &[u64]) -> Vec<u64> {
    let report = args.seeds.as_deref() == Some("report");
    let reporting = report || seeds.iter().any(|seed| *seed >= 1000);
    let first = if reporting { 1001 } else { 1 };
    (first..first + args.drawn).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

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
        assert_eq!(with("plasls", &set), "plasls+c=0.5");
        assert_eq!(with("adam", &set), "adam");
    }

    /// The arguments of a command line.
    fn parsed(line: &str) -> ProblemsArgs {
        #[derive(Parser)]
        struct Cli {
            #[command(flatten)]
            args: ProblemsArgs,
        }
        Cli::parse_from(["problems"].into_iter().chain(line.split_whitespace())).args
    }

    #[test]
    fn a_setting_that_nobody_takes_is_refused() {
        let of = |line: &str| competitors(&parsed(line));
        let sgdsls = of("--competitors sgdsls,adam --set c=0.3 --bar adam");
        assert_eq!(sgdsls.unwrap(), ["sgdsls+c=0.3", "adam"]);
        let error = of("--competitors adam,adamw --set c=0.3").unwrap_err();
        assert!(error.contains("none among adam, adamw"), "{error}");
    }

    #[test]
    fn runs_are_made_again_of_those_who_are_judged_and_of_their_candidates() {
        let judged = ["default", "adam-tuned", "adam-cosine:1e-3"].map(String::from);
        let of = |name: &str| again(&[name.to_string()], &judged);
        assert_eq!(of("default").unwrap(), ["default"]);
        let tuned = of("adam-tuned").unwrap();
        assert!(
            tuned.iter().any(|name| name == "adam-cosine:3e-2"),
            "{tuned:?}"
        );
        assert_eq!(
            of("adam-cosine:1e-3").unwrap(),
            ["adam-cosine:1e-3", "adam-tuned"]
        );
        let error = of("defualt").unwrap_err();
        assert!(error.contains("default, adam-tuned"), "{error}");
        of("adam-cosine:2e-5").unwrap_err();
    }
}
