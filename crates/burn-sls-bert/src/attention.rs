//! Multi-head self-attention with its residual block.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, LayerNorm, Linear};
use burn::tensor::{Bool, Device, Tensor};
use burn_sls_kernels::{attention_weights, batch_matmul};

use crate::BertConfig;
use crate::dropout::dropped;
use crate::embedding::{apply, layer_norm, linear, normalise};
use crate::rows::Rows;

/// The tokens whose attention is computed. They attend to every token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queries {
    /// Every token.
    All,
    /// The first token of every sequence.
    First,
}

/// Self-attention and its output block.
///
/// Mirrors `BertAttention` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Attention {
    /// The attention itself, called `self` by Hugging Face.
    pub self_attention: SelfAttention,
    /// Projection, dropout, residual sum and normalisation.
    pub output: SelfOutput,
}

impl Attention {
    pub(crate) fn new(config: &BertConfig, device: &Device) -> Self {
        Self {
            self_attention: SelfAttention::new(config, device),
            output: SelfOutput::new(config, device),
        }
    }

    /// # Shapes
    ///
    /// - `hidden`: `[tokens, hidden]`
    /// - output: `[tokens, hidden]`, or `[batch, hidden]` for [`Queries::First`]
    pub(crate) fn forward(&self, hidden: Tensor<2>, queries: Queries, rows: &Rows) -> Tensor<2> {
        let from = match queries {
            Queries::All => hidden.clone(),
            Queries::First => rows.first(hidden.clone()),
        };
        let context = self
            .self_attention
            .forward(from.clone(), hidden, queries, rows);
        self.output.forward(context, from)
    }
}

/// `softmax(Q Kᵀ / √d + bias) V` per head, with dropout on the softmax.
///
/// Mirrors `BertSelfAttention` and `eager_attention_forward` in
/// transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct SelfAttention {
    /// The projection to queries, `[hidden, hidden]`.
    pub query: Linear,
    /// The projection to keys, `[hidden, hidden]`.
    pub key: Linear,
    /// The projection to values, `[hidden, hidden]`.
    pub value: Linear,
    /// Dropout on the attention weights.
    pub dropout: Dropout,
    heads: usize,
}

impl SelfAttention {
    fn new(config: &BertConfig, device: &Device) -> Self {
        let hidden = config.hidden_size;
        let square = || linear(hidden, hidden, config.initializer_range, device);
        Self {
            query: square(),
            key: square(),
            value: square(),
            dropout: DropoutConfig::new(config.attention_probs_dropout_prob).init(),
            heads: config.num_attention_heads,
        }
    }

    fn forward(
        &self,
        from: Tensor<2>,
        hidden: Tensor<2>,
        queries: Queries,
        rows: &Rows,
    ) -> Tensor<2> {
        let [_, size] = hidden.dims();
        let (batch, head) = (rows.batch, size / self.heads);
        let split = |x: Tensor<2>, seq| x.reshape([batch, seq, self.heads, head]).swap_dims(1, 2);
        let padded = |x: Tensor<2>| split(rows.pad(x), rows.seq);
        let query = apply(&self.query, from);
        let query = match queries {
            Queries::All => padded(query),
            Queries::First => split(query, 1),
        };
        let key = padded(apply(&self.key, hidden.clone()));
        let value = padded(apply(&self.value, hidden));

        let scores = batch_matmul(query, key.swap_dims(2, 3));
        let weights = attention_weights(scores, (head as f64).powf(-0.5), rows.bias.clone());
        let weights = dropped(&self.dropout, weights);
        let context = batch_matmul(weights, value).swap_dims(1, 2);
        match queries {
            Queries::All => rows.pack(context.reshape([batch * rows.seq, size])),
            Queries::First => context.reshape([batch, size]),
        }
    }
}

/// `LayerNorm(dropout(dense(context)) + input)`.
///
/// Mirrors `BertSelfOutput` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct SelfOutput {
    /// The projection, `[hidden, hidden]`.
    pub dense: Linear,
    /// Normalises the residual sum.
    pub layer_norm: LayerNorm,
    /// Dropout on the projection, before the sum.
    pub dropout: Dropout,
    epsilon: f64,
}

impl SelfOutput {
    fn new(config: &BertConfig, device: &Device) -> Self {
        let hidden = config.hidden_size;
        Self {
            dense: linear(hidden, hidden, config.initializer_range, device),
            layer_norm: layer_norm(config, device),
            epsilon: config.layer_norm_eps,
            dropout: DropoutConfig::new(config.hidden_dropout_prob).init(),
        }
    }

    fn forward(&self, context: Tensor<2>, input: Tensor<2>) -> Tensor<2> {
        let projected = dropped(&self.dropout, apply(&self.dense, context));
        normalise(&self.layer_norm, self.epsilon, projected, input)
    }
}

/// The bias of the attention scores: 0 for a real token, the type's lowest finite number for
/// padding. So padding gets the weight 0, and a row that is all padding stays finite.
///
/// Mirrors `create_bidirectional_mask` in transformers/masking_utils.py.
///
/// # Shapes
///
/// - `mask`: `[batch, seq]`, true for a real token
/// - output: `[batch, 1, 1, seq]`, the same for every head and query
pub(crate) fn attention_bias(mask: Tensor<2, Bool>) -> Tensor<4> {
    let padding = mask.bool_not().float();
    let lowest = padding
        .dtype()
        .finfo()
        .map_or(f64::from(f32::MIN), |info| info.min);
    (padding * lowest).unsqueeze_dims::<4>(&[1, 2])
}
