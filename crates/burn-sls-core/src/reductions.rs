//! Sums over tensors, brought to the host in one device read.

use burn::tensor::{Tensor, Transaction};

use crate::sum::{Sum, inner_product, widen};

/// Collects the losses and inner products that a decision needs, and reads them all at once.
///
/// A read waits until the device's queue is empty. Besides its forward passes, this is the main
/// cost of a line search. So the losses and the slopes of all parameters are registered first, and
/// then read together.
///
/// Half-precision tensors are cast to f32 *before* they are multiplied and summed. Tensors of f32
/// and f64 keep their precision, and [`burn_sls_kernels`] adds products of f32 up in f64 where it
/// has a kernel for them. There is one sum per parameter, made on its device or by a kernel on the
/// host. The caller adds up the sums of several parameters, in f64 on the host.
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
    sums: Vec<Sum>,
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

    /// Registers a sum, one number.
    pub fn sum(&mut self, sum: impl Into<Sum>) {
        self.sums.push(sum.into());
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
        let on_device = self.sums.iter().filter_map(|sum| match sum {
            Sum::Known(_) => None,
            Sum::OnDevice(tensor) => Some(tensor.clone()),
        });
        let transaction = on_device
            .chain(self.values)
            .fold(Transaction::default(), |t, tensor| t.register(tensor));
        let mut columns = transaction
            .execute()
            .into_iter()
            .map(|data| data.iter::<f64>().collect::<Vec<_>>());
        let mut number = |sum: &Sum| match sum {
            Sum::Known(number) => *number,
            Sum::OnDevice(_) => columns.next().expect("a column for every tensor")[0],
        };
        let sums = self.sums.iter().map(&mut number).collect();
        Read {
            sums,
            values: columns.collect(),
        }
    }
}
