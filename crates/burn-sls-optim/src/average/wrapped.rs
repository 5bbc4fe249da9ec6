//! What the wrapper for Burn's `Learner` needs beside: entries of its records, and ways between its
//! states.

use std::collections::HashSet;

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};

use super::iterates::{Iterate, Iterates, Kept, flat, rounded};

impl Iterates {
    /// `x` of one parameter, from its `y`.
    pub(crate) fn average_of<const D: usize>(
        &self,
        id: ParamId,
        y: Tensor<D>,
        beta: f64,
    ) -> Tensor<D> {
        self.shifted(id, y, 1.0 - 1.0 / beta)
    }

    /// The iterate of one parameter alone, if it has one.
    pub(crate) fn only(&self, id: ParamId) -> Self {
        let kept = self.0.get(&id).cloned();
        Self(kept.map(|kept| (id, kept)).into_iter().collect())
    }

    /// `y` and `z` of a parameter, flattened, in f32 at least. Before its first step they are the
    /// same.
    pub(crate) fn pair_of<const D: usize>(
        &self,
        id: ParamId,
        y: Tensor<D>,
    ) -> (Tensor<1>, Tensor<1>) {
        let y = self.wide(id, y);
        let z = self.z_like(id, &y).unwrap_or_else(|| y.clone());
        (flat(y), flat(z))
    }

    /// Takes over a pair of [`pair_of`](Self::pair_of). Returns `y` as the parameter has it, in the
    /// shape and the precision of `like`.
    pub(crate) fn set_pair<const D: usize>(
        &mut self,
        id: ParamId,
        (y, z): (Tensor<1>, Tensor<1>),
        like: &Tensor<D>,
    ) -> Tensor<D> {
        let (y, residual) = rounded(y.reshape(like.shape()), like.dtype());
        self.insert(id, z, residual);
        y
    }

    /// As [`averaged`](Self::averaged), for those parameters alone.
    pub(crate) fn averaged_at<M: Module>(&self, model: M, beta: f64, ids: &HashSet<ParamId>) -> M {
        self.mapped(model, |id| ids.contains(&id), 1.0 - 1.0 / beta)
    }

    /// The model at `y`, from the model at `x`: up to rounding the inverse of
    /// [`averaged`](Self::averaged).
    pub(crate) fn trained<M: Module>(&mut self, model: M, beta: f64) -> M {
        for iterate in self.0.values_mut() {
            iterate.residual = None;
        }
        self.mapped(model, |_| true, 1.0 - beta)
    }

    /// The iterates on a device.
    pub(crate) fn to_device(&self, device: &Device) -> Self {
        let device = device.clone().inner();
        let on_device = |kept: &Kept| match kept {
            Kept::Tensor(tensor) => Kept::Tensor(tensor.clone().to_device(&device)),
            Kept::Recorded(data) => Kept::Recorded(data.clone()),
        };
        let moved = self.0.iter().map(|(id, kept)| {
            let z = on_device(&kept.z);
            let residual = kept.residual.as_ref().map(on_device);
            (*id, Iterate { z, residual })
        });
        Self(moved.collect())
    }
}
