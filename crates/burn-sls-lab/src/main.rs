//! The program `sls-lab`; see the library for what it does.

use std::process::ExitCode;

use burn_sls_lab::bench::bench;
use burn_sls_lab::cli::{Cli, Command};
use burn_sls_lab::comparison::{self, Compared, compare, report};
use burn_sls_lab::error::LabError;
use burn_sls_lab::suite::{Ending, problems, run_one};
use burn_sls_run::{file_limit, pipe};
use clap::Parser;

/// Training allocates and frees large tensors all the time; the system's allocator gives their
/// pages back and faults them in again.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    file_limit::is_an_error();
    pipe::end_with_the_reader();
    done(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.exit_code())
    })
}

fn done(command: Command) -> Result<ExitCode, LabError> {
    match command {
        Command::Problems(args) => {
            return Ok(match problems(&args)? {
                Ending::Finished => ExitCode::SUCCESS,
                Ending::Interrupted => ExitCode::from(130),
                Ending::Failed => ExitCode::from(1),
            });
        }
        Command::Compare(args) => {
            let ending = compare(&args)?;
            println!("{}", comparison::farewell(&ending, &args));
            return Ok(match ending {
                Compared::Finished | Compared::Listed => ExitCode::SUCCESS,
                Compared::Interrupted => ExitCode::from(130),
                Compared::Failed(_) => ExitCode::from(1),
            });
        }
        Command::Report(args) => println!("{}", report::farewell(&report::report(&args)?)),
        Command::Bench(args) => println!("{}", bench(&args)?),
        #[cfg(feature = "remote")]
        Command::Devices(args) => burn_sls_lab::devices::devices(&args)?,
        #[cfg(feature = "remote")]
        Command::Worker(args) => burn_sls_run::worker::serve(&args)?,
        Command::RunOne { files, key } => {
            let record = run_one(&key, &files)?;
            let line = serde_json::to_string(&record);
            println!(
                "{}",
                line.map_err(|error| LabError::usage(error.to_string()))?
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
