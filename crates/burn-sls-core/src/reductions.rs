//! Sums over tensors, brought to the host in one device read.

use burn::tensor::{DType, FloatDType, Tensor, Transaction};

/// Collects the losses and inner products that a decision needs, and reads them all at once.
///
/// A read waits until the device's queue is empty. Besides its forward passes, this is the main
/// cost of a line search. So the losses and the slopes of all parameters are registered first, and
/// then read together.
///
/// Half-precision tensors are cast to f32 *before* they are multiplied and summed. Tensors of f32
/// and f64 keep their precision, and [`burn_sls_kernels`] adds products of f32 up in f64 where it
/// has a kernel for them. The device makes one sum per parameter. The caller adds up the sums of
/// several parameters, in f64 on the host.
///
/// # Example
///
/// ```
/// use burn::tensor::{Device, Tensor};
/// use burn_sls_core::Reductions;
///
/// let device = &Device::flex();
/// let gradient = Tensor::<2>::from_floats([[1.0, -2.0], [0.5, 0.0]], device);
/// let direction = gradient.clone().neg();
/// let losses = Tensor::<1>::from_floats([0.5, 1.5], device);
///
/// let mut reductions = Reductions::new();
/// reductions.inner_product(gradient, direction);
/// reductions.values(losses);
/// let read = reductions.read();
/// assert_eq!(read.sums, [-5.25]);
/// assert_eq!(read.values, [vec![0.5, 1.5]]);
/// ```
#[derive(Default)]
pub struct Reductions {
    sums: Vec<Tensor<1>>,
    values: Vec<Tensor<1>>,
}

/// The numbers that [`Reductions::read`] returns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Read {
    /// The inner products and sums, in the order they were registered.
    pub sums: Vec<f64>,
    /// The elements of each tensor of values, in the order they were registered.
    pub values: Vec<Vec<f64>>,
}

impl Reductions {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers `⟨a, b⟩`, the sum of the elementwise products of two tensors of the same shape.
    pub fn inner_product<const D: usize>(&mut self, a: Tensor<D>, b: Tensor<D>) {
        self.sum(inner_product(a, b));
    }

    /// Registers a sum that is already on the device, one number.
    pub fn sum(&mut self, sum: Tensor<1>) {
        self.sums.push(sum);
    }

    /// Registers a vector, to be read without a sum.
    pub fn values(&mut self, values: Tensor<1>) {
        self.values.push(widen(values));
    }

    /// Reads everything in one transaction.
    ///
    /// # Panics
    ///
    /// If the backend fails to read, like Burn's own [`Transaction::execute`].
    pub fn read(self) -> Read {
        let count = self.sums.len();
        let transaction = self
            .sums
            .into_iter()
            .chain(self.values)
            .fold(Transaction::default(), |t, tensor| t.register(tensor));
        let mut columns = transaction
            .execute()
            .into_iter()
            .map(|data| data.iter::<f64>().collect::<Vec<_>>());
        let sums = columns.by_ref().take(count).map(|sum| sum[0]).collect();
        Read {
            sums,
            values: columns.collect(),
        }
    }
}

/// `⟨a, b⟩` on the device, for [`Reductions::sum`].
pub fn inner_product<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<1> {
    let fused = burn_sls_kernels::inner_product(&a, &b);
    fused.unwrap_or_else(|| sum(widen(a).mul(widen(b))))
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

fn sum<const D: usize>(mut tensor: Tensor<D>) -> Tensor<1> {
    for dim in (1..D).rev() {
        if tensor.shape().num_elements() <= LARGE {
            break;
        }
        tensor = tensor.sum_dim(dim);
    }
    tensor.sum()
}
