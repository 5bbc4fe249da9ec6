//! Token, token-type and position embeddings; and how fresh parameters are drawn.

use burn::module::{Initializer, Module, Param};
use burn::nn::{Dropout, DropoutConfig, Embedding, LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Int, Tensor};

use crate::BertConfig;

/// The sum of three embeddings, normalised.
///
/// Mirrors `BertEmbeddings` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Embeddings {
    /// One vector per token, `[vocab_size, hidden]`.
    pub word_embeddings: Embedding,
    /// One vector per position, `[max_position_embeddings, hidden]`.
    pub position_embeddings: Embedding,
    /// One vector per token type, `[type_vocab_size, hidden]`.
    pub token_type_embeddings: Embedding,
    /// Normalises the sum.
    pub layer_norm: LayerNorm,
    /// Acts on the normalised sum.
    pub dropout: Dropout,
}

impl Embeddings {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        let table = |rows| embedding(config, rows, device);
        let mut word_embeddings = table(config.vocab_size);
        if let Some(pad) = config.pad_token_id {
            // As `torch.nn.Embedding(padding_idx)` does.
            word_embeddings.weight = word_embeddings
                .weight
                .init_mapper(move |weight| weight.slice_fill(pad..pad + 1, 0.0));
        }
        Self {
            word_embeddings,
            position_embeddings: table(config.max_position_embeddings),
            token_type_embeddings: table(config.type_vocab_size),
            layer_norm: layer_norm(config, device),
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
        }
    }

    /// Embeds a batch of token sequences.
    ///
    /// # Shapes
    ///
    /// - `input_ids`, `token_type_ids`: `[batch, seq]`
    /// - output: `[batch, seq, hidden]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than `max_position_embeddings`.
    pub fn forward(&self, input_ids: Tensor<2, Int>, token_type_ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, seq] = input_ids.dims();
        let [longest, _] = self.position_embeddings.weight.shape().dims();
        assert!(
            seq <= longest,
            "a sequence of {seq} tokens is longer than the model's {longest} positions; \
             truncate it when encoding"
        );
        // Positions 0..seq are the table's first rows: a slice, where a lookup would copy and its
        // gradient would scatter.
        let positions = self.position_embeddings.weight.val().slice(0..seq);
        let sum = self.word_embeddings.forward(input_ids)
            + self.token_type_embeddings.forward(token_type_ids)
            + positions.unsqueeze::<3>();
        self.dropout.forward(self.layer_norm.forward(sum))
    }
}

/// A table of `rows` vectors from N(0, `initializer_range`²).
///
/// Mirrors `PreTrainedModel._init_weights` in transformers/modeling_utils.py.
fn embedding(config: &BertConfig, rows: usize, device: &Device) -> Embedding {
    Embedding {
        weight: normal([rows, config.hidden_size], config.initializer_range, device),
    }
}

/// A linear map with weights from N(0, `std`²) and bias 0.
///
/// Mirrors `PreTrainedModel._init_weights` in transformers/modeling_utils.py.
pub(crate) fn linear(d_input: usize, d_output: usize, std: f64, device: &Device) -> Linear {
    Linear {
        weight: normal([d_input, d_output], std, device),
        bias: Some(Initializer::Zeros.init([d_output], device)),
    }
}

/// Layer normalisation over the hidden dimension: scale 1, shift 0, the configuration's ε.
pub(crate) fn layer_norm(config: &BertConfig, device: &Device) -> LayerNorm {
    LayerNormConfig::new(config.hidden_size)
        .with_epsilon(config.layer_norm_eps)
        .init(device)
}

fn normal(shape: [usize; 2], std: f64, device: &Device) -> Param<Tensor<2>> {
    Initializer::Normal { mean: 0.0, std }.init(shape, device)
}
