//! Writing a model as a folder that Hugging Face's code can read.

mod weights;

use std::fs;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Map, Value, json};

use crate::keys::{expected, expected_in_head, expected_in_pooler};
use crate::model_type::Special;
use crate::{Bert, BertClassifier, BertConfig, BertError, Tokenizer};
use weights::{Weight, check_shapes, collect};

/// Writes a model as a folder in Hugging Face's layout. It has `config.json` and
/// `model.safetensors`, with Hugging Face's keys, shapes and orientation, in f32. With a tokenizer
/// it also has `tokenizer.json` and `tokenizer_config.json`.
///
/// Like `save_pretrained` in transformers/modeling_utils.py. [`Checkpoint`](crate::Checkpoint)
/// reads the same bits back. Hugging Face reads the folder with the class that computes the same:
///
/// - [`encoder`](Self::encoder) is read as a `BertModel`, by
///   `AutoModel.from_pretrained(dir, add_pooling_layer=False)`.
/// - [`classifier`](Self::classifier) is read as a `BertForTokenClassification`, by
///   `AutoModelForTokenClassification`. Its `logits[:, 0]` are the classifier's.
/// - `classifier` with a pooler is read as a `BertForSequenceClassification`, by
///   `AutoModelForSequenceClassification`.
///
/// Hugging Face has no sequence classifier without a pooler. Its token classifier computes the
/// same, if only the logits of the first token are used. Its sequence classifier would add a pooler
/// with random weights, with no more than a warning. For a RoBERTa, the classes are those that
/// begin with `Roberta`. They have no classifier with this pooler, so such a RoBERTa is refused.
///
/// # Example
///
/// ```no_run
/// use burn::tensor::Device;
/// use burn_sls_bert::{Checkpoint, Export, Tokenizer};
///
/// # fn run(device: &Device) -> Result<(), burn_sls_bert::BertError> {
/// let checkpoint = Checkpoint::open("minilm")?;
/// let config = checkpoint.config().clone();
/// let tokenizer = Tokenizer::from_file("minilm/tokenizer.json")?;
/// let (model, _) = checkpoint.classifier(2, device)?;
/// // ... train it ...
///
/// Export::new(&config)
///     .with_tokenizer(&tokenizer)
///     .with_labels(["negative", "positive"])
///     .classifier(&model, "sentiment")?;
///
/// let (model, _) = Checkpoint::open("sentiment")?.trained_classifier(device)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Export<'a> {
    config: &'a BertConfig,
    tokenizer: Option<&'a Tokenizer>,
    labels: Option<Vec<String>>,
}

impl<'a> Export<'a> {
    /// An export of a model that was made from `config`. The names and shapes of the weights are
    /// checked against it. The number of heads, the activation and the ε of the layer norms cannot
    /// be checked.
    ///
    /// The dropout of `config` is written too. It is used when a later training starts from the
    /// folder.
    pub fn new(config: &'a BertConfig) -> Self {
        Self {
            config,
            tokenizer: None,
            labels: None,
        }
    }

    /// Also writes the tokenizer.
    #[must_use]
    pub fn with_tokenizer(mut self, tokenizer: &'a Tokenizer) -> Self {
        self.tokenizer = Some(tokenizer);
        self
    }

    /// Sets the names of a classifier's classes, from class 0 on. By default they are Hugging
    /// Face's `LABEL_0`, `LABEL_1` and so on.
    #[must_use]
    pub fn with_labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.labels = Some(labels.into_iter().map(Into::into).collect());
        self
    }

    /// Writes an encoder into the folder `dir`. The folder is created if it does not exist, and its
    /// files with the same names are replaced.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] if the model was not made from the configuration,
    /// [`BertError::Weights`] if a weight is NaN or infinite, [`BertError::Tokenizer`] if the
    /// tokenizer does not match the model, [`BertError::Io`] if a file cannot be written.
    pub fn encoder(&self, model: &Bert, dir: impl AsRef<Path>) -> Result<(), BertError> {
        let settings = Map::from_iter([(
            "architectures".to_owned(),
            json!([self.config.model_type.encoder_class()]),
        )]);
        self.write(
            dir.as_ref(),
            collect(model),
            expected(self.config),
            str::to_owned,
            settings,
        )
    }

    /// Writes a classifier into the folder `dir`. The folder is created if it does not exist, and
    /// its files with the same names are replaced.
    ///
    /// # Errors
    ///
    /// Those of [`encoder`](Self::encoder), and [`BertError::Config`] if the number of labels is
    /// not the number of classes, if two labels are equal, or for a RoBERTa with a pooler.
    pub fn classifier(
        &self,
        model: &BertClassifier,
        dir: impl AsRef<Path>,
    ) -> Result<(), BertError> {
        let [hidden, classes] = model.classifier.weight.shape().dims();
        let pooler = model.pooler.as_ref();
        let kind = self.config.model_type;
        let class = match pooler {
            Some(_) => kind.class_with_pooler().ok_or_else(no_pooler)?,
            None => kind.class_without_pooler(),
        };
        let shapes = expected(self.config)
            .chain(
                pooler
                    .into_iter()
                    .flat_map(|_| expected_in_pooler(self.config)),
            )
            .chain(expected_in_head(hidden, classes));
        // In a classifier, the keys of the encoder and the pooler have a prefix, unlike the head's.
        let key = |name: &str| match name.starts_with("classifier.") {
            true => name.to_owned(),
            false => format!("{}{name}", kind.prefix()),
        };
        let labels = self.labels_of(classes)?;
        let ids = labels.iter().zip(0usize..);
        let settings = Map::from_iter([
            ("architectures".to_owned(), json!([class])),
            (
                "id2label".to_owned(),
                ids.clone()
                    .map(|(label, id)| (id.to_string(), Value::from(label.as_str())))
                    .collect(),
            ),
            (
                "label2id".to_owned(),
                ids.map(|(label, id)| (label.clone(), Value::from(id)))
                    .collect(),
            ),
        ]);
        self.write(dir.as_ref(), collect(model), shapes, key, settings)
    }

    fn labels_of(&self, classes: usize) -> Result<Vec<String>, BertError> {
        let Some(labels) = &self.labels else {
            return Ok((0..classes).map(|id| format!("LABEL_{id}")).collect());
        };
        if labels.len() != classes {
            return Err(BertError::config(
                "id2label",
                format!(
                    "{labels:?} are {} labels for {classes} classes",
                    labels.len()
                ),
            ));
        }
        match (1..classes).find(|&id| labels[..id].contains(&labels[id])) {
            Some(id) => Err(BertError::config(
                "id2label",
                format!(
                    "two classes are called {:?}; give each its own name",
                    labels[id]
                ),
            )),
            None => Ok(labels.clone()),
        }
    }

    /// Checks everything, then writes the files. `config.json` is the last, since a folder without
    /// it cannot be mistaken for a complete model.
    fn write(
        &self,
        dir: &Path,
        tensors: Vec<Weight>,
        shapes: impl Iterator<Item = (String, Vec<usize>)>,
        key: impl Fn(&str) -> String,
        settings: Map<String, Value>,
    ) -> Result<(), BertError> {
        self.config.validate()?;
        check_shapes(&tensors, shapes)?;
        let path = dir.join("model.safetensors");
        let mut views = Vec::new();
        for tensor in &tensors {
            let key = key(&tensor.name);
            if let Some(number) = tensor.first_not_finite() {
                return Err(BertError::weights(
                    &path,
                    key,
                    format!(
                        "number {number} of the model's is NaN or infinite; nothing was written"
                    ),
                ));
            }
            let view = TensorView::new(Dtype::F32, tensor.shape.clone(), &tensor.bytes)
                .map_err(|error| BertError::weights(&path, &*key, error.to_string()))?;
            views.push((key, view));
        }
        if let Some(tokenizer) = self.tokenizer {
            tokenizer.check_fits(self.config)?;
        }

        fs::create_dir_all(dir).map_err(|source| BertError::io(dir, source))?;
        // Versions of transformers before 5 refuse a file without this entry.
        let metadata = [("format".to_owned(), "pt".to_owned())].into();
        let bytes = safetensors::serialize(views, Some(metadata))
            .map_err(|error| BertError::weights(&path, "", error.to_string()))?;
        write_whole(&path, &bytes)?;
        if let Some(tokenizer) = self.tokenizer {
            tokenizer.save(dir.join("tokenizer.json"))?;
            let settings = tokenizer_settings(tokenizer, self.config);
            write_whole(&dir.join("tokenizer_config.json"), settings.as_bytes())?;
        }
        let config = self.config.to_json_with(settings) + "\n";
        write_whole(&dir.join("config.json"), config.as_bytes())
    }
}

/// The text of a `tokenizer_config.json` with which Hugging Face uses `tokenizer.json` unchanged,
/// whatever the usual tokenizer of the model's class.
fn tokenizer_settings(tokenizer: &Tokenizer, config: &BertConfig) -> String {
    let inputs: &[&str] = match tokenizer.has_types() {
        true => &["input_ids", "token_type_ids", "attention_mask"],
        false => &["input_ids", "attention_mask"],
    };
    let mut settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.max_tokens(),
        "model_input_names": inputs,
    });
    for (special, key) in Special::KEYS {
        if let Some(token) = tokenizer.special(special) {
            settings[key] = token.into();
        }
    }
    format!("{settings:#}\n")
}

/// In Hugging Face's sequence classifier for RoBERTa, another head takes the place of the pooler.
pub(crate) fn no_pooler() -> BertError {
    BertError::config(
        "model_type",
        "RoBERTa has no classifier with a pooler; expected a classifier without one, or \"bert\"",
    )
}

/// Writes a file under another name first, and then renames it. So a reader finds the old file or
/// the new one, and never half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BertError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, bytes).map_err(|source| BertError::io(&unfinished, source))?;
    fs::rename(&unfinished, path).map_err(|source| BertError::io(path, source))
}
