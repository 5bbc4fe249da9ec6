//! A network of linear layers with tanh between them, in any float precision, and a mini-batch that
//! it learns.

use burn::module::{Module, Param, ParamId};
use burn::tensor::activation::{log_softmax, tanh};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_sls_core::random::Generator;
use burn_sls_optim::{LineSearchConfig, StepReport, Units};

use crate::double;

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

/// A network of the given widths in float64, and a mini-batch that it learns.
pub fn network(widths: &[usize]) -> (Network, Tensor<2>, Tensor<1, Int>) {
    let device = double().autodiff();
    let mut generator = Generator::new(3);
    let mut draw = |count: usize, scale: f64| -> Vec<f64> {
        let draw = |_| (generator.below(2001) as f64 / 1000.0 - 1.0) * scale;
        (0..count).map(draw).collect()
    };
    let layers = widths.windows(2).map(|pair| Layer {
        weight: parameter(
            draw(pair[0] * pair[1], 1.0),
            [pair[0], pair[1]],
            DType::F64,
            &device,
        ),
        bias: parameter(draw(pair[1], 0.1), [pair[1]], DType::F64, &device),
    });
    let layers = layers.collect();
    let inputs = float(
        draw(16 * widths[0], 2.0),
        [16, widths[0]],
        DType::F64,
        &device,
    );
    let targets = inputs.clone().narrow(1, 0, 1).greater_elem(0.0).int();
    (Network { layers }, inputs, targets.squeeze_dim(1))
}

/// The reports of a run, and the network after it: three layers, always the same mini-batch.
pub fn run(config: LineSearchConfig, steps: usize) -> (Vec<StepReport>, Network) {
    let (mut model, inputs, targets) = network(&[3, 6, 6, 2]);
    let mut optim = config.init();
    let reports = (0..steps).map(|_| {
        let losses = |m: &Network| m.losses(inputs.clone(), targets.clone());
        let step = optim.step(model.clone(), losses).expect("a step");
        model = step.model;
        step.report
    });
    (reports.collect(), model)
}

/// One unit per layer of a network of three.
pub fn layers() -> Units {
    Units::named((0..3).map(|i| (format!("layer {i}"), vec![format!("layers.{i}")])))
}
