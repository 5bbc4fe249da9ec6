//! The checkpoints that can be read, and the errors for broken ones.

mod reported;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;

use super::*;

/// The tensors of a file: key → type, shape, bytes.
type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// A folder that is deleted at the end of the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn with(self, config: &BertConfig, weights: &[u8]) -> Self {
        fs::write(self.file("config.json"), config.to_json()).unwrap();
        fs::write(self.file("model.safetensors"), weights).unwrap();
        self
    }

    /// The error message for this folder.
    fn refusal(&self) -> String {
        match Checkpoint::open(self.0.path()) {
            Ok(_) => panic!("{} is not refused", self.0.path().display()),
            Err(error) => error.to_string(),
        }
    }
}

fn config() -> BertConfig {
    let mut config = BertConfig::tiny(7);
    (config.hidden_size, config.intermediate_size) = (4, 6);
    (config.num_hidden_layers, config.max_position_embeddings) = (1, 5);
    config
}

/// All tensors of the configuration, in f32.
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
    let folder = Folder::new().with(&config(), &file(&tensors));
    let report = Checkpoint::open(folder.0.path()).unwrap().report;
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
    let cases: [(&str, Break, &str, &str); 11] = [
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
            "infinite",
            |t| t.get_mut(KEY).unwrap().2[60..].copy_from_slice(&f32::INFINITY.to_le_bytes()),
            KEY,
            "number 15 is NaN, infinite",
        ),
        (
            "too-large",
            |t| {
                let bytes = 1e39f64.to_le_bytes().repeat(16);
                t.insert(KEY.to_owned(), (Dtype::F64, vec![4, 4], bytes));
            },
            KEY,
            "number 0 is NaN, infinite or too large for 32 bits",
        ),
        (
            "other-model",
            |t| {
                *t = std::mem::take(t)
                    .into_iter()
                    .map(|(key, tensor)| (format!("distilbert.{key}"), tensor))
                    .collect();
            },
            "embeddings.word_embeddings.weight",
            "is missing; the file's 21 keys start with distilbert.embeddings.LayerNorm.bias",
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
        let folder = Folder::new().with(&config(), &file(&tensors));
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
    let mut huge_header = whole.clone();
    huge_header[..8].copy_from_slice(&200_000_000u64.to_le_bytes());
    let mut header_beyond_end = whole.clone();
    header_beyond_end[..8].copy_from_slice(&(whole.len() as u64 - 7).to_le_bytes());
    let lying = |header: &str| {
        let size = (header.len() as u64).to_le_bytes();
        [&size[..], header.as_bytes(), &[0; 8]].concat()
    };
    let one = |shape: &str, offsets: &str| {
        lying(&format!(
            r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#
        ))
    };
    let two = |first: &str, second: &str| {
        let [a, b] = [("a", first), ("b", second)].map(|(key, offsets)| {
            format!(r#""{key}":{{"dtype":"F32","shape":[1],"data_offsets":{offsets}}}"#)
        });
        lying(&format!("{{{a},{b}}}"))
    };
    let cases = [
        ("empty", Vec::new()),
        ("seven-bytes", whole[..7].to_vec()),
        ("short-header", whole[..20].to_vec()),
        ("short-data", whole[..whole.len() - 1].to_vec()),
        ("long-data", [&whole[..], &[0]].concat()),
        ("long-header", long_header),
        ("huge-header", huge_header),
        ("header-beyond-end", header_beyond_end),
        ("text", b"no weights, but a text\n".to_vec()),
        ("no-json", lying("{]")),
        (
            "no-utf8",
            [&4u64.to_le_bytes()[..], &[b'{', 0xff, 0xfe, b'}']].concat(),
        ),
        ("no-object", lying("[1, 2]")),
        (
            "unknown-type",
            lying(r#"{"a":{"dtype":"F7","shape":[2],"data_offsets":[0,8]}}"#),
        ),
        ("large-shape", one("[4]", "[0,8]")),
        ("negative-shape", one("[-2]", "[0,8]")),
        (
            "overflow",
            one("[4294967296,4294967296,4294967296]", "[0,8]"),
        ),
        ("out-of-range", one("[4]", "[0,16]")),
        ("backwards", one("[2]", "[8,0]")),
        (
            "behind-the-end",
            one("[0]", "[18446744073709551615,18446744073709551615]"),
        ),
        ("overlapping", two("[0,4]", "[2,6]")),
        ("same-place", two("[0,4]", "[0,4]")),
        ("gap", two("[0,2]", "[4,8]")),
        ("not-all-data", one("[1]", "[0,4]")),
    ];
    for (name, bytes) in cases {
        let message = Folder::new().with(&config(), &bytes).refusal();
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
    let message = Folder::new().with(&huge, &file(&complete())).refusal();
    assert!(message.contains("word_embeddings"), "{message}");
    huge.vocab_size = config().vocab_size;
    let message = Folder::new().with(&huge, &file(&complete())).refusal();
    assert!(message.contains("encoder.layer.1."), "{message}");
}

#[test]
fn a_malformed_configuration_is_refused_with_file_line_and_column() {
    let folder = Folder::new().with(&config(), &[]);
    for (text, says) in [
        (&b"{\n  \"hidden_size\" 4\n}"[..], "line 2 column 17"),
        (b"{", "line 1 column 1"),
        (b"", "line 1 column 0"),
        (b"{\"hidden_size\": \"\xff\"}", "not UTF-8"),
        (b"{\"hidden_size\": [4]}", "`hidden_size`: found [4]"),
        (
            b"{\"model_type\": \"distilbert\"}",
            "`model_type`: found \"distilbert\"",
        ),
    ] {
        fs::write(folder.file("config.json"), text).unwrap();
        let message = folder.refusal();
        assert!(message.contains("config.json: "), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_tokenizer_that_does_not_fit_is_refused_with_its_file() {
    let folder = Folder::new();
    let path = folder.file("tokenizer.json");
    crate::Tokenizer::word_level(["a b c d"], 8)
        .and_then(|tokenizer| tokenizer.save(&path))
        .unwrap();
    let tokenizer = crate::Tokenizer::from_file(&path).unwrap();
    let message = tokenizer.check_fits(&config()).unwrap_err().to_string();
    for part in [
        "tokenizer.json: ",
        "\"d\" has the number 7",
        "`vocab_size` is 7",
    ] {
        assert!(message.contains(part), "{message}");
    }
}
