//! Reading a `config.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config::Activation;
use crate::config_keys::{refuse_other_models, unknown};
use crate::{BertConfig, BertError, ModelType};

/// A `config.json`, read and checked.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub config: BertConfig,
    /// Keys that are neither used nor known to be harmless, sorted.
    pub unknown: Vec<String>,
    head: Map<String, Value>,
    path: Option<PathBuf>,
}

impl ConfigFile {
    pub(crate) fn open(path: &Path) -> Result<Self, BertError> {
        let bytes = fs::read(path).map_err(|source| BertError::io(path, source))?;
        std::str::from_utf8(&bytes)
            .map_err(|_| BertError::config("", "is not UTF-8 text; expected a JSON object"))
            .and_then(Self::parse)
            .map(|file| Self {
                path: Some(path.to_owned()),
                ..file
            })
            .map_err(|error| error.in_file(path))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, BertError> {
        let map: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| BertError::config("", format!("not a JSON object: {error}")))?;
        Self::read(&map)
    }

    pub(crate) fn read(map: &Map<String, Value>) -> Result<Self, BertError> {
        refuse_other_models(map)?;
        let model_type = value(map, "model_type", None)?.unwrap_or_default();
        let (vocabulary, padding) = match model_type {
            ModelType::Bert => (30_522, 0),
            ModelType::Roberta => (50_265, 1),
        };
        let config = BertConfig {
            model_type,
            vocab_size: value(map, "vocab_size", vocabulary)?,
            hidden_size: value(map, "hidden_size", 768)?,
            num_hidden_layers: value(map, "num_hidden_layers", 12)?,
            num_attention_heads: value(map, "num_attention_heads", 12)?,
            intermediate_size: value(map, "intermediate_size", 3_072)?,
            hidden_act: value(map, "hidden_act", Activation::Gelu)?,
            hidden_dropout_prob: value(map, "hidden_dropout_prob", 0.1)?,
            attention_probs_dropout_prob: value(map, "attention_probs_dropout_prob", 0.1)?,
            classifier_dropout: value(map, "classifier_dropout", None)?,
            max_position_embeddings: value(map, "max_position_embeddings", 512)?,
            type_vocab_size: value(map, "type_vocab_size", 2)?,
            initializer_range: value(map, "initializer_range", 0.02)?,
            layer_norm_eps: value(map, "layer_norm_eps", 1e-12)?,
            pad_token_id: value(map, "pad_token_id", Some(padding))?,
        };
        config.validate()?;
        let of_head = |key: &&str| {
            map.get(*key)
                .map(|found| ((*key).to_owned(), found.clone()))
        };
        Ok(Self {
            config,
            unknown: unknown(map),
            head: ["architectures", "id2label"]
                .iter()
                .filter_map(of_head)
                .collect(),
            path: None,
        })
    }

    /// An error about this file.
    pub(crate) fn error(&self, key: &str, message: impl Into<String>) -> BertError {
        self.place(BertError::config(key, message))
    }

    fn place(&self, error: BertError) -> BertError {
        match &self.path {
            Some(path) => error.in_file(path),
            None => error,
        }
    }

    /// Whether the trained head has a pooler, according to `architectures`.
    pub(crate) fn head_has_pooler(&self) -> Result<bool, BertError> {
        let names: Option<Vec<String>> =
            value(&self.head, "architectures", None).map_err(|error| self.place(error))?;
        let names = names.unwrap_or_default();
        let has = |class: &str| names.iter().any(|name| name == class);
        let model = self.config.model_type;
        let (with, without) = (model.class_with_pooler(), model.class_without_pooler());
        match (with.is_some_and(has), has(without)) {
            (true, false) => Ok(true),
            (false, true) => Ok(false),
            _ => Err(self.error(
                "architectures",
                format!(
                    "{names:?} does not say whether the trained head has a pooler; expected \
                     {}[\"{without}\"], without a pooler",
                    match with {
                        Some(with) => format!("[\"{with}\"], with a pooler, or "),
                        None => String::new(),
                    }
                ),
            )),
        }
    }

    /// The names of the classes in the order of their numbers, if there is an `id2label`.
    pub(crate) fn labels(&self) -> Result<Option<Vec<String>>, BertError> {
        let names: Option<Map<String, Value>> =
            value(&self.head, "id2label", None).map_err(|error| self.place(error))?;
        let Some(names) = names else {
            return Ok(None);
        };
        let label = |id: usize| names.get(&id.to_string()).and_then(Value::as_str);
        let labels: Option<Vec<_>> = (0..names.len())
            .map(|id| label(id).map(str::to_owned))
            .collect();
        match labels {
            Some(labels) => Ok(Some(labels)),
            None => Err(self.error(
                "id2label",
                format!(
                    "{} does not name the classes; expected one name per class, numbered from 0",
                    Value::from(names)
                ),
            )),
        }
    }
}

/// The value of `key`, or Hugging Face's default if the key is absent.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_unsupported_is_refused_by_name() {
        let cases = [
            (
                r#"{"model_type": "t5"}"#,
                "model_type",
                "`bert` or `roberta`",
            ),
            (
                r#"{"position_embedding_type": "relative_key"}"#,
                "position_embedding_type",
                "relative_key",
            ),
            (r#"{"is_decoder": true}"#, "is_decoder", "true"),
            (
                r#"{"is_encoder_decoder": true}"#,
                "is_encoder_decoder",
                "true",
            ),
            (
                r#"{"add_cross_attention": true}"#,
                "add_cross_attention",
                "true",
            ),
            (
                r#"{"cross_attention_hidden_size": 64}"#,
                "cross_attention_hidden_size",
                "64",
            ),
            (
                r#"{"pruned_heads": {"0": [1]}}"#,
                "pruned_heads",
                "is not supported; expected {}",
            ),
            (
                r#"{"quantization_config": {"bits": 8}}"#,
                "quantization_config",
                "bits",
            ),
            (
                r#"{"per_layer_config": {"0": {}}}"#,
                "per_layer_config",
                "expected null",
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
            (
                r#"{"num_attention_heads": null}"#,
                "num_attention_heads",
                "found null",
            ),
            (r#"{"vocab_size": "many"}"#, "vocab_size", "many"),
            (r#"{"vocab_size": 0}"#, "vocab_size", "at least 1"),
            (
                r#"{"hidden_dropout_prob": 1.0}"#,
                "hidden_dropout_prob",
                "[0, 1)",
            ),
            (
                r#"{"attention_probs_dropout_prob": -0.1}"#,
                "attention_probs_dropout_prob",
                "-0.1 is not",
            ),
            (
                r#"{"classifier_dropout": 1.5}"#,
                "classifier_dropout",
                "1.5 is not",
            ),
            (r#"{"layer_norm_eps": 0}"#, "layer_norm_eps", "> 0"),
            (
                r#"{"initializer_range": -1}"#,
                "initializer_range",
                "-1 is not ≥ 0",
            ),
            (
                r#"{"vocab_size": 5, "pad_token_id": 5}"#,
                "pad_token_id",
                "below",
            ),
            (r#"[1]"#, "", "not a JSON object"),
            (r#"{"hidden_size": 768"#, "", "line 1 column 19"),
            ("{\n  \"hidden_size\": 768,\n}", "", "line 3 column 1"),
            ("", "", "line 1 column 0"),
        ];
        for (json, key, says) in cases {
            let error = ConfigFile::parse(json).expect_err(json);
            let message = error.to_string();
            assert!(
                message.contains(key) && message.contains(says),
                "{json}: {message}"
            );
        }
    }

    #[test]
    fn every_way_to_write_an_activation_is_read() {
        for (name, activation) in [
            ("gelu", Activation::Gelu),
            ("gelu_new", Activation::GeluTanh),
            ("gelu_pytorch_tanh", Activation::GeluTanh),
            ("relu", Activation::Relu),
        ] {
            let file = ConfigFile::parse(&json!({ "hidden_act": name }).to_string()).unwrap();
            assert_eq!(file.config.hidden_act, activation, "{name}");
        }
    }

    #[test]
    fn the_head_is_described_by_its_class_and_its_labels() {
        let read = |json: Value| ConfigFile::parse(&json.to_string()).unwrap();
        let file = read(json!({
            "architectures": ["BertForSequenceClassification"],
            "id2label": { "1": "good", "0": "bad" },
        }));
        assert!(file.head_has_pooler().unwrap());
        assert_eq!(file.labels().unwrap().unwrap(), ["bad", "good"]);
        let file = read(json!({ "architectures": ["BertForTokenClassification"] }));
        assert!(!file.head_has_pooler().unwrap());
        assert_eq!(file.labels().unwrap(), None);

        let roberta =
            |class: &str| read(json!({ "model_type": "roberta", "architectures": [class] }));
        let file = roberta("RobertaForTokenClassification");
        assert!(!file.head_has_pooler().unwrap());
        let file = roberta("RobertaForSequenceClassification");
        let message = file.head_has_pooler().unwrap_err().to_string();
        assert!(message.contains("expected [\"RobertaForToken"), "{message}");

        for architectures in [json!(null), json!([]), json!(["BertModel"])] {
            let file = read(json!({ "architectures": architectures }));
            let message = file.head_has_pooler().unwrap_err().to_string();
            assert!(message.contains("`architectures`: ["), "{message}");
        }
        for labels in [json!({ "1": "a", "2": "b" }), json!({ "0": 3 })] {
            let file = read(json!({ "id2label": labels }));
            let message = file.labels().unwrap_err().to_string();
            assert!(message.contains("`id2label`"), "{message}");
        }
    }
}
