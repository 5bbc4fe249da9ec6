//! Who is judged: an optimizer with one configuration for all problems.

use burn_sls_optim::{Averaging, LineSearchConfig, Preset};

use crate::suite::schedule::Schedule;
use crate::suite::settings;

mod tuned;

use tuned::{ADAM_COSINE, SCHEDULE_FREE_WARM};
pub use tuned::{Rates, Tuned, compared};

/// An optimizer with one configuration for all problems, by its name.
///
/// | name | what it is |
/// |---|---|
/// | `default`, `amortized`, `paper`, `salsa`, `reference` | ADAMSLS with a preset |
/// | `sgdsls`, `plasls` | SGDSLS, and PLASLS with a unit for each module, with the preset `default` |
/// | `default+c=0.5` | the same with another setting: its path in a file, or the last part of it |
/// | `default+tail=0.2` | the same, its steps brought down to 0 over the last fifth of the run |
/// | `adam`, `adamw` | Burn's, at 1e-3 |
/// | `adam:3e-3` | at another rate |
/// | `adam-cosine:3e-3` | with warm-up over a tenth of the run, and a cosine down to 0 |
/// | `prodigy` | with its authors' settings, at 1 |
/// | `schedule-free` | Schedule-Free AdamW at 2.5e-3 |
/// | `schedule-free-warm:5e-3` | with warm-up over a twentieth of the run |
/// | `adam-tuned` | the best of five `adam-cosine` for each problem: see [`Tuned`] |
/// | `schedule-free-tuned` | the best of five `schedule-free-warm` for each problem |
///
/// Any of them but the last two with `@0.5` at its end takes every step half as long. With
/// `@first=0.5` a line search that averages takes what its first search finds as half as long.
#[derive(Clone, Debug, PartialEq)]
pub struct Competitor {
    /// Its name, as above.
    pub name: String,
    /// How it trains.
    pub method: Method,
}

/// How a competitor trains.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// A line search; the schedule and the factor are on top of the step sizes it finds.
    LineSearch {
        /// Its settings.
        config: Box<LineSearchConfig>,
        /// Whether each of the model's modules is a unit.
        by_module: bool,
        /// Over the run.
        schedule: Schedule,
        /// On every step.
        factor: f64,
    },
    /// Burn's Adam, `ε = 1e-8`.
    Adam {
        /// The learning rate.
        rate: f64,
        /// On the learning rate, over the run.
        schedule: Schedule,
    },
    /// Burn's AdamW, `ε = 1e-8` and its own weight decay.
    AdamW {
        /// The learning rate.
        rate: f64,
    },
    /// Prodigy.
    Prodigy {
        /// The factor on its estimate.
        rate: f64,
    },
    /// Schedule-Free AdamW.
    ScheduleFree {
        /// The learning rate.
        rate: f64,
        /// The part of the run over which it rises to that.
        warmup: f64,
    },
}

/// A name, or something in it, that means nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("no competitor `{name}`: {reason}")]
pub struct UnknownCompetitor {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The rate of Adam and AdamW that most programs begin with.
const ADAM_RATE: f64 = 1e-3;

/// The rate that the authors' package of Schedule-Free AdamW has by default.
const SCHEDULE_FREE_RATE: f64 = 2.5e-3;

impl Competitor {
    /// The competitor of a name.
    ///
    /// # Errors
    ///
    /// If the name means nothing, or a setting in it is unknown or out of range.
    pub fn named(name: &str) -> Result<Self, UnknownCompetitor> {
        let method = method(name).map_err(|reason| UnknownCompetitor {
            name: name.to_string(),
            reason,
        })?;
        Ok(Self {
            name: name.to_string(),
            method,
        })
    }
}

/// Whether the name, without settings and factors, is that of a line search.
pub(crate) fn is_line_search(base: &str) -> bool {
    searched(base).is_some()
}

/// The line search of that name.
fn searched(base: &str) -> Option<LineSearchConfig> {
    match base {
        "sgdsls" => Some(LineSearchConfig::sgdsls()),
        "plasls" => Some(LineSearchConfig::adamsls()),
        preset => preset.parse().ok().map(Preset::adamsls),
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let positive = number.filter(|number: &f64| number.is_finite() && *number > 0.0);
    positive.ok_or_else(|| format!("`{text}` is not a number above 0"))
}

/// Before the factor on what the first search finds, at the end of a name.
pub(crate) const FIRST: &str = "first=";

/// Scales everything that is a multiple of what the first search has found.
fn scale_first(averaging: &mut Averaging, factor: f64) {
    averaging.share *= factor;
    averaging.until *= factor;
    averaging.longest *= factor;
}

fn method(name: &str) -> Result<Method, String> {
    let (rest, changed) = match name.rsplit_once('@') {
        Some((rest, changed)) => (rest, changed),
        None => (name, "1"),
    };
    let (factor, first) = match changed.strip_prefix(FIRST) {
        Some(first) => (1.0, Some(number(first)?)),
        None => (number(changed)?, None),
    };
    let mut parts = rest.split('+');
    let (base, rate) = match parts.next().unwrap_or_default().split_once(':') {
        Some((base, rate)) => (base, Some(number(rate)?)),
        None => (rest.split('+').next().unwrap_or_default(), None),
    };
    let settings: Vec<&str> = parts.collect();
    if let Some(config) = searched(base) {
        if rate.is_some() {
            return Err("a line search has no learning rate".to_string());
        }
        let (mut config, schedule) = settings::configured(config, &settings)?;
        if let Some(factor) = first {
            let averaging = config.averaging.as_mut();
            scale_first(
                averaging.ok_or("it has no first search that later steps go by")?,
                factor,
            );
        }
        return Ok(Method::LineSearch {
            config: Box::new(config),
            by_module: base == "plasls",
            schedule,
            factor,
        });
    }
    if !settings.is_empty() || first.is_some() {
        return Err("only line searches have settings and a first search".to_string());
    }
    let adam = |rate: Option<f64>| factor * rate.unwrap_or(ADAM_RATE);
    let free = |rate: Option<f64>| factor * rate.unwrap_or(SCHEDULE_FREE_RATE);
    Ok(match base {
        "adam" => Method::Adam {
            rate: adam(rate),
            schedule: Schedule::Constant,
        },
        ADAM_COSINE => Method::Adam {
            rate: adam(rate),
            schedule: Schedule::WarmupCosine { warmup: 0.1 },
        },
        "adamw" => Method::AdamW { rate: adam(rate) },
        "prodigy" => Method::Prodigy {
            rate: factor * rate.unwrap_or(1.0),
        },
        "schedule-free" => Method::ScheduleFree {
            rate: free(rate),
            warmup: 0.0,
        },
        SCHEDULE_FREE_WARM => Method::ScheduleFree {
            rate: free(rate),
            warmup: 0.05,
        },
        _ => {
            return Err(
                "the names are default, amortized, paper, salsa, reference, sgdsls, plasls, adam, \
                        adamw, prodigy, schedule-free, adam-tuned, schedule-free-tuned"
                    .to_string(),
            );
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(name: &str) -> (LineSearchConfig, Schedule, f64) {
        match Competitor::named(name).expect(name).method {
            Method::LineSearch {
                config,
                schedule,
                factor,
                ..
            } => (*config, schedule, factor),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_have_settings_rates_and_factors() {
        let (config, schedule, factor) = search("default");
        assert_eq!(config, LineSearchConfig::adamsls());
        assert_eq!((schedule, factor), (Schedule::Constant, 1.0));

        let (config, schedule, factor) = search("salsa+c=0.4+tail=0.2+schedule.budget=null@0.5");
        let expected = Preset::Salsa.adamsls().with_c(0.4).with_budget(None);
        assert_eq!(config, expected);
        assert_eq!((schedule, factor), (Schedule::Tail { tail: 0.2 }, 0.5));

        let (config, _, factor) = search("default@first=0.5");
        let averaging = config.averaging.expect("an average");
        assert_eq!(
            (averaging.share, averaging.until, averaging.longest),
            (0.125, 0.5, 8.0)
        );
        assert_eq!(factor, 1.0);

        assert_eq!(search("sgdsls").0, LineSearchConfig::sgdsls());
        assert_eq!(search("plasls").0, LineSearchConfig::adamsls());

        let adam = Competitor::named("adam@2").expect("a name").method;
        let (rate, schedule) = (2e-3, Schedule::Constant);
        assert_eq!(adam, Method::Adam { rate, schedule });
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for name in [
            "best",
            "default+d=1",
            "default+c=2",
            "adam+c=1",
            "adam:fast",
            "default:1e-3",
            "adam@0",
            "adam@first=2",
            "salsa@first=2",
            "default@last=2",
        ] {
            assert!(Competitor::named(name).is_err(), "{name}");
        }
    }
}
