//! Displacements of a module's parameters: asked of an optimizer, and applied to a scaled extent.

use std::collections::HashSet;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{GradientCheckpointingStrategy, Tensor};
use burn_sls_core::Reductions;

use crate::config::Tested;
use crate::direction::{Pass, moved, with_pass};
use crate::error::LineSearchError;

/// What an optimizer proposes for this gradient.
pub(crate) struct Proposal {
    /// The direction of every parameter with a gradient: `d`, or `u` where `advanced` is there.
    pub(crate) direction: GradientsParams,
    /// The optimizer after the step that goes in this direction, if it does: it was asked for `u`, or
    /// knows no direction but that of its step.
    pub(crate) advanced: Option<ModuleOptimizer>,
    /// Whether the optimizer knows a direction that is sure to lead downhill.
    pub(crate) has_search_direction: bool,
    /// `⟨g_k, u_{k-1}⟩` of every parameter with a gradient, in the order of the model, if that was asked for and the
    /// optimizer knows.
    pub(crate) along_last: Option<Vec<Tensor<1>>>,
}

/// Asks the optimizer for the direction to test, leaving `optim` as it is; with `along_last`, and where the direction
/// is that of the step, also how the last one does.
///
/// # Errors
///
/// If some of its groups answer with a direction and others take a step.
pub(crate) fn propose<M: Module>(
    optim: &ModuleOptimizer,
    tested: Tested,
    along_last: bool,
    model: &M,
    grads: &GradientsParams,
) -> Result<Proposal, LineSearchError> {
    let pass = match tested {
        Tested::Search => Pass::Search,
        Tested::Taken => Pass::Update { along_last },
    };
    let mut advanced = optim.clone();
    let (answer, answers) = with_pass(pass, || {
        advanced.step(1.0, model.clone(), copy(model, grads))
    });
    let answer = collect(&answer, &present(model, grads));
    if answers.directions == answer.len() {
        let told = answers.along_last.len() == answer.len();
        return Ok(Proposal {
            direction: answer,
            advanced: (tested == Tested::Taken).then_some(advanced),
            has_search_direction: true,
            along_last: told.then_some(answers.along_last),
        });
    }
    if answers.directions > 0 {
        return Err(LineSearchError::MixedOptimizers);
    }
    // An optimizer that does not know of passes has moved the parameters by a learning rate of 1.
    let mut difference = Difference {
        to: answer,
        out: GradientsParams::new(),
    };
    model.visit(&mut difference);
    Ok(Proposal {
        direction: difference.out,
        advanced: Some(advanced),
        has_search_direction: false,
        along_last: None,
    })
}

/// Asks the optimizer for its update direction `u` and advances its state by the gradient.
pub(crate) fn update_direction<M: Module>(
    optim: &mut ModuleOptimizer,
    model: &M,
    grads: GradientsParams,
) -> GradientsParams {
    // By id, and not as another handle: the optimizer may write over gradients that it alone holds.
    let present = present(model, &grads);
    let (answer, _) = with_pass(Pass::Update { along_last: false }, || {
        optim.step(1.0, model.clone(), grads)
    });
    collect(&answer, &present)
}

/// Another handle on the same gradients.
pub(crate) fn copy<M: Module>(model: &M, grads: &GradientsParams) -> GradientsParams {
    struct Copy<'a> {
        from: &'a GradientsParams,
        to: GradientsParams,
    }
    impl ModuleVisitor for Copy<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.from.get::<D>(param.id) {
                self.to.register::<D>(param.id, grad);
            }
        }
    }
    let mut copy = Copy {
        from: grads,
        to: GradientsParams::new(),
    };
    model.visit(&mut copy);
    copy.to
}

/// The parameters with a gradient.
fn present<M: Module>(model: &M, grads: &GradientsParams) -> HashSet<ParamId> {
    struct Present<'a> {
        grads: &'a GradientsParams,
        ids: HashSet<ParamId>,
    }
    impl ModuleVisitor for Present<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.grads.get::<D>(param.id).is_some() {
                self.ids.insert(param.id);
            }
        }
    }
    let mut present = Present {
        grads,
        ids: HashSet::new(),
    };
    model.visit(&mut present);
    present.ids
}

/// The values of those parameters of a module.
fn collect<M: Module>(module: &M, ids: &HashSet<ParamId>) -> GradientsParams {
    struct Collect<'a> {
        ids: &'a HashSet<ParamId>,
        out: GradientsParams,
    }
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.ids.contains(&param.id) {
                self.out.register::<D>(param.id, param.base().inner());
            }
        }
    }
    let mut collect = Collect {
        ids,
        out: GradientsParams::new(),
    };
    module.visit(&mut collect);
    collect.out
}

/// `to - w` for every parameter.
struct Difference {
    to: GradientsParams,
    out: GradientsParams,
}

impl ModuleVisitor for Difference {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(to) = self.to.remove::<D>(param.id) {
            self.out.register::<D>(param.id, to - param.base().inner());
        }
    }
}

/// Registers `⟨g, d⟩` of every parameter with a gradient, and returns their ids in that order.
pub(crate) fn register_slopes<M: Module>(
    model: &M,
    grads: &GradientsParams,
    direction: &GradientsParams,
    reductions: &mut Reductions,
) -> Vec<ParamId> {
    struct Slopes<'a> {
        grads: &'a GradientsParams,
        direction: &'a GradientsParams,
        reductions: &'a mut Reductions,
        ids: Vec<ParamId>,
    }
    impl ModuleVisitor for Slopes<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let id = param.id;
            if let (Some(grad), Some(direction)) =
                (self.grads.get::<D>(id), self.direction.get::<D>(id))
            {
                self.reductions.inner_product(grad, direction);
                self.ids.push(id);
            }
        }
    }
    let mut slopes = Slopes {
        grads,
        direction,
        reductions,
        ids: Vec::new(),
    };
    model.visit(&mut slopes);
    slopes.ids
}

/// The model at `w + η·d` for a trial: gradient-free, with everything else as it is. `step_size`
/// gives `η` of a parameter with a direction, or `None` where it stands still.
pub(crate) fn trial_point<M: Module>(
    model: &M,
    direction: &GradientsParams,
    step_size: impl Fn(ParamId) -> Option<f64>,
) -> M {
    struct Trial<'a, F> {
        direction: &'a GradientsParams,
        step_size: F,
    }
    impl<F: Fn(ParamId) -> Option<f64>> ModuleMapper for Trial<'_, F> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let id = param.id;
            let displacement = self
                .direction
                .get::<D>(id)
                .and_then(|direction| Some((direction, (self.step_size)(id)?)));
            if displacement.is_none() && !param.is_require_grad() {
                return param;
            }
            param.map(|tensor| {
                let context = Context::of(&tensor);
                let tensor = tensor.inner();
                context.lift(match displacement {
                    Some((direction, step_size)) => moved(tensor, direction, step_size),
                    None => tensor,
                })
            })
        }
    }
    model.clone().map(&mut Trial {
        direction,
        step_size,
    })
}

/// The model at `w + a·u`: the step that is taken. `length` gives `a` of a parameter, or `None` where it stands
/// still. The directions that were taken are removed.
pub(crate) fn take_step<M: Module>(
    model: M,
    direction: &mut GradientsParams,
    length: impl Fn(ParamId) -> Option<f64>,
) -> M {
    struct Step<'a, F> {
        direction: &'a mut GradientsParams,
        length: F,
    }
    impl<F: Fn(ParamId) -> Option<f64>> ModuleMapper for Step<'_, F> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let id = param.id;
            if self.direction.get::<D>(id).is_none() {
                return param;
            }
            let Some(length) = (self.length)(id) else {
                return param;
            };
            let direction = self.direction.remove::<D>(id).expect("it is there");
            param.map(|tensor| {
                let context = Context::of(&tensor);
                context.restore(moved(tensor.inner(), direction, length), id)
            })
        }
    }
    model.map(&mut Step { direction, length })
}

/// The autodiff state that a parameter carries, taken before it is moved and put back afterwards.
/// Forgetting a part of it would silently stop its gradient, or the synchronisation of gradients.
pub(crate) struct Context {
    autodiff: bool,
    require_grad: bool,
    distributed: bool,
    checkpointing: Option<GradientCheckpointingStrategy>,
}

impl Context {
    pub(crate) fn of<const D: usize>(tensor: &Tensor<D>) -> Self {
        Self {
            autodiff: tensor.is_autodiff(),
            require_grad: tensor.is_require_grad(),
            // Not asked of quantised tensors, which have no gradient and would panic.
            distributed: tensor.is_require_grad() && tensor.is_distributed(),
            checkpointing: tensor.gradient_checkpointing_strategy(),
        }
    }

    /// Back onto the autodiff device, without a gradient.
    pub(crate) fn lift<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        if !self.autodiff {
            return tensor;
        }
        let tensor = Tensor::from_inner(tensor);
        match self.checkpointing {
            Some(strategy) => tensor.with_gradient_checkpointing_strategy(strategy),
            None => tensor,
        }
    }

    /// Back to what it was.
    fn restore<const D: usize>(&self, tensor: Tensor<D>, id: ParamId) -> Tensor<D> {
        let mut tensor = self.lift(tensor);
        if self.require_grad {
            tensor = tensor.require_grad();
        }
        if self.distributed {
            tensor = tensor.set_distributed(id);
        }
        tensor
    }
}
