//! The command-line program; see the library for what it does.

use std::process::ExitCode;

use clap::Parser;
use glue::bench::bench;
use glue::compare::{self, Compared, compare};
use glue::error::GlueError;
use glue::report::{self, report};
use glue::settings::{Cli, Command, TrainArgs};
use glue::train::{Ending, farewell, train};
use glue::units;
use glue::{file_limit, pipe};

/// Training allocates and frees large tensors all the time; the system's allocator gives their
/// pages back and faults them in again, which costs a fifth to a third of a step
/// (`tests/benches/encoder.rs`).
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    file_limit::is_an_error();
    pipe::end_with_the_reader();
    let done = match Cli::parse().command {
        Some(Command::Train(args)) => run(&args),
        Some(Command::Compare(args)) => compare(&args).map(|ending| {
            println!("{}", compare::farewell(&ending, &args));
            match ending {
                Compared::Finished | Compared::Listed => ExitCode::SUCCESS,
                Compared::Interrupted => ExitCode::from(130),
                Compared::Failed(_) => ExitCode::from(1),
            }
        }),
        Some(Command::Report(args)) => report(&args).map(|written| {
            println!("{}", report::farewell(&written));
            ExitCode::SUCCESS
        }),
        Some(Command::Units(args)) => units::table(&args).map(|table| {
            println!("{table}");
            ExitCode::SUCCESS
        }),
        Some(Command::Bench(args)) => bench(&args).map(|tables| {
            println!("{tables}");
            ExitCode::SUCCESS
        }),
        #[cfg(feature = "remote")]
        Some(Command::Worker(args)) => glue::worker::serve(&args).map(|()| ExitCode::SUCCESS),
        #[cfg(not(feature = "remote"))]
        Some(Command::Worker(_)) => Err(GlueError::Usage(
            "workers are not built in: build with `cargo build --release -p glue --features remote`"
                .to_string(),
        )),
        None => run(&TrainArgs::default()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.exit_code())
    })
}

fn run(args: &TrainArgs) -> Result<ExitCode, GlueError> {
    let ending = train(args)?;
    println!("{}", farewell(&ending, args));
    Ok(match ending {
        Ending::Finished { .. } => ExitCode::SUCCESS,
        Ending::Interrupted { .. } => ExitCode::from(130),
    })
}
