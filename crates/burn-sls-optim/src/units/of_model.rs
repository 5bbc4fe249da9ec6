//! Units read off a model: one per module, one per layer.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use super::partition::{Members, Unit, Units, is_prefix};
use crate::error::LineSearchError;

impl Units {
    /// One unit per top-level module of `model` (or parameter, where it has some of its own), named
    /// like it. Modules without a trainable parameter get none.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::module::Module;
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::tensor::Device;
    /// use burn_sls_optim::Units;
    ///
    /// #[derive(Module, Debug)]
    /// struct Model { encoder: Linear, head: Linear }
    ///
    /// let device = &Device::flex().autodiff();
    /// let model = Model {
    ///     encoder: LinearConfig::new(8, 8).init(device),
    ///     head: LinearConfig::new(8, 2).init(device),
    /// };
    /// assert!(Units::by_module(&model).names().eq(["encoder", "head"]));
    /// ```
    pub fn by_module<M: Module>(model: &M) -> Self {
        let mut units: Vec<Unit> = Vec::new();
        for path in trainable_paths(model) {
            let name = path.split('.').next().unwrap_or_default();
            if units.iter().all(|unit| unit.name != name) {
                units.push(Unit {
                    name: name.to_string(),
                    members: vec![Members::Prefix(name.to_string())],
                });
            }
        }
        Self(units)
    }

    /// Like [`by_module`](Self::by_module), with the module that contains `layers` split further:
    /// one unit per element of the `Vec` of layers at that path, and one for what else the module
    /// has, if anything.
    ///
    /// A model with `embedding`, `encoder.layers` and `head` is split at `encoder.layers` into the
    /// units `embedding`, `encoder.layers.0`, `encoder.layers.1`, … and `head`.
    ///
    /// # Errors
    ///
    /// If the model has no trainable parameter below that path.
    pub fn by_layer<M: Module>(model: &M, layers: &str) -> Result<Self, LineSearchError> {
        let paths = trainable_paths(model);
        let below = |path: &str| path != layers && is_prefix(layers, path);
        if !paths.iter().any(|path| below(path)) {
            let mut modules: Vec<String> = paths.iter().map(|p| parent(p).to_string()).collect();
            modules.dedup();
            return Err(LineSearchError::NoSuchModule {
                path: layers.to_string(),
                modules,
            });
        }
        let module = layers.split('.').next().unwrap_or_default();
        let mut units: Vec<Unit> = Vec::new();
        for path in paths {
            // The unit, and the highest prefix of the path that no other unit shares.
            let (name, prefix) = if below(&path) {
                let layer = first_components(&path, layers.split('.').count() + 1);
                (layer, layer)
            } else if is_prefix(module, &path) {
                let shared = path.split('.').zip(layers.split('.'));
                let shared = shared.take_while(|(a, b)| a == b).count();
                (module, first_components(&path, shared + 1))
            } else {
                let name = first_components(&path, 1);
                (name, name)
            };
            let prefix = Members::Prefix(prefix.to_string());
            match units.iter_mut().find(|unit| unit.name == name) {
                Some(unit) if unit.members.contains(&prefix) => {}
                Some(unit) => unit.members.push(prefix),
                None => units.push(Unit {
                    name: name.to_string(),
                    members: vec![prefix],
                }),
            }
        }
        Ok(Self(units))
    }
}

/// The first `count` components of a path.
fn first_components(path: &str, count: usize) -> &str {
    let end = path.match_indices('.').nth(count - 1);
    end.map_or(path, |(end, _)| &path[..end])
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(parent, _)| parent)
}

/// The paths of all parameters that ask for a gradient, in order; of all parameters, where none
/// does because the model is not on an autodiff device.
fn trainable_paths<M: Module>(model: &M) -> Vec<String> {
    #[derive(Default)]
    struct Paths {
        path: Vec<String>,
        all: Vec<(String, bool)>,
    }
    impl ModuleVisitor for Paths {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.path.push(name.to_string());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.all
                .push((self.path.join("."), param.is_require_grad()));
        }
    }
    let mut paths = Paths::default();
    model.visit(&mut paths);
    let any = paths.all.iter().any(|(_, trainable)| *trainable);
    let chosen = paths.all.into_iter().filter(|(_, t)| *t || !any);
    chosen.map(|(path, _)| path).collect()
}
