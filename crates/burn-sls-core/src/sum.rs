//! One number that a tensor was summed up to.

use std::ops::{Div, Neg};

use burn::tensor::{DType, FloatDType, Tensor};
use burn_sls_kernels::inner_product as fused;

/// A sum over a tensor, for [`Reductions`](crate::Reductions).
// How large a tensor is depends on the backends that are built in.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
pub enum Sum {
    /// Known already: a kernel on the host has made it.
    Known(f64),
    /// On its device, one number.
    OnDevice(Tensor<1>),
}

impl From<f64> for Sum {
    fn from(known: f64) -> Self {
        Self::Known(known)
    }
}

impl From<Tensor<1>> for Sum {
    fn from(tensor: Tensor<1>) -> Self {
        Self::OnDevice(tensor)
    }
}

impl Neg for Sum {
    type Output = Self;

    fn neg(self) -> Self {
        match self {
            Self::Known(sum) => Self::Known(-sum),
            Self::OnDevice(sum) => Self::OnDevice(sum.neg()),
        }
    }
}

impl Div<f64> for Sum {
    type Output = Self;

    fn div(self, by: f64) -> Self {
        match self {
            Self::Known(sum) => Self::Known(sum / by),
            Self::OnDevice(sum) => Self::OnDevice(sum.div_scalar(by)),
        }
    }
}

/// `⟨a, b⟩`, the sum of the elementwise products of two tensors of the same shape. Half precision
/// is cast to f32 before.
///
/// # Panics
///
/// If the shapes differ.
pub fn inner_product<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Sum {
    match fused(&a, &b) {
        Some(product) => product.into(),
        None => total(widen(a).mul(widen(b))).into(),
    }
}

/// Casts half precision to f32, and returns other tensors unchanged.
pub fn widen<const D: usize>(tensor: Tensor<D>) -> Tensor<D> {
    match tensor.dtype() {
        DType::F16 | DType::BF16 => tensor.cast(FloatDType::F32),
        _ => tensor,
    }
}

/// A tensor with more elements than this is first summed dimension by dimension.
///
/// A backend may split the sum of a large tensor over threads and add the parts in the order in
/// which they finish. Two runs then differ in the last bits. In the sum over a dimension, each row
/// belongs to one thread, and the result is small enough to be summed by one.
const LARGE: usize = 1 << 20;

fn total<const D: usize>(mut tensor: Tensor<D>) -> Tensor<1> {
    for dim in (1..D).rev() {
        if tensor.shape().num_elements() <= LARGE {
            break;
        }
        tensor = tensor.sum_dim(dim);
    }
    tensor.sum()
}
