//! Attention over sequences of tokens.

use burn::module::Module;
use burn::nn::activation::ActivationConfig;
use burn::nn::attention::generate_autoregressive_mask;
use burn::nn::transformer::{
    TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};

use super::{Activation, Net};

/// What the outputs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransformerReadout {
    /// The first token, which sees all others.
    First,
    /// Every token, which sees only those before it: the outputs of all tokens, one after another.
    Causal,
}

/// The shape of a [`Transformer`].
#[derive(Clone, Debug)]
pub struct TransformerConfig {
    /// Tokens there are.
    pub vocabulary: usize,
    /// Tokens of a sequence.
    pub length: usize,
    /// Numbers of a token, a multiple of four. The feed-forward layers have twice as many.
    pub width: usize,
    /// Layers.
    pub depth: usize,
    /// Outputs, of a sequence or of a token.
    pub outputs: usize,
    /// What they are made of.
    pub readout: TransformerReadout,
    /// In the feed-forward layers. SiLU, which Burn's encoder does not have, is taken as GELU.
    pub activation: Activation,
    /// The probability of Burn's dropout.
    pub dropout: f64,
}

/// Embeddings of tokens and positions, Burn's encoder with four heads, normalised before each part,
/// and a linear layer. A row of inputs has the numbers of the tokens.
#[derive(Module, Debug)]
pub struct Transformer {
    tokens: Embedding,
    positions: Embedding,
    encoder: TransformerEncoder,
    output: Linear,
    #[module(skip)]
    readout: TransformerReadout,
}

impl TransformerConfig {
    /// The network, with the weights of Burn's layers.
    pub fn init(&self, device: &Device) -> Transformer {
        let activation = match self.activation {
            Activation::Relu => ActivationConfig::Relu,
            Activation::Tanh => ActivationConfig::Tanh,
            Activation::Gelu | Activation::Silu => ActivationConfig::Gelu,
            Activation::Linear => ActivationConfig::Identity,
        };
        Transformer {
            tokens: EmbeddingConfig::new(self.vocabulary, self.width).init(device),
            positions: EmbeddingConfig::new(self.length, self.width).init(device),
            encoder: TransformerEncoderConfig::new(self.width, 2 * self.width, 4, self.depth)
                .with_norm_first(true)
                .with_dropout(self.dropout)
                .with_activation(activation)
                .init(device),
            output: LinearConfig::new(self.width, self.outputs).init(device),
            readout: self.readout,
        }
    }
}

impl Net for Transformer {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [batch, length] = inputs.dims();
        let device = inputs.device();
        let positions = Tensor::<1, Int>::arange(0..length as i64, &device).unsqueeze::<2>();
        let embedded = self.tokens.forward(inputs.int()) + self.positions.forward(positions);
        let input = TransformerEncoderInput::new(embedded);
        match self.readout {
            TransformerReadout::First => {
                let first = self.encoder.forward(input).narrow(1, 0, 1);
                self.output.forward(first.squeeze_dim::<2>(1))
            }
            TransformerReadout::Causal => {
                let mask = generate_autoregressive_mask(batch, length, &device);
                let encoded = self.encoder.forward(input.mask_attn(mask));
                let outputs = self.output.forward(encoded);
                let [_, _, of_token] = outputs.dims();
                outputs.reshape([batch, length * of_token])
            }
        }
    }
}
