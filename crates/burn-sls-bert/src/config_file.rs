//! Reading a `config.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::config_keys::{contradictions, refuse_other_models, shown, unknown};
use crate::files::{recognised, without_mark};
use crate::folder::unread;
use crate::{Activation, BertConfig, BertError, ModelType};

/// A `config.json`, read and checked.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    pub config: BertConfig,
    /// Keys that are neither used nor known to be harmless, sorted.
    pub unknown: Vec<String>,
    /// Keys that speak of another model than `model_type`, a sentence for each.
    pub contradictions: Vec<String>,
    head: Map<String, Value>,
    path: Option<PathBuf>,
}

impl ConfigFile {
    pub(crate) fn open(path: &Path) -> Result<Self, BertError> {
        let refusal = |message: String| BertError::config("", message);
        let bytes = fs::read(path)
            .map_err(|source| unread(path, source, |message| refusal(message).in_file(path)))?;
        if let Some(what) = recognised(&bytes) {
            return Err(refusal(what.to_owned()).in_file(path));
        }
        std::str::from_utf8(&bytes)
            .map_err(|_| refusal("is not UTF-8 text; expected a JSON object".to_owned()))
            .and_then(Self::parse)
            .map(|file| Self {
                path: Some(path.to_owned()),
                ..file
            })
            .map_err(|error| error.in_file(path))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, BertError> {
        let text = without_mark(text.as_bytes());
        let map: Map<String, Value> = serde_json::from_slice(text)
            .map_err(|error| BertError::config("", format!("not a JSON object: {error}")))?;
        Self::read(&map)
    }

    pub(crate) fn read(map: &Map<String, Value>) -> Result<Self, BertError> {
        refuse_other_models(map)?;
        let contradictions = contradictions(map)?;
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
            contradictions,
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
                    shown(&Value::from(names))
                ),
            )),
        }
    }
}

/// The most bytes of an error that is shown.
const LONGEST: usize = 300;

/// The value of `key`, or Hugging Face's default if the key is absent.
fn value<T: DeserializeOwned>(
    map: &Map<String, Value>,
    key: &str,
    default: T,
) -> Result<T, BertError> {
    match map.get(key) {
        None => Ok(default),
        Some(found) => serde_json::from_value(found.clone()).map_err(|error| {
            let error = error.to_string();
            let error = match error.len() <= LONGEST {
                true => format!(": {error}"),
                // It quotes a value that is too long to be shown.
                false => String::new(),
            };
            let found = shown(found);
            BertError::config(key, format!("found {found}, which cannot be used{error}"))
        }),
    }
}

#[cfg(test)]
mod tests;
