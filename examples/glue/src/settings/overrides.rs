//! Settings of a line search that have no option of their own: `--set KEY=VALUE`.

use burn_sls_optim::LineSearchConfig;
use serde_json::{Map, Value};

/// What has an option of its own, and that.
const OPTIONS: [(&str, &str); 5] = [
    ("units", "--units"),
    ("merge_below", "--merge-below"),
    ("first_step_size", "--first-step-size"),
    ("seed", "--seed"),
    ("procedure", "--preset"),
];

/// A word `KEY=VALUE` of the command line. What is not JSON is a name.
pub(super) fn parse(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or("it must be KEY=VALUE, such as c=0.3")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((key.trim().to_string(), value))
}

/// The line search with these settings in place of its own. The word `none` is for what may be left out, and
/// is: TOML has no null.
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
    let json = serde_json::to_value(&config).expect("a configuration is plain data");
    let Value::Object(mut settings) = json else {
        unreachable!("a configuration has named settings")
    };
    for (key, value) in overrides {
        if let Some((_, option)) = OPTIONS.iter().find(|(name, _)| name == key) {
            return Err(format!("`{key}` is set by {option}"));
        }
        if !settings.contains_key(key) {
            let own = |name: &&String| OPTIONS.iter().all(|(option, _)| option != name);
            let names: Vec<&str> = settings.keys().filter(own).map(String::as_str).collect();
            return Err(format!(
                "a line search has no setting `{key}`: there are {}",
                names.join(", ")
            ));
        }
        let none = value.as_str() == Some("none");
        let value = if none { Value::Null } else { value.clone() };
        settings.insert(key.clone(), value.clone());
        // One by one, so that the error says which.
        serde_json::from_value::<LineSearchConfig>(Value::Object(settings.clone()))
            .map_err(|error| format!("`{key}` cannot be {value}: {error}"))?;
    }
    let config: LineSearchConfig =
        serde_json::from_value(Value::Object(settings)).expect("read before");
    config.validate().map_err(|error| error.to_string())?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use burn_sls_optim::{Frequency, Shrink, Tested};

    use super::*;

    fn applied(words: &[&str]) -> Result<LineSearchConfig, String> {
        let pairs: Result<_, String> = words.iter().map(|word| parse(word)).collect();
        apply(LineSearchConfig::adamsls(), &pairs?)
    }

    #[test]
    fn settings_are_numbers_names_and_json() {
        let config = applied(&[
            "c=0.3",
            "tested=taken",
            r#"shrink={"parabola":{"least":0.1,"most":0.7}}"#,
            r#"frequency={"settling":{"longest":10}}"#,
        ]);
        let config = config.unwrap();
        assert_eq!((config.c, config.tested), (0.3, Tested::Taken));
        let parabola = Shrink::Parabola {
            least: 0.1,
            most: 0.7,
        };
        assert_eq!(config.shrink, parabola);
        assert_eq!(config.frequency, Frequency::Settling { longest: 10 });
        for none in ["budget=none", "budget=null"] {
            let config = applied(&["shrink=0.5", none]).unwrap();
            assert_eq!((config.shrink, config.budget), (Shrink::Factor(0.5), None));
        }
    }

    #[test]
    fn what_cannot_be_set_is_refused_with_what_can() {
        for (word, says) in [
            ("c", "KEY=VALUE"),
            ("c=1.5", "must be in (0, 1)"),
            ("c=large", "`c` cannot be \"large\""),
            ("cc=0.1", "there are "),
            ("tested=both", "`taken`"),
            ("gamma=none", "`gamma` cannot be null"),
            ("seed=3", "set by --seed"),
        ] {
            let error = applied(&[word]).unwrap_err();
            assert!(error.contains(says), "{word}: {error}");
        }
    }
}
