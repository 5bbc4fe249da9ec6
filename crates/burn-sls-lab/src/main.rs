//! The program `sls-lab`; see the library for what it does.

use std::process::ExitCode;

use burn_sls_lab::cli::{Cli, Command};
use burn_sls_lab::suite::{Ending, LabError, problems, run_one};
use clap::Parser;

/// Training allocates and frees large tensors all the time; the system's allocator gives their
/// pages back and faults them in again.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Problems(args) => problems(&args).map(|ending| match ending {
            Ending::Finished => ExitCode::SUCCESS,
            Ending::Interrupted => ExitCode::from(130),
            Ending::Failed => ExitCode::from(1),
        }),
        #[cfg(feature = "remote")]
        Command::Devices(args) => burn_sls_lab::devices::devices(&args).map(|()| ExitCode::SUCCESS),
        #[cfg(feature = "remote")]
        Command::Worker(args) => {
            let served = glue::worker::serve(&args);
            let served = served.map_err(|error| LabError::Usage(error.to_string()));
            served.map(|()| ExitCode::SUCCESS)
        }
        Command::RunOne { files, key } => run_one(&key, &files).and_then(|record| {
            let line = serde_json::to_string(&record);
            let line = line.map_err(|error| LabError::Usage(error.to_string()))?;
            println!("{line}");
            Ok(ExitCode::SUCCESS)
        }),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}
