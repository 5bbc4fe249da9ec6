//! The experiment as it stands in the folder of its comparison, for whoever reports on it.

use std::fs;
use std::path::Path;

use burn_sls_optim::Preset;
use burn_sls_run::RunError;
use burn_sls_run::files::write_whole;
use glue::settings::base_name;

use super::experiment::{Experiment, Method, Shape};
use crate::error::LabError;

/// Notes an experiment, which was opened by this name or file, in the folder of its comparison.
///
/// The user's own file may lie there already. What a report has to know is then added to it, and
/// everything else stays as it is.
///
/// # Errors
///
/// If the folder holds another experiment of that name, or the file cannot be written.
pub(super) fn note(
    out: &Path,
    name: &str,
    opened: &str,
    experiment: &Experiment,
) -> Result<(), LabError> {
    let file = out.join(format!("{name}.toml"));
    if is_same(Path::new(opened), &file) {
        return complete(&file, experiment);
    }
    let portable = experiment.portable();
    if file.is_file() {
        compatible(out, name, &Experiment::recorded(&file)?, &portable)?;
    }
    Ok(write_whole(&file, portable.to_toml().as_bytes())?)
}

fn is_same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Refuses an experiment whose runs would not be those of the one that is `there`.
fn compatible(
    out: &Path,
    name: &str,
    there: &Experiment,
    portable: &Experiment,
) -> Result<(), LabError> {
    let out = out.display();
    if there.model != portable.model {
        return Err(LabError::usage(format!(
            "{out} holds the experiment `{name}` with another model: choose another --out"
        )));
    }
    for method in &portable.methods {
        let same = |other: &&Method| other.name == method.name;
        let other = there.methods.iter().find(same);
        let preset = other.and_then(|other| other.preset);
        if let Some(preset) = preset.filter(|preset| Some(*preset) != method.preset) {
            return Err(LabError::usage(format!(
                "{out} holds the experiment `{name}` with the preset {preset} of `{}`: write \
                 preset = \"{preset}\" into its file, or choose another --out",
                method.name
            )));
        }
    }
    Ok(())
}

/// Adds to the user's own file what a report has to know and the file leaves to the command line: the
/// model, and its shape. A preset that it leaves to the program would be taken for the paper's.
fn complete(file: &Path, experiment: &Experiment) -> Result<(), LabError> {
    let refuse = |what: String| {
        let file = file.display();
        Err(LabError::usage(format!(
            "{file} lies in the folder of its comparison, and {what}, or choose another --out"
        )))
    };
    let there = Experiment::read(file)?;
    for method in there
        .methods
        .iter()
        .filter(|method| method.optimizer.is_line_search())
    {
        if method.preset.is_none() {
            return refuse(format!(
                "names no preset of `{}`: write preset = \"{}\" into it",
                method.name,
                Preset::default()
            ));
        }
    }
    let before = fs::read_to_string(file).map_err(|error| RunError::io(file, error))?;
    let mut text = before.clone();
    if let Some(model) = &experiment.model {
        match there.model.as_deref().map(base_name) {
            None => text = format!("model = {}\n{text}", toml::Value::from(model.as_str())),
            Some(other) if other != base_name(model) => {
                return refuse(format!("names the model {other}: leave --model out"));
            }
            Some(_) => {}
        }
    }
    if let (None, Some(Shape { layers, positions })) = (there.model_shape, experiment.model_shape) {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        text += &format!("{end}\n[model_shape]\nlayers = {layers}\npositions = {positions}\n");
    }
    match text == before {
        true => Ok(()),
        false => Ok(write_whole(file, text.as_bytes())?),
    }
}
