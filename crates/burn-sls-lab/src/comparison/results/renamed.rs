//! Settings of a line search that had other names in earlier versions. Recorded settings of old
//! experiments and their runs are translated when a comparison reads them, so that a run is found
//! again by the settings of now. In a new experiment the old names are refused.

use burn_sls_optim::NamedSettings;
use glue::names::OptimizerName;
use glue::settings::Settings;
use serde_json::{Map, Value, json};

/// The settings of a recorded run by their names of now.
pub(crate) fn of_run(settings: Settings) -> Settings {
    let set = translated(&settings.set, settings.optimizer, settings.first_step_size);
    Settings { set, ..settings }
}

/// Recorded settings by their names of now:
///
/// | old | new |
/// |---|---|
/// | `bracket` | `initial_step` (Polyak's, or fixed) and `expand` |
/// | `ceiling` | `polyak_cap` |
/// | `clipping`: `norm`, `value` | `clipping`: `Norm`, `Value` |
/// | `direction` | `kind` |
/// | `extrapolate` | `extrapolation` (its `most`) and `hypergradient` (on or off) |
/// | `tail` | `reduce_on_plateau` |
/// | `tested`: `search`, `taken` | `along`: `gradient`, `update` |
///
/// All others have kept their names. `first_step_size` is the one of the run; without, it was the
/// library's.
pub(crate) fn translated(
    set: &NamedSettings,
    optimizer: OptimizerName,
    first_step_size: Option<f64>,
) -> NamedSettings {
    let unset = |value: &Value| value.is_null() || value.as_str() == Some("none");
    let mut now = Map::new();
    for (key, value) in set.iter() {
        let mut insert = |key: &str, value: Value| {
            now.insert(key.to_string(), value);
        };
        match key {
            "bracket" => {
                let library = match optimizer {
                    OptimizerName::Sgdsls => 1.0,
                    _ => 0.1,
                };
                let otherwise = first_step_size.unwrap_or(library);
                let expand = value.get("expand").filter(|expand| !expand.is_null());
                insert("expand", expand.cloned().unwrap_or("none".into()));
                let initial_step = match value.get("polyak") {
                    Some(c) => json!({"polyak": {"c": c, "otherwise": otherwise}}),
                    None => json!({"fixed": otherwise}),
                };
                insert("initial_step", initial_step);
            }
            "ceiling" => insert("polyak_cap", value.clone()),
            "clipping" => insert(key, capitalized(value)),
            "direction" => insert("kind", value.clone()),
            "extrapolate" if unset(value) => {
                insert("extrapolation", value.clone());
                insert("hypergradient", value.clone());
            }
            "extrapolate" => {
                insert("extrapolation", json!({"most": value}));
                insert("hypergradient", json!({}));
            }
            "tail" => insert("reduce_on_plateau", value.clone()),
            "tested" => {
                let along = match value.as_str() {
                    Some("search") => "gradient".into(),
                    Some("taken") => "update".into(),
                    _ => value.clone(),
                };
                insert("along", along);
            }
            _ => insert(key, value.clone()),
        }
    }
    now.into()
}

/// A limit of clipping with its kind as Burn writes it.
fn capitalized(clipping: &Value) -> Value {
    match (clipping.get("norm"), clipping.get("value")) {
        (Some(limit), _) => json!({"Norm": limit}),
        (_, Some(limit)) => json!({"Value": limit}),
        _ => clipping.clone(),
    }
}

#[cfg(test)]
mod tests {
    use burn_sls_optim::Preset;

    use super::*;

    fn now(set: Value, first_step_size: Option<f64>) -> Value {
        let set: NamedSettings = serde_json::from_value(set).expect("an object");
        let now = translated(&set, OptimizerName::Adamsls, first_step_size);
        // Whatever it is translated into can be set.
        now.over(Preset::Amortized.adamsls())
            .expect("settings of now");
        // And stays when it is read again.
        assert_eq!(translated(&now, OptimizerName::Adamsls, None), now);
        serde_json::to_value(now).expect("plain data")
    }

    #[test]
    fn recorded_settings_have_the_names_of_now() {
        let polyak = |otherwise: f64| json!({"polyak": {"c": 0.5, "otherwise": otherwise}});
        for (old, first, new) in [
            (json!({"c": 0.1}), None, json!({"c": 0.1})),
            (
                json!({"tested": "search"}),
                None,
                json!({"along": "gradient"}),
            ),
            (json!({"tested": "taken"}), None, json!({"along": "update"})),
            (
                json!({"ceiling": "none"}),
                None,
                json!({"polyak_cap": "none"}),
            ),
            (
                json!({"tail": {"window": 20}}),
                None,
                json!({"reduce_on_plateau": {"window": 20}}),
            ),
            (
                json!({"extrapolate": "none"}),
                None,
                json!({"extrapolation": "none", "hypergradient": "none"}),
            ),
            (
                json!({"extrapolate": 1.2}),
                None,
                json!({"extrapolation": {"most": 1.2}, "hypergradient": {}}),
            ),
            (
                json!({"bracket": {"polyak": 0.5, "expand": 3.0}}),
                None,
                json!({"expand": 3.0, "initial_step": polyak(0.1)}),
            ),
            (
                json!({"bracket": {"polyak": 0.5}}),
                Some(4e-5),
                json!({"expand": "none", "initial_step": polyak(4e-5)}),
            ),
            (
                json!({"bracket": "none"}),
                None,
                json!({"expand": "none", "initial_step": {"fixed": 0.1}}),
            ),
            (
                json!({"clipping": {"norm": 1.0}}),
                None,
                json!({"clipping": {"Norm": 1.0}}),
            ),
        ] {
            assert_eq!(now(old.clone(), first), new, "{old}");
        }
    }
}
