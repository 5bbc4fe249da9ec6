//! The line search that a command line comes to.

use burn_sls_bert::UnitSplit;
use burn_sls_optim::{InitialStep, Iteration, LineSearchConfig, Preset, Units};
use clap::Parser;
use glue::arguments::{Cli, Command};
use glue::line_search::config;
use glue::settings::Settings;

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
    let config = made(
        "--preset paper --optimizer plasls --units 7 --merge-below 1e-12",
        64_000,
    );
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

#[test]
fn what_has_an_option_of_its_own_is_set_by_that() {
    for (word, says) in [
        ("seed=3", "set by --seed"),
        ("iteration=paper", "set by --preset"),
        ("merge_below=1e-3", "set by --merge-below"),
        ("units=2", "set by --units"),
        ("c=1.5", "must be in (0, 1)"),
    ] {
        let words = ["glue", "train", "--set", word];
        let Some(Command::Train(args)) = Cli::parse_from(words).command else {
            unreachable!("`train` was given")
        };
        let error = Settings::new(&args).unwrap_err().to_string();
        assert!(
            error.starts_with("--set: ") && error.contains(says),
            "{error}"
        );
    }
}
