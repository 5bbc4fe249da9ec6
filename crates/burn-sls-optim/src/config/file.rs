//! Configurations in files: an absent key has its preset's value, and an unknown one is refused.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{
    Averaging, Direction, DirectionConfig, LineSearchConfig, Preset, ScheduleConfig, SearchConfig,
    StartConfig,
};
use crate::direction::Adam;
use crate::units::Units;

/// The objects whose keys are settings. Every other value is one setting as a whole: the `z` of
/// `{"paired": {"z": 1}}` does not belong into the preset's rule of acceptance.
const GROUPS: [&str; 5] = ["direction", "search", "start", "start.growth", "schedule"];

/// A file in which no key is absent.
#[derive(Deserialize)]
#[serde(remote = "LineSearchConfig", deny_unknown_fields)]
struct Complete {
    preset: Preset,
    direction: DirectionConfig,
    units: Units,
    search: SearchConfig,
    start: StartConfig,
    schedule: ScheduleConfig,
    averaging: Option<Averaging>,
    seed: Option<u64>,
}

impl<'de> Deserialize<'de> for LineSearchConfig {
    /// Reads a configuration. An absent key has the value that the file's `preset` gives it for the
    /// file's direction and units; without a `preset`, that is [`Preset::Default`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let file = Map::deserialize(deserializer)?;
        complete(file).map_err(D::Error::custom)
    }
}

/// The configuration of a file. An error names the key that is at fault.
fn complete(file: Map<String, Value>) -> Result<LineSearchConfig, String> {
    let file = Value::Object(file);
    let preset: Preset = read(&file, "preset")?.unwrap_or_default();
    let direction = read(&file, "direction.kind")?;
    let direction = direction.unwrap_or(Direction::Adam(Adam::default()));
    let units: Units = read(&file, "units")?.unwrap_or_default();

    let mut config = preset.config(direction, units);
    let mut values = serde_json::to_value(&config).map_err(|error| error.to_string())?;
    let mut given = Vec::new();
    collect(&file, &values, "", &mut given)?;
    // One after the other, so that a value of the wrong type is known by its key.
    for (path, value) in given {
        if let Some(place) = values.pointer_mut(&format!("/{}", path.replace('.', "/"))) {
            *place = value.clone();
        }
        config = Complete::deserialize(&values).map_err(|error| format!("`{path}`: {error}"))?;
        let written = serde_json::to_value(&config).map_err(|error| error.to_string())?;
        ignored(value, at(&written, &path), &path)?;
    }
    Ok(config)
}

/// The value under a key, if there is one.
fn at<'a>(values: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(values, |value, key| value.get(key))
}

/// The setting under a key, if the file has it.
fn read<'a, T: Deserialize<'a>>(file: &'a Value, path: &str) -> Result<Option<T>, String> {
    let value = at(file, path).map(T::deserialize).transpose();
    value.map_err(|error| format!("`{path}`: {error}"))
}

/// Collects the settings of `file`, each with its path.
fn collect<'a>(
    file: &'a Value,
    preset: &Value,
    group: &str,
    given: &mut Vec<(String, &'a Value)>,
) -> Result<(), String> {
    for (key, value) in file.as_object().into_iter().flatten() {
        let path = match group {
            "" => key.clone(),
            _ => format!("{group}.{key}"),
        };
        match preset.get(key) {
            None => return Err(unknown(&path, preset)),
            Some(inner) if value.is_object() && GROUPS.contains(&path.as_str()) => {
                collect(value, inner, &path, given)?;
            }
            Some(_) => given.push((path, value)),
        }
    }
    Ok(())
}

/// Refuses a key that a type has ignored: what was read is written without it.
fn ignored(value: &Value, written: Option<&Value>, path: &str) -> Result<(), String> {
    let known = written.unwrap_or(&Value::Null);
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match known.get(key) {
            None => return Err(unknown(&path, known)),
            written => ignored(inner, written, &path)?,
        }
    }
    Ok(())
}

fn unknown(path: &str, known: &Value) -> String {
    let known = known.as_object().into_iter().flatten();
    let known: Vec<String> = known.map(|(key, _)| format!("`{key}`")).collect();
    let known = known.join(", ");
    format!("unknown setting `{path}`, expected one of {known}")
}

#[cfg(test)]
mod tests {
    use burn::grad_clipping::GradientClippingConfig;
    use burn_sls_core::Acceptance;

    use super::*;
    use crate::config::{Extrapolation, Frequency, Hypergradient, InitialStep, ReduceOnPlateau};

    const PRESETS: [Preset; 5] = [
        Preset::Reference,
        Preset::Paper,
        Preset::Salsa,
        Preset::Amortized,
        Preset::Default,
    ];

    fn parsed(json: &str) -> LineSearchConfig {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    fn refused(json: &str) -> String {
        let error = serde_json::from_str::<LineSearchConfig>(json).expect_err(json);
        error.to_string()
    }

    #[test]
    fn every_preset_comes_back_from_its_json() {
        let units = Units::named([("a", vec!["a"]), ("b", vec!["b"])]);
        for preset in PRESETS {
            for config in [
                preset.sgdsls(),
                preset.adamsls().with_weight_decay(0.1).with_seed(u64::MAX),
                preset
                    .plasls(units.clone())
                    .with_merging(1e-12)
                    .with_clipping(GradientClippingConfig::Norm(0.1))
                    .with_frequency(Frequency::settling(7))
                    .with_reduce_on_plateau(ReduceOnPlateau::new(100))
                    .with_acceptance(Acceptance::Paired { z: 1.0 / 3.0 })
                    .with_loss_lower_bound(None)
                    .with_max_step_size(0.3),
            ] {
                assert_eq!(parsed(&config.to_string()), config);
            }
        }
    }

    #[test]
    fn an_absent_key_has_the_value_of_the_preset_that_is_named() {
        assert_eq!(parsed("{}"), LineSearchConfig::adamsls());
        for preset in PRESETS {
            let name = serde_json::to_string(&preset).expect("a name");
            let config = parsed(&format!(r#"{{"preset": {name}}}"#));
            assert_eq!(config, preset.adamsls());

            let sgd = r#""direction": {"kind": {"sgd": {"weight_decay": 0.5}}}"#;
            let config = parsed(&format!(r#"{{"preset": {name}, {sgd}}}"#));
            assert_eq!(config, preset.sgdsls().with_weight_decay(0.5));

            let nested = r#""search": {"c": 0.2}, "start": {"growth": {"gamma": 3}}"#;
            let config = parsed(&format!(r#"{{{nested}, "preset": {name}}}"#));
            assert_eq!(config, preset.adamsls().with_c(0.2).with_gamma(3.0));
        }
    }

    #[test]
    fn a_value_with_a_name_replaces_that_of_the_preset() {
        let config = parsed(
            r#"{"preset": "salsa", "search": {"acceptance": {"paired": {"z": 1}}},
                "start": {"initial_step": {"polyak": {"otherwise": 0.5}}},
                "schedule": {"frequency": {"settling": {"longest": 4}}}}"#,
        );
        let otherwise = 0.5;
        let expected = Preset::Salsa
            .adamsls()
            .with_acceptance(Acceptance::Paired { z: 1.0 })
            .with_initial_step(InitialStep::Polyak { c: 1.0, otherwise })
            .with_frequency(Frequency::settling(4));
        assert_eq!(config, expected);

        let config = parsed(
            r#"{"search": {"shrink": 0.5}, "start": {"initial_step": {"fixed": 0.1},
                "extrapolation": {"most": 3}}, "direction": {"clipping": {"Norm": 1}}}"#,
        );
        let expected = LineSearchConfig::adamsls()
            .with_shrink(0.5)
            .with_initial_step(InitialStep::Fixed(0.1))
            .with_extrapolation(Extrapolation {
                most: 3.0,
                ..Extrapolation::default()
            })
            .with_clipping(GradientClippingConfig::Norm(1.0));
        assert_eq!(config, expected);
    }

    #[test]
    fn null_unsets_an_option_and_an_empty_object_sets_one() {
        let config = parsed(
            r#"{"start": {"extrapolation": null, "polyak_cap": null},
                "schedule": {"budget": null}, "search": {"loss_lower_bound": null}}"#,
        );
        let expected = LineSearchConfig::adamsls()
            .with_extrapolation(None)
            .with_polyak_cap(None)
            .with_budget(None)
            .with_loss_lower_bound(None);
        assert_eq!(config, expected);

        let config = parsed(r#"{"preset": "paper", "start": {"hypergradient": {}}}"#);
        let expected = Preset::Paper
            .adamsls()
            .with_hypergradient(Hypergradient::default());
        assert_eq!(config, expected);

        let config = parsed(r#"{"averaging": null}"#);
        assert_eq!(config, LineSearchConfig::adamsls().with_averaging(None));
        let config = parsed(r#"{"preset": "amortized", "averaging": {"beta": 0.7}}"#);
        let averaging = Averaging {
            beta: 0.7,
            ..Averaging::default()
        };
        let expected = Preset::Amortized.adamsls().with_averaging(averaging);
        assert_eq!(config, expected);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        for (json, name) in [
            (r#"{"max_trials": 4}"#, "`max_trials`"),
            (r#"{"search": {"max_trial": 4}}"#, "`search.max_trial`"),
            (r#"{"start": {"growth": {"n": 4}}}"#, "`start.growth.n`"),
            (r#"{"start": {"extrapolation": {"mots": 2}}}"#, "`mots`"),
            (r#"{"averaging": {"power": 1, "pover": 2}}"#, "pover`"),
            (
                r#"{"start": {"initial_step": {"polyak": {"b": 1}}}}"#,
                "`b`",
            ),
            (
                r#"{"direction": {"kind": {"adam": {"beta1": 0.9}}}}"#,
                "`beta1`",
            ),
            (r#"{"direction": {"clip": null}}"#, "`direction.clip`"),
            (r#"{"preset": "best"}"#, "`best`"),
            (
                r#"{"search": {"acceptance": {"paired": {"z": 1, "y": 2}}}}"#,
                "`search.acceptance.paired.y`",
            ),
        ] {
            let error = refused(json);
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_with_its_key() {
        for (json, name) in [
            (r#"{"search": {"c": "small"}}"#, "`search.c`"),
            (r#"{"search": null}"#, "`search`"),
            (r#"{"seed": -1}"#, "`seed`"),
            (
                r#"{"schedule": {"frequency": "often"}}"#,
                "`schedule.frequency`",
            ),
            (r#"{"units": {}}"#, "`units`"),
            (r#"{"search": {"max_trials": null}}"#, "`search.max_trials`"),
        ] {
            let error = refused(json);
            assert!(error.contains(name), "{error}");
        }
    }
}
