//! A preset with single settings replaced, by their names in files.

use burn_sls_optim::{LineSearchConfig, Preset};
use serde_json::{Map, Value};

use crate::schedule::Schedule;

/// The groups in which the last part of a setting's path is looked for.
const GROUPS: [&str; 6] = [
    "averaging",
    "search",
    "start",
    "start/growth",
    "schedule",
    "direction",
];

/// The preset of a name.
pub fn preset(name: &str) -> Option<Preset> {
    serde_json::from_value(Value::String(name.to_string())).ok()
}

/// ADAMSLS with a preset and `KEY=VALUE`s. A key is the path of a setting, such as `search.c`, or
/// its last part; a value is JSON, or a word. `tail=0.2` is the part of the run over which the
/// steps fall to 0.
///
/// # Errors
///
/// What is wrong with a setting.
pub fn configured(
    preset: Preset,
    settings: &[&str],
) -> Result<(LineSearchConfig, Schedule), String> {
    let config = preset.adamsls();
    let mut values = serde_json::to_value(&config).map_err(|error| error.to_string())?;
    let mut schedule = Schedule::Constant;
    for setting in settings {
        let (key, text) = setting
            .split_once('=')
            .ok_or_else(|| format!("`{setting}` is not KEY=VALUE"))?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_string()));
        if key == "tail" {
            let tail = value.as_f64().filter(|tail| 0.0 < *tail && *tail <= 1.0);
            let tail = tail.ok_or_else(|| format!("`tail` is {text}, and must be in (0, 1]"))?;
            schedule = Schedule::Tail { tail };
            continue;
        }
        let path = path(&values, key)?;
        let place = values.pointer_mut(&path);
        *place.ok_or_else(|| format!("no setting `{key}`"))? = value;
    }
    let config: LineSearchConfig =
        serde_json::from_value(values).map_err(|error| error.to_string())?;
    config.validate().map_err(|error| error.to_string())?;
    Ok((config, schedule))
}

/// The path of a setting, as serde_json takes it.
fn path(values: &Value, key: &str) -> Result<String, String> {
    let whole = format!("/{}", key.replace('.', "/"));
    if values.pointer(&whole).is_some() {
        return Ok(whole);
    }
    let has = |group: &&str| {
        let group = values.pointer(&format!("/{group}"));
        let fields = group.and_then(Value::as_object);
        fields.is_some_and(|fields: &Map<String, Value>| fields.contains_key(key))
    };
    let groups: Vec<&str> = GROUPS.into_iter().filter(has).collect();
    match groups[..] {
        [group] => Ok(format!("/{group}/{key}")),
        [] => Err(format!("no setting `{key}`")),
        _ => Err(format!("`{key}` is in the groups {}", groups.join(", "))),
    }
}
