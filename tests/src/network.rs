//! A network of linear layers with tanh between them, in any float precision.

use burn::module::{Module, Param, ParamId};
use burn::tensor::activation::{log_softmax, tanh};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// A linear layer, `x·W + b`.
#[derive(Module, Debug)]
pub struct Layer {
    /// `[in, out]`
    pub weight: Param<Tensor<2>>,
    /// `[out]`
    pub bias: Param<Tensor<1>>,
}

/// Linear layers with tanh between them.
#[derive(Module, Debug)]
pub struct Network {
    /// From the input to the logits.
    pub layers: Vec<Layer>,
}

/// A parameter with the given values, row by row, that gets a gradient on an autodiff device.
pub fn parameter<const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    dtype: DType,
    device: &Device,
) -> Param<Tensor<D>> {
    let tensor = float(values, shape, dtype, device);
    Param::initialized(ParamId::new(), tensor.require_grad())
}

/// A tensor with the given values, row by row.
pub fn float<const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

impl Network {
    /// The logits `[batch, classes]` of the inputs `[batch, features]`.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        self.layers
            .iter()
            .enumerate()
            .fold(inputs, |x, (i, layer)| {
                let x = x.matmul(layer.weight.val()) + layer.bias.val().unsqueeze();
                if i < last { tanh(x) } else { x }
            })
    }

    /// The cross-entropy of every example, `[batch]`.
    pub fn losses(&self, inputs: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        let log_probabilities = log_softmax(self.forward(inputs), 1);
        let of_targets = log_probabilities.gather(1, targets.unsqueeze_dim(1));
        of_targets.squeeze_dim::<1>(1).neg()
    }

    /// The Euclidean norm of all parameters together, in f64.
    pub fn norm(&self) -> f64 {
        let squares = |data: TensorData| data.iter::<f64>().map(|x| x * x).sum::<f64>();
        let layers = self.layers.iter().map(|layer| {
            squares(layer.weight.val().into_data()) + squares(layer.bias.val().into_data())
        });
        layers.sum::<f64>().sqrt()
    }
}
