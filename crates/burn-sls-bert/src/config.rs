//! The model's configuration, in Hugging Face's `config.json` format.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config_file::ConfigFile;
use crate::{Activation, BertError, ModelType};

/// Sizes and constants of an encoder.
///
/// Mirrors `BertConfig` in transformers/models/bert/configuration_bert.py and `RobertaConfig` in
/// transformers/models/roberta/configuration_roberta.py. The fields are named like the keys of
/// `config.json`. A key that is absent from the file has Hugging Face's default.
///
/// | field | default | range |
/// |---|---|---|
/// | `model_type` | `bert` | `bert`, `roberta` |
/// | `vocab_size` | 30522; RoBERTa 50265 | ≥ 1 |
/// | `hidden_size` | 768 | ≥ 1, a multiple of `num_attention_heads` |
/// | `num_hidden_layers`, `num_attention_heads` | 12 | ≥ 1 |
/// | `intermediate_size` | 3072 | ≥ 1 |
/// | `hidden_act` | `gelu` | see [`Activation`] |
/// | `hidden_dropout_prob`, `attention_probs_dropout_prob` | 0.1 | [0, 1) |
/// | `classifier_dropout` | `null`: `hidden_dropout_prob` | [0, 1) |
/// | `max_position_embeddings` | 512 | ≥ 1; RoBERTa > `pad_token_id` + 1 |
/// | `type_vocab_size` | 2 | ≥ 1 |
/// | `initializer_range` | 0.02 | ≥ 0, finite |
/// | `layer_norm_eps` | 1e-12 | > 0, finite |
/// | `pad_token_id` | 0; RoBERTa 1 | < `vocab_size`, or `null`; RoBERTa not `null` |
///
/// Some settings turn the encoder into a model that this crate does not compute. They are refused
/// by their key, unless they have the supported value: `position_embedding_type` (`absolute`),
/// `is_decoder`, `is_encoder_decoder` and `add_cross_attention` (`false`),
/// `cross_attention_hidden_size`, `per_layer_config` and `quantization_config` (`null`),
/// `pruned_heads` (`{}`).
///
/// These settings are ignored, because the encoder's output does not depend on them:
///
/// - the head: `architectures`, `id2label`, `label2id`, `num_labels`, `problem_type`,
///   `finetuning_task`
/// - the pooler: `pooler_*`, `directionality`
/// - the storage of the weights: `dtype`, `torch_dtype`, `use_bfloat16`, `torchscript`, `tie_*`
/// - how Hugging Face computes and returns the same numbers: `use_cache`, `gradient_checkpointing`,
///   `chunk_size_feed_forward`, `attn_implementation`, `output_*`, `return_dict`
/// - names, versions and text generation
///
/// A key in neither list is also ignored, but reported in
/// [`LoadReport::unknown_settings`](crate::LoadReport::unknown_settings). Keys that speak of
/// another model than `model_type` are reported in
/// [`LoadReport::warnings`](crate::LoadReport::warnings). `architectures` of another model without
/// a `model_type` is refused.
///
/// # Example
///
/// ```
/// use burn_sls_bert::BertConfig;
///
/// let config = BertConfig::from_json(r#"{ "hidden_size": 384, "num_hidden_layers": 6 }"#)?;
/// assert_eq!(config.num_attention_heads, 12); // Hugging Face's default
/// assert!(BertConfig::from_json(r#"{ "hidden_size": 100 }"#).is_err()); // not a multiple of 12
/// # Ok::<(), burn_sls_bert::BertError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct BertConfig {
    /// BERT or RoBERTa.
    pub model_type: ModelType,
    /// Number of tokens in the vocabulary.
    pub vocab_size: usize,
    /// Length of a hidden vector.
    pub hidden_size: usize,
    /// Number of encoder layers.
    pub num_hidden_layers: usize,
    /// Number of attention heads per layer.
    pub num_attention_heads: usize,
    /// Length of the vector inside a feed-forward block.
    pub intermediate_size: usize,
    /// The function inside a feed-forward block.
    pub hidden_act: Activation,
    /// Dropout probability after the embeddings, attention outputs and feed-forward blocks.
    pub hidden_dropout_prob: f64,
    /// Dropout probability on the attention weights.
    pub attention_probs_dropout_prob: f64,
    /// Dropout probability before the classification head. `None` stands for `hidden_dropout_prob`.
    pub classifier_dropout: Option<f64>,
    /// Number of rows in the table of position embeddings; see [`max_tokens`](Self::max_tokens).
    pub max_position_embeddings: usize,
    /// Number of token types. Two are the first and the second sentence.
    pub type_vocab_size: usize,
    /// Standard deviation of new weights.
    pub initializer_range: f64,
    /// The ε in layer normalisation.
    pub layer_norm_eps: f64,
    /// The token that pads short sequences. Its embedding starts at zero.
    pub pad_token_id: Option<usize>,
}

/// The keys and values of a configuration file, not checked yet.
#[derive(Deserialize)]
struct Written(Map<String, Value>);

impl TryFrom<Written> for BertConfig {
    type Error = BertError;

    fn try_from(Written(map): Written) -> Result<Self, BertError> {
        Ok(ConfigFile::read(&map)?.config)
    }
}

impl BertConfig {
    /// A small model for tests and quick experiments: hidden size 64, 2 layers, 2 heads,
    /// feed-forward size 128, at most 64 tokens, dropout 0.1.
    pub fn tiny(vocab_size: usize) -> Self {
        Self {
            model_type: ModelType::Bert,
            vocab_size,
            hidden_size: 64,
            num_hidden_layers: 2,
            num_attention_heads: 2,
            intermediate_size: 128,
            hidden_act: Activation::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
            classifier_dropout: None,
            max_position_embeddings: 64,
            type_vocab_size: 2,
            initializer_range: 0.02,
            layer_norm_eps: 1e-12,
            pad_token_id: Some(0),
        }
    }

    /// Reads a `config.json`.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`] if the file cannot be read. [`BertError::Config`] with the file and the
    /// key if it is not JSON, sets something unsupported, or does not pass
    /// [`validate`](Self::validate).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BertError> {
        Ok(ConfigFile::open(path.as_ref())?.config)
    }

    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`], as from [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Self, BertError> {
        Ok(ConfigFile::parse(text)?.config)
    }

    /// The configuration as a `config.json`, which this crate and Hugging Face can read.
    pub fn to_json(&self) -> String {
        self.to_json_with(Map::new())
    }

    /// Like [`to_json`](Self::to_json), with more keys.
    pub(crate) fn to_json_with(&self, more: Map<String, Value>) -> String {
        #[derive(Serialize)]
        struct File<'a> {
            #[serde(flatten)]
            config: &'a BertConfig,
            #[serde(flatten)]
            more: Map<String, Value>,
        }
        serde_json::to_string_pretty(&File { config: self, more })
            .expect("numbers and names always serialise")
    }

    /// Sets every dropout probability. 0 switches dropout off, and its layers then do no work.
    #[must_use]
    pub fn with_dropout(mut self, probability: f64) -> Self {
        self.hidden_dropout_prob = probability;
        self.attention_probs_dropout_prob = probability;
        self.classifier_dropout = None;
        self
    }

    /// The longest sequence, in tokens.
    ///
    /// RoBERTa's first token has the position `pad_token_id` + 1, so the first rows of the table of
    /// position embeddings belong to no token. A table of 514 rows serves 512 tokens.
    pub fn max_tokens(&self) -> usize {
        let unused = self.padding_position().map_or(0, |padding| padding + 1);
        self.max_position_embeddings.saturating_sub(unused)
    }

    /// The position of padding, if the model counts positions from there.
    pub(crate) fn padding_position(&self) -> Option<usize> {
        match self.model_type {
            ModelType::Bert => None,
            ModelType::Roberta => self.pad_token_id,
        }
    }

    /// Dropout probability before the classification head.
    pub(crate) fn dropout_before_head(&self) -> f64 {
        self.classifier_dropout.unwrap_or(self.hidden_dropout_prob)
    }

    /// Checks that every value is in the range of the table above.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] with the first key whose value is out of range.
    pub fn validate(&self) -> Result<(), BertError> {
        for (key, size) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ] {
            if size == 0 {
                return Err(BertError::config(key, "is 0; expected at least 1"));
            }
            // Token and position indices are 32-bit integers, and a product of two sizes must not
            // overflow.
            if size > i32::MAX as usize {
                return Err(BertError::config(key, format!("{size} is out of range")));
            }
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return Err(BertError::config(
                "hidden_size",
                format!(
                    "{} is not a multiple of `num_attention_heads` = {}",
                    self.hidden_size, self.num_attention_heads
                ),
            ));
        }
        for (key, probability) in [
            ("hidden_dropout_prob", self.hidden_dropout_prob),
            (
                "attention_probs_dropout_prob",
                self.attention_probs_dropout_prob,
            ),
            ("classifier_dropout", self.dropout_before_head()),
        ] {
            if !(0.0..1.0).contains(&probability) {
                return Err(BertError::config(
                    key,
                    format!("{probability} is not a probability in [0, 1)"),
                ));
            }
        }
        if !(self.initializer_range >= 0.0 && self.initializer_range.is_finite()) {
            return Err(BertError::config(
                "initializer_range",
                format!("{} is not ≥ 0 and finite", self.initializer_range),
            ));
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps.is_finite()) {
            return Err(BertError::config(
                "layer_norm_eps",
                format!("{} is not > 0 and finite", self.layer_norm_eps),
            ));
        }
        match (self.pad_token_id, self.model_type) {
            (Some(id), _) if id >= self.vocab_size => Err(BertError::config(
                "pad_token_id",
                format!("{id} is not below `vocab_size` = {}", self.vocab_size),
            )),
            (None, ModelType::Roberta) => Err(BertError::config(
                "pad_token_id",
                "is null, but RoBERTa counts positions from it",
            )),
            (Some(id), _) if self.max_tokens() == 0 => Err(BertError::config(
                "max_position_embeddings",
                format!(
                    "{} leaves no position for a token: RoBERTa's first one is \
                     `pad_token_id` + 1 = {}",
                    self.max_position_embeddings,
                    id + 1
                ),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_object_is_bert_base() {
        let config = BertConfig::from_json("{}").unwrap();
        assert_eq!((config.hidden_size, config.num_hidden_layers), (768, 12));
        assert_eq!(config.layer_norm_eps, 1e-12);
        assert_eq!(config.pad_token_id, Some(0));
    }

    #[test]
    fn an_empty_roberta_has_its_own_vocabulary_and_positions() {
        let read = |json: &str| BertConfig::from_json(json);
        let config =
            read(r#"{ "model_type": "roberta", "max_position_embeddings": 514 }"#).unwrap();
        assert_eq!((config.vocab_size, config.pad_token_id), (50_265, Some(1)));
        assert_eq!(config.max_tokens(), 512);
        assert_eq!(read(&config.to_json()).unwrap(), config);
        for (json, says) in [
            (
                r#"{ "model_type": "roberta", "pad_token_id": null }"#,
                "null, but RoBERTa counts",
            ),
            (
                r#"{ "model_type": "roberta", "max_position_embeddings": 2 }"#,
                "2 leaves no position",
            ),
        ] {
            let message = read(json).unwrap_err().to_string();
            assert!(message.contains(says), "{message}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut config = BertConfig::tiny(99).with_dropout(0.0);
        config.hidden_act = Activation::GeluTanh;
        config.pad_token_id = None;
        config.classifier_dropout = Some(0.25);
        config.layer_norm_eps = 1e-25; // an inexact parser is off by one bit
        let json = config.to_json();
        assert!(json.contains(r#""model_type": "bert""#) && json.contains(r#""gelu_new""#));
        assert_eq!(BertConfig::from_json(&json).unwrap(), config);
    }
}
