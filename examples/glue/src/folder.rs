//! The folder of a run: a new one, or one to go on with.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn_sls_run::device::DeviceSpec;
use burn_sls_run::record::{RUN, read_run};
use burn_sls_run::{RunError, checkpoints, claim};

use crate::arguments::TrainArgs;
use crate::error::GlueError;
use crate::pretrained;
use crate::saved_model;
use crate::settings::{LEFT_BEHIND, Settings};

/// What `run.json` holds.
pub type RunFile = burn_sls_run::record::RunFile<Settings>;

/// The folder of the run, if one is named, and what an earlier run left there if it is to be
/// resumed.
pub fn open(args: &TrainArgs) -> Result<(Option<PathBuf>, Option<RunFile>), GlueError> {
    let refuse = |message: String| Err(GlueError::usage(message));
    if let Some(dir) = args.data_dir.as_ref().filter(|dir| dir.to_str().is_none()) {
        let dir = dir.display();
        return refuse(format!(
            "--data-dir {dir} is not in UTF-8: rename it, or give a link to it"
        ));
    }
    match (&args.out, args.resume) {
        (None, true) => refuse("--resume needs --out: the folder of the run to go on with".into()),
        (Some(out), true) => {
            let file = out.join(RUN);
            match fs::metadata(&file) {
                Ok(file) if file.is_file() => {}
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    return Err(RunError::io(file, error).into());
                }
                _ => {
                    return refuse(format!(
                        "there is no run to resume in {}: it has no {RUN}",
                        out.display()
                    ));
                }
            }
            let mut run: RunFile = read_run(out)?;
            let mut asked = args.clone();
            match asked.device.take() {
                // One device in place of several.
                Some(device) if !run.settings.devices.is_empty() => {
                    run.settings.devices = vec![DeviceSpec::Here(device, None)];
                }
                device => asked.device = device,
            }
            if !args.devices.is_empty() {
                run.settings.devices = args.devices.clone();
            }
            run.settings.check_devices()?;
            if let Some(units) = asked.units {
                let config = pretrained::config_of(&run.settings.model)?;
                asked.units = Some(units.fit(config.num_hidden_layers));
            }
            match run.settings.conflict(&asked) {
                Some(conflict) => refuse(format!(
                    "the run in {} was made with {conflict}: leave the option out to resume it",
                    out.display()
                )),
                None => Ok((Some(out.clone()), Some(run))),
            }
        }
        (Some(out), false) => {
            let files = [saved_model::FILE, "tokenizer.json"];
            match claim::taken(out, &files, &[checkpoints::FOLDER, LEFT_BEHIND]) {
                Some(why) => refuse(format!("{} {why}, or choose another --out", out.display())),
                None => Ok((Some(out.clone()), None)),
            }
        }
        (None, false) => Ok((None, None)),
    }
}

/// Whether a comparison has taken away of a run what it has no use for: its checkpoints among it,
/// without which a run is finished or begins again.
pub fn of_comparison(out: &Path) -> bool {
    !out.join(checkpoints::FOLDER).exists() && !out.join("tokenizer.json").exists()
}

/// Refuses to go on with a run on other examples than it began with.
///
/// # Errors
///
/// If their checksum is not that of the run.
pub fn check_data(run: &RunFile, checksum: Option<&str>, out: &Path) -> Result<(), GlueError> {
    let data = run.settings.data_dir.as_deref();
    match &run.data_checksum {
        Some(earlier) if Some(earlier.as_str()) != checksum => Err(RunError::Training(format!(
            "the examples{} are not those that the run in {} began with, so its data or the \
             tokenizer of its model was replaced: put the old files back and resume it, or begin \
             another run with another --out",
            data.map_or(String::new(), |data| format!(" in {}", data.display())),
            out.display()
        ))
        .into()),
        _ => Ok(()),
    }
}
