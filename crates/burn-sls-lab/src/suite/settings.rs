//! A preset with single settings replaced, by their names in files.

use burn_sls_optim::{LineSearchConfig, NamedSettings};

use crate::suite::schedule::Schedule;

/// A configuration with `KEY=VALUE`s. A key is the path of a setting, such as `search.c`, or
/// its last part; a value is JSON, or a word. `tail=0.2` is the part of the run over which the
/// steps fall to 0.
///
/// # Errors
///
/// What is wrong with a setting.
pub fn configured(
    config: LineSearchConfig,
    settings: &[&str],
) -> Result<(LineSearchConfig, Schedule), String> {
    let mut schedule = Schedule::Constant;
    let mut named = Vec::new();
    for setting in settings {
        let (key, value) = NamedSettings::parse(setting)?;
        if key != "tail" {
            named.push((key, value));
            continue;
        }
        let tail = value.as_f64().filter(|tail| 0.0 < *tail && *tail <= 1.0);
        let tail = tail.ok_or_else(|| format!("`tail` is {value}, and must be in (0, 1]"))?;
        schedule = Schedule::Tail { tail };
    }
    let settings: NamedSettings = named.into_iter().collect();
    Ok((settings.over(config)?, schedule))
}
