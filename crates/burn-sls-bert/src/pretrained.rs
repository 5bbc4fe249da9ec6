//! Bringing in a Hugging Face checkpoint.

use std::path::Path;

use burn::nn::Linear;
use burn::tensor::Device;

use crate::config_file::ConfigFile;
use crate::encoder::draw_parameters;
use crate::export::no_pooler;
use crate::folder::not_read;
use crate::head::check_classes;
use crate::keys::{canonical, expected, expected_in_head, expected_in_pooler, path_in_store};
use crate::quote::listed;
use crate::weights::WeightFile;
use crate::{Bert, BertClassifier, BertConfig, BertError, ModelType, Pooler};

/// A folder with `config.json` and `model.safetensors`, read and checked on the host.
///
/// Numbers may be F32, F16, BF16 or F64, and become f32. Every key may have `bert.` or `roberta.`
/// in front; only `model_type` in `config.json` says which of the two the model is. A layer norm's
/// `weight` and `bias` may be called `gamma` and `beta`:
///
/// | key | shape | |
/// |---|---|---|
/// | `embeddings.word_embeddings.weight` | `[vocab_size, hidden]` | |
/// | `embeddings.position_embeddings.weight` | `[max_position_embeddings, hidden]` | |
/// | `embeddings.token_type_embeddings.weight` | `[type_vocab_size, hidden]` | |
/// | `embeddings.LayerNorm.{weight,bias}` | `[hidden]` | |
/// | `encoder.layer.N.attention.self.{query,key,value}.weight` | `[hidden, hidden]` | transposed |
/// | `encoder.layer.N.attention.self.{query,key,value}.bias` | `[hidden]` | |
/// | `encoder.layer.N.attention.output.dense.weight` | `[hidden, hidden]` | transposed |
/// | `encoder.layer.N.attention.output.dense.bias` | `[hidden]` | |
/// | `encoder.layer.N.attention.output.LayerNorm.{weight,bias}` | `[hidden]` | |
/// | `encoder.layer.N.intermediate.dense.weight` | `[intermediate, hidden]` | transposed |
/// | `encoder.layer.N.intermediate.dense.bias` | `[intermediate]` | |
/// | `encoder.layer.N.output.dense.weight` | `[hidden, intermediate]` | transposed |
/// | `encoder.layer.N.output.dense.bias` | `[hidden]` | |
/// | `encoder.layer.N.output.LayerNorm.{weight,bias}` | `[hidden]` | |
/// | `pooler.dense.weight` | `[hidden, hidden]` | transposed; only [with a pooler](Self::with_pooler) |
/// | `pooler.dense.bias` | `[hidden]` | only with a pooler |
/// | `classifier.weight` | `[classes, hidden]` | transposed; only for a [trained head](Self::trained_classifier) |
/// | `classifier.bias` | `[classes]` | only for a trained head |
/// | any other: `embeddings.position_ids`, `cls.*` and so on | | left aside |
///
/// Hugging Face stores a linear map as `[out, in]` and Burn as `[in, out]`: hence "transposed". N
/// counts from 0 to `num_hidden_layers` − 1; a layer beyond that is an error, and so is a parameter
/// that is there twice, under two spellings, or that holds a NaN or an infinite number.
///
/// # Example
///
/// ```no_run
/// use burn::tensor::Device;
/// use burn_sls_bert::Checkpoint;
///
/// # fn run(device: &Device) -> Result<(), burn_sls_bert::BertError> {
/// let (model, report) = Checkpoint::open("minilm")?
///     .with_dropout(0.0)?
///     .classifier(2, device)?;
/// println!("left aside: {:?}", report.unused);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    file: ConfigFile,
    weights: WeightFile,
    pooler: bool,
    report: LoadReport,
}

/// What of a checkpoint went into the model, and what did not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoadReport {
    /// Loaded keys, as they are spelled in the file, in the model's order.
    pub loaded: Vec<String>,
    /// Keys that belong to no parameter of the model, as they are spelled in the file, sorted.
    pub unused: Vec<String>,
    /// Keys of `config.json` that this crate does not know, sorted: they may be harmless, or ask
    /// for something that it does not compute. [`BertConfig`] says which it knows.
    pub unknown_settings: Vec<String>,
    /// What speaks of another model than the one that was loaded, a sentence with the file for
    /// each: keys that contradict `model_type`, and files beside the model that are not read.
    pub warnings: Vec<String>,
}

impl LoadReport {
    /// What may make the model another than meant, a sentence for each: the [`warnings`], and the
    /// unknown settings of the model called `name`.
    ///
    /// [`warnings`]: Self::warnings
    pub fn sentences(&self, name: &str) -> Vec<String> {
        let unknown = match self.unknown_settings.is_empty() {
            true => None,
            false => Some(format!(
                "{name}: config.json has settings that are not known here and not followed: {}; \
                 if one of them changes the model, another model than that is trained",
                listed(&self.unknown_settings)
            )),
        };
        unknown
            .into_iter()
            .chain(self.warnings.iter().cloned())
            .collect()
    }
}

/// See [`LoadReport::warnings`].
fn warnings(dir: &Path, file: &ConfigFile, weights: &WeightFile) -> Vec<String> {
    let path = dir.join("config.json");
    let of_config = file.contradictions.iter();
    let mut all: Vec<_> = of_config
        .map(|sentence| format!("{}: {sentence}", path.display()))
        .collect();
    let kind = file.config.model_type;
    let others = ModelType::ALL.into_iter().filter(|other| *other != kind);
    for other in others {
        let prefix = other.prefix();
        if weights.keys().any(|key| key.starts_with(prefix)) {
            all.push(format!(
                "{}: its keys begin with `{prefix}`, but `model_type` in config.json makes it a {}",
                dir.join("model.safetensors").display(),
                kind.in_words()
            ));
        }
    }
    all.extend(not_read(dir));
    all
}

impl Checkpoint {
    /// Reads `config.json` and `model.safetensors` in `dir` and checks that they fit together:
    /// every parameter there once, in the right shape, of a float type, finite.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`], [`BertError::Config`], [`BertError::Weights`], each with the file, and
    /// the key where there is one. For a missing file, the message names the other form in which
    /// the folder has it, or the folder that has it.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, BertError> {
        let dir = dir.as_ref();
        let file = ConfigFile::open(&dir.join("config.json"))?;
        let weights = WeightFile::open(&dir.join("model.safetensors"), canonical)?;

        let mut checkpoint = Self {
            report: LoadReport {
                loaded: Vec::new(),
                unused: weights.keys().cloned().collect(),
                unknown_settings: file.unknown.clone(),
                warnings: warnings(dir, &file, &weights),
            },
            file,
            weights,
            pooler: false,
        };
        checkpoint.report.unused.sort();
        checkpoint.claim(expected(&checkpoint.file.config.clone()))?;
        let beyond = |key: &&String| canonical(key).starts_with("encoder.layer.");
        if let Some(key) = checkpoint.report.unused.iter().find(beyond) {
            return Err(checkpoint.weights.error(
                key,
                format!(
                    "is beyond the configuration's {} layers",
                    checkpoint.config().num_hidden_layers
                ),
            ));
        }
        Ok(checkpoint)
    }

    /// Checks parameters and counts them among the loaded.
    fn claim(
        &mut self,
        parameters: impl IntoIterator<Item = (String, Vec<usize>)>,
    ) -> Result<(), BertError> {
        for (name, shape) in parameters {
            let key = self.weights.check(&name, &shape)?;
            if let Ok(place) = self.report.unused.binary_search_by(|k| k.as_str().cmp(key)) {
                let key = self.report.unused.remove(place);
                self.report.loaded.push(key);
            }
        }
        Ok(())
    }

    /// The configuration, with dropout as set.
    pub fn config(&self) -> &BertConfig {
        &self.file.config
    }

    /// The names of the classes that the checkpoint was trained for, as `id2label` gives them.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] if `id2label` is there and does not name the classes from 0 on.
    pub fn labels(&self) -> Result<Option<Vec<String>>, BertError> {
        self.file.labels()
    }

    /// Sets every dropout probability; 0 switches dropout off.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] if it is not in [0, 1).
    pub fn with_dropout(mut self, probability: f64) -> Result<Self, BertError> {
        self.file.config = self.file.config.with_dropout(probability);
        self.file.config.validate()?;
        Ok(self)
    }

    /// Puts the checkpoint's pooler between the encoder and a classifier's head, as Hugging Face's
    /// `BertForSequenceClassification` does.
    ///
    /// # Errors
    ///
    /// [`BertError::Weights`] if the pooler is not there or does not fit; [`BertError::Config`] for
    /// a RoBERTa, whose sequence classifier is made otherwise.
    pub fn with_pooler(mut self) -> Result<Self, BertError> {
        if self.config().model_type.class_with_pooler().is_none() {
            return Err(no_pooler());
        }
        if !self.pooler {
            self.claim(expected_in_pooler(&self.file.config.clone()))?;
            self.pooler = true;
        }
        Ok(self)
    }

    /// The encoder on `device`, in f32, every parameter with a gradient on an autodiff device.
    ///
    /// # Errors
    ///
    /// [`BertError::Weights`] if Burn's store refuses what the checks let through.
    pub fn encoder(self, device: &Device) -> Result<(Bert, LoadReport), BertError> {
        let mut bert = Bert::lazy(self.config(), device);
        self.load_encoder(&mut bert)?;
        Ok((bert, self.report))
    }

    /// The encoder with a fresh head for `classes` classes: N(0, 0.02²), bias 0. Seed the device
    /// first to repeat it.
    ///
    /// # Errors
    ///
    /// As for [`encoder`](Self::encoder), and [`BertError::Config`] if `classes` is 0.
    pub fn classifier(
        self,
        classes: usize,
        device: &Device,
    ) -> Result<(BertClassifier, LoadReport), BertError> {
        check_classes(classes)?;
        let model = self.classifier_without_head(classes, device)?;
        draw_parameters(&model);
        Ok((model, self.report))
    }

    /// The encoder with the trained head that is in the file, such as
    /// [`Export::classifier`](crate::Export::classifier) has written. Its first dimension is the
    /// number of classes, and `architectures` in `config.json` says whether a pooler stands before
    /// it: with `BertForSequenceClassification` it does, with `BertForTokenClassification` and
    /// `RobertaForTokenClassification` not.
    ///
    /// # Errors
    ///
    /// As for [`encoder`](Self::encoder); [`BertError::Weights`] if the head or its pooler is not
    /// there or does not fit; [`BertError::Config`] if `architectures` says something else, or
    /// `id2label` names another number of classes.
    pub fn trained_classifier(
        mut self,
        device: &Device,
    ) -> Result<(BertClassifier, LoadReport), BertError> {
        if self.file.head_has_pooler()? {
            self = self.with_pooler()?;
        } else {
            self.pooler = false;
        }
        let shape = self.weights.shape("classifier.weight").unwrap_or_default();
        let classes = shape.first().copied().unwrap_or(1).max(1);
        self.claim(expected_in_head(self.config().hidden_size, classes))?;
        if let Some(labels) = self.labels()?
            && labels.len() != classes
        {
            return Err(self.file.error(
                "id2label",
                format!(
                    "names {} classes, but `classifier.weight` has {classes} rows",
                    labels.len()
                ),
            ));
        }
        let mut model = self.classifier_without_head(classes, device)?;
        model.classifier = load_head_from(&self.weights, model.classifier, classes)?;
        Ok((model, self.report))
    }

    fn load_encoder(&self, bert: &mut Bert) -> Result<(), BertError> {
        let names = expected(self.config()).map(|(name, _)| name);
        self.weights.load_into(bert, names, path_in_store)
    }

    /// The model with everything loaded but the head, whose parameters are not drawn yet.
    fn classifier_without_head(
        &self,
        classes: usize,
        device: &Device,
    ) -> Result<BertClassifier, BertError> {
        let mut model = BertClassifier::lazy(self.config(), classes, device);
        self.load_encoder(&mut model.bert)?;
        if self.pooler {
            let mut pooler = Pooler::lazy(self.config(), device);
            let names = expected_in_pooler(self.config()).map(|(name, _)| name);
            self.weights.load_into(&mut pooler, names, |name| {
                name.trim_start_matches("pooler.").to_owned()
            })?;
            model.pooler = Some(pooler);
        }
        Ok(model)
    }
}

impl BertClassifier {
    /// Replaces the head's weights by those of a safetensors file with `classifier.weight`
    /// `[classes, hidden]` and `classifier.bias` `[classes]`, whatever else is in it.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`] or [`BertError::Weights`] as for [`Checkpoint::open`]; the model is lost
    /// then, keep a clone if it matters.
    pub fn load_head(mut self, path: impl AsRef<Path>) -> Result<Self, BertError> {
        let weights = WeightFile::open(path.as_ref(), str::to_owned)?;
        let [hidden, classes] = self.classifier.weight.shape().dims();
        for (name, shape) in expected_in_head(hidden, classes) {
            weights.check(&name, &shape)?;
        }
        self.classifier = load_head_from(&weights, self.classifier, classes)?;
        Ok(self)
    }
}

/// Loads a head that has been checked.
fn load_head_from(
    weights: &WeightFile,
    mut head: Linear,
    classes: usize,
) -> Result<Linear, BertError> {
    let [hidden, _] = head.weight.shape().dims();
    let names = expected_in_head(hidden, classes).map(|(name, _)| name);
    weights.load_into(&mut head, names, |name| {
        name.trim_start_matches("classifier.").to_owned()
    })?;
    Ok(head)
}

#[cfg(test)]
mod tests;
