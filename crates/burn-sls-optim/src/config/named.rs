//! Settings by their names, as a command line or a table of experiments has them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::LineSearchConfig;

/// The groups of settings. No two settings have the same name, whatever their groups.
const GROUPS: [&str; 5] = ["direction", "search", "start", "start.growth", "schedule"];

/// A setting that is absent or a group: it is set as a whole, or one by one where it is there.
const OPTIONAL: &str = "averaging";

/// Names of earlier versions, and what to say of each.
const RENAMED: [(&str, &str); 7] = [
    ("bracket", "`initial_step` and `expand`"),
    ("ceiling", "`polyak_cap`"),
    ("extrapolate", "`extrapolation` and `hypergradient`"),
    ("first_step_size", "`initial_step`"),
    ("procedure", "`iteration`, which belongs to a preset"),
    ("tail", "`reduce_on_plateau`"),
    ("tested", "`along`"),
];

/// Single settings over those of a preset, each by its name in the [configuration's
/// JSON](LineSearchConfig): `c` for `search.c`. Names with their groups are brought to that form when
/// settings are collected or read.
///
/// # Example
///
/// ```
/// use burn_sls_optim::{LineSearchConfig, NamedSettings};
///
/// let words = ["c=0.3", "start.growth.gamma=1.5", "budget=none"];
/// let settings = words.map(NamedSettings::parse).into_iter();
/// let settings: NamedSettings = settings.collect::<Result<_, _>>().unwrap();
/// let config = settings.over(LineSearchConfig::adamsls()).unwrap();
/// let expected = LineSearchConfig::adamsls().with_c(0.3).with_gamma(1.5).with_budget(None);
/// assert_eq!(config, expected);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Map<String, Value>")]
pub struct NamedSettings(Map<String, Value>);

impl NamedSettings {
    /// A setting `KEY=VALUE`. A key may have its groups before it, as in `search.c`. A value is
    /// JSON, or a word.
    ///
    /// # Errors
    ///
    /// If there is no `=`.
    pub fn parse(text: &str) -> Result<(String, Value), String> {
        let (key, value) = text
            .split_once('=')
            .ok_or("it must be KEY=VALUE, such as c=0.3")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok((key.trim().to_string(), value))
    }

    /// The settings by their bare names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The line search with these settings in place of its own. The word `none` unsets a setting,
    /// like `null`: TOML has no null.
    ///
    /// # Errors
    ///
    /// If there is no setting of a name, or its value cannot be; with what can be.
    pub fn over(&self, config: LineSearchConfig) -> Result<LineSearchConfig, String> {
        if self.is_empty() {
            return Ok(config);
        }
        let mut settings = written(&config);
        let paths = paths(&settings);
        let mut config = config;
        let mut changes = Vec::new();
        for (key, value) in &self.0 {
            let path = find(&paths, key).ok_or_else(|| unknown(key, &paths))?;
            changes.push((path, key, value));
        }
        // A group before its parts, which would be overwritten by it.
        changes.sort_by_key(|(path, ..)| path.matches('.').count());
        for (path, key, value) in changes {
            let none = value.as_str() == Some("none");
            let value = if none { Value::Null } else { value.clone() };
            let place = settings.pointer_mut(&format!("/{}", path.replace('.', "/")));
            // A part of a group that has just been set to none has no place.
            *place.ok_or_else(|| unknown(key, &paths))? = value.clone();
            // One by one, so that the error says which.
            config = serde_json::from_value(settings)
                .map_err(|error| format!("`{key}` cannot be {value}: {error}"))?;
            settings = written(&config);
        }
        config.validate().map_err(|error| error.to_string())?;
        Ok(config)
    }
}

impl From<Map<String, Value>> for NamedSettings {
    fn from(settings: Map<String, Value>) -> Self {
        settings.into_iter().collect()
    }
}

impl FromIterator<(String, Value)> for NamedSettings {
    /// Settings by their bare names, such as `c` for `search.c` or for `c` in an object `search`.
    /// Names of no setting stay as they are. Of a setting that is there twice, the last counts.
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(words: I) -> Self {
        fn collect(key: &str, value: Value, paths: &[String], into: &mut Map<String, Value>) {
            match value {
                Value::Object(group) if GROUPS.contains(&key) => {
                    for (inner, value) in group {
                        collect(&format!("{key}.{inner}"), value, paths, into);
                    }
                }
                value => {
                    let name = find(paths, key).and_then(|path| path.rsplit('.').next());
                    into.insert(name.unwrap_or(key).to_string(), value);
                }
            }
        }
        let mut settings = Map::new();
        let mut words = words.into_iter().peekable();
        if words.peek().is_some() {
            let paths = paths(&written(&LineSearchConfig::adamsls()));
            words.for_each(|(key, value)| collect(&key, value, &paths, &mut settings));
        }
        Self(settings)
    }
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

/// What to say of a name that no setting has.
fn unknown(key: &str, paths: &[String]) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    match RENAMED.iter().find(|(old, _)| *old == name) {
        Some((_, now)) => format!("`{key}` is now {now}"),
        None => format!(
            "a line search has no setting `{key}`: there are {}",
            paths.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Averaging, Frequency, Preset, SearchAlong, Shrink};

    fn applied(words: &[&str]) -> Result<LineSearchConfig, String> {
        applied_to(Preset::Default, words)
    }

    fn applied_to(preset: Preset, words: &[&str]) -> Result<LineSearchConfig, String> {
        let settings = words.iter().map(|word| NamedSettings::parse(word));
        let settings: NamedSettings = settings.collect::<Result<_, _>>()?;
        settings.over(preset.adamsls())
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
        let pairs = ["c=0.1", "search.c=0.2"].map(|word| NamedSettings::parse(word).unwrap());
        let settings: NamedSettings = pairs.into_iter().collect();
        assert_eq!(Value::Object(settings.0), serde_json::json!({"c": 0.2}));
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
        // In any order, and whatever comes first in the alphabet.
        let share = r#"averaging={"share":0.5}"#;
        for words in [["agreement=0", share], [share, "agreement=0"]] {
            let averaging = applied(&words).unwrap().averaging.unwrap();
            assert_eq!((averaging.agreement, averaging.share), (0.0, 0.5));
        }
        assert!(applied(&["agreement=0", "averaging=none"]).is_err());
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
            ("procedure=paper", "preset"),
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
