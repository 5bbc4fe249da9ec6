//! Whether the loss can be repeated at all.
//!
//! A search compares the losses of several forwards. That says something only if a forward at the
//! same point gives the same loss: the loss of the trials is the training loss, and all random
//! numbers are replayed. So, before the first search, one forward is made at a step size of 0.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};

use super::evaluate::{Objective, total};
use super::losses::Losses;
use crate::error::LineSearchError;
use crate::params::trial_point;

/// The difference of two forwards that rounding may explain, in units of the losses: parallel sums
/// and fused kernels add up in another order. Dropout with other masks differs by far more.
const ROUNDING: f64 = 1e-3;

/// The same with parameters in half precision.
const HALF_ROUNDING: f64 = 3e-2;

/// A difference that says nothing, for losses around 1.
const NEGLIGIBLE: f64 = 1e-6;

impl<I, L> Objective<'_, I, L> {
    /// Makes another forward at `w_k` and compares its losses with those of the training forward.
    ///
    /// # Errors
    ///
    /// [`LineSearchError::NotReproducible`] if they differ by more than rounding.
    pub(crate) fn check<M: Module>(&mut self, model: &M) -> Result<(), LineSearchError>
    where
        L: Losses<M, I>,
    {
        let point = trial_point(model, &GradientsParams::new(), false, |_| None);
        let losses = match self.freeze {
            true => self.evaluate(&point.freeze(), 0)?,
            false => self.evaluate(&point, 0)?,
        };
        let again = self.read(&losses);
        let pairs = self.base.iter().zip(&again);
        let differences = pairs.map(|(base, again)| {
            let differences = base
                .iter()
                .zip(again)
                .map(|(base, again)| (base - again).abs());
            differences.sum::<f64>() / base.len() as f64
        });
        let difference = differences.sum::<f64>() / self.base.len() as f64;
        let rounding = match in_half_precision(model) {
            true => HALF_ROUNDING,
            false => ROUNDING,
        };
        match difference <= rounding * self.magnitude() + NEGLIGIBLE * self.loss_scale {
            true => Ok(()),
            false => Err(LineSearchError::NotReproducible {
                base: total(&self.base),
                again: total(&again),
            }),
        }
    }
}

fn in_half_precision<M: Module>(model: &M) -> bool {
    struct Half(bool);
    impl ModuleVisitor for Half {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 |= matches!(param.base().dtype(), DType::F16 | DType::BF16);
        }
    }
    let mut half = Half(false);
    model.visit(&mut half);
    half.0
}
