//! The model with a classification head; with a single class its output is a score.

use burn::module::Module;
use burn::nn::{Dropout, DropoutConfig, Linear};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_kernels::log1p;

use crate::embedding::linear;
use crate::encoder::draw_parameters;
use crate::{Bert, BertConfig, BertError, BertInput, Pooler};

/// Standard deviation of a fresh head's weights, whatever the encoder's `initializer_range`.
const HEAD_STD: f64 = 0.02;

/// BERT with one linear map on the `[CLS]` vector of the last hidden state.
///
/// As a rule without a pooler: nothing stands between the encoder and the new layer except dropout.
/// That is `BertForTokenClassification` in transformers/models/bert/modeling_bert.py, of which only
/// the first token's logits count. With a pooler, asked for by
/// [`Checkpoint::with_pooler`](crate::Checkpoint::with_pooler), it is
/// `BertForSequenceClassification`.
#[derive(Module, Debug)]
pub struct BertClassifier {
    /// The encoder.
    pub bert: Bert,
    /// Stands before the dropout, if it was asked for.
    pub pooler: Option<Pooler>,
    /// Acts on the `[CLS]` vector, with `classifier_dropout`.
    pub dropout: Dropout,
    /// `[hidden, classes]`, N(0, 0.02²), bias 0.
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

    /// Scores of the classes, before softmax.
    ///
    /// # Shapes
    ///
    /// - input: three times `[batch, seq]`
    /// - output: `[batch, classes]`
    ///
    /// # Panics
    ///
    /// If `seq` is larger than [`BertConfig::max_tokens`].
    pub fn forward(&self, input: &BertInput) -> Tensor<2> {
        self.head(self.bert.forward_first(input))
    }

    /// Everything behind the encoder: `[batch, hidden]` → `[batch, classes]`.
    pub(crate) fn head(&self, cls: Tensor<2>) -> Tensor<2> {
        let cls = match &self.pooler {
            Some(pooler) => pooler.forward(cls),
            None => cls,
        };
        self.classifier.forward(self.dropout.forward(cls))
    }

    /// The cross-entropy of each example, in nats: `−log softmax(logits)[label]`.
    ///
    /// # Shapes
    ///
    /// - input: three times `[batch, seq]`
    /// - `labels`, output: `[batch]`
    pub fn losses(&self, input: &BertInput, labels: Tensor<1, Int>) -> Tensor<1> {
        cross_entropies(self.forward(input), labels)
    }
}

/// `−log softmax(logits)[label]` per row: `[batch, classes]`, `[batch]` → `[batch]`.
///
/// It is computed from how far the other classes lie behind the right one, `r_j = z_j − z_label`, as
///
/// ```text
/// log(1 + Σ_{j≠label} exp(r_j))
/// ```
///
/// which is accurate to the last digits of the loss however small it is. As the difference of a maximum
/// and a logarithm, the loss of an example that is known well would be a multiple of the rounding error of
/// 1, and a line search would see nothing but 0 from 1e-7 on.
pub fn cross_entropies(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let labels = labels.unsqueeze_dim::<2>(1);
    let right = logits.clone().gather(1, labels.clone());
    let [_, classes] = logits.dims();
    let numbers = Tensor::<1, Int>::arange(0..classes as i64, (&labels.device(), labels.dtype()));
    let is_right = labels.equal(numbers.unsqueeze::<2>());
    let behind = (logits - right).mask_fill(is_right, f32::NEG_INFINITY);
    // The largest is taken out where `exp` could overflow, and nowhere else.
    let largest = behind.clone().detach().max_dim(1).clamp_min(0.0);
    let others = (behind - largest.clone()).exp().sum_dim(1);
    let rest = largest.clone().neg().exp() - 1.0;
    (log1p(others + rest) + largest).squeeze_dim::<1>(1)
}

/// `(output − score)²` per row: `[batch, 1]`, `[batch]` → `[batch]`.
///
/// Its mean is the loss of `BertForSequenceClassification` with `num_labels=1`, `MSELoss`.
pub fn squared_errors(outputs: Tensor<2>, scores: Tensor<1>) -> Tensor<1> {
    (outputs.squeeze_dim::<1>(1) - scores).square()
}

impl BertConfig {
    /// A classifier with fresh weights, drawn as by [`init`](Self::init).
    ///
    /// # Panics
    ///
    /// With [`validate`](Self::validate)'s message where it refuses, or if `classes` is 0.
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
