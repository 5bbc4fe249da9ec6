//! The line search that a run's settings ask for.

use burn_sls_optim::{InitialStep, LineSearchConfig, Preset};

use crate::error::GlueError;
use crate::model::GlueModel;
use crate::settings::{OptimizerName, Settings, overrides};

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
    overrides::apply(config, &settings.set)
        .map(Some)
        .map_err(|reason| GlueError::Usage(format!("--set: {reason}")))
}

/// The line search before the model and the data are known; none for an optimizer with a learning
/// rate.
pub(crate) fn of_optimizer(settings: &Settings) -> Option<LineSearchConfig> {
    let preset = settings.preset.map(Preset::from).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use burn_sls_bert::UnitSplit;
    use burn_sls_optim::{Iteration, Units};
    use clap::Parser;

    use super::*;
    use crate::settings::{Cli, Command};

    fn made(line: &str, examples: usize) -> LineSearchConfig {
        let words = ["glue", "train"].into_iter().chain(line.split_whitespace());
        let Some(Command::Train(args)) = Cli::parse_from(words).command else {
            unreachable!("`train` was given")
        };
        let config = config(&Settings::new(&args).unwrap(), examples, 12);
        config.unwrap().expect("a line search")
    }

    #[test]
    fn the_reference_preset_keeps_its_growth_and_first_step_size() {
        for optimizer in ["sgdsls", "adamsls", "plasls"] {
            let line = format!("--preset reference --model bert --seed 7 --optimizer {optimizer}");
            let config = made(&line, 64_000);
            assert_eq!(config.search.iteration, Iteration::Published);
            let preset = Preset::Reference.config(config.direction.kind, config.units.clone());
            assert_eq!(config, preset.with_seed(7), "{line}");
            assert_eq!(config.start.growth.batches_per_epoch, 500.0);
            assert_eq!(config.start.initial_step, InitialStep::Fixed(0.1));
            let config = made(&format!("{line} --first-step-size 0.02"), 64_000);
            assert_eq!(config.start.initial_step, InitialStep::Fixed(0.02));
        }
    }

    #[test]
    fn a_first_step_size_by_hand_leaves_nothing_to_look_for() {
        for (name, preset) in [
            ("default", Preset::Default),
            ("amortized", Preset::Amortized),
        ] {
            let preset = preset.adamsls().start;
            let start = made(&format!("--preset {name}"), 500).start;
            assert_eq!(start, preset);
            assert!(matches!(start.initial_step, InitialStep::Polyak { .. }));
            let line = format!("--preset {name} --first-step-size 1e-4");
            let start = made(&line, 500).start;
            let initial_step = InitialStep::Fixed(1e-4);
            assert_eq!((start.initial_step, start.expand), (initial_step, None));
            assert_eq!(start.extrapolation, preset.extrapolation);
        }
    }

    #[test]
    fn other_presets_grow_over_an_epoch_of_the_data() {
        let batches = |config: &LineSearchConfig| config.start.growth.batches_per_epoch;
        let config = made("--optimizer plasls --units 7 --merge-below 1e-12", 64_000);
        assert_eq!(batches(&config), 2000.0);
        assert_eq!(config.schedule.merge_below, Some(1e-12));
        assert_eq!(
            config.units,
            UnitSplit::count(7).unwrap().units_at("classifier", 12)
        );
        assert_eq!(batches(&made("--preset default", 500)), 500.0);
        assert_eq!(batches(&made("--preset salsa", 64_000)), 1.0);
        assert_eq!(made("", 500).units, Units::one());
    }
}
