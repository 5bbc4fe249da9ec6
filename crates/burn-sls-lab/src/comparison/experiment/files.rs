//! Experiments in files.

use std::fs;
use std::path::Path;

use burn_sls_optim::Preset;
use burn_sls_run::RunError;
use glue::names::first_step_size;
use glue::settings::{TINY, base_name};

use super::{Experiment, READY, ready};
use crate::comparison::results::renamed;
use crate::error::LabError;

impl Experiment {
    /// The experiment of that name, or in that file, and the name that its parts of a comparison go
    /// by.
    ///
    /// # Errors
    ///
    /// If there is none, or it is not an experiment.
    pub fn open(name_or_file: &str) -> Result<(String, Self), LabError> {
        if let Some(experiment) = ready::description(name_or_file) {
            let experiment: Self = experiment
                .try_into()
                .map_err(|error| RunError::file(name_or_file, error))?;
            return Ok((name_or_file.to_string(), experiment));
        }
        let path = Path::new(name_or_file);
        if !path.is_file() {
            return Err(LabError::usage(format!(
                "there is no experiment `{name_or_file}`: name one of {}, or a TOML file",
                READY.join(", ")
            )));
        }
        let stem = path.file_stem().unwrap_or_default();
        Ok((stem.to_string_lossy().into_owned(), Self::read(path)?))
    }

    /// Reads the file of an experiment.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or does not describe an experiment.
    pub fn read(path: &Path) -> Result<Self, LabError> {
        let text = fs::read_to_string(path).map_err(|error| RunError::io(path, error))?;
        Ok(Self::parse(&text).map_err(|reason| RunError::file(path, reason))?)
    }

    /// Reads the file that a comparison has written, whose settings may have names of before.
    ///
    /// # Errors
    ///
    /// As for [`read`](Self::read).
    pub fn recorded(path: &Path) -> Result<Self, LabError> {
        let mut experiment = Self::read(path)?;
        let scratch = experiment.model.as_deref().unwrap_or(TINY) == TINY;
        for method in &mut experiment.methods {
            // Where a file of before names none, that was the paper's.
            let preset = match method.optimizer.is_line_search() {
                true => *method.preset.get_or_insert(Preset::Paper),
                false => continue,
            };
            let first = method
                .first_step_size
                .or_else(|| first_step_size(preset, method.optimizer, scratch));
            method.set = renamed::translated(&method.set, method.optimizer, first);
        }
        Ok(experiment.portable())
    }

    /// Reads the description of an experiment.
    ///
    /// # Errors
    ///
    /// The mistake, with its line if the text is not understood at all.
    pub fn parse(text: &str) -> Result<Self, String> {
        let experiment: Self = toml::from_str(text).map_err(|error| {
            let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
            let place = error
                .span()
                .map(|span| format!("line {}: ", line(span.start)));
            format!("{}{}", place.unwrap_or_default(), error.message().trim())
        })?;
        experiment.check()?;
        Ok(experiment)
    }

    /// The experiment as it is kept beside its runs: without where its model and data lie, and with
    /// the presets that it leaves to the program.
    #[must_use]
    pub fn portable(&self) -> Self {
        let model = self
            .model
            .as_deref()
            .map(|model| base_name(model).to_string());
        let mut methods = self.methods.clone();
        for method in &mut methods {
            if method.optimizer.is_line_search() {
                method.preset.get_or_insert_default();
            }
        }
        Self {
            model,
            data_dir: None,
            methods,
            ..self.clone()
        }
    }

    /// The experiment as a file.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("an experiment is plain data")
    }
}
