//! `w + η·d`: the arithmetic of every move, for one tensor and for a whole module.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn_sls_core::widen;
use burn_sls_kernels::add_scaled;

use super::autodiff_context::AutodiffContext;

/// `w + η·d`, computed in the direction's precision and rounded once to the parameter's: the
/// directions of half-precision parameters are in f32.
pub(crate) fn axpy<const D: usize>(
    tensor: Tensor<D>,
    direction: Tensor<D>,
    step_size: f64,
) -> Tensor<D> {
    let (own, of_direction) = (tensor.dtype(), direction.dtype());
    match own == of_direction {
        true => add_scaled(tensor, step_size, direction),
        false => add_scaled(widen(tensor), step_size, direction).cast(own),
    }
}

/// The model at `w + η·d` for a trial: gradient-free unless it is `tracked`, with everything else
/// as it is. `step_size` gives `η` of a parameter with a direction, or `None` where it stays.
pub(crate) fn trial_point<M: Module>(
    model: &M,
    direction: &GradientsParams,
    tracked: bool,
    step_size: impl Fn(ParamId) -> Option<f64>,
) -> M {
    struct Trial<'a, F> {
        direction: &'a GradientsParams,
        tracked: bool,
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
                let context = AutodiffContext::of(&tensor);
                let tensor = tensor.inner();
                let moved = match displacement {
                    Some((direction, step_size)) => axpy(tensor, direction, step_size),
                    None => tensor,
                };
                match self.tracked {
                    true => context.restore(moved, id),
                    false => context.lift(moved),
                }
            })
        }
    }
    model.clone().map(&mut Trial {
        direction,
        tracked,
        step_size,
    })
}

/// The model at `w + a·u`, ready to be trained on. `length` gives `a` of a parameter, or `None`
/// where it stays. The directions that were used are removed.
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
                let context = AutodiffContext::of(&tensor);
                context.restore(axpy(tensor.inner(), direction, length), id)
            })
        }
    }
    model.map(&mut Step { direction, length })
}
