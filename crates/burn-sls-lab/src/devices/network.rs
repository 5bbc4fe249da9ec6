//! What is trained: linear layers of one width, on random vectors.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor};

/// Linear layers of one width with tanh between them.
#[derive(Module, Debug)]
pub(super) struct Layers {
    layers: Vec<Linear>,
}

/// How many there are.
pub(super) const LAYERS: usize = 4;

impl Layers {
    pub(super) fn new(width: usize, device: &Device) -> Self {
        device.seed(1);
        let layer = |_| LinearConfig::new(width, width).init(device);
        let model = Self {
            layers: (0..LAYERS).map(layer).collect(),
        };
        draw(&model);
        model
    }

    /// Its parameters.
    pub(super) fn parameters(width: usize) -> usize {
        LAYERS * width * (width + 1)
    }

    /// The mean squared error of every example, whose target is itself, turned round: `[batch]`.
    pub(super) fn losses(&self, inputs: &Tensor<2>) -> Tensor<1> {
        let outputs = self
            .layers
            .iter()
            .fold(inputs.clone(), |x, layer| layer.forward(x.tanh()));
        let errors = outputs - inputs.clone().flip([1]);
        errors.square().mean_dim(1).squeeze_dim(1)
    }
}

/// A random mini-batch.
pub(super) fn batch(width: usize, examples: usize, device: &Device) -> Tensor<2> {
    Tensor::random([examples, width], Distribution::Normal(0.0, 1.0), device)
}

/// Draws parameters that are not drawn yet.
fn draw(model: &Layers) {
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let _ = param.base();
        }
    }
    model.visit(&mut Draw);
}
