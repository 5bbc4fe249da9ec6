//! The line search that a run's settings ask for.

use burn_sls_optim::LineSearchConfig;

use crate::error::GlueError;
use crate::model::GlueModel;
use crate::settings::{OptimizerName, Settings, overrides};

/// Epochs of fewer mini-batches than this count as so many when the growth of the step size is
/// spread over them.
///
/// A step size at its limit must be shrunk as often as it grows, at a forward pass each: with
/// growth by `2^(1/16)` a step that is 0.41 forward passes a step, with `2^(1/500)`, the growth of the
/// paper's published code, 0.013.
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
    let Some(config) = of_optimizer(settings) else {
        return Ok(None);
    };
    let config = match settings.optimizer {
        OptimizerName::Plasls => {
            let split = settings.units.unwrap_or_default();
            LineSearchConfig::plasls(split.units_at(GlueModel::CLASSIFIER, layers))
        }
        _ => config,
    };
    let batches = examples as f64 / settings.batch_size as f64;
    let config = config.with_batches_per_epoch(batches.max(SHORTEST_EPOCH));
    // After the program's own rule for growth: a preset that brings a constant keeps it.
    let config = preset(settings, config);
    let config = match settings.first_step_size {
        Some(step_size) => config.with_first_step_size(step_size),
        None => config,
    };
    let config = LineSearchConfig {
        merge_below: settings.merge_below,
        seed: settings.seed,
        ..config
    };
    let config = overrides::apply(config, &settings.set);
    config
        .map(Some)
        .map_err(|reason| GlueError::Usage(format!("--set: {reason}")))
}

/// The line search before anything is known of the model and the data; none for an optimizer with a
/// learning rate.
pub(crate) fn of_optimizer(settings: &Settings) -> Option<LineSearchConfig> {
    let config = match settings.optimizer {
        OptimizerName::Sgdsls => LineSearchConfig::sgdsls(),
        OptimizerName::Adamsls | OptimizerName::Plasls => LineSearchConfig::adamsls(),
        OptimizerName::Adam
        | OptimizerName::Adamw
        | OptimizerName::Sgd
        | OptimizerName::Prodigy
        | OptimizerName::ScheduleFree => return None,
    };
    Some(preset(settings, config))
}

fn preset(settings: &Settings, config: LineSearchConfig) -> LineSearchConfig {
    match settings.preset {
        Some(preset) => burn_sls_optim::Preset::from(preset).apply(config),
        None => config,
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
    use burn_sls_optim::{Preset, Procedure};
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
            assert_eq!(config.procedure, Procedure::Reference);
            assert_eq!(config, Preset::Reference.apply(config.clone()), "{line}");
            assert_eq!((config.batches_per_epoch, config.seed), (500.0, 7));
            assert_eq!(config.first_step_size, 0.1);
            let config = made(&format!("{line} --first-step-size 0.02"), 64_000);
            assert_eq!(config.first_step_size, 0.02);
        }
    }

    #[test]
    fn a_first_step_size_by_hand_leaves_nothing_to_look_for() {
        let config = made("--preset default", 500);
        assert_eq!(
            config.bracket,
            Preset::Default.apply(config.clone()).bracket
        );
        assert!(config.bracket.is_some());
        let config = made("--preset default --first-step-size 1e-4", 500);
        assert_eq!((config.bracket, config.first_step_size), (None, 1e-4));
    }

    #[test]
    fn other_presets_grow_over_an_epoch_of_the_data() {
        let config = made("--optimizer plasls --units 7 --merge-below 1e-12", 64_000);
        assert_eq!(config.batches_per_epoch, 2000.0);
        assert_eq!(config.merge_below, Some(1e-12));
        assert_eq!(
            config.units,
            UnitSplit::count(7).unwrap().units_at("classifier", 12)
        );
        assert_eq!(made("--preset default", 500).batches_per_epoch, 500.0);
        assert!(made("", 500).units.names().eq(["all"]));
    }
}
