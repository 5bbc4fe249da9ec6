//! Hugging Face's pooler, which some heads need.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use crate::BertConfig;
use crate::embedding::linear;

/// `tanh(dense(vector))` on the `[CLS]` vector of the last hidden state.
///
/// Mirrors `BertPooler` in transformers/models/bert/modeling_bert.py.
#[derive(Module, Debug)]
pub struct Pooler {
    /// The linear map, `[hidden, hidden]`.
    pub dense: Linear,
}

impl Pooler {
    /// A pooler whose parameters are not drawn yet, ready to load weights into.
    pub(crate) fn lazy(config: &BertConfig, device: &Device) -> Self {
        let hidden = config.hidden_size;
        Self {
            dense: linear(hidden, hidden, config.initializer_range, device),
        }
    }

    /// Applies the pooler to `[CLS]` vectors.
    ///
    /// # Shapes
    ///
    /// - `cls`, output: `[batch, hidden]`
    pub fn forward(&self, cls: Tensor<2>) -> Tensor<2> {
        self.dense.forward(cls).tanh()
    }
}
