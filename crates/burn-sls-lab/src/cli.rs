//! The command line.

use clap::{Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::comparison::{CompareArgs, ReportArgs};
use crate::suite::ProblemsArgs;
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
