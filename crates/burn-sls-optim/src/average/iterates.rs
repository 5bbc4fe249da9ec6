//! The sequences of a training by averaging: `y`, which is trained, `z`, which moves by whole
//! steps, and `x`, their average.

use std::collections::HashMap;

use burn::module::ParamId;
use burn::tensor::{DType, Tensor, TensorData};
use burn_sls_core::widen;
use burn_sls_kernels::{AveragedMove, add_scaled};

use crate::params::AutodiffContext;

/// The iterates `z` of a model that is itself at `y`:
///
/// ```text
/// y = (1 - β)·z + β·x                                    where gradients are taken
/// x = y + (1 - 1/β)·(z - y)                              the average, which is evaluated
/// ```
///
/// A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: *The Road Less Scheduled*,
/// NeurIPS 2024, arXiv:2405.15682.
#[derive(Clone, Default)]
pub(crate) struct Iterates(pub(super) HashMap<ParamId, Iterate>);

/// What is kept of one parameter: flattened, without autodiff, and in f32 where the parameter is of
/// half precision.
#[derive(Clone)]
pub(super) struct Iterate {
    /// `z`.
    pub(super) z: Kept,
    /// What rounding to half precision has taken from `y`, which would otherwise stay where it is
    /// while `z` moves on. Its small steps add up here.
    pub(super) residual: Option<Kept>,
}

/// A tensor that is kept.
// How large a tensor is depends on the backends that are built in.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
pub(super) enum Kept {
    /// On a device.
    Tensor(Tensor<1>),
    /// As it came from a record, which knows no device.
    Recorded(TensorData),
}

/// How far `y` and `z` of a parameter move along its direction `u`.
///
/// ```text
/// z ← z + η·u
/// y ← y + c·(z - y) + a·u                                with the `z` from before
/// ```
///
/// This is `x ← (1 - c)·x + c·z` for `a = η·(1 - β·(1 - c))`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Blend {
    /// `c`, the share of `z` in the new average.
    pub(crate) share: f64,
    /// `η`, the step of `z`.
    pub(crate) iterate: f64,
    /// `a`, the step of `y`.
    pub(crate) point: f64,
}

impl Blend {
    fn averaged_move(self) -> AveragedMove {
        AveragedMove {
            share: self.share,
            point: self.point,
            iterate: self.iterate,
        }
    }
}

impl Iterates {
    /// Whether no parameter has moved yet: then `x = y = z`.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One parameter's new `y`. Its `z` is replaced.
    pub(super) fn moved<const D: usize>(
        &mut self,
        id: ParamId,
        y: Tensor<D>,
        direction: Tensor<D>,
        blend: Blend,
    ) -> Tensor<D> {
        let own = y.dtype();
        let y = self.wide(id, y);
        let direction = widen(direction);
        let z = self.z_like(id, &y);
        self.forget(id); // so that its memory can be that of the new one
        let (y, z) = blend.averaged_move().apply(y, z, direction);
        let (y, residual) = rounded(y, own);
        self.insert(id, flat(z), residual);
        y
    }

    /// `w + factor·(z - w)` of one parameter.
    pub(super) fn shifted<const D: usize>(
        &self,
        id: ParamId,
        tensor: Tensor<D>,
        factor: f64,
    ) -> Tensor<D> {
        let context = AutodiffContext::of(&tensor);
        let own = tensor.dtype();
        let wide = self.wide(id, tensor);
        let shifted = match self.z_like(id, &wide) {
            Some(z) => {
                let gap = z - wide.clone();
                add_scaled(wide, factor, gap)
            }
            None => wide,
        };
        context.restore(rounded(shifted, own).0, id)
    }

    /// `y` of a parameter in f32 at least, with what rounding has taken from it.
    pub(super) fn wide<const D: usize>(&self, id: ParamId, y: Tensor<D>) -> Tensor<D> {
        let y = widen(y.inner());
        let residual = self.0.get(&id).and_then(|kept| kept.residual.clone());
        match residual.and_then(|residual| residual.shaped_as(&y)) {
            Some(residual) => y + residual,
            None => y,
        }
    }

    /// `z` of a parameter, in the shape of its `y`, if there is one.
    pub(super) fn z_like<const D: usize>(&self, id: ParamId, y: &Tensor<D>) -> Option<Tensor<D>> {
        self.0.get(&id)?.z.clone().shaped_as(y)
    }

    /// Whether the parameter has an iterate.
    pub(crate) fn contains(&self, id: ParamId) -> bool {
        self.0.contains_key(&id)
    }

    /// Sets what is kept of a parameter.
    pub(super) fn insert(&mut self, id: ParamId, z: Tensor<1>, residual: Option<Tensor<1>>) {
        let z = Kept::Tensor(z);
        let residual = residual.map(Kept::Tensor);
        self.0.insert(id, Iterate { z, residual });
    }

    /// Forgets `z` of a parameter, whose average begins again.
    pub(crate) fn forget(&mut self, id: ParamId) {
        self.0.remove(&id);
    }
}

impl Kept {
    /// In the shape and on the device of `like`; nothing if it belongs to another parameter.
    fn shaped_as<const D: usize>(self, like: &Tensor<D>) -> Option<Tensor<D>> {
        let (shape, device) = (like.shape(), like.device());
        let numbers = match &self {
            Self::Tensor(tensor) => tensor.shape().num_elements(),
            Self::Recorded(data) => data.num_elements(),
        };
        if numbers != shape.num_elements() {
            return None;
        }
        let tensor = match self {
            Self::Tensor(tensor) if tensor.device() == device => tensor,
            Self::Tensor(tensor) => tensor.to_device(&device),
            Self::Recorded(data) => {
                let dtype = data.dtype();
                Tensor::from_data(data, (&device, dtype))
            }
        };
        Some(tensor.reshape(shape))
    }
}

/// The tensor in a parameter's own precision, and what rounding has taken from it if that is half
/// precision.
pub(super) fn rounded<const D: usize>(
    wide: Tensor<D>,
    own: DType,
) -> (Tensor<D>, Option<Tensor<1>>) {
    if wide.dtype() == own {
        return (wide, None);
    }
    let rounded = wide.clone().cast(own);
    let residual = wide - widen(rounded.clone());
    (rounded, Some(flat(residual)))
}

/// A tensor as a row of numbers.
pub(super) fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    tensor.reshape([-1])
}
