//! Iterates of a whole model: how they move, and the models that they give.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use burn_sls_core::{Sum, inner_product, widen};
use burn_sls_kernels::inner_product_with_difference;

use super::iterates::{Blend, Iterates, Kept, flat};
use crate::params::AutodiffContext;

impl Iterates {
    /// Moves the model, which is at `y`, and `z` by the direction of every parameter that has one.
    /// A parameter that is not known yet begins with `z = y`.
    pub(crate) fn advance<M: Module>(
        &mut self,
        model: M,
        direction: GradientsParams,
        blend: impl Fn(ParamId) -> Blend,
    ) -> M {
        struct Advance<'a, F> {
            iterates: &'a mut Iterates,
            direction: GradientsParams,
            blend: F,
        }
        impl<F: Fn(ParamId) -> Blend> ModuleMapper for Advance<'_, F> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                let id = param.id;
                let Some(direction) = self.direction.remove::<D>(id) else {
                    return param;
                };
                let blend = (self.blend)(id);
                param.map(|tensor| {
                    let context = AutodiffContext::of(&tensor);
                    let moved = self.iterates.moved(id, tensor.inner(), direction, blend);
                    context.restore(moved, id)
                })
            }
        }
        model.map(&mut Advance {
            iterates: self,
            direction,
            blend,
        })
    }

    /// `⟨g, z - y⟩` of every parameter with a gradient, in the order of the model; none before the
    /// first step.
    pub(crate) fn slopes<M: Module>(&self, model: &M, grads: &GradientsParams) -> Option<Vec<Sum>> {
        struct Slopes<'a> {
            iterates: &'a Iterates,
            grads: &'a GradientsParams,
            products: Vec<Sum>,
        }
        impl ModuleVisitor for Slopes<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                let Some(grad) = self.grads.get::<D>(param.id) else {
                    return;
                };
                let y = self.iterates.wide(param.id, param.base());
                let product = match self.iterates.z_like(param.id, &y) {
                    Some(z) => {
                        let grad = widen(grad);
                        match inner_product_with_difference(&grad, &z, &y) {
                            Some(product) => product.into(),
                            None => inner_product(grad, z - y),
                        }
                    }
                    None => Sum::Known(0.0),
                };
                self.products.push(product);
            }
        }
        if self.is_empty() {
            return None;
        }
        let mut slopes = Slopes {
            iterates: self,
            grads,
            products: Vec::new(),
        };
        model.visit(&mut slopes);
        Some(slopes.products)
    }

    /// Lets `z` follow where `y` was changed between two steps, as by clipping: `z - y` stays. If it
    /// did not, `z` would move on alone, and `x`, which lies on the other side of `y`, away from it.
    pub(crate) fn follow<M: Module>(&mut self, before: &M, after: &M) {
        let mut old = self.values(before);
        for (id, new) in self.values(after) {
            let changed = old.remove(&id).filter(|old| old.dims() == new.dims());
            let known = self.z_like(id, &new).zip(changed);
            if let (Some((z, old)), Some(kept)) = (known, self.0.get_mut(&id)) {
                kept.z = Kept::Tensor(z + (new - old));
            }
        }
    }

    /// `y` of every parameter that has an iterate, as a row of numbers.
    fn values<M: Module>(&self, model: &M) -> HashMap<ParamId, Tensor<1>> {
        struct Values<'a> {
            iterates: &'a Iterates,
            values: HashMap<ParamId, Tensor<1>>,
        }
        impl ModuleVisitor for Values<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if self.iterates.contains(param.id) {
                    let y = self.iterates.wide(param.id, param.base());
                    self.values.insert(param.id, flat(y));
                }
            }
        }
        let mut values = Values {
            iterates: self,
            values: HashMap::new(),
        };
        if !self.is_empty() {
            model.visit(&mut values);
        }
        values.values
    }

    /// The model at `x`, from the model at `y`. What has no iterate stays: frozen parameters,
    /// buffers, and parameters without a gradient so far.
    pub(crate) fn averaged<M: Module>(&self, model: M, beta: f64) -> M {
        self.mapped(model, |_| true, 1.0 - 1.0 / beta)
    }

    /// `w + factor·(z - w)` for every such parameter `w` that has an iterate.
    pub(super) fn mapped<M: Module>(
        &self,
        model: M,
        which: impl Fn(ParamId) -> bool,
        factor: f64,
    ) -> M {
        struct Shift<'a, F> {
            iterates: &'a Iterates,
            which: F,
            factor: f64,
        }
        impl<F: Fn(ParamId) -> bool> ModuleMapper for Shift<'_, F> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                let id = param.id;
                match self.iterates.contains(id) && (self.which)(id) {
                    true => param.map(|tensor| self.iterates.shifted(id, tensor, self.factor)),
                    false => param,
                }
            }
        }
        if self.is_empty() {
            return model;
        }
        model.map(&mut Shift {
            iterates: self,
            which,
            factor,
        })
    }
}
