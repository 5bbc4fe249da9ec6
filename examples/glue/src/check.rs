//! Options that contradict each other.

use std::str::FromStr;

use burn_sls_bert::glue::{Target, Task};

use crate::arguments::TrainArgs;
use crate::error::GlueError;
use crate::line_search;
use crate::names::{OptimizerName, TrainSize};
use crate::settings::{SENTENCES, Settings};

impl Settings {
    /// What can be refused before any file is opened.
    ///
    /// # Errors
    ///
    /// If options contradict each other.
    pub fn check(&self, args: &TrainArgs) -> Result<(), GlueError> {
        let refuse = |message: String| Err(GlueError::usage(message));
        if let Some(lr) = args.lr {
            if self.optimizer.is_line_search() {
                return refuse(format!(
                    "--lr {lr} has no meaning for a line search, which finds its step sizes \
                     itself: leave it out, or choose --optimizer adam, adamw, sgd, prodigy or \
                     schedule-free"
                ));
            }
            if lr <= 0.0 || lr > 1.0 {
                return refuse(format!("--lr is {lr}, and must be above 0 and at most 1"));
            }
        }
        self.check_line_search(args)?;
        self.check_devices()?;
        if self.balanced && self.train_size == TrainSize::All {
            return refuse(
                "--balanced needs --train-size: it says which examples are drawn, not how many"
                    .to_string(),
            );
        }
        if self.task == SENTENCES {
            return match &self.data_dir {
                None => Ok(()),
                Some(dir) => refuse(format!(
                    "the built-in sentences need no --data-dir {}: leave it out, or choose a --task",
                    dir.display()
                )),
            };
        }
        let task = Task::from_str(&self.task)?;
        if self.balanced && matches!(task.target(), Target::Score { .. }) {
            return refuse(format!(
                "--balanced has no meaning for {task}, whose labels are scores and not classes: \
                 leave it out"
            ));
        }
        match self.data_dir {
            Some(_) => Ok(()),
            None => refuse(format!(
                "--task {task} needs --data-dir: the folder that holds {}/train.tsv",
                task.folder()
            )),
        }
    }

    /// Whether the optimizer can train on so many devices.
    ///
    /// # Errors
    ///
    /// If it cannot.
    pub fn check_devices(&self) -> Result<(), GlueError> {
        match self.optimizer {
            OptimizerName::Prodigy | OptimizerName::ScheduleFree if self.devices.len() > 1 => {
                Err(GlueError::usage(
                    "--devices is for line searches, adam, adamw and sgd: name one device, or \
                     choose another --optimizer",
                ))
            }
            _ => Ok(()),
        }
    }

    /// The options that are for line searches, or for PLASLS alone.
    fn check_line_search(&self, args: &TrainArgs) -> Result<(), GlueError> {
        let refuse = |message: String| Err(GlueError::usage(message));
        for (option, value) in [
            ("--first-step-size", args.first_step_size),
            ("--merge-below", args.merge_below),
        ] {
            if let Some(value) = value.filter(|value| *value <= 0.0) {
                return refuse(format!("{option} is {value}, and must be above 0"));
            }
        }
        let search = self.optimizer.is_line_search();
        let plasls = self.optimizer == OptimizerName::Plasls;
        for (option, given) in [
            ("--first-step-size", args.first_step_size.is_some()),
            ("--preset", args.preset.is_some()),
            ("--schedule", args.schedule.is_some()),
            ("--set", !args.set.is_empty()),
        ] {
            if given && !search {
                return refuse(format!(
                    "{option} is for a line search (sgdsls, adamsls, plasls): leave it out"
                ));
            }
        }
        for (option, given) in [
            ("--units", args.units.is_some()),
            ("--merge-below", args.merge_below.is_some()),
        ] {
            if given && !plasls {
                return refuse(format!(
                    "{option} is for --optimizer plasls, the one with a step size for each unit: \
                     leave it out"
                ));
            }
        }
        line_search::check(self)
    }
}
