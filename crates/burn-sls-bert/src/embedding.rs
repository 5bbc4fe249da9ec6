//! Token, token-type and position embeddings, and the initialisation of new parameters.

use burn::module::{Initializer, Module, Param};
use burn::nn::{Dropout, DropoutConfig, Embedding, LayerNorm, LayerNormConfig, Linear};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_kernels::residual_layer_norm;

use crate::dropout::dropped;
use crate::{BertConfig, BertInput};

/// The sum of three embeddings, normalised.
///
/// Mirrors `BertEmbeddings` in transformers/models/bert/modeling_bert.py and `RobertaEmbeddings` in
/// transformers/models/roberta/modeling_roberta.py.
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
    /// Dropout on the normalised sum.
    pub dropout: Dropout,
    /// The number of the padding token, which is also its position, if the model counts positions
    /// from there.
    #[module(skip)]
    padding: Option<usize>,
    epsilon: f64,
}

impl Embeddings {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        let table = |rows, padding: Option<usize>| {
            let mut table = embedding(config, rows, device);
            if let Some(pad) = padding {
                // Like `torch.nn.Embedding(padding_idx)`.
                table.weight = table
                    .weight
                    .init_mapper(move |weight| weight.slice_fill(pad..pad + 1, 0.0));
            }
            table
        };
        let padding = config.padding_position();
        Self {
            word_embeddings: table(config.vocab_size, config.pad_token_id),
            position_embeddings: table(config.max_position_embeddings, padding),
            token_type_embeddings: table(config.type_vocab_size, None),
            layer_norm: layer_norm(config, device),
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
            padding,
            epsilon: config.layer_norm_eps,
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
    /// If `seq` is larger than the configuration's [`max_tokens`](BertConfig::max_tokens). On some
    /// devices also for a token or a type without a row, which
    /// [`check_fits_pairs`](crate::Tokenizer::check_fits_pairs) rules out.
    pub fn forward(&self, input_ids: Tensor<2, Int>, token_type_ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, seq] = input_ids.dims();
        self.check_length(seq);
        let positions = match self.padding {
            // Positions 0..seq are the table's first rows. A slice avoids the copy of a lookup and
            // the scatter of its gradient.
            None => {
                let rows = self.position_embeddings.weight.val().slice(0..seq);
                rows.unsqueeze::<3>()
            }
            Some(padding) => {
                let positions = positions_after(padding, input_ids.clone());
                self.position_embeddings.forward(positions)
            }
        };
        let words = self.word_embeddings.forward(input_ids);
        let rest = self.token_type_embeddings.forward(token_type_ids) + positions;
        let shape = words.dims();
        let sum = self.normalise(words.flatten(0, 1), rest.flatten(0, 1));
        dropped(&self.dropout, sum.reshape(shape))
    }

    /// The embedded tokens of a batch as the rows of one matrix, `[tokens, hidden]`. A packed batch
    /// has rows only for its real tokens.
    pub(crate) fn rows(&self, input: &BertInput) -> Tensor<2> {
        let ids = input.input_ids.clone();
        let types = input.token_type_ids.clone();
        let Some(packing) = &input.packing else {
            return self.forward(ids, types).flatten(0, 1);
        };
        let [_, seq] = ids.dims();
        self.check_length(seq);
        let positions = match self.padding {
            None => packing.positions(seq),
            Some(padding) => packing.pack_numbers(positions_after(padding, ids.clone())),
        };
        let look_up = |table: &Embedding, numbers: Tensor<1, Int>| {
            table.forward(numbers.unsqueeze::<2>()).squeeze_dim::<2>(0)
        };
        let words = look_up(&self.word_embeddings, packing.pack_numbers(ids));
        let rest = look_up(&self.token_type_embeddings, packing.pack_numbers(types))
            + look_up(&self.position_embeddings, positions);
        dropped(&self.dropout, self.normalise(words, rest))
    }

    fn normalise(&self, x: Tensor<2>, residual: Tensor<2>) -> Tensor<2> {
        normalise(&self.layer_norm, self.epsilon, x, residual)
    }

    fn check_length(&self, seq: usize) {
        let [rows, _] = self.position_embeddings.weight.shape().dims();
        let longest = rows - self.padding.map_or(0, |padding| padding + 1);
        assert!(
            seq <= longest,
            "a sequence of {seq} tokens is longer than the model's {longest} positions; \
             truncate it when encoding"
        );
    }
}

/// Positions `[batch, seq]`. Real tokens are counted from `padding + 1`, and every padding token
/// has the position `padding`, even in the middle of a text.
fn positions_after(padding: usize, ids: Tensor<2, Int>) -> Tensor<2, Int> {
    let real = ids.not_equal_elem(padding as i32).int();
    real.clone().cumsum(1) * real + padding as i32
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

/// A linear map of the rows of a matrix, with a fused kernel if there is one.
pub(crate) fn apply(map: &Linear, x: Tensor<2>) -> Tensor<2> {
    match &map.bias {
        Some(bias) => burn_sls_kernels::linear(x, map.weight.val(), bias.val()),
        None => map.forward(x),
    }
}

/// `LayerNorm(x + residual)`, with a fused kernel if there is one. The ε is an argument, because it
/// is a private field of Burn's `LayerNorm`.
pub(crate) fn normalise(
    norm: &LayerNorm,
    epsilon: f64,
    x: Tensor<2>,
    residual: Tensor<2>,
) -> Tensor<2> {
    match &norm.beta {
        Some(beta) => residual_layer_norm(x, residual, norm.gamma.val(), beta.val(), epsilon),
        None => norm.forward(x + residual),
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
