//! The model's configuration, in Hugging Face's `config.json` format.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::BertError;

/// The function between the two linear maps of a feed-forward block.
///
/// Mirrors the `ACT2FN` table in transformers/activations.py.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activation {
    /// `x Φ(x)` with the exact normal distribution function (by `erf`): BERT's own.
    #[serde(rename = "gelu")]
    Gelu,
    /// The approximation `x/2 (1 + tanh(√(2/π)(x + 0.044715 x³)))`.
    #[serde(rename = "gelu_new", alias = "gelu_pytorch_tanh")]
    GeluTanh,
    /// `max(x, 0)`.
    #[serde(rename = "relu")]
    Relu,
}

/// Sizes and constants of a BERT encoder.
///
/// Mirrors `BertConfig` in transformers/models/bert/configuration_bert.py: the names are the keys
/// of `config.json`, and a key that is absent there has Hugging Face's default.
///
/// | field | default | range |
/// |---|---|---|
/// | `vocab_size` | 30522 | ≥ 1 |
/// | `hidden_size` | 768 | ≥ 1, a multiple of `num_attention_heads` |
/// | `num_hidden_layers`, `num_attention_heads` | 12 | ≥ 1 |
/// | `intermediate_size` | 3072 | ≥ 1 |
/// | `hidden_act` | `gelu` | see [`Activation`] |
/// | `hidden_dropout_prob`, `attention_probs_dropout_prob` | 0.1 | [0, 1) |
/// | `max_position_embeddings` | 512 | ≥ 1 |
/// | `type_vocab_size` | 2 | ≥ 1 |
/// | `initializer_range` | 0.02 | ≥ 0, finite |
/// | `layer_norm_eps` | 1e-12 | > 0, finite |
/// | `pad_token_id` | 0 | < `vocab_size`, or `null` |
///
/// # Example
///
/// ```
/// use burn_sls_bert::BertConfig;
///
/// let config = BertConfig::from_json(r#"{ "hidden_size": 384, "num_hidden_layers": 6 }"#)?;
/// assert_eq!(config.head_size(), 32);
/// assert!(BertConfig::from_json(r#"{ "hidden_size": 100 }"#).is_err()); // not a multiple of 12
/// # Ok::<(), burn_sls_bert::BertError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct BertConfig {
    /// Number of tokens.
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
    /// Dropout probability after the embeddings, attention outputs, feed-forward blocks and before
    /// the classification head.
    pub hidden_dropout_prob: f64,
    /// Dropout probability on the attention weights.
    pub attention_probs_dropout_prob: f64,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: usize,
    /// Number of token types (2: first and second sentence).
    pub type_vocab_size: usize,
    /// Standard deviation of fresh weights.
    pub initializer_range: f64,
    /// The ε in layer normalisation.
    pub layer_norm_eps: f64,
    /// The token that fills up short sequences; its embedding starts at zero.
    pub pad_token_id: Option<usize>,
}

impl BertConfig {
    /// A model for tests and quick trials: hidden 64, 2 layers, 2 heads, feed-forward 128, at most
    /// 64 tokens, dropout 0.1.
    pub fn tiny(vocab_size: usize) -> Self {
        Self {
            vocab_size,
            hidden_size: 64,
            num_hidden_layers: 2,
            num_attention_heads: 2,
            intermediate_size: 128,
            hidden_act: Activation::Gelu,
            hidden_dropout_prob: 0.1,
            attention_probs_dropout_prob: 0.1,
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
    /// [`BertError::Io`] if the file cannot be read, [`BertError::Config`] with the file and the key
    /// if it is not JSON or asks for something [`validate`](Self::validate) refuses.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, BertError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| BertError::io(path, source))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| BertError::config("", "is not UTF-8 text; expected a JSON object"))
            .map_err(|error| error.in_file(path))?;
        Self::from_json(text).map_err(|error| error.in_file(path))
    }

    /// Reads the text of a `config.json`.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] as for [`from_file`](Self::from_file).
    pub fn from_json(text: &str) -> Result<Self, BertError> {
        let map: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| BertError::config("", format!("not a JSON object: {error}")))?;
        Self::try_from(map)
    }

    /// The configuration as a `config.json` that this crate and Hugging Face read.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct File<'a> {
            model_type: &'static str,
            #[serde(flatten)]
            config: &'a BertConfig,
        }
        serde_json::to_string_pretty(&File {
            model_type: "bert",
            config: self,
        })
        .expect("numbers and names always serialise")
    }

    /// Sets both dropout probabilities; 0 switches dropout off (Burn's layer then does no work).
    #[must_use]
    pub fn with_dropout(mut self, probability: f64) -> Self {
        self.hidden_dropout_prob = probability;
        self.attention_probs_dropout_prob = probability;
        self
    }

    /// Length of one attention head's vectors, `hidden_size / num_attention_heads`.
    pub fn head_size(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// Checks every range in the table above.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] with the first key whose value cannot be used.
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
            // Token and position numbers are stored as 32-bit integers, and no product of two
            // sizes may overflow.
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
        match self.pad_token_id {
            Some(id) if id >= self.vocab_size => Err(BertError::config(
                "pad_token_id",
                format!("{id} is not below `vocab_size` = {}", self.vocab_size),
            )),
            _ => Ok(()),
        }
    }
}

impl TryFrom<Map<String, Value>> for BertConfig {
    type Error = BertError;

    fn try_from(map: Map<String, Value>) -> Result<Self, BertError> {
        refuse_other_models(&map)?;
        let config = Self {
            vocab_size: value(&map, "vocab_size", 30_522)?,
            hidden_size: value(&map, "hidden_size", 768)?,
            num_hidden_layers: value(&map, "num_hidden_layers", 12)?,
            num_attention_heads: value(&map, "num_attention_heads", 12)?,
            intermediate_size: value(&map, "intermediate_size", 3_072)?,
            hidden_act: value(&map, "hidden_act", Activation::Gelu)?,
            hidden_dropout_prob: value(&map, "hidden_dropout_prob", 0.1)?,
            attention_probs_dropout_prob: value(&map, "attention_probs_dropout_prob", 0.1)?,
            max_position_embeddings: value(&map, "max_position_embeddings", 512)?,
            type_vocab_size: value(&map, "type_vocab_size", 2)?,
            initializer_range: value(&map, "initializer_range", 0.02)?,
            layer_norm_eps: value(&map, "layer_norm_eps", 1e-12)?,
            pad_token_id: value(&map, "pad_token_id", Some(0))?,
        };
        config.validate()?;
        Ok(config)
    }
}

/// The value under `key`, or Hugging Face's default where the key is absent.
fn value<T: DeserializeOwned>(
    map: &Map<String, Value>,
    key: &str,
    default: T,
) -> Result<T, BertError> {
    match map.get(key) {
        None => Ok(default),
        Some(found) => serde_json::from_value(found.clone()).map_err(|error| {
            BertError::config(key, format!("found {found}, which cannot be used: {error}"))
        }),
    }
}

/// Refuses by name what this crate would otherwise compute wrongly without a word.
fn refuse_other_models(map: &Map<String, Value>) -> Result<(), BertError> {
    let refused = [
        ("model_type", Value::from("bert")),
        ("position_embedding_type", Value::from("absolute")),
        ("is_decoder", Value::from(false)),
        ("add_cross_attention", Value::from(false)),
    ];
    for (key, supported) in refused {
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(found) if *found == supported => {}
            Some(found) => {
                return Err(BertError::config(
                    key,
                    format!("{found} is not supported; expected {supported}"),
                ));
            }
        }
    }
    Ok(())
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
    fn what_is_written_is_read_back() {
        let mut config = BertConfig::tiny(99).with_dropout(0.0);
        config.hidden_act = Activation::GeluTanh;
        config.pad_token_id = None;
        let json = config.to_json();
        assert!(json.contains(r#""model_type": "bert""#) && json.contains(r#""gelu_new""#));
        assert_eq!(BertConfig::from_json(&json).unwrap(), config);
    }

    #[test]
    fn what_is_unsupported_is_refused_by_name() {
        let cases = [
            (r#"{"model_type": "roberta"}"#, "model_type", "roberta"),
            (
                r#"{"position_embedding_type": "relative_key"}"#,
                "position_embedding_type",
                "relative_key",
            ),
            (r#"{"is_decoder": true}"#, "is_decoder", "true"),
            (
                r#"{"add_cross_attention": true}"#,
                "add_cross_attention",
                "true",
            ),
            (r#"{"hidden_act": "silu"}"#, "hidden_act", "silu"),
            (r#"{"hidden_size": 30}"#, "hidden_size", "multiple"),
            (r#"{"hidden_size": -4}"#, "hidden_size", "-4"),
            (r#"{"hidden_size": 1e300}"#, "hidden_size", "1e+300"),
            (
                r#"{"hidden_size": 18446744073709551612}"#,
                "hidden_size",
                "out of range",
            ),
            (
                r#"{"num_hidden_layers": 0}"#,
                "num_hidden_layers",
                "at least 1",
            ),
            (
                r#"{"num_attention_heads": 0}"#,
                "num_attention_heads",
                "at least 1",
            ),
            (r#"{"vocab_size": "many"}"#, "vocab_size", "many"),
            (
                r#"{"hidden_dropout_prob": 1.0}"#,
                "hidden_dropout_prob",
                "[0, 1)",
            ),
            (r#"{"layer_norm_eps": 0}"#, "layer_norm_eps", "> 0"),
            (
                r#"{"vocab_size": 5, "pad_token_id": 5}"#,
                "pad_token_id",
                "below",
            ),
            (r#"[1]"#, "", "not a JSON object"),
            (r#"{"hidden_size": 768"#, "", "line 1"),
        ];
        for (json, key, says) in cases {
            let error = BertConfig::from_json(json).expect_err(json);
            let message = error.to_string();
            assert!(
                message.contains(key) && message.contains(says),
                "{json}: {message}"
            );
        }
    }
}
