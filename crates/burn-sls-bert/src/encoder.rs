//! The stack of layers, and the model without a head.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear};
use burn::tensor::activation::{gelu, gelu_approximate, relu};
use burn::tensor::{Bool, Device, Int, Tensor};

use crate::BertConfig;
use crate::attention::{Attention, attention_bias};
use crate::config::Activation;
use crate::embedding::{Embeddings, layer_norm, linear};

/// A batch of token sequences, padded to one length.
#[derive(Debug, Clone)]
pub struct BertInput {
    /// Token numbers, `[batch, seq]`.
    pub input_ids: Tensor<2, Int>,
    /// True for a real token, false for padding, `[batch, seq]`.
    pub attention_mask: Tensor<2, Bool>,
    /// 0 for the first sentence (and padding), 1 for the second, `[batch, seq]`.
    pub token_type_ids: Tensor<2, Int>,
}

/// BERT's encoder, or RoBERTa's, without a pooler.
///
/// Mirrors `BertModel(add_pooling_layer=False)` in transformers/models/bert/modeling_bert.py, and
/// `RobertaModel` in transformers/models/roberta/modeling_roberta.py.
#[derive(Module, Debug)]
pub struct Bert {
    /// Turns tokens into vectors.
    pub embeddings: Embeddings,
    /// The layers.
    pub encoder: Encoder,
}

impl Bert {
    /// A model whose parameters are not drawn yet: fit for loading weights into.
    pub(crate) fn lazy(config: &BertConfig, device: &Device) -> Self {
        Self {
            embeddings: Embeddings::new(config, device),
            encoder: Encoder {
                layer: (0..config.num_hidden_layers)
                    .map(|_| Layer::new(config, device))
                    .collect(),
            },
        }
    }

    /// The last layer's hidden states. Padded positions have values too, which mean nothing.
    ///
    /// # Shapes
    ///
    /// - input: three times `[batch, seq]`
    /// - output: `[batch, seq, hidden]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than [`BertConfig::max_tokens`].
    pub fn forward(&self, input: &BertInput) -> Tensor<3> {
        let bias = attention_bias(input.attention_mask.clone());
        let embedded = self
            .embeddings
            .forward(input.input_ids.clone(), input.token_type_ids.clone());
        self.encoder.forward(embedded, bias)
    }
}

impl BertConfig {
    /// A model with fresh weights: N(0, `initializer_range`²) for linear maps and embeddings, 0 for
    /// biases and the padding token, 1 and 0 for layer norms. Seed the device first to repeat it.
    ///
    /// Every parameter is drawn at once and in order, so that clones share values and not the
    /// promise of values.
    ///
    /// # Panics
    ///
    /// With [`validate`](Self::validate)'s message where it refuses; a configuration that was read
    /// from a file has passed it.
    pub fn init(&self, device: &Device) -> Bert {
        self.validate().unwrap_or_else(|error| panic!("{error}"));
        let model = Bert::lazy(self, device);
        draw_parameters(&model);
        model
    }
}

/// Draws every parameter that is still a promise.
pub(crate) fn draw_parameters(model: &impl Module) {
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }
    model.visit(&mut Draw);
}

/// Mirrors `BertEncoder` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Encoder {
    /// The layers, first to last.
    pub layer: Vec<Layer>,
}

impl Encoder {
    /// Between the layers the tokens of all sequences stand in one matrix. A linear map of it is one
    /// product, and so is the gradient of its weight; of `[batch, seq, hidden]` it would be a product per
    /// sequence, each packing the weight anew, and a gradient per sequence to be added up.
    fn forward(&self, hidden: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let [batch, seq, size] = hidden.dims();
        let tokens = hidden.reshape([batch * seq, size]);
        let layers = self.layer.iter();
        let last = layers.fold(tokens, |tokens, layer| layer.forward(tokens, bias.clone()));
        last.reshape([batch, seq, size])
    }
}

/// Attention, then a feed-forward block; each with a residual sum that is normalised after it.
///
/// Mirrors `BertLayer` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Layer {
    /// Mixes positions.
    pub attention: Attention,
    /// First half of the feed-forward block.
    pub intermediate: Intermediate,
    /// Second half of the feed-forward block.
    pub output: Output,
}

impl Layer {
    fn new(config: &BertConfig, device: &Device) -> Self {
        Self {
            attention: Attention::new(config, device),
            intermediate: Intermediate::new(config, device),
            output: Output::new(config, device),
        }
    }

    /// # Shapes
    ///
    /// - `hidden`, output: `[batch * seq, hidden]`
    /// - `bias`: `[batch, 1, 1, seq]`
    fn forward(&self, hidden: Tensor<2>, bias: Tensor<4>) -> Tensor<2> {
        let attended = self.attention.forward(hidden, bias);
        let wide = self.intermediate.forward(attended.clone());
        self.output.forward(wide, attended)
    }
}

/// `activation(dense(hidden))`.
///
/// Mirrors `BertIntermediate` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Intermediate {
    /// `[hidden, intermediate]`.
    pub dense: Linear,
    #[module(skip)]
    activation: Activation,
}

impl Intermediate {
    fn new(config: &BertConfig, device: &Device) -> Self {
        Self {
            dense: linear(
                config.hidden_size,
                config.intermediate_size,
                config.initializer_range,
                device,
            ),
            activation: config.hidden_act,
        }
    }

    fn forward(&self, hidden: Tensor<2>) -> Tensor<2> {
        let wide = self.dense.forward(hidden);
        match self.activation {
            Activation::Gelu => gelu(wide),
            Activation::GeluTanh => gelu_approximate(wide),
            Activation::Relu => relu(wide),
        }
    }
}

/// `LayerNorm(dropout(dense(wide)) + input)`.
///
/// Mirrors `BertOutput` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Output {
    /// `[intermediate, hidden]`.
    pub dense: Linear,
    /// Normalises the residual sum.
    pub layer_norm: LayerNorm,
    /// Acts on the projection, before the sum.
    pub dropout: Dropout,
}

impl Output {
    fn new(config: &BertConfig, device: &Device) -> Self {
        Self {
            dense: linear(
                config.intermediate_size,
                config.hidden_size,
                config.initializer_range,
                device,
            ),
            layer_norm: layer_norm(config, device),
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
        }
    }

    fn forward(&self, wide: Tensor<2>, input: Tensor<2>) -> Tensor<2> {
        let projected = self.dropout.forward(self.dense.forward(wide));
        self.layer_norm.forward(projected + input)
    }
}
