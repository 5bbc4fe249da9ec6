//! What an optimizer keeps of every parameter, in the shape of the model.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// How a kept tensor begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// All zeros.
    Zero,
    /// The parameter as it is when training begins.
    Start,
}

/// Tensors by the ids of the parameters they belong to. Burn's container of gradients is one.
pub type Tensors = GradientsParams;

/// One tensor for every float parameter, without autodiff. It is a module of the model's own type,
/// so that it is moved, saved and loaded as the model is.
pub(super) fn shadow<M: Module>(model: &M, beginning: Beginning) -> M {
    // The first visit draws parameters that are not there yet: the shadow has to begin at the same.
    drop(tensors(model));
    let shadow = model.valid();
    match beginning {
        Beginning::Start => shadow,
        Beginning::Zero => shadow.map(&mut Zeros),
    }
}

/// The values of a module's float parameters. Copies handles, not tensors.
pub(super) fn tensors<M: Module>(module: &M) -> Tensors {
    struct Collect(Tensors);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.register::<D>(param.id, param.base());
        }
    }
    let mut collect = Collect(Tensors::new());
    module.visit(&mut collect);
    collect.0
}

/// A shadow that holds `tensors` from now on.
pub(super) fn filled<M: Module>(shadow: M, tensors: Tensors) -> M {
    struct Fill(Tensors);
    impl ModuleMapper for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            match self.0.remove::<D>(param.id) {
                Some(tensor) => param.map(|_| tensor),
                None => param,
            }
        }
    }
    shadow.map(&mut Fill(tensors))
}

struct Zeros;

impl ModuleMapper for Zeros {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| tensor.zeros_like())
    }
}

/// The tensor of a parameter that every shadow has.
pub(super) fn of<const D: usize>(tensors: &Tensors, id: ParamId) -> Tensor<D> {
    let tensor = tensors.get::<D>(id);
    tensor.unwrap_or_else(|| panic!("parameter {id} has come to the model after its optimizer"))
}

/// The parameter with another value, which autodiff follows as it followed the one before.
pub(super) fn replaced<const D: usize>(
    param: Param<Tensor<D>>,
    value: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Param<Tensor<D>> {
    let id = param.id;
    param.map(|tensor| {
        if !tensor.is_autodiff() {
            return value(tensor);
        }
        let require_grad = tensor.is_require_grad();
        let distributed = require_grad && tensor.is_distributed();
        let checkpointing = tensor.gradient_checkpointing_strategy();
        let mut tensor = Tensor::from_inner(value(tensor.inner()));
        if let Some(strategy) = checkpointing {
            tensor = tensor.with_gradient_checkpointing_strategy(strategy);
        }
        if require_grad {
            tensor = tensor.require_grad();
        }
        if distributed {
            tensor = tensor.set_distributed(id);
        }
        tensor
    })
}
