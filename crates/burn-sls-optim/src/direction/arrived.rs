//! The state of an optimizer, before the first step that it is used for.
//!
//! Most states have just come from a record then, and Burn takes any that it can read: moments of a
//! parameter of another shape, and moments that are NaN. The former would fail in the middle of a
//! step, or be stretched to the shape in silence; with the latter no step could ever be made.

use std::collections::HashMap;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::ModuleOptimizer;
use burn::tensor::{Shape, Tensor, TensorData};
use burn_pack::Reader;

use crate::error::LineSearchError;
use crate::files::unfit;

/// What Burn's optimizers and [`Adam`](super::Adam) call a state with a number for every number of
/// the parameter.
const OF_THE_SHAPE: [&str; 4] = ["moment_1", "moment_2", "max_moment_2", "velocity"];

/// Refuses the state of an optimizer that no step can be made with.
///
/// # Errors
///
/// If it has a number that is NaN or infinite, or moments of another shape than their parameter.
pub(crate) fn check_state<M: Module>(
    optim: &ModuleOptimizer,
    model: &M,
) -> Result<(), LineSearchError> {
    let bytes = optim.to_record().into_bytes().map_err(unfit)?;
    let reader = Reader::from_bytes(bytes).map_err(unfit)?;
    let shapes = shapes(model);
    // Burn keeps a state's rank beside it, and a step panics if that is another.
    for (name, rank) in reader.scalars() {
        let id = name
            .strip_suffix(".__rank")
            .and_then(|id| id.parse::<u64>().ok());
        let parameter = id.and_then(|id| shapes.get(&ParamId::from(id)));
        if let Some((path, expected)) = parameter
            && usize::try_from(*rank).ok() != Some(expected.num_dims())
        {
            return Err(unfit(format!(
                "its moments of {path} are not of the rank of the parameter, {}",
                expected.num_dims()
            )));
        }
    }
    for tensor in reader.into_tensors().map_err(unfit)? {
        let (name, dtype, shape, id, bytes) = tensor.into_parts().map_err(unfit)?;
        let (_, leaf) = name.rsplit_once('.').unwrap_or(("", &name));
        let parameter = id.and_then(|id| shapes.get(&ParamId::from(id)));
        if let Some((path, expected)) = parameter
            && OF_THE_SHAPE.contains(&leaf)
            && *expected != shape
        {
            return Err(unfit(format!(
                "its {leaf} of {path} has the shape {shape}, and the parameter {expected}"
            )));
        }
        let numbers = TensorData::from_bytes(bytes, shape, dtype);
        if dtype.is_float() && !numbers.iter::<f64>().all(f64::is_finite) {
            let of = parameter.map_or(String::new(), |(path, _)| format!(" of {path}"));
            return Err(unfit(format!(
                "its {leaf}{of} is NaN or infinite: take another record, or begin with a new \
                 optimizer"
            )));
        }
    }
    Ok(())
}

/// The path and the shape of every parameter.
fn shapes<M: Module>(model: &M) -> HashMap<ParamId, (String, Shape)> {
    #[derive(Default)]
    struct Shapes {
        path: Vec<String>,
        found: HashMap<ParamId, (String, Shape)>,
    }
    impl ModuleVisitor for Shapes {
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_string());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let known = (self.path.join("."), param.lazy_shape());
            self.found.insert(param.id, known);
        }
    }
    let mut shapes = Shapes::default();
    model.visit(&mut shapes);
    shapes.found
}
