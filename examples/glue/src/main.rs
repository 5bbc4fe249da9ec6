//! The command-line program; see the library for what it does.

use std::process::ExitCode;

use clap::Parser;
use glue::settings::{Cli, Command, TrainArgs};
use glue::train::{Ending, farewell, train};

fn main() -> ExitCode {
    let args = match Cli::parse().command {
        Some(Command::Train(args)) => *args,
        None => TrainArgs::default(),
    };
    match train(&args) {
        Ok(ending) => {
            println!("{}", farewell(&ending, &args));
            match ending {
                Ending::Finished { .. } => ExitCode::SUCCESS,
                Ending::Interrupted { .. } => ExitCode::from(130),
            }
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
