//! Writing a model as a folder that Hugging Face's code reads.

use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use serde_json::{Map, Value, json};

use crate::keys::{expected, expected_in_head, expected_in_pooler, hugging_face_name};
use crate::model_type::Special;
use crate::{Bert, BertClassifier, BertConfig, BertError, ModelType, Tokenizer};

/// Writes a model as a folder in Hugging Face's layout: `config.json`, `model.safetensors` with
/// Hugging Face's keys, shapes and orientation, in f32, and with a tokenizer `tokenizer.json` and
/// `tokenizer_config.json`.
///
/// Like `save_pretrained` in transformers/modeling_utils.py. [`Checkpoint`](crate::Checkpoint) reads
/// the folder back to the same bits. Hugging Face reads it by the class that computes the same:
///
/// | written | class | |
/// |---|---|---|
/// | [`encoder`](Self::encoder) | `BertModel` | `AutoModel.from_pretrained(dir, add_pooling_layer=False)` |
/// | [`classifier`](Self::classifier) | `BertForTokenClassification` | `AutoModelForTokenClassification`; `logits[:, 0]` are the classifier's |
/// | `classifier` with a pooler | `BertForSequenceClassification` | `AutoModelForSequenceClassification` |
///
/// Hugging Face has no sequence classifier without a pooler; its token classifier is one, if all
/// tokens but the first are left out of account. Its sequence classifier would put a pooler of
/// random weights before the head, and only warn. A RoBERTa is written alike, by the classes that
/// begin with `Roberta`, but for a classifier with a pooler, which they do not have.
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
    /// An export of a model that was made from `config`. What the weights show is checked against
    /// it; the number of heads, the activation and the layer norms' ε they do not show.
    ///
    /// The dropout written is that of `config`, and what the next training from the folder begins
    /// with.
    pub fn new(config: &'a BertConfig) -> Self {
        Self {
            config,
            tokenizer: None,
            labels: None,
        }
    }

    /// Writes the tokenizer too.
    #[must_use]
    pub fn with_tokenizer(mut self, tokenizer: &'a Tokenizer) -> Self {
        self.tokenizer = Some(tokenizer);
        self
    }

    /// Names a classifier's classes, from class 0 on. Without names they are Hugging Face's
    /// `LABEL_0`, `LABEL_1` and so on.
    #[must_use]
    pub fn with_labels(mut self, labels: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.labels = Some(labels.into_iter().map(Into::into).collect());
        self
    }

    /// Writes an encoder into the folder `dir`, which is made if it is not there; files of the same
    /// names in it are replaced.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] if the model was not made from the configuration,
    /// [`BertError::Weights`] if a weight is NaN or infinite, [`BertError::Tokenizer`] if the
    /// tokenizer does not fit, [`BertError::Io`] if a file cannot be written.
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

    /// Writes a classifier into the folder `dir`, which is made if it is not there; files of the
    /// same names in it are replaced.
    ///
    /// # Errors
    ///
    /// As for [`encoder`](Self::encoder), and [`BertError::Config`] if there are not as many labels
    /// as classes, or two of one name.
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
        // A classifier's keys have the encoder's name in front, the head's keys have not.
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
                format!("two classes are called {:?}; give each its own", labels[id]),
            )),
            None => Ok(labels.clone()),
        }
    }

    /// Checks everything, then writes the files, `config.json` last: a folder without it is not
    /// taken for a model.
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
        // transformers before 5 refuses a file that does not say so.
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

/// The text of the `tokenizer_config.json` that makes Hugging Face take `tokenizer.json` as it is,
/// whatever tokenizer the model's class usually has.
fn tokenizer_settings(tokenizer: &Tokenizer, config: &BertConfig) -> String {
    let inputs: &[&str] = match config.model_type {
        ModelType::Bert => &["input_ids", "token_type_ids", "attention_mask"],
        ModelType::Roberta => &["input_ids", "attention_mask"],
    };
    let mut settings = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": config.max_tokens(),
        "model_input_names": inputs,
    });
    for (special, key) in Special::KEYS {
        let token = config.model_type.token(special);
        if tokenizer.has(token) {
            settings[key] = token.into();
        }
    }
    format!("{settings:#}\n")
}

/// RoBERTa's sequence classifier of Hugging Face has a head of its own in the pooler's place.
pub(crate) fn no_pooler() -> BertError {
    BertError::config(
        "model_type",
        "RoBERTa has no classifier with a pooler; expected one without, or \"bert\"",
    )
}

/// A parameter as Hugging Face stores it.
struct Weight {
    /// Hugging Face's name, without `bert.` or `roberta.` in front.
    name: String,
    shape: Vec<usize>,
    /// f32, little-endian.
    bytes: Vec<u8>,
}

impl Weight {
    fn first_not_finite(&self) -> Option<usize> {
        self.bytes.chunks_exact(4).position(|number| {
            !f32::from_le_bytes([number[0], number[1], number[2], number[3]]).is_finite()
        })
    }
}

/// The parameters of a model, in its order.
fn collect(model: &impl Module) -> Vec<Weight> {
    struct Collect {
        path: Vec<String>,
        container: Vec<String>,
        weights: Vec<Weight>,
    }
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data().convert::<f32>();
            let mut shape = data.shape().to_vec();
            let mut numbers: Vec<f32> = data.iter::<f32>().collect();
            // Told from other matrices as Burn's own adapter tells them.
            let linear = self.container.last().is_some_and(|c| c == "Struct:Linear");
            if let (true, &[rows, columns]) = (linear, shape.as_slice()) {
                numbers = (0..rows * columns)
                    .map(|at| numbers[at % rows * columns + at / rows])
                    .collect();
                shape = vec![columns, rows];
            }
            self.weights.push(Weight {
                name: hugging_face_name(&self.path.join(".")),
                shape,
                bytes: numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
            });
        }
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.push(name.to_owned());
            self.container.push(container.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
            self.container.pop();
        }
    }
    let mut collect = Collect {
        path: Vec::new(),
        container: Vec::new(),
        weights: Vec::new(),
    };
    model.visit(&mut collect);
    collect.weights
}

/// Checks that the model has the parameters that its configuration says.
fn check_shapes(
    found: &[Weight],
    mut shapes: impl Iterator<Item = (String, Vec<usize>)>,
) -> Result<(), BertError> {
    let another = |message: String| {
        BertError::config(
            "",
            format!("the model was not made from this configuration: {message}"),
        )
    };
    let mut left: Vec<&Weight> = found.iter().collect();
    // A false layer count ends this at the first layer that is not there.
    for (name, shape) in shapes.by_ref() {
        let Some(place) = left.iter().position(|weight| weight.name == name) else {
            return Err(another(format!("it has no `{name}`")));
        };
        let weight = left.swap_remove(place);
        if weight.shape != shape {
            return Err(another(format!(
                "its `{name}` has shape {:?}, expected {shape:?}",
                weight.shape
            )));
        }
    }
    match left.first() {
        Some(weight) => Err(another(format!("it has `{}` besides", weight.name))),
        None => Ok(()),
    }
}

/// Writes a file under another name first, so that one that is read meanwhile, or left when the
/// power fails, is the old or the new one and not a half.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BertError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".unfinished");
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, bytes).map_err(|source| BertError::io(&unfinished, source))?;
    fs::rename(&unfinished, path).map_err(|source| BertError::io(path, source))
}
