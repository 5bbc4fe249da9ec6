//! A judge for optimizers that ask for no learning rate: training problems on which nobody tuned.
//!
//! An optimizer that needs no tuning should train whatever comes, as it is. So every competitor has
//! one configuration for all [problems](mod@problems), as under the rules of AlgoPerf, and it is
//! judged against a *bar* that may do what it may not: Adam with a warm-up and a cosine, at the best
//! of five learning rates for each problem.
//!
//! ```sh
//! sls-lab problems --quick                    # a problem of every group, in minutes
//! sls-lab problems                            # all problems, seeds for choosing
//! sls-lab problems --seeds report --drawn 4   # seeds that nothing was chosen on
//! sls-lab problems --competitors default --set c=0.5
//! sls-lab problems --competitors default,default@0.5,default@2
//! sls-lab problems --report target/problems
//! ```
//!
//! A [problem](problem::Problem) is drawn from a seed; a *drawn variant* has another network, other
//! data and another batch size too. A [run] is a function of its problem, its variant and its
//! [competitor], and is made in a process of its own with one thread. The [store] keeps it as a
//! line, so a set of runs can be interrupted and continued at any time, and more competitors can be
//! added. The [score]s and the [report] are made of the store alone.
//!
//! Seeds below 1,000 are for choosing settings, others for reporting what was chosen.

mod args;
pub mod competitor;
pub mod family;
pub mod files;
mod model_file;
pub mod nets;
pub mod plan;
pub mod problem;
pub mod problems;
pub mod record;
pub mod report;
pub(crate) mod reported;
pub mod run;
pub mod runner;
pub mod schedule;
pub mod score;
pub mod select;
pub mod settings;
pub mod store;
#[cfg(test)]
pub(crate) mod testing;
mod trainer;
pub mod variant;

use std::collections::HashMap;
use std::io;

use burn::tensor::Device;
use burn_sls_run::claim::Claim;
use burn_sls_run::interrupt;

use crate::drive::{Around, Durations, drive};
use crate::error::LabError;

pub use args::ProblemsArgs;
use competitor::{Competitor, Tuned};
use family::Family;
use files::Files;
use plan::Wanted;
use problems::families;
use record::{Key, Record};
use run::Run;
use runner::Runner;
use store::Store;
use variant::Variant;

/// How a set of runs has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All runs are there.
    Finished,
    /// The user has stopped it.
    Interrupted,
    /// Some runs have failed.
    Failed,
}

/// What the arguments ask for.
///
/// # Errors
///
/// If a family or a competitor is unknown, or an argument is out of range.
pub fn wanted(args: &ProblemsArgs) -> Result<Wanted, LabError> {
    let competitors = args::competitors(args).map_err(LabError::Usage)?;
    for name in &competitors {
        if Tuned::named(name).is_none() {
            Competitor::named(name)?;
        }
    }
    let usual = if args.quick { "1" } else { "choose" };
    let seeds = args::seeds(args.seeds.as_deref().unwrap_or(usual)).map_err(LabError::Usage)?;
    let length = args.length.unwrap_or(if args.quick { 0.5 } else { 1.0 });
    if !(length > 0.0 && length.is_finite()) {
        return Err(LabError::Usage(format!(
            "the length {length} must be above 0"
        )));
    }
    Ok(Wanted {
        families: match args.quick && args.families.is_empty() {
            true => select::quick(&args.files),
            false => select::available(&args.families, &args.files).map_err(LabError::Usage)?,
        },
        competitors,
        drawn: args::drawn(args, &seeds),
        seeds,
        length,
    })
}

/// Makes the runs that are not there yet, and the report of all that are there.
///
/// # Errors
///
/// [`LabError`]. Runs that fail are no error: they are listed.
pub fn problems(args: &ProblemsArgs) -> Result<Ending, LabError> {
    if args.list {
        for family in select::matching(&args.families).map_err(LabError::Usage)? {
            println!("{:<28} {:<14} {}", family.name, family.group, family.doc);
        }
        return Ok(Ending::Finished);
    }
    if let Some(folder) = &args.report {
        let records = Store::read(folder)?;
        println!("{}", report::report(folder, &records, &args.bar)?);
        return Ok(Ending::Finished);
    }
    let wanted = wanted(args)?;
    let again = args::again(&args.again, &wanted.judged()).map_err(LabError::Usage)?;
    let _claim = Claim::made(args.out.clone())?;
    let mut store = Store::open(&args.out)?;
    check_files(&wanted, args)?;
    let usage = |error: io::Error| LabError::Usage(error.to_string());
    let runner = Runner::new(&args.files).map_err(usage)?;
    interrupt::catch_ctrl_c("stopping; runs under way are made again the next time")?;

    let missing =
        |key: &Key, store: &Store| again.contains(&key.competitor) || store.find(key).is_none();
    let first = wanted.first(|own| is_reported(own, &again, &store));
    let first = first.into_iter();
    let first = first.filter(|key| missing(key, &store)).collect();
    let mut seen = Durations::default();
    let mut made = |runs: Vec<Key>, store: &mut Store| {
        let keep = |_: &str, _: &Key, record| Ok(store.append(record)?);
        drive(
            &runner,
            runs,
            &Around::default(),
            args.jobs,
            &mut seen,
            keep,
        )
    };
    let mut driven = made(first, &mut store)?;
    if !driven.interrupted {
        let (chosen, undecided) = chosen(&wanted, &again, &store);
        for key in undecided {
            let name = format!("{} on {}", key.competitor, key.problem_name());
            let reason = "no candidate has finished".to_string();
            eprintln!("{name} has failed: {reason}");
            driven.failed.push((name, reason));
        }
        let mut runs: Vec<Key> = Vec::new();
        for (_, key) in &chosen {
            if store.find(key).is_none() && !runs.contains(key) {
                runs.push(key.clone());
            }
        }
        let then = made(runs, &mut store)?;
        driven.interrupted = then.interrupted;
        driven.failed.extend(then.failed);
        note(chosen, &mut store)?;
    }
    println!("{}", report::report(&args.out, store.records(), &args.bar)?);
    Ok(match (driven.interrupted, driven.failed.is_empty()) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::Finished,
        (false, false) => Ending::Failed,
    })
}

/// Makes a problem of every family that reads files, so that a wrong folder shows at once and not in
/// every run; and checks that other runs of the output folder began from the same model.
fn check_files(wanted: &Wanted, args: &ProblemsArgs) -> Result<(), LabError> {
    let mut reading = wanted
        .families
        .iter()
        .filter(|f| f.reads_files())
        .peekable();
    if reading.peek().is_none() {
        return Ok(());
    }
    for family in reading {
        family.problem(&Variant::nominal(1), &args.files)?;
    }
    model_file::check(&args.out, &args.files)
}

/// Whether the run of a tuned competitor was read from a report, which has none of those that the
/// rate was chosen from, and is not to be made again.
fn is_reported(own: &Key, again: &[String], store: &Store) -> bool {
    let reported = store.find(own).is_some_and(|run| run.kept_for.is_some());
    reported && !again.contains(&own.competitor)
}

/// For each run of a tuned competitor, the run of the candidate with the best rate; and those for
/// which no candidate has finished.
fn chosen(wanted: &Wanted, again: &[String], store: &Store) -> (Vec<(Key, Key)>, Vec<Key>) {
    let (mut chosen, mut undecided) = (Vec::new(), Vec::new());
    for (tuned, family, variant) in wanted.tuned() {
        let own = wanted.key(family, variant, tuned.name());
        if is_reported(&own, again, store) {
            continue;
        }
        let choices = wanted.choices(tuned, family, variant);
        let records: Vec<Vec<&Record>> = choices
            .iter()
            .map(|keys| keys.iter().filter_map(|key| store.find(key)).collect())
            .filter(|records: &Vec<&Record>| records.len() == choices[0].len())
            .collect();
        match plan::best(&records) {
            Some(best) => chosen.push((own, wanted.key(family, variant, best))),
            None => undecided.push(own),
        }
    }
    (chosen, undecided)
}

/// Writes down the chosen runs as those of the tuned competitors.
fn note(chosen: Vec<(Key, Key)>, store: &mut Store) -> Result<(), LabError> {
    for (own, key) in chosen {
        let Some(record) = store.find(&key) else {
            continue;
        };
        let record = Record {
            key: own,
            chosen: Some(key.competitor),
            ..record.clone()
        };
        if store.find(&record.key) != Some(&record) {
            store.append(record)?;
        }
    }
    Ok(())
}

/// Makes one run.
///
/// # Errors
///
/// If its key names nothing, or a step is refused.
pub fn run_one(key: &str, files: &Files) -> Result<Record, LabError> {
    let usage = |error: serde_json::Error| LabError::Usage(error.to_string());
    let key: Key = serde_json::from_str(key).map_err(usage)?;
    let by_name: HashMap<&str, &Family> = families().iter().map(|f| (f.name, f)).collect();
    let family = by_name.get(key.problem.as_str());
    let family = family.ok_or_else(|| LabError::Usage(format!("no family `{}`", key.problem)))?;
    let problem = family.problem(&key.variant, files)?;
    let run = Run {
        problem: key.problem,
        group: family.group.to_string(),
        variant: key.variant,
        length: key.length,
        device: Device::flex(),
    };
    let competitor = Competitor::named(&key.competitor)?;
    Ok(problem.run(&competitor, &run)?)
}
