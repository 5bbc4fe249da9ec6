//! What units mean for a particular model: the unit of every parameter.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::partition::{Matcher, Units};
use crate::error::LineSearchError;

/// The unit of every parameter that has had a gradient, by parameter id.
///
/// Made in the first iteration, and again only when an unknown parameter appears, since ids change
/// when a record is loaded. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assignment(Arc<HashMap<ParamId, Place>>);

/// Where a parameter belongs.
#[derive(Clone, Debug)]
struct Place {
    unit: usize,
    path: String,
    numbers: usize,
}

impl Assignment {
    /// The unit of a parameter that has a gradient.
    pub(crate) fn unit_of(&self, id: ParamId) -> Option<usize> {
        self.0.get(&id).map(|place| place.unit)
    }

    /// All parameters that have had a gradient.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ParamId> {
        self.0.keys().copied()
    }

    /// How many numbers those parameters have.
    pub(crate) fn numbers(&self) -> usize {
        self.0.values().map(|place| place.numbers).sum()
    }

    /// The path in the module of a parameter that has a gradient.
    pub(crate) fn path_of(&self, id: ParamId) -> Option<&str> {
        self.0.get(&id).map(|place| place.path.as_str())
    }

    /// Makes sure that every parameter in `ids`, those of `model` with a gradient in `grads`, is
    /// assigned.
    pub(crate) fn cover<M: Module>(
        &mut self,
        units: &Units,
        model: &M,
        grads: &GradientsParams,
        ids: &[ParamId],
    ) -> Result<(), LineSearchError> {
        if ids.iter().all(|id| self.0.contains_key(id)) {
            return Ok(());
        }
        let mut assign = Assign {
            matcher: units.matcher()?,
            grads,
            path: Vec::new(),
            seen: HashSet::new(),
            refused: None,
            found: Vec::new(),
            used: vec![false; units.len()],
            left_over: Vec::new(),
            claimed_twice: Vec::new(),
        };
        model.visit(&mut assign);
        if let Some(refused) = assign.refused {
            return Err(refused);
        }
        if !assign.left_over.is_empty() {
            return Err(LineSearchError::ParametersWithoutUnit {
                paths: assign.left_over,
            });
        }
        if !assign.claimed_twice.is_empty() {
            let claims = assign.claimed_twice.into_iter();
            let named = claims.map(|(path, a, b)| [path, units.name(a), units.name(b)]);
            return Err(LineSearchError::ParametersInTwoUnits {
                claims: named.collect(),
            });
        }
        if let Some(unit) = assign.used.iter().position(|used| !used) {
            return Err(LineSearchError::UnitWithoutParameters {
                unit: units.name(unit),
            });
        }
        Arc::make_mut(&mut self.0).extend(assign.found);
        Ok(())
    }
}

struct Assign<'a> {
    matcher: Matcher<'a>,
    grads: &'a GradientsParams,
    path: Vec<String>,
    seen: HashSet<ParamId>,
    refused: Option<LineSearchError>,
    found: Vec<(ParamId, Place)>,
    /// Which units claim a parameter, frozen or not.
    used: Vec<bool>,
    left_over: Vec<String>,
    claimed_twice: Vec<(String, usize, usize)>,
}

impl ModuleVisitor for Assign<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = self.path.join(".");
        let claims = self.matcher.claims(&path);
        for &unit in &claims {
            self.used[unit] = true;
        }
        if self.grads.get::<D>(param.id).is_none() {
            return;
        }
        if !self.seen.insert(param.id) {
            self.refused = Some(LineSearchError::TiedParameter { path });
            return;
        }
        if param.base().is_distributed() {
            self.refused = Some(LineSearchError::Distributed { path });
            return;
        }
        match claims[..] {
            [unit] => {
                let numbers = param.lazy_shape().num_elements();
                let place = Place {
                    unit,
                    path,
                    numbers,
                };
                self.found.push((param.id, place));
            }
            [] => self.left_over.push(path),
            [first, second, ..] => self.claimed_twice.push((path, first, second)),
        }
    }
}
