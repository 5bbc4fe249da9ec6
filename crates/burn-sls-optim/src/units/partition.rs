//! A partition of the parameters into units, by the paths of parameters.

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::LineSearchError;

/// A partition of a model's trainable parameters into units, each with a step size of its own.
///
/// A unit is named, and described by the *paths* of its parameters, such as
/// `bert.encoder.layers.0.output.weight`: by prefixes ([`named`](Self::named)), by a regular
/// expression ([`matching`](Self::matching)), or as the modules of a given model
/// ([`by_module`](Self::by_module), [`by_layer`](Self::by_layer)). Paths, since the ids of
/// parameters change when a model is loaded.
///
/// Every parameter that gets a gradient must belong to exactly one unit, and every unit must claim
/// a parameter of the model. Frozen parameters need no unit; a unit whose parameters are all frozen
/// is passed over by the cycle.
///
/// # Example
///
/// ```
/// use burn_sls_optim::Units;
///
/// let units = Units::named([
///     ("embeddings", vec!["bert.embeddings"]),
///     ("lower", vec!["bert.encoder.layers.0", "bert.encoder.layers.1"]),
///     ("head", vec!["classifier"]),
/// ]);
/// assert_eq!(units.unit_of("bert.encoder.layers.1.output.weight"), Ok(1));
/// assert!(units.unit_of("bert.encoder.layers.10.output.weight").is_err());
///
/// let units = Units::matching([("biases", r"\.bias$"), ("weights", r"\.weight$")]);
/// assert_eq!(units.unit_of("classifier.bias"), Ok(0));
///
/// assert_eq!(Units::one().unit_of("anything"), Ok(0));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Units(pub(super) Vec<Unit>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unit {
    pub(super) name: String,
    /// A parameter belongs here if one of these claims its path.
    pub(super) members: Vec<Members>,
}

/// Parameters described by their paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Members {
    /// This path, and all below it; the empty prefix takes everything.
    Prefix(String),
    /// Every path in which this regular expression finds a match.
    Pattern(String),
}

impl Units {
    /// All parameters in a single unit, `all`.
    pub fn one() -> Self {
        Self::named([("all", vec![""])])
    }

    /// Units by name, each with the path prefixes of its parameters.
    ///
    /// A prefix matches whole path components: `layers.1` takes `layers.1.weight` and leaves
    /// `layers.10.weight` alone. The empty prefix takes everything.
    pub fn named<N, P>(units: impl IntoIterator<Item = (N, Vec<P>)>) -> Self
    where
        N: Into<String>,
        P: Into<String>,
    {
        let unit = |(name, prefixes): (N, Vec<P>)| Unit {
            name: name.into(),
            members: prefixes
                .into_iter()
                .map(|prefix| Members::Prefix(prefix.into()))
                .collect(),
        };
        Self(units.into_iter().map(unit).collect())
    }

    /// Units by name, each with a regular expression that its parameters' paths must match.
    ///
    /// The expression may match anywhere in the path; anchor it with `^` and `$` where that
    /// matters. The syntax is that of the [`regex`](https://docs.rs/regex) crate.
    pub fn matching<N, P>(units: impl IntoIterator<Item = (N, P)>) -> Self
    where
        N: Into<String>,
        P: Into<String>,
    {
        let unit = |(name, pattern): (N, P)| Unit {
            name: name.into(),
            members: vec![Members::Pattern(pattern.into())],
        };
        Self(units.into_iter().map(unit).collect())
    }

    /// The number of units.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The name of every unit, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|unit| unit.name.as_str())
    }

    /// The index of the unit of that name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names().position(|unit| unit == name)
    }

    /// The index of the unit that the parameter at `path` belongs to.
    ///
    /// # Errors
    ///
    /// If no unit claims the path, or more than one does, or a regular expression is malformed.
    pub fn unit_of(&self, path: &str) -> Result<usize, LineSearchError> {
        match self.matcher()?.claims(path)[..] {
            [unit] => Ok(unit),
            [] => Err(LineSearchError::ParametersWithoutUnit {
                paths: vec![path.into()],
            }),
            [first, second, ..] => Err(LineSearchError::ParametersInTwoUnits {
                claims: vec![[path.into(), self.name(first), self.name(second)]],
            }),
        }
    }

    /// Checks that there are units, each with a name of its own, and that the regular expressions
    /// are well-formed.
    pub(crate) fn validate(&self) -> Result<(), LineSearchError> {
        let refuse = |value: String, expected| {
            Err(LineSearchError::Setting {
                name: "units",
                value,
                expected,
            })
        };
        if self.len() == 0 {
            return refuse("empty".into(), "at least one unit");
        }
        for (index, name) in self.names().enumerate() {
            if self.index_of(name) != Some(index) {
                return refuse(format!("`{name}` twice"), "of different names");
            }
        }
        self.matcher().map(drop)
    }

    /// A hash of all names and members, the same everywhere and for ever (FNV-1a).
    pub(crate) fn layout(&self) -> u64 {
        let members = |members: &Members| match members {
            Members::Prefix(prefix) => format!("prefix\n{prefix}\n"),
            Members::Pattern(pattern) => format!("pattern\n{pattern}\n"),
        };
        let unit = |unit: &Unit| -> String {
            let mut all: Vec<String> = unit.members.iter().map(members).collect();
            all.sort(); // their order means nothing
            format!("unit\n{}\n{}", unit.name, all.concat())
        };
        let text: String = self.0.iter().map(unit).collect();
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    pub(super) fn name(&self, unit: usize) -> String {
        self.0[unit].name.clone()
    }

    pub(super) fn matcher(&self) -> Result<Matcher<'_>, LineSearchError> {
        let compiled = |unit: &Unit, pattern: &str| {
            Regex::new(pattern).map_err(|error| LineSearchError::Pattern {
                unit: unit.name.clone(),
                reason: error.to_string(),
            })
        };
        let mut claims = Vec::new();
        for (index, unit) in self.0.iter().enumerate() {
            for members in &unit.members {
                let claim = match members {
                    Members::Prefix(prefix) => Claim::Prefix(prefix),
                    Members::Pattern(pattern) => Claim::Pattern(compiled(unit, pattern)?),
                };
                claims.push((index, claim));
            }
        }
        Ok(Matcher(claims))
    }
}

impl Default for Units {
    fn default() -> Self {
        Self::one()
    }
}

/// The claims of all units, ready to be asked.
pub(super) struct Matcher<'a>(Vec<(usize, Claim<'a>)>);

enum Claim<'a> {
    Prefix(&'a str),
    Pattern(Regex),
}

impl Matcher<'_> {
    /// The units that claim a path, in order.
    pub(super) fn claims(&self, path: &str) -> Vec<usize> {
        let claiming = self.0.iter().filter(|(_, claim)| match claim {
            Claim::Prefix(prefix) => is_prefix(prefix, path),
            Claim::Pattern(pattern) => pattern.is_match(path),
        });
        let mut units: Vec<usize> = claiming.map(|(unit, _)| *unit).collect();
        units.dedup();
        units
    }
}

/// Whether `path` is `prefix` or below it.
pub(super) fn is_prefix(prefix: &str, path: &str) -> bool {
    prefix.is_empty()
        || path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_claimed_twice_names_both_units() {
        let units = Units::named([("a", vec!["x"]), ("b", vec!["x.y"])]);
        let error = units.unit_of("x.y.weight").unwrap_err().to_string();
        assert!(error.contains("`x.y.weight`") && error.contains("`a`") && error.contains("`b`"));
        assert_eq!(units.unit_of("x.z"), Ok(0));
        // Claimed twice by the same unit is claimed once.
        let units = Units::named([("a", vec!["x", "x.y"])]);
        assert_eq!(units.unit_of("x.y.weight"), Ok(0));
    }

    #[test]
    fn units_that_make_no_sense_are_refused_with_their_names() {
        let message = |units: Units| units.validate().unwrap_err().to_string();
        let none: [(&str, Vec<&str>); 0] = [];
        assert!(message(Units::named(none)).contains("at least one"));
        let twins = Units::named([("a", vec!["x"]), ("a", vec!["y"])]);
        assert!(message(twins).contains("`a` twice"));
        let unclosed = Units::matching([("head", "(")]);
        let error = message(unclosed);
        assert!(error.contains("`head`") && error.contains('('), "{error}");
    }
}
