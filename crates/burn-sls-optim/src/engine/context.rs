//! The point `w_k` that an iteration starts from, as far as it is known on the host.

use burn::module::{Module, ParamId};
use burn::optim::GradientsParams;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn_sls_core::Reductions;

use crate::direction::Proposal;
use crate::engine::machine::Engine;
use crate::error::LineSearchError;
use crate::objective::{Losses, Objective};
use crate::params::register_slopes;
use crate::report::Outcome;

/// The point `w_k`, the direction that is searched, and the loss and slopes that were read there.
pub(crate) struct StepContext<'a, M> {
    pub(crate) model: &'a M,
    pub(crate) grads: &'a GradientsParams,
    pub(crate) proposal: &'a Proposal,
    /// The parameters with a gradient.
    pub(crate) ids: Vec<ParamId>,
    /// `f_k(w_k)`
    pub(crate) loss: f64,
    /// The size of a loss below which its rounding error does not become smaller.
    pub(crate) loss_scale: f64,
    /// How many micro-batches that is the loss of.
    pub(crate) batches: usize,
    /// `⟨g, d⟩` of the parameters with a gradient.
    products: Vec<f64>,
    /// `s_u = -⟨g_u, d_u⟩` of every present unit.
    pub(crate) slopes: Vec<f64>,
    /// `-⟨g_k, u_{k-1}⟩` of every present unit, the slopes along the last step's direction, if
    /// known. With averaging, `-⟨g_k, z - y⟩` in its place.
    pub(crate) along_last: Option<Vec<f64>>,
    /// The base learning rate, which multiplies the step.
    pub(crate) lr: f64,
}

impl<'a, M: Module> StepContext<'a, M> {
    /// Reads the loss and all slopes, in one device read.
    pub(crate) fn read<I, L: Losses<M, I>>(
        engine: &mut Engine,
        objective: &mut Objective<'_, I, L>,
        model: &'a M,
        grads: &'a GradientsParams,
        proposal: &'a Proposal,
        lr: f64,
    ) -> Result<Self, LineSearchError> {
        let mut reductions = Reductions::new();
        let ids = match &proposal.products {
            Some(known) => {
                let products = known.products.iter().cloned();
                products.for_each(|product| reductions.sum(product));
                known.ids.clone()
            }
            None => register_slopes(model, grads, &proposal.direction, &mut reductions),
        };
        let towards_iterates = engine.iterates.slopes(model, grads);
        let along = proposal.along_last.as_ref().or(towards_iterates.as_ref());
        for product in along.into_iter().flatten() {
            reductions.sum(product.clone());
        }
        let known = along.is_some();
        engine
            .assignment
            .cover(&engine.config.units, model, grads, &ids)?;
        let mut base = objective.reference(model, reductions)?;
        engine.scale_losses(objective, base.loss);
        let along_last = base.sums.split_off(ids.len());
        let slopes = engine.slopes(&ids, &base.sums);
        let along_last = known.then(|| engine.slopes(&ids, &along_last));
        Ok(Self {
            model,
            grads,
            proposal,
            ids,
            loss: base.loss,
            loss_scale: objective.loss_scale,
            batches: objective.batches(),
            products: base.sums,
            slopes,
            along_last,
            lr,
        })
    }

    /// The same point with the direction made that was not made so far.
    pub(crate) fn with_direction(&self, proposal: &'a Proposal) -> Self {
        Self {
            proposal,
            ids: self.ids.clone(),
            products: self.products.clone(),
            slopes: self.slopes.clone(),
            along_last: self.along_last.clone(),
            ..*self
        }
    }

    /// The same point with another direction. Its slopes are read; the loss is known.
    pub(crate) fn along<I, L: Losses<M, I>>(
        &self,
        engine: &Engine,
        objective: &mut Objective<'_, I, L>,
        proposal: &'a Proposal,
    ) -> Self {
        let mut reductions = Reductions::new();
        let ids = register_slopes(self.model, self.grads, &proposal.direction, &mut reductions);
        let products = objective.more(reductions);
        let slopes = engine.slopes(&ids, &products);
        Self {
            proposal,
            ids,
            products,
            slopes,
            along_last: self.along_last.clone(),
            ..*self
        }
    }
}

impl<M> StepContext<'_, M> {
    /// Of every present unit the largest rate of its parameters, and the slope of a step in which
    /// each parameter has its own rate, as a part of that one.
    pub(crate) fn rated(&self, engine: &Engine, lr: &ModuleLearningRate) -> Vec<(f64, f64)> {
        let base = |id: &ParamId| engine.rate(lr, *id) == self.lr;
        if self.ids.iter().all(base) {
            return self.slopes.iter().map(|&slope| (self.lr, slope)).collect();
        }
        let rates = engine.largest_rates(lr);
        let part = |id: ParamId| match rates[engine.unit_of(id)] {
            0.0 => 0.0,
            largest => engine.rate(lr, id) / largest,
        };
        let products = self.ids.iter().zip(&self.products);
        let products: Vec<f64> = products.map(|(&id, product)| part(id) * product).collect();
        rates
            .into_iter()
            .zip(engine.slopes(&self.ids, &products))
            .collect()
    }

    /// Why nothing can be decided here, if the loss or a slope is NaN or infinite.
    pub(crate) fn not_finite(&self) -> Option<Outcome> {
        if !self.loss.is_finite() {
            Some(Outcome::SkippedNonFiniteLoss)
        } else if !self.slopes.iter().sum::<f64>().is_finite() {
            Some(Outcome::SkippedNonFiniteGradient)
        } else {
            None
        }
    }
}
