//! The stack of layers, and the model without a head.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear};
use burn::tensor::activation::{gelu, gelu_approximate, relu};
use burn::tensor::{Bool, Device, Int, Tensor};
use burn_sls_kernels::linear_gelu;

use crate::attention::{Attention, Queries};
use crate::dropout::dropped;
use crate::embedding::{Embeddings, apply, layer_norm, linear, normalise};
use crate::rows::{Packing, Rows};
use crate::{Activation, BertConfig};

/// A batch of token sequences, padded to one length.
#[derive(Debug, Clone)]
pub struct BertInput {
    /// Token numbers, `[batch, seq]`.
    pub input_ids: Tensor<2, Int>,
    /// True for a real token, false for padding, `[batch, seq]`.
    pub attention_mask: Tensor<2, Bool>,
    /// 0 for the first sentence (and padding), 1 for the second, `[batch, seq]`.
    pub token_type_ids: Tensor<2, Int>,
    /// The places of the real tokens, or `None` to compute padding like real tokens.
    pub packing: Option<Packing>,
}

impl BertInput {
    /// The same batch on the inner device of an autodiff device.
    pub fn inner(self) -> Self {
        Self {
            input_ids: self.input_ids.inner(),
            attention_mask: self.attention_mask.inner(),
            token_type_ids: self.token_type_ids.inner(),
            packing: self.packing.map(Packing::inner),
        }
    }
}

/// BERT's encoder, or RoBERTa's, without a pooler.
///
/// Mirrors `BertModel(add_pooling_layer=False)` in transformers/models/bert/modeling_bert.py and
/// `RobertaModel` in transformers/models/roberta/modeling_roberta.py.
#[derive(Module, Debug)]
pub struct Bert {
    /// The embeddings of tokens, token types and positions.
    pub embeddings: Embeddings,
    /// The stack of layers.
    pub encoder: Encoder,
}

impl Bert {
    /// A model whose parameters are not drawn yet, ready to load weights into.
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

    /// The hidden states of the last layer. Those of padding have no meaning.
    ///
    /// # Shapes
    ///
    /// - input: three tensors `[batch, seq]`
    /// - output: `[batch, seq, hidden]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than [`BertConfig::max_tokens`].
    pub fn forward(&self, input: &BertInput) -> Tensor<3> {
        let rows = Rows::new(input.attention_mask.clone(), input.packing.clone());
        let layers = self.encoder.layer.iter();
        let last = layers.fold(self.embeddings.rows(input), |tokens, layer| {
            layer.forward(tokens, Queries::All, &rows)
        });
        let [_, size] = last.dims();
        rows.pad(last).reshape([rows.batch, rows.seq, size])
    }

    /// The last layer's hidden state of every sequence's first token, `[CLS]`. For the other
    /// tokens, the last layer computes only keys and values.
    ///
    /// # Shapes
    ///
    /// - input: three tensors `[batch, seq]`
    /// - output: `[batch, hidden]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than [`BertConfig::max_tokens`].
    pub fn forward_first(&self, input: &BertInput) -> Tensor<2> {
        let rows = Rows::new(input.attention_mask.clone(), input.packing.clone());
        let embedded = self.embeddings.rows(input);
        let Some((last, before)) = self.encoder.layer.split_last() else {
            return rows.first(embedded);
        };
        let layers = before.iter();
        let tokens = layers.fold(embedded, |tokens, layer| {
            layer.forward(tokens, Queries::All, &rows)
        });
        last.forward(tokens, Queries::First, &rows)
    }
}

impl BertConfig {
    /// A model with new weights: N(0, `initializer_range`²) for linear maps and embeddings, 0 for
    /// biases and the padding token, and 1 and 0 for the scale and shift of layer norms. To repeat
    /// it, seed the device first.
    ///
    /// All parameters are drawn right away and in order. So clones of the model have the same
    /// values, which is not certain of parameters that Burn draws at their first use.
    ///
    /// # Panics
    ///
    /// With the message of [`validate`](Self::validate), if the configuration is invalid. One that
    /// was read from a file is valid.
    pub fn init(&self, device: &Device) -> Bert {
        self.validate().unwrap_or_else(|error| panic!("{error}"));
        let model = Bert::lazy(self, device);
        draw_parameters(&model);
        model
    }
}

/// Draws every parameter that is not drawn yet.
pub(crate) fn draw_parameters(model: &impl Module) {
    struct Draw;
    impl ModuleVisitor for Draw {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.val();
        }
    }
    model.visit(&mut Draw);
}

/// The stack of layers.
///
/// Between layers, the tokens of all sequences are the rows of one matrix. So a linear map is one
/// matrix product, and so is the gradient of its weight. With `[batch, seq, hidden]`, each sequence
/// would need its own product, which packs the weight again, and its own gradient.
///
/// Mirrors `BertEncoder` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Encoder {
    /// The layers, first to last.
    pub layer: Vec<Layer>,
}

/// Attention, then a feed-forward block. Each is followed by a residual sum and its normalisation.
///
/// Mirrors `BertLayer` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Layer {
    /// The self-attention block.
    pub attention: Attention,
    /// The first half of the feed-forward block.
    pub intermediate: Intermediate,
    /// The second half of the feed-forward block.
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
    /// - `hidden`: `[tokens, hidden]`
    /// - output: `[tokens, hidden]`, or `[batch, hidden]` for [`Queries::First`]
    pub(crate) fn forward(&self, hidden: Tensor<2>, queries: Queries, rows: &Rows) -> Tensor<2> {
        let attended = self.attention.forward(hidden, queries, rows);
        let wide = self.intermediate.forward(attended.clone());
        self.output.forward(wide, attended)
    }
}

/// `activation(dense(hidden))`.
///
/// Mirrors `BertIntermediate` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Intermediate {
    /// The linear map, `[hidden, intermediate]`.
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
        match (self.activation, &self.dense.bias) {
            (Activation::Gelu, Some(bias)) => {
                linear_gelu(hidden, self.dense.weight.val(), bias.val())
            }
            (Activation::Gelu, None) => gelu(apply(&self.dense, hidden)),
            (Activation::GeluTanh, _) => gelu_approximate(apply(&self.dense, hidden)),
            (Activation::Relu, _) => relu(apply(&self.dense, hidden)),
        }
    }
}

/// `LayerNorm(dropout(dense(wide)) + input)`.
///
/// Mirrors `BertOutput` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Output {
    /// The projection, `[intermediate, hidden]`.
    pub dense: Linear,
    /// Normalises the residual sum.
    pub layer_norm: LayerNorm,
    /// Dropout on the projection, before the sum.
    pub dropout: Dropout,
    epsilon: f64,
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
            epsilon: config.layer_norm_eps,
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
        }
    }

    fn forward(&self, wide: Tensor<2>, input: Tensor<2>) -> Tensor<2> {
        let projected = dropped(&self.dropout, apply(&self.dense, wide));
        normalise(&self.layer_norm, self.epsilon, projected, input)
    }
}
