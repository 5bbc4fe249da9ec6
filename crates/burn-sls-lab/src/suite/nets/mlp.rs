//! Linear layers with an activation between them.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor};

use super::{Activation, Net, Norm, Normalise};

/// The shape of an [`Mlp`].
#[derive(Clone, Debug)]
pub struct MlpConfig {
    /// Numbers of a row of inputs, of every hidden layer, and of a row of outputs.
    pub sizes: Vec<usize>,
    /// After every hidden layer.
    pub activation: Activation,
    /// Before every activation.
    pub norm: Norm,
    /// Whether the layers have biases.
    pub bias: bool,
}

impl MlpConfig {
    /// Layers of these sizes, with ReLU and without normalisation.
    pub fn new(sizes: &[usize]) -> Self {
        Self {
            sizes: sizes.to_vec(),
            activation: Activation::Relu,
            norm: Norm::None,
            bias: true,
        }
    }

    /// `depth` hidden layers of the same width.
    pub fn uniform(inputs: usize, width: usize, depth: usize, outputs: usize) -> Self {
        let mut sizes = vec![inputs];
        sizes.extend(vec![width; depth]);
        sizes.push(outputs);
        Self::new(&sizes)
    }

    /// The same with another activation and normalisation.
    #[must_use]
    pub fn with(self, activation: Activation, norm: Norm) -> Self {
        Self {
            activation,
            norm,
            ..self
        }
    }

    /// The network, with the weights of Burn's `Linear`.
    pub fn init(&self, device: &Device) -> Mlp {
        let hidden = &self.sizes[1..self.sizes.len() - 1];
        Mlp {
            layers: self
                .sizes
                .windows(2)
                .map(|pair| {
                    LinearConfig::new(pair[0], pair[1])
                        .with_bias(self.bias)
                        .init(device)
                })
                .collect(),
            norms: hidden
                .iter()
                .map(|&size| Normalise::features(self.norm, size, device))
                .collect(),
            activation: self.activation,
        }
    }
}

/// Linear layers with an activation, and perhaps a normalisation, between them.
#[derive(Module, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    norms: Vec<Normalise>,
    #[module(skip)]
    activation: Activation,
}

impl Net for Mlp {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("layers");
        let features = hidden
            .iter()
            .zip(&self.norms)
            .fold(inputs, |x, (layer, norm)| {
                self.activation.apply(norm.forward(layer.forward(x)))
            });
        last.forward(features)
    }
}
