//! The displacement of an optimizer that knows no direction apart from its step.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use burn_sls_core::widen;

use crate::params::{AutodiffContext, collect, differences, present};

/// How far the optimizer moves every parameter with a gradient. For parameters of half precision,
/// which would round it away, it steps from a copy in f32.
pub(crate) fn displacement<M: Module>(
    optimizer: &mut ModuleOptimizer,
    lr: ModuleLearningRate,
    model: &M,
    mut grads: GradientsParams,
) -> GradientsParams {
    struct Widen<'a>(&'a mut GradientsParams);
    impl ModuleVisitor for Widen<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.0.remove::<D>(param.id) {
                self.0.register::<D>(param.id, widen(grad));
            }
        }
    }
    impl ModuleMapper for Widen<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let id = param.id;
            match self.0.get::<D>(id) {
                Some(_) => param.map(|tensor| {
                    let context = AutodiffContext::of(&tensor);
                    context.restore(widen(tensor.inner()), id)
                }),
                None => param,
            }
        }
    }
    let present = present(model, &grads);
    model.visit(&mut Widen(&mut grads));
    let wide = model.clone().map(&mut Widen(&mut grads));
    let moved = optimizer.step(lr, wide.clone(), grads);
    differences(&wide, collect(&moved, &present))
}
