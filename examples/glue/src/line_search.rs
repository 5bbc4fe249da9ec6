//! The line search that a run's settings ask for.

use burn_sls_optim::{InitialStep, LineSearchConfig, Preset};

use crate::error::GlueError;
use crate::model::GlueModel;
use crate::names::OptimizerName;
use crate::settings::Settings;

/// Epochs of fewer mini-batches than this count as so many when the growth of the step size is
/// spread over them.
///
/// A step size at its limit must be shrunk as often as it grows, at a forward pass each: with
/// growth by `2^(1/16)` a step that is 0.41 forward passes a step, with `2^(1/500)`, the growth of
/// the paper's published code, 0.013.
const SHORTEST_EPOCH: f64 = 500.0;

/// The line search for a model of `layers` layers and so many training examples; none for an
/// optimizer with a learning rate.
///
/// # Errors
///
/// If settings do not go together.
pub fn config(
    settings: &Settings,
    examples: usize,
    layers: usize,
) -> Result<Option<LineSearchConfig>, GlueError> {
    let Some(mut config) = of_optimizer(settings) else {
        return Ok(None);
    };
    if settings.optimizer == OptimizerName::Plasls {
        let split = settings.units.unwrap_or_default();
        config.units = split.units_at(GlueModel::CLASSIFIER, layers);
    }
    let batches = match settings.devices.len() {
        0 | 1 => examples as f64 / settings.batch_size as f64,
        _ => settings.steps_of_an_epoch(examples) as f64,
    };
    let config = match config.preset {
        // The growth of the published code, and of SaLSa's, is the same whatever the data.
        Preset::Reference | Preset::Salsa => config,
        _ => config.with_batches_per_epoch(batches.max(SHORTEST_EPOCH)),
    };
    let config = match settings.first_step_size {
        // The search does not go on to longer ones, as it would from a Polyak step.
        Some(step_size) => config
            .with_initial_step(InitialStep::Fixed(step_size))
            .with_expansion(None),
        None => config,
    };
    let config = config
        .with_merging(settings.merge_below)
        .with_seed(settings.seed);
    with_settings(config, settings).map(Some)
}

/// Refuses settings that a line search does not have.
pub fn check(settings: &Settings) -> Result<(), GlueError> {
    match of_optimizer(settings) {
        Some(config) => with_settings(config, settings).map(drop),
        None => Ok(()),
    }
}

/// What has an option of its own, and that option.
const OPTIONS: [(&str, &str); 5] = [
    ("units", "--units"),
    ("merge_below", "--merge-below"),
    ("seed", "--seed"),
    ("iteration", "--preset"),
    ("preset", "--preset"),
];

/// The line search with the settings of `--set`.
fn with_settings(
    config: LineSearchConfig,
    settings: &Settings,
) -> Result<LineSearchConfig, GlueError> {
    let mut options = OPTIONS.iter();
    let given = |option: &str| settings.set.iter().any(|(name, _)| name == option);
    let config = match options.find(|(name, _)| given(name)) {
        Some((name, option)) => Err(format!("`{name}` is set by {option}")),
        None => settings.set.over(config),
    };
    config.map_err(|reason| GlueError::usage(format!("--set: {reason}")))
}

/// The line search before the model and the data are known; none for an optimizer with a learning
/// rate.
fn of_optimizer(settings: &Settings) -> Option<LineSearchConfig> {
    let preset = settings.preset.unwrap_or_default();
    match settings.optimizer {
        OptimizerName::Sgdsls => Some(preset.sgdsls()),
        OptimizerName::Adamsls | OptimizerName::Plasls => Some(preset.adamsls()),
        OptimizerName::Adam
        | OptimizerName::Adamw
        | OptimizerName::Sgd
        | OptimizerName::Prodigy
        | OptimizerName::ScheduleFree => None,
    }
}

/// The names of the units; none for an optimizer with a learning rate.
pub fn unit_names(config: Option<&LineSearchConfig>) -> Vec<String> {
    let names = config.into_iter().flat_map(|config| config.units.names());
    names.map(str::to_string).collect()
}
