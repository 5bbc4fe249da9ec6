//! The program `glue`: fine-tunes BERT on GLUE without a learning rate.
//!
//! A training goes through these files from top to bottom:
//!
//! | | |
//! |---|---|
//! | [`arguments`], [`names`], [`settings`], [`check`] | what was asked for, with its defaults |
//! | [`data`], [`pretrained`] | examples, tokens, and the weights to begin with |
//! | [`model`], [`metrics`] | BERT and its results, as Burn's `Learner` wants them |
//! | [`line_search`], [`optimizer`], [`learner`] | the line search, or an optimizer to compare it with |
//! | [`folder`], [`saved_model`], [`words`], [`error`] | what a run leaves behind, and what is said of it |
//!
//! [`mod@train`] leads through them. [`units`] shows what has a step size of its own. Checkpoints,
//! records, progress and workers are those of `burn-sls-run`.

pub mod arguments;
pub mod check;
pub mod data;
pub mod error;
pub mod folder;
pub mod learner;
pub mod line_search;
pub mod metrics;
pub mod model;
pub mod names;
pub mod optimizer;
pub mod pretrained;
pub mod saved_model;
pub mod settings;
pub mod train;
pub mod units;
pub mod words;

use std::process::ExitCode;

use burn_sls_run::{file_limit, pipe, worker};
use clap::Parser;

use arguments::{Cli, Command};
use error::GlueError;
use learner::Ending;
use train::train;

/// The program.
pub fn main() -> ExitCode {
    file_limit::is_an_error();
    pipe::end_with_the_reader();
    let command = Cli::parse().command;
    done(command.unwrap_or_default()).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(error.exit_code())
    })
}

fn done(command: Command) -> Result<ExitCode, GlueError> {
    match command {
        Command::Train(args) => {
            let ending = train(&args)?;
            println!("{}", words::farewell(&ending, &args));
            if let Ending::Interrupted { .. } = ending {
                return Ok(ExitCode::from(130));
            }
        }
        Command::Units(args) => println!("{}", units::table(&args)?),
        Command::Worker(args) => worker::serve(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}
