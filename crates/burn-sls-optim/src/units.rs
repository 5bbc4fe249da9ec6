//! Units: which parameters share a step size.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::error::LineSearchError;

/// A partition of a model's trainable parameters into units, each with a step size of its own.
///
/// A unit is named, and described by prefixes of parameter paths. A prefix matches whole path
/// components: `layers.1` takes `layers.1.weight` and leaves `layers.10.weight` alone. Every
/// parameter that gets a gradient must belong to exactly one unit; frozen parameters need none.
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
/// assert_eq!(Units::one().unit_of("anything"), Ok(0));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Units(Vec<Unit>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unit {
    name: String,
    /// A parameter belongs here if one of these is a prefix of its path; the empty prefix takes
    /// everything.
    prefixes: Vec<String>,
}

impl Units {
    /// All parameters in a single unit, `all`.
    pub fn one() -> Self {
        Self::named([("all", vec![""])])
    }

    /// Units by name, each with the path prefixes of its parameters.
    pub fn named<N, P>(units: impl IntoIterator<Item = (N, Vec<P>)>) -> Self
    where
        N: Into<String>,
        P: Into<String>,
    {
        Self(
            units
                .into_iter()
                .map(|(name, prefixes)| Unit {
                    name: name.into(),
                    prefixes: prefixes.into_iter().map(Into::into).collect(),
                })
                .collect(),
        )
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

    /// The index of the unit that the parameter at `path` belongs to.
    ///
    /// # Errors
    ///
    /// If no unit claims the path, or more than one does.
    pub fn unit_of(&self, path: &str) -> Result<usize, LineSearchError> {
        let mut claims = (0..self.len()).filter(|&unit| self.0[unit].claims(path));
        let Some(first) = claims.next() else {
            return Err(LineSearchError::ParameterWithoutUnit { path: path.into() });
        };
        match claims.next() {
            None => Ok(first),
            Some(second) => Err(LineSearchError::ParameterInTwoUnits {
                path: path.into(),
                first: self.0[first].name.clone(),
                second: self.0[second].name.clone(),
            }),
        }
    }
}

impl Default for Units {
    fn default() -> Self {
        Self::one()
    }
}

impl Unit {
    fn claims(&self, path: &str) -> bool {
        self.prefixes.iter().any(|prefix| {
            prefix.is_empty()
                || path
                    .strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// The unit of every parameter that has a gradient, by parameter id: what [`Units`] says of a
/// particular model. Made once, and made anew only when an unknown parameter appears (ids change
/// when a record is loaded).
#[derive(Clone, Debug, Default)]
pub(crate) struct UnitMap(Arc<HashMap<ParamId, usize>>);

impl UnitMap {
    /// Makes sure that every parameter of `model` with a gradient in `grads` is known.
    pub(crate) fn cover<M: Module>(
        &mut self,
        units: &Units,
        model: &M,
        grads: &GradientsParams,
    ) -> Result<(), LineSearchError> {
        let mut assign = Assign {
            units,
            grads,
            known: &self.0,
            path: Vec::new(),
            unknown: Vec::new(),
            error: None,
        };
        model.visit(&mut assign);
        let Assign { unknown, error, .. } = assign;
        match error {
            Some(error) => Err(error),
            None => {
                if !unknown.is_empty() {
                    Arc::make_mut(&mut self.0).extend(unknown);
                }
                Ok(())
            }
        }
    }

    /// The unit of a parameter that has a gradient.
    pub(crate) fn unit_of(&self, id: ParamId) -> Option<usize> {
        self.0.get(&id).copied()
    }
}

struct Assign<'a> {
    units: &'a Units,
    grads: &'a GradientsParams,
    known: &'a HashMap<ParamId, usize>,
    path: Vec<String>,
    unknown: Vec<(ParamId, usize)>,
    error: Option<LineSearchError>,
}

impl ModuleVisitor for Assign<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.known.contains_key(&param.id) || self.grads.get::<D>(param.id).is_none() {
            return;
        }
        match self.units.unit_of(&self.path.join(".")) {
            Ok(unit) => self.unknown.push((param.id, unit)),
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }
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
    }
}
