//! The folder of a run: a new one, or one to go on with.

use std::path::{Path, PathBuf};

use crate::error::GlueError;
use crate::pretrained;
use crate::results::{RUN, RunFile, read_run};
use crate::settings::{Settings, TrainArgs};

/// The folder of the run, and what an earlier run left there if it is to be resumed.
pub fn open(args: &TrainArgs) -> Result<(PathBuf, Option<RunFile>), GlueError> {
    let refuse = |message: String| Err(GlueError::Usage(message));
    match (&args.out, args.resume) {
        (None, true) => refuse("--resume needs --out: the folder of the run to go on with".into()),
        (Some(out), true) => {
            if !out.join(RUN).is_file() {
                return refuse(format!(
                    "there is no run to resume in {}: it has no {RUN}",
                    out.display()
                ));
            }
            let run = read_run(out)?;
            let mut asked = args.clone();
            if let Some(units) = asked.units {
                let config = pretrained::config_of(&run.settings.model)?;
                asked.units = Some(units.fit(config.num_hidden_layers));
            }
            match run.settings.conflict(&asked) {
                Some(conflict) => refuse(format!(
                    "the run in {} was made with {conflict}: leave the option out to resume it",
                    out.display()
                )),
                None => Ok((out.clone(), Some(run))),
            }
        }
        (Some(out), false) => {
            if out.join(RUN).exists() {
                return refuse(format!(
                    "{} holds a run already: go on with it by --resume, or choose another --out",
                    out.display()
                ));
            }
            if out.is_file() {
                return refuse(format!("--out {} is a file, not a folder", out.display()));
            }
            Ok((out.clone(), None))
        }
        (None, false) => {
            let name = Settings::new(args)?.name();
            let mut numbers = 1..;
            let free = numbers.find_map(|number| {
                let out = Path::new("runs").join(format!("{name}-{number}"));
                (!out.exists()).then_some(out)
            });
            Ok((free.expect("some number is free"), None))
        }
    }
}
