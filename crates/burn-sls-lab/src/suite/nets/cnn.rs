//! Convolutions over images.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};

use super::{Activation, Net, Norm, Normalise};

/// The shape of a [`Cnn`].
#[derive(Clone, Debug)]
pub struct CnnConfig {
    /// Channels and side of the square images. A row of inputs has them channel by channel.
    pub image: (usize, usize),
    /// Channels after each block, which halves the side.
    pub channels: Vec<usize>,
    /// Convolutions in a block: one, or two as in VGG.
    pub convolutions: usize,
    /// Whether the linear layers take the mean of every channel over the image, or all pixels.
    pub mean: bool,
    /// Numbers of the hidden linear layer; none if it is 0.
    pub hidden: usize,
    /// Numbers of a row of outputs.
    pub outputs: usize,
    /// After every convolution.
    pub activation: Activation,
    /// Between a convolution and its activation. With one, the convolution has no bias.
    pub norm: Norm,
}

/// A 3 x 3 convolution, normalised.
#[derive(Module, Debug)]
pub struct Convolution {
    conv: Conv2d,
    norm: Normalise,
}

/// Blocks of convolutions, each followed by a maximum over 2 x 2 pixels, and linear layers.
#[derive(Module, Debug)]
pub struct Cnn {
    blocks: Vec<Vec<Convolution>>,
    pool: MaxPool2d,
    hidden: Option<Linear>,
    output: Linear,
    channels: usize,
    side: usize,
    mean: bool,
    #[module(skip)]
    activation: Activation,
}

impl CnnConfig {
    /// The network, with the weights of Burn's layers.
    pub fn init(&self, device: &Device) -> Cnn {
        let mut before = self.image.0;
        let mut blocks = Vec::new();
        for &after in &self.channels {
            let mut block = Vec::new();
            for _ in 0..self.convolutions {
                block.push(Convolution {
                    conv: Conv2dConfig::new([before, after], [3, 3])
                        .with_padding(PaddingConfig2d::Same)
                        .with_bias(self.norm == Norm::None)
                        .init(device),
                    norm: Normalise::channels(self.norm, after, device),
                });
                before = after;
            }
            blocks.push(block);
        }
        let side = self.image.1 >> self.channels.len();
        let pixels = if self.mean { 1 } else { side * side };
        let features = before * pixels;
        let hidden =
            (self.hidden > 0).then(|| LinearConfig::new(features, self.hidden).init(device));
        let features = if self.hidden > 0 {
            self.hidden
        } else {
            features
        };
        Cnn {
            blocks,
            pool: MaxPool2dConfig::new([2, 2]).init(),
            hidden,
            output: LinearConfig::new(features, self.outputs).init(device),
            channels: self.image.0,
            side: self.image.1,
            mean: self.mean,
            activation: self.activation,
        }
    }
}

impl Net for Cnn {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let mut x = inputs.reshape([batch, self.channels, self.side, self.side]);
        for block in &self.blocks {
            for layer in block {
                x = self
                    .activation
                    .apply(layer.norm.forward(layer.conv.forward(x)));
            }
            x = self.pool.forward(x);
        }
        let [batch, channels, height, width] = x.dims();
        let mut features = match self.mean {
            true => x
                .reshape([batch, channels, height * width])
                .mean_dim(2)
                .squeeze_dim::<2>(2),
            false => x.reshape([batch, channels * height * width]),
        };
        if let Some(hidden) = &self.hidden {
            features = self.activation.apply(hidden.forward(features));
        }
        self.output.forward(features)
    }
}
