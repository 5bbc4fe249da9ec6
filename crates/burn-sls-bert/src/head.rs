//! The model with a classification head. With a single class, its output is a score.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_kernels::log1p;

use crate::dropout::dropped;
use crate::embedding::linear;
use crate::encoder::draw_parameters;
use crate::{Bert, BertConfig, BertError, BertInput, Pooler};

/// Standard deviation of a new head's weights. It does not depend on `initializer_range`.
const HEAD_STD: f64 = 0.02;

/// BERT with a linear map on the `[CLS]` vector of the last hidden state.
///
/// By default there is no pooler, and only dropout between the encoder and the linear map. This is
/// `BertForTokenClassification` in transformers/models/bert/modeling_bert.py, of which only the
/// first token's logits are used. With [`Checkpoint::with_pooler`](crate::Checkpoint::with_pooler),
/// it is `BertForSequenceClassification`.
#[derive(Module, Debug)]
pub struct BertClassifier {
    /// The encoder.
    pub bert: Bert,
    /// The pooler before the dropout, if there is one.
    pub pooler: Option<Pooler>,
    /// Dropout on the `[CLS]` vector, with the probability `classifier_dropout`.
    pub dropout: Dropout,
    /// The head, `[hidden, classes]`. A new one has weights from N(0, 0.02²) and bias 0.
    pub classifier: Linear,
}

impl BertClassifier {
    pub(crate) fn lazy(config: &BertConfig, classes: usize, device: &Device) -> Self {
        Self {
            bert: Bert::lazy(config, device),
            pooler: None,
            dropout: DropoutConfig::new(config.dropout_before_head()).init(),
            classifier: linear(config.hidden_size, classes, HEAD_STD, device),
        }
    }

    /// The logits of the classes.
    ///
    /// # Shapes
    ///
    /// - input: three tensors `[batch, seq]`
    /// - output: `[batch, classes]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than [`BertConfig::max_tokens`].
    pub fn forward(&self, input: &BertInput) -> Tensor<2> {
        self.head(self.bert.forward_first(input))
    }

    /// Everything after the encoder: `[batch, hidden]` → `[batch, classes]`.
    pub(crate) fn head(&self, cls: Tensor<2>) -> Tensor<2> {
        let cls = match &self.pooler {
            Some(pooler) => pooler.forward(cls),
            None => cls,
        };
        self.classifier.forward(dropped(&self.dropout, cls))
    }

    /// The cross-entropy of each example, in nats: `−log softmax(logits)[label]`.
    ///
    /// # Shapes
    ///
    /// - input: three tensors `[batch, seq]`
    /// - `labels`, output: `[batch]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than [`BertConfig::max_tokens`].
    pub fn losses(&self, input: &BertInput, labels: Tensor<1, Int>) -> Tensor<1> {
        cross_entropies(self.forward(input), labels)
    }
}

/// The cross-entropy `−log softmax(logits)[label]` of each row.
///
/// It is computed from the logits relative to that of the label, `r_j = z_j − z_label`:
///
/// ```text
/// log(1 + Σ_{j≠label} exp(r_j))
/// ```
///
/// This form has a small relative error, however small the loss is. The usual difference of a
/// maximum and a logarithm has the rounding error of a number around 1. Losses below 1e-7 would
/// then be read as 0, and a line search could not compare them.
///
/// # Shapes
///
/// - `logits`: `[batch, classes]`
/// - `labels`, output: `[batch]`
pub fn cross_entropies(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let labels = labels.unsqueeze_dim::<2>(1);
    let right = logits.clone().gather(1, labels.clone());
    let [_, classes] = logits.dims();
    let numbers = Tensor::<1, Int>::arange(0..classes as i64, (&labels.device(), labels.dtype()));
    let is_right = labels.equal(numbers.unsqueeze::<2>());
    let behind = (logits - right).mask_fill(is_right, f32::NEG_INFINITY);
    // The largest is subtracted only where `exp` could overflow.
    let largest = behind.clone().detach().max_dim(1).clamp_min(0.0);
    let others = (behind - largest.clone()).exp().sum_dim(1);
    let rest = largest.clone().neg().exp() - 1.0;
    (log1p(others + rest) + largest).squeeze_dim::<1>(1)
}

/// The squared error `(output − score)²` of each row.
///
/// Its mean is the loss of `BertForSequenceClassification` with `num_labels=1`, which is `MSELoss`.
///
/// # Shapes
///
/// - `outputs`: `[batch, 1]`
/// - `scores`, output: `[batch]`
pub fn squared_errors(outputs: Tensor<2>, scores: Tensor<1>) -> Tensor<1> {
    (outputs.squeeze_dim::<1>(1) - scores).square()
}

impl BertConfig {
    /// A classifier with new weights, drawn like those of [`init`](Self::init).
    ///
    /// # Panics
    ///
    /// With the message of [`validate`](Self::validate), if the configuration is invalid; or if
    /// `classes` is 0.
    pub fn init_classifier(&self, classes: usize, device: &Device) -> BertClassifier {
        self.validate()
            .and_then(|()| check_classes(classes))
            .unwrap_or_else(|error| panic!("{error}"));
        let model = BertClassifier::lazy(self, classes, device);
        draw_parameters(&model);
        model
    }
}

pub(crate) fn check_classes(classes: usize) -> Result<(), BertError> {
    match classes {
        0 => Err(BertError::config("classes", "is 0; expected at least 1")),
        _ => Ok(()),
    }
}
