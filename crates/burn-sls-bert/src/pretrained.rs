//! Bringing in a Hugging Face checkpoint.

use std::path::Path;

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::Device;

use crate::encoder::draw_parameters;
use crate::head::check_classes;
use crate::keys::{FILE_TO_BURN, canonical, expected};
use crate::weights::{WeightFile, weights_in};
use crate::{Bert, BertClassifier, BertConfig, BertError};

/// A folder with `config.json` and `model.safetensors`, read and checked on the host.
///
/// Accepted: keys with and without `bert.` in front; layer norms as `weight`/`bias` or
/// `gamma`/`beta`; F32, F16, BF16 or F64 numbers, which become f32. Keys of other parts of a model
/// (`pooler.*`, `cls.*`, `classifier.*`, `position_ids`) may be there and are left aside.
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
    config: BertConfig,
    weights: WeightFile,
    report: LoadReport,
}

/// Which keys of a checkpoint went into the model, as they are spelled in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadReport {
    /// Loaded keys, in the model's order.
    pub loaded: Vec<String>,
    /// Keys that belong to no parameter of the encoder, sorted.
    pub unused: Vec<String>,
}

impl Checkpoint {
    /// Reads `config.json` and `model.safetensors` in `dir` and checks that they fit together:
    /// every parameter there once, in the right shape, of a float type, finite.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`], [`BertError::Config`], [`BertError::Weights`], each with the file, and the
    /// key where there is one.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, BertError> {
        let dir = dir.as_ref();
        let config = BertConfig::from_file(dir.join("config.json"))?;
        let path = weights_in(dir)?;
        let weights = WeightFile::open(&path, canonical)?;

        let mut loaded = Vec::new();
        for (name, shape) in expected(&config) {
            loaded.push(weights.check(&name, &shape)?.to_owned());
        }
        let mut unused: Vec<_> = weights
            .keys()
            .filter(|key| !loaded.contains(key))
            .cloned()
            .collect();
        unused.sort();
        if let Some(key) = unused
            .iter()
            .find(|key| canonical(key).starts_with("encoder.layer."))
        {
            return Err(weights.error(
                key,
                format!(
                    "is beyond the configuration's {} layers",
                    config.num_hidden_layers
                ),
            ));
        }
        Ok(Self {
            config,
            weights,
            report: LoadReport { loaded, unused },
        })
    }

    /// The configuration, with dropout as set.
    pub fn config(&self) -> &BertConfig {
        &self.config
    }

    /// Sets both dropout probabilities; 0 switches dropout off.
    ///
    /// # Errors
    ///
    /// [`BertError::Config`] if it is not in [0, 1).
    pub fn with_dropout(mut self, probability: f64) -> Result<Self, BertError> {
        self.config = self.config.with_dropout(probability);
        self.config.validate()?;
        Ok(self)
    }

    /// The encoder on `device`, in f32, every parameter with a gradient on an autodiff device.
    ///
    /// # Errors
    ///
    /// [`BertError::Weights`] if Burn's store refuses what the checks let through.
    pub fn encoder(self, device: &Device) -> Result<(Bert, LoadReport), BertError> {
        let mut bert = Bert::lazy(&self.config, device);
        self.weights.load_into(&mut bert, &FILE_TO_BURN)?;
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
        let mut model = BertClassifier::lazy(&self.config, classes, device);
        self.weights.load_into(&mut model.bert, &FILE_TO_BURN)?;
        draw_parameters(&model);
        Ok((model, self.report))
    }
}

/// Reads a checkpoint folder into a classifier in one go; see [`Checkpoint`]. `dropout` overrides
/// both probabilities of the configuration.
///
/// # Errors
///
/// As for [`Checkpoint::open`] and [`Checkpoint::classifier`].
pub fn load_pretrained(
    dir: impl AsRef<Path>,
    classes: usize,
    device: &Device,
    dropout: Option<f64>,
) -> Result<(BertClassifier, LoadReport), BertError> {
    let checkpoint = Checkpoint::open(dir)?;
    match dropout {
        Some(probability) => checkpoint.with_dropout(probability)?,
        None => checkpoint,
    }
    .classifier(classes, device)
}

impl BertClassifier {
    /// Replaces the head's weights by those of a safetensors file with `classifier.weight`
    /// `[classes, hidden]` and `classifier.bias` `[classes]`.
    ///
    /// # Errors
    ///
    /// [`BertError::Io`] or [`BertError::Weights`] as for [`Checkpoint::open`]; the model is lost
    /// then, keep a clone if it matters.
    pub fn load_head(mut self, path: impl AsRef<Path>) -> Result<Self, BertError> {
        #[derive(Module, Debug)]
        struct Head {
            classifier: Linear,
        }

        let weights = WeightFile::open(path.as_ref(), str::to_owned)?;
        let [hidden, classes] = self.classifier.weight.shape().dims();
        weights.check("classifier.weight", &[classes, hidden])?;
        weights.check("classifier.bias", &[classes])?;
        let mut head = Head {
            classifier: self.classifier,
        };
        weights.load_into(&mut head, &[])?;
        self.classifier = head.classifier;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::PathBuf;

    use safetensors::Dtype;
    use safetensors::tensor::TensorView;

    use super::*;

    /// Tensors of a file: key → type, shape, bytes.
    type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

    /// A folder that is gone at the end of the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("burn-sls-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn with(self, config: &BertConfig, weights: &[u8]) -> Self {
            fs::write(self.0.join("config.json"), config.to_json()).unwrap();
            fs::write(self.0.join("model.safetensors"), weights).unwrap();
            self
        }

        /// The message with which this folder is refused.
        fn refusal(&self) -> String {
            Checkpoint::open(&self.0).expect_err("refused").to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn config() -> BertConfig {
        let mut config = BertConfig::tiny(7);
        (config.hidden_size, config.intermediate_size) = (4, 6);
        (config.num_hidden_layers, config.max_position_embeddings) = (1, 5);
        config
    }

    /// Everything the configuration asks for, in f32.
    fn complete() -> Tensors {
        let tensor = |(key, shape): (String, Vec<usize>)| {
            let bytes = 0.5f32.to_le_bytes().repeat(shape.iter().product());
            (key, (Dtype::F32, shape, bytes))
        };
        expected(&config()).map(tensor).collect()
    }

    fn file(tensors: &Tensors) -> Vec<u8> {
        let views = tensors.iter().map(|(key, (dtype, shape, bytes))| {
            let view = TensorView::new(*dtype, shape.clone(), bytes).unwrap();
            (key, view)
        });
        safetensors::serialize(views, None).unwrap()
    }

    #[test]
    fn a_complete_file_is_taken_whatever_else_is_in_it() {
        let mut tensors = complete();
        let count = tensors.len();
        for key in ["pooler.dense.bias", "embeddings.position_ids"] {
            tensors.insert(key.to_owned(), (Dtype::I64, vec![1], vec![0; 8]));
        }
        let folder = Folder::new("complete").with(&config(), &file(&tensors));
        let report = Checkpoint::open(&folder.0).unwrap().report;
        assert_eq!(report.loaded.len(), count);
        assert_eq!(
            report.unused,
            ["embeddings.position_ids", "pooler.dense.bias"]
        );
    }

    #[test]
    fn a_parameter_that_does_not_fit_is_refused_by_key() {
        const KEY: &str = "encoder.layer.0.attention.self.key.weight";
        type Break = fn(&mut Tensors);
        let cases: [(&str, Break, &str, &str); 8] = [
            ("missing", |t| drop(t.remove(KEY)), KEY, "is missing"),
            (
                "shape",
                |t| t.get_mut(KEY).unwrap().1 = vec![2, 8],
                KEY,
                "has shape [2, 8], but the configuration makes it [4, 4]",
            ),
            (
                "rank",
                |t| t.get_mut(KEY).unwrap().1 = vec![16],
                KEY,
                "has shape [16]",
            ),
            (
                "nan",
                |t| t.get_mut(KEY).unwrap().2[8..12].copy_from_slice(&f32::NAN.to_le_bytes()),
                KEY,
                "number 2 is NaN",
            ),
            (
                "half-infinite",
                |t| {
                    let infinite = [0x3c00u16, 0xfc00].map(u16::to_le_bytes).concat();
                    let bytes = infinite.repeat(8);
                    t.insert(KEY.to_owned(), (Dtype::F16, vec![4, 4], bytes));
                },
                KEY,
                "number 1 is NaN, infinite",
            ),
            (
                "integer",
                |t| {
                    t.insert(KEY.to_owned(), (Dtype::I32, vec![4, 4], vec![0; 64]));
                },
                KEY,
                "has type I32; expected F32, F16, BF16 or F64",
            ),
            (
                "twice",
                |t| {
                    let same = t["embeddings.LayerNorm.bias"].clone();
                    t.insert("bert.embeddings.LayerNorm.beta".to_owned(), same);
                },
                "embeddings.LayerNorm.b",
                "means the same parameter as",
            ),
            (
                "layers",
                |t| {
                    let more = t[KEY].clone();
                    t.insert("encoder.layer.1.output.dense.bias".to_owned(), more);
                },
                "encoder.layer.1.output.dense.bias",
                "beyond the configuration's 1 layers",
            ),
        ];
        for (name, break_it, key, says) in cases {
            let mut tensors = complete();
            break_it(&mut tensors);
            let folder = Folder::new(name).with(&config(), &file(&tensors));
            let message = folder.refusal();
            for part in ["model.safetensors: `", key, says] {
                assert!(message.contains(part), "{name}: {message}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_what_its_header_says_is_refused() {
        let whole = file(&complete());
        let mut long_header = whole.clone();
        long_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let lying = |shape: &str| {
            let json = format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,4]}}}}"#);
            let size = (json.len() as u64).to_le_bytes();
            [&size[..], json.as_bytes(), &[0; 4]].concat()
        };
        let cases = [
            ("empty", Vec::new()),
            ("short-header", whole[..20].to_vec()),
            ("short-data", whole[..whole.len() - 1].to_vec()),
            ("long-header", long_header),
            (
                "text",
                b"version https://git-lfs.github.com/spec/v1\n".to_vec(),
            ),
            ("large-shape", lying("[2]")),
            ("overflow", lying("[4294967296,4294967296,4294967296]")),
        ];
        for (name, bytes) in cases {
            let message = Folder::new(name).with(&config(), &bytes).refusal();
            assert!(
                message.contains("model.safetensors: not a complete safetensors file"),
                "{name}: {message}"
            );
        }
    }

    #[test]
    fn false_sizes_in_the_configuration_cost_no_memory() {
        let mut huge = config();
        huge.num_hidden_layers = i32::MAX as usize;
        huge.vocab_size = i32::MAX as usize;
        let message = Folder::new("huge")
            .with(&huge, &file(&complete()))
            .refusal();
        assert!(message.contains("word_embeddings"), "{message}");
        huge.vocab_size = config().vocab_size;
        let message = Folder::new("deep")
            .with(&huge, &file(&complete()))
            .refusal();
        assert!(message.contains("encoder.layer.1."), "{message}");
    }

    #[test]
    fn another_format_is_named() {
        let folder = Folder::new("bin").with(&config(), &[]);
        fs::rename(
            folder.0.join("model.safetensors"),
            folder.0.join("pytorch_model.bin"),
        )
        .unwrap();
        assert!(folder.refusal().contains("pytorch_model.bin instead"));
    }
}
