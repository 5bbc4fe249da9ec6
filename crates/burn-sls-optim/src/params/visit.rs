//! Walks over a module's parameters beside their gradients or directions.

use std::collections::HashSet;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn_sls_core::{Reductions, widen};

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
pub(crate) fn present<M: Module>(model: &M, grads: &GradientsParams) -> HashSet<ParamId> {
    in_order(model, grads).into_iter().collect()
}

/// The parameters with a gradient, in the order of the model.
pub(crate) fn in_order<M: Module>(model: &M, grads: &GradientsParams) -> Vec<ParamId> {
    struct InOrder<'a> {
        grads: &'a GradientsParams,
        ids: Vec<ParamId>,
    }
    impl ModuleVisitor for InOrder<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.grads.get::<D>(param.id).is_some() {
                self.ids.push(param.id);
            }
        }
    }
    let mut in_order = InOrder {
        grads,
        ids: Vec::new(),
    };
    model.visit(&mut in_order);
    in_order.ids
}

/// The values of those parameters of a module.
pub(crate) fn collect<M: Module>(module: &M, ids: &HashSet<ParamId>) -> GradientsParams {
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

/// The values of those parameters of a module that have a gradient.
pub(crate) fn collect_with<M: Module>(module: &M, grads: &GradientsParams) -> GradientsParams {
    struct Collect<'a> {
        grads: &'a GradientsParams,
        out: GradientsParams,
    }
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.grads.get::<D>(param.id).is_some() {
                self.out.register::<D>(param.id, param.base().inner());
            }
        }
    }
    let mut collect = Collect {
        grads,
        out: GradientsParams::new(),
    };
    module.visit(&mut collect);
    collect.out
}

/// `to - w` for every parameter `w` that has a value in `to`.
pub(crate) fn differences<M: Module>(model: &M, to: GradientsParams) -> GradientsParams {
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
    let mut difference = Difference {
        to,
        out: GradientsParams::new(),
    };
    model.visit(&mut difference);
    difference.out
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

/// A number of every gradient, in one device read.
struct OfGradients<'a, F> {
    grads: &'a GradientsParams,
    reductions: Reductions,
    number: F,
}

impl<F: FnMut(Tensor<1>) -> Tensor<1>> ModuleVisitor for OfGradients<'_, F> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let grad = self.grads.get::<D>(param.id);
        // There is no largest of no numbers.
        if let Some(grad) = grad.filter(|grad| grad.shape().num_elements() > 0) {
            let number = (self.number)(widen(grad).flatten(0, D - 1));
            self.reductions.sum(number);
        }
    }
}

fn of_gradients<M: Module>(
    model: &M,
    grads: &GradientsParams,
    number: impl FnMut(Tensor<1>) -> Tensor<1>,
) -> Vec<f64> {
    let mut of_gradients = OfGradients {
        grads,
        reductions: Reductions::new(),
        number,
    };
    model.visit(&mut of_gradients);
    of_gradients.reductions.read().sums
}

/// Whether any gradient has an element that is not 0. One device read.
pub(crate) fn any_nonzero<M: Module>(model: &M, grads: &GradientsParams) -> bool {
    let largest = of_gradients(model, grads, |grad| grad.abs().max());
    largest.into_iter().any(|largest| largest > 0.0)
}

/// Whether no gradient has an element that is NaN or infinite. One device read.
pub(crate) fn all_finite<M: Module>(model: &M, grads: &GradientsParams) -> bool {
    let bad = of_gradients(model, grads, |grad| {
        let bad = grad.clone().is_finite().bool_not();
        grad.zeros_like().mask_fill(bad, 1.0).max()
    });
    bad.into_iter().all(|bad| bad == 0.0)
}
