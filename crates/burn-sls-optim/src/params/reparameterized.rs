//! Parameters that are computed of others, such as weights with a LoRA adapter.

use std::collections::HashSet;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;

/// The container type by which Burn enters what belongs to a reparameterized parameter, after the
/// parameter itself.
const CONTAINER: &str = "Reparameterization";

/// The parameters that have a reparameterization, and the parameters of those: all that
/// [`Module::materialize`] folds together.
pub(crate) fn reparameterized<M: Module>(model: &M) -> HashSet<ParamId> {
    #[derive(Default)]
    struct Reparameterized {
        last: Option<ParamId>,
        depth: usize,
        ids: HashSet<ParamId>,
    }
    impl ModuleVisitor for Reparameterized {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.last = Some(param.id);
            if self.depth > 0 {
                self.ids.insert(param.id);
            }
        }

        fn enter_module(&mut self, _name: &str, container_type: &str) {
            if container_type == CONTAINER {
                self.ids.extend(self.last);
            }
            if container_type == CONTAINER || self.depth > 0 {
                self.depth += 1;
            }
        }

        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.depth = self.depth.saturating_sub(1);
        }
    }
    let mut visitor = Reparameterized::default();
    model.visit(&mut visitor);
    visitor.ids
}
