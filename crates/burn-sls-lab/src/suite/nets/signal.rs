//! Convolutions along a signal.

use burn::module::Module;
use burn::nn::conv::{Conv1d, Conv1dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig1d};
use burn::tensor::{Device, Tensor};

use super::{Activation, Net, Norm, Normalise};

/// The shape of a [`SignalCnn`].
#[derive(Clone, Debug)]
pub struct SignalCnnConfig {
    /// Numbers of a signal.
    pub length: usize,
    /// Channels of every convolution.
    pub channels: usize,
    /// Convolutions. Each halves the length.
    pub depth: usize,
    /// Numbers of a row of outputs.
    pub outputs: usize,
    /// After every convolution.
    pub activation: Activation,
    /// Between a convolution and its activation.
    pub norm: Norm,
}

/// Convolutions with a stride of two, the first over five numbers and the others over three, and a
/// linear layer on all that is left.
#[derive(Module, Debug)]
pub struct SignalCnn {
    convs: Vec<Conv1d>,
    norms: Vec<Normalise>,
    output: Linear,
    #[module(skip)]
    activation: Activation,
}

impl SignalCnnConfig {
    /// The network, with the weights of Burn's layers.
    pub fn init(&self, device: &Device) -> SignalCnn {
        let mut length = self.length;
        let mut convs = Vec::new();
        for layer in 0..self.depth {
            let (before, kernel) = match layer {
                0 => (1, 5),
                _ => (self.channels, 3),
            };
            convs.push(
                Conv1dConfig::new(before, self.channels, kernel)
                    .with_stride(2)
                    .with_padding(PaddingConfig1d::Explicit(1, 1))
                    .init(device),
            );
            length = (length + 2 - kernel) / 2 + 1;
        }
        SignalCnn {
            convs,
            norms: (0..self.depth)
                .map(|_| Normalise::channels(self.norm, self.channels, device))
                .collect(),
            output: LinearConfig::new(self.channels * length, self.outputs).init(device),
            activation: self.activation,
        }
    }
}

impl Net for SignalCnn {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let signal = inputs.unsqueeze_dim::<3>(1);
        let features = self
            .convs
            .iter()
            .zip(&self.norms)
            .fold(signal, |x, (conv, norm)| {
                self.activation.apply(norm.forward(conv.forward(x)))
            });
        let [batch, channels, length] = features.dims();
        self.output
            .forward(features.reshape([batch, channels * length]))
    }
}
