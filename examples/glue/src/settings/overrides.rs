//! Settings of a line search that have no option of their own: `--set KEY=VALUE`.

use burn_sls_optim::LineSearchConfig;
use serde_json::{Map, Value};

use super::renamed::RENAMED;

/// The groups of settings. No two settings have the same name, whatever their groups.
const GROUPS: [&str; 5] = ["direction", "search", "start", "start.growth", "schedule"];

/// A setting that is absent or a group: it is set as a whole, or one by one where it is there.
const OPTIONAL: &str = "averaging";

/// What has an option of its own, and that option.
const OPTIONS: [(&str, &str); 5] = [
    ("units", "--units"),
    ("schedule.merge_below", "--merge-below"),
    ("seed", "--seed"),
    ("search.iteration", "--preset"),
    ("preset", "--preset"),
];

/// A word `KEY=VALUE` of the command line. A value that is not JSON is a name.
pub(super) fn parse(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("it must be KEY=VALUE, such as c=0.3")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((key.trim().to_string(), value))
}

/// Settings by their bare names, such as `c` for `search.c` or for `c` in an object `search`.
/// Names of no setting stay as they are. Of a setting that is there twice, the last counts.
pub(crate) fn collected<'a>(
    words: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Map<String, Value> {
    fn collect(key: &str, value: &Value, paths: &[String], into: &mut Map<String, Value>) {
        match value {
            Value::Object(group) if GROUPS.contains(&key) => {
                for (inner, value) in group {
                    collect(&format!("{key}.{inner}"), value, paths, into);
                }
            }
            _ => {
                let name = find(paths, key).and_then(|path| path.rsplit('.').next());
                into.insert(name.unwrap_or(key).to_string(), value.clone());
            }
        }
    }
    let mut settings = Map::new();
    let mut words = words.into_iter().peekable();
    if words.peek().is_some() {
        let paths = paths(&written(&LineSearchConfig::adamsls()));
        words.for_each(|(key, value)| collect(key, value, &paths, &mut settings));
    }
    settings
}

/// The configuration as an object.
fn written(config: &LineSearchConfig) -> Value {
    serde_json::to_value(config).expect("a configuration is plain data")
}

/// The paths of all settings, such as `search.c`.
fn paths(config: &Value) -> Vec<String> {
    fn collect(object: &Value, group: &str, paths: &mut Vec<String>) {
        for (key, value) in object.as_object().into_iter().flatten() {
            let path = match group {
                "" => key.clone(),
                _ => format!("{group}.{key}"),
            };
            let group = GROUPS.contains(&path.as_str());
            if group || path == OPTIONAL {
                collect(value, &path, paths);
            }
            if !group {
                paths.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    collect(config, "", &mut paths);
    paths
}

/// The path of a setting by its name, with its groups or without.
fn find<'a>(paths: &'a [String], key: &str) -> Option<&'a str> {
    let named = |path: &&String| match path.strip_suffix(key) {
        Some(groups) => groups.is_empty() || groups.ends_with('.'),
        None => false,
    };
    paths.iter().find(named).map(String::as_str)
}

/// The line search with these settings in place of its own. The word `none` unsets a setting, like
/// `null`: TOML has no null.
///
/// # Errors
///
/// If there is no setting of that name, or its value cannot be.
pub(crate) fn apply(
    config: LineSearchConfig,
    overrides: &Map<String, Value>,
) -> Result<LineSearchConfig, String> {
    if overrides.is_empty() {
        return Ok(config);
    }
    let mut settings = written(&config);
    let paths = paths(&settings);
    let mut config = config;
    for (key, value) in overrides {
        let path = find(&paths, key).ok_or_else(|| unknown(key, &paths))?;
        if let Some(option) = option(path) {
            return Err(format!("`{key}` is set by {option}"));
        }
        let none = value.as_str() == Some("none");
        let value = if none { Value::Null } else { value.clone() };
        let place = settings.pointer_mut(&format!("/{}", path.replace('.', "/")));
        // A part of a group that has just been set to none has no place.
        *place.ok_or_else(|| unknown(key, &paths))? = value.clone();
        // One by one, so that the error says which.
        config = serde_json::from_value(settings.clone())
            .map_err(|error| format!("`{key}` cannot be {value}: {error}"))?;
    }
    config.validate().map_err(|error| error.to_string())?;
    Ok(config)
}

/// The option that sets the setting of this path, if there is one.
fn option(path: &str) -> Option<&'static str> {
    let (_, option) = OPTIONS.iter().find(|(setting, _)| *setting == path)?;
    Some(option)
}

/// What to say of a name that no setting has.
fn unknown(key: &str, paths: &[String]) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    if let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == name) {
        return format!("`{key}` is now {now}");
    }
    let names: Vec<&str> = paths
        .iter()
        .map(String::as_str)
        .filter(|path| option(path).is_none())
        .collect();
    format!(
        "a line search has no setting `{key}`: there are {}",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use burn_sls_optim::{Averaging, Frequency, Preset, SearchAlong, Shrink};

    use super::*;

    fn applied(words: &[&str]) -> Result<LineSearchConfig, String> {
        applied_to(Preset::Default, words)
    }

    fn applied_to(preset: Preset, words: &[&str]) -> Result<LineSearchConfig, String> {
        let pairs: Result<Vec<_>, String> = words.iter().map(|word| parse(word)).collect();
        let pairs = pairs?;
        let settings = collected(pairs.iter().map(|(key, value)| (key, value)));
        apply(preset.adamsls(), &settings)
    }

    #[test]
    fn settings_are_numbers_names_and_json() {
        let words = [
            "c=0.3",
            "along=gradient",
            r#"shrink={"parabola":{"least":0.1,"most":0.7}}"#,
            r#"frequency={"settling":{"longest":10}}"#,
        ];
        // Averaged steps are tested as they are taken.
        let error = applied(&words).unwrap_err();
        assert!(error.contains("`averaging`"), "{error}");
        let config = applied_to(Preset::Amortized, &words);
        let config = config.unwrap();
        let search = &config.search;
        assert_eq!((search.c, search.along), (0.3, SearchAlong::Gradient));
        let parabola = Shrink::Parabola {
            least: 0.1,
            most: 0.7,
        };
        assert_eq!(search.shrink, parabola);
        assert_eq!(config.schedule.frequency, Frequency::settling(10));
        for none in ["budget=none", "budget=null"] {
            let config = applied(&["shrink=0.5", none]).unwrap();
            assert_eq!(config.search.shrink, Shrink::Factor(0.5));
            assert_eq!(config.schedule.budget, None);
        }
    }

    #[test]
    fn a_setting_may_be_named_with_its_group_and_is_the_same_one() {
        let expected = LineSearchConfig::adamsls().with_c(0.3).with_gamma(1.5);
        for words in [
            ["c=0.3", "gamma=1.5"],
            ["search.c=0.3", "start.growth.gamma=1.5"],
            [r#"search={"c":0.3}"#, r#"start={"growth":{"gamma":1.5}}"#],
        ] {
            assert_eq!(applied(&words).unwrap(), expected, "{words:?}");
        }
        let pairs = ["c=0.1", "search.c=0.2"].map(|word| parse(word).unwrap());
        let settings = collected(pairs.iter().map(|(key, value)| (key, value)));
        assert_eq!(Value::Object(settings), serde_json::json!({"c": 0.2}));
    }

    #[test]
    fn averaging_is_set_by_its_parts_or_as_a_whole() {
        let averaging = Averaging {
            share: 0.5,
            ..Averaging::default()
        };
        let expected = LineSearchConfig::adamsls().with_averaging(averaging);
        for word in [
            "share=0.5",
            "averaging.share=0.5",
            r#"averaging={"share":0.5}"#,
        ] {
            assert_eq!(applied(&[word]).unwrap(), expected, "{word}");
        }
        assert_eq!(applied(&["averaging=none"]).unwrap().averaging, None);
        for (preset, words) in [
            (Preset::Amortized, &["share=0.5"][..]),
            (Preset::Default, &["averaging=none", "share=0.5"]),
        ] {
            let error = applied_to(preset, words).unwrap_err();
            assert!(error.contains("`share`"), "{error}");
        }
    }

    #[test]
    fn every_setting_has_a_name_that_no_other_has() {
        let paths = paths(&written(&LineSearchConfig::adamsls()));
        for path in &paths {
            let name = path.rsplit('.').next().unwrap();
            assert_eq!(find(&paths, name), Some(path.as_str()));
            assert_eq!(find(&paths, path), Some(path.as_str()));
        }
        for (path, _) in OPTIONS {
            assert!(paths.iter().any(|other| other == path), "{path}");
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_what_can() {
        for (word, says) in [
            ("c", "KEY=VALUE"),
            ("c=1.5", "must be in (0, 1)"),
            ("c=large", "`c` cannot be \"large\""),
            ("cc=0.1", "there are "),
            ("start.c=0.1", "there are "),
            ("along=both", "`update`"),
            ("gamma=none", "`gamma` cannot be null"),
            ("seed=3", "set by --seed"),
            ("iteration=paper", "set by --preset"),
            ("merge_below=1e-3", "set by --merge-below"),
        ] {
            let error = applied(&[word]).unwrap_err();
            assert!(error.contains(says), "{word}: {error}");
        }
    }

    #[test]
    fn a_name_of_before_is_refused_with_the_one_of_now() {
        for (word, says) in [
            ("ceiling=0.7", "`polyak_cap`"),
            ("bracket=none", "`initial_step` and `expand`"),
            ("extrapolate=1.5", "`extrapolation` and `hypergradient`"),
            ("tested=taken", "`along`"),
            ("search.tested=taken", "`along`"),
            ("procedure=paper", "--preset"),
            (r#"tail={"window":20}"#, "`reduce_on_plateau`"),
            ("first_step_size=0.1", "`initial_step`"),
        ] {
            let error = applied(&[word]).unwrap_err();
            assert!(
                error.contains(" is now ") && error.contains(says),
                "{error}"
            );
        }
    }
}
