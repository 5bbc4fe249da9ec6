//! What `transformers` computes, this crate computes: hidden states, logits, loss and gradients of
//! every fixture folder, and of every folder in `$BURN_SLS_BERT_FIXTURES` if that is set. Each
//! batch is computed with its padding and packed.
//!
//! A fixture is made by `tests/fixtures/bert/make_fixture.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Gradients, Int, Tensor, TensorData};
use burn_sls_bert::{
    BertClassifier, BertConfig, BertInput, Checkpoint, Packing, Tokenizer, hugging_face_name,
};
use burn_sls_tests::bert::{Rows, numbers, relative_error};
use burn_sls_tests::device;
use serde::Deserialize;
use serde::de::DeserializeOwned;

const VALUES: f64 = 1e-4;
const NORMS: f64 = 1e-3;

/// Gradient norms below this share of a fixture's largest are compared with that share instead of
/// with themselves: a key's bias moves all scores of a row alike, so its gradient is rounding
/// noise.
const NORM_FLOOR: f64 = 1e-3;

#[derive(Deserialize)]
struct Inputs {
    input_ids: Vec<Vec<i32>>,
    attention_mask: Vec<Vec<i32>>,
    token_type_ids: Vec<Vec<i32>>,
    labels: Vec<i32>,
}

#[derive(Deserialize)]
struct Expected {
    last_hidden_state: Vec<Vec<Vec<f64>>>,
    cls_logits: Vec<Vec<f64>>,
    loss: f64,
    gradient_norms: BTreeMap<String, Option<f64>>,
}

#[test]
fn hidden_states_logits_loss_and_gradients_agree_with_transformers() {
    let mut folders = fixtures_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bert"));
    assert!(!folders.is_empty(), "the project's own fixtures are there");
    if let Some(dir) = std::env::var_os("BURN_SLS_BERT_FIXTURES") {
        let more = fixtures_in(Path::new(&dir));
        assert!(!more.is_empty(), "no fixture folder in {}", dir.display());
        folders.extend(more);
    }

    let (mut values, mut norms) = (0.0f64, 0.0f64);
    for folder in &folders {
        let (value, norm) = check(folder);
        let name = folder.file_name().unwrap_or_default();
        println!(
            "{}: {value:.1e} (values), {norm:.1e} (gradient norms)",
            name.display()
        );
        values = values.max(value);
        norms = norms.max(norm);
    }
    println!(
        "hf_parity: {} fixtures checked, largest relative error {values:.1e} (values), \
         {norms:.1e} (gradient norms)",
        folders.len()
    );
}

#[test]
fn a_byte_level_tokenizer_of_roberta_gives_the_tokens_of_transformers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bert/roberta");
    let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    let config = BertConfig::from_file(folder.join("config.json")).expect("a configuration");
    tokenizer.check_fits(&config).expect("they belong together");
    let texts: Vec<(String, Option<String>)> = json(&folder.join("texts.json"));
    let expected: Inputs = json(&folder.join("inputs.json"));
    let rows = expected.input_ids.iter().zip(&expected.attention_mask);
    for ((first, second), (ids, mask)) in texts.iter().zip(rows) {
        let found = tokenizer.encode(first, second.as_deref(), config.max_tokens());
        let found = found.expect("tokens");
        let real = mask.iter().filter(|&&real| real == 1).count();
        assert!(
            found
                .ids
                .iter()
                .copied()
                .eq(ids[..real].iter().map(|&id| id as u32)),
            "{first:?}, {second:?}: {:?}",
            found.ids
        );
        assert!(found.type_ids.iter().all(|&kind| kind == 0));
    }
    assert_eq!(tokenizer.pad_id(), 1);
}

#[test]
fn a_tokenizer_whose_padding_is_not_the_models_is_refused_or_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bert/roberta");
    let roberta = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    let mut config = BertConfig::from_file(folder.join("config.json")).expect("a configuration");
    assert!(roberta.warnings(&config).is_empty());
    let refused = |tokenizer: &Tokenizer, config: &BertConfig| {
        tokenizer
            .check_fits(config)
            .expect_err("refused")
            .to_string()
    };
    let bert = Tokenizer::word_level(["a b"], 10).expect("a tokenizer");
    let says = "\"[PAD]\" has the number 0, but the model's `pad_token_id` is 1";
    assert!(refused(&bert, &config).contains(says));
    // A BERT does not count positions from it.
    let says = "\"<pad>\" has the number 1, but the model's `pad_token_id` is 0";
    assert!(roberta.warnings(&BertConfig::tiny(500))[0].contains(says));
    config.pad_token_id = Some(3);
    let says = "roberta/tokenizer.json: the token \"<pad>\" has the number 1, but the model's \
                `pad_token_id` is 3";
    assert!(refused(&roberta, &config).contains(says));
}

/// `PreTrainedModel._init_weights` in transformers/modeling_utils.py.
#[test]
fn fresh_parameters_are_drawn_as_transformers_draws_them() {
    struct Check;
    impl ModuleVisitor for Check {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            assert!(param.is_require_grad());
            let values = numbers(param.val());
            match D {
                1 => assert!(
                    values
                        .iter()
                        .all(|&x| x == values[0] && (x == 0.0 || x == 1.0)),
                    "biases 0, layer norms 1 and 0"
                ),
                _ => {
                    let n = values.len() as f64;
                    let std = (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
                    // Four standard errors of a standard deviation, and 1/50 for the padding row.
                    let near = 0.02 * (4.0 / (2.0 * n).sqrt() + 0.02);
                    assert!((std - 0.02).abs() < near, "{std} of {n} numbers");
                }
            }
        }
    }
    let device = device().autodiff();
    device.seed(3);
    let model = BertConfig::tiny(100).init_classifier(3, &device);
    model.visit(&mut Check);
    let words = numbers(model.bert.embeddings.word_embeddings.weight.val());
    assert!(words[..64].iter().all(|&x| x == 0.0) && words[64] != 0.0);
}

#[test]
fn dropout_acts_on_a_training_device_and_replays_with_the_seed() {
    let plain = device();
    let device = device().autodiff();
    device.seed(3);
    let config = BertConfig::tiny(50);
    let model = config.init_classifier(2, &device);
    let ids = [vec![5, 6, 7, 8]];
    let input = |device: &Device| BertInput {
        input_ids: ints(&ids, device),
        attention_mask: mask(&[vec![1; 4]], device),
        token_type_ids: ints(&[vec![0; 4]], device),
        packing: None,
    };
    let logits = |seed| {
        device.seed(seed);
        numbers(model.forward(&input(&device)))
    };
    assert_eq!(logits(1), logits(1));
    assert_ne!(logits(1), logits(2));

    let valid = model.clone().valid();
    let evaluated = || numbers(valid.forward(&input(&plain)));
    assert_eq!(evaluated(), evaluated());
}

/// The folders that hold a fixture, in order of their names.
fn fixtures_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut folders: Vec<_> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.join("expected.json").is_file())
        .collect();
    folders.sort();
    folders
}

/// Compares one fixture; returns the largest relative errors of values and of gradient norms.
fn check(folder: &Path) -> (f64, f64) {
    let device = device().autodiff();
    let inputs: Inputs = json(&folder.join("inputs.json"));
    let expected: Expected = json(&folder.join("expected.json"));
    let classes = expected.cls_logits[0].len();

    // Evaluation mode on a device that makes gradients: dropout with probability 0.
    let (model, report) = Checkpoint::open(folder)
        .and_then(|checkpoint| checkpoint.with_dropout(0.0))
        .and_then(|checkpoint| checkpoint.classifier(classes, &device))
        .unwrap_or_else(|error| panic!("{error}"));
    let model = model
        .load_head(folder.join("head.safetensors"))
        .unwrap_or_else(|error| panic!("{error}"));
    for key in &report.unused {
        let known = ["pooler.", "cls.", "lm_head.", "classifier.", "position_ids"];
        assert!(
            known.iter().any(|part| key.contains(part)),
            "{key} is left aside"
        );
    }

    let lengths: Vec<usize> = inputs
        .attention_mask
        .iter()
        .map(|row| row.iter().filter(|&&real| real == 1).count())
        .collect();
    let seq = inputs.input_ids[0].len();
    let packing = Packing::new(&lengths, seq, &device);
    assert!(packing.is_some(), "a fixture has padding");
    let hidden: Vec<f64> = expected.last_hidden_state.concat().concat();
    let size = hidden.len() / (lengths.len() * seq);
    // Of a packed batch only the real tokens mean something.
    let real = |numbers: Vec<f64>| -> Vec<f64> {
        let rows = numbers.chunks(seq * size).zip(&lengths);
        rows.flat_map(|(row, &length)| row[..length * size].to_vec())
            .collect()
    };

    let (mut values, mut norms) = (0.0f64, 0.0f64);
    for packing in [None, packing] {
        let packed = packing.is_some();
        let input = BertInput {
            input_ids: ints(&inputs.input_ids, &device),
            attention_mask: mask(&inputs.attention_mask, &device),
            token_type_ids: ints(&inputs.token_type_ids, &device),
            packing,
        };
        let labels = Tensor::<1, Int>::from_data(inputs.labels.as_slice(), &device);
        let losses = model.losses(&input, labels);
        assert_eq!(losses.dims(), [inputs.labels.len()], "one loss per example");
        let loss = losses.mean();
        let states = numbers(model.bert.forward(&input));
        let value = [
            match packed {
                false => error("last_hidden_state", states, &hidden),
                true => error("of real tokens", real(states), &real(hidden.clone())),
            },
            error(
                "cls_logits",
                numbers(model.forward(&input)),
                &expected.cls_logits.concat(),
            ),
            error("loss", numbers(loss.clone()), &[expected.loss]),
        ];
        values = value.into_iter().fold(values, f64::max);
        let found = gradient_norms(&model, &loss.backward());
        norms = norms.max(norm_error(&found, &expected.gradient_norms));
    }
    (values, norms)
}

/// Largest difference over largest expected number.
fn error(what: &str, found: Vec<f64>, expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}: as many numbers");
    let largest = expected.iter().fold(0.0f64, |m, x| m.max(x.abs()));
    let error = found
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs() / largest)
        .fold(0.0, f64::max);
    assert!(found.iter().all(|x| x.is_finite()), "{what}: all finite");
    assert!(
        error <= VALUES,
        "{what}: relative error {error:e} > {VALUES:e}"
    );
    error
}

/// Largest relative error of the norms; every parameter has an expected norm and every expected
/// norm a parameter.
fn norm_error(found: &BTreeMap<String, f64>, expected: &BTreeMap<String, Option<f64>>) -> f64 {
    let expected: BTreeMap<_, _> = expected
        .iter()
        .filter_map(|(name, norm)| norm.map(|norm| (name, norm)))
        .collect();
    assert!(
        found.keys().eq(expected.keys().copied()),
        "parameters {:?} and expected gradients {:?}",
        found.keys(),
        expected.keys()
    );
    let floor = NORM_FLOOR * expected.values().fold(0.0f64, |m, x| m.max(*x));
    found
        .iter()
        .zip(expected.values())
        .map(|((name, a), b)| {
            let error = (a - b).abs() / b.max(floor);
            assert!(
                error <= NORMS,
                "gradient of {name}: norm {a:e}, expected {b:e}, relative error {error:e}"
            );
            error
        })
        .fold(0.0, f64::max)
}

/// The Frobenius norm of every parameter's gradient, by Hugging Face's name.
fn gradient_norms(model: &BertClassifier, gradients: &Gradients) -> BTreeMap<String, f64> {
    struct Norms<'a> {
        gradients: &'a Gradients,
        path: Vec<String>,
        norms: BTreeMap<String, f64>,
    }
    impl ModuleVisitor for Norms<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let name = hugging_face_name(&self.path.join("."));
            let gradient = param
                .val()
                .grad(self.gradients)
                .unwrap_or_else(|| panic!("{name} has no gradient"));
            let square: f64 = numbers(gradient).iter().map(|x| x * x).sum();
            let twice = self.norms.insert(name.clone(), square.sqrt());
            assert!(twice.is_none(), "{name} twice");
        }
        fn enter_module(&mut self, name: &str, _container: &str) {
            self.path.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.pop();
        }
    }
    let mut visitor = Norms {
        gradients,
        path: Vec::new(),
        norms: BTreeMap::new(),
    };
    model.visit(&mut visitor);
    visitor.norms
}

fn json<T: DeserializeOwned>(path: &Path) -> T {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn ints(rows: &[Vec<i32>], device: &Device) -> Tensor<2, Int> {
    Tensor::from_data(
        TensorData::new(rows.concat(), [rows.len(), rows[0].len()]),
        device,
    )
}

fn mask(rows: &[Vec<i32>], device: &Device) -> Tensor<2, Bool> {
    ints(rows, device).equal_elem(1)
}

#[derive(Deserialize)]
struct Sentence {
    sentence: String,
    ids: Vec<u32>,
    embedding: Vec<f64>,
}

/// The embeddings that a real pre-trained BERT makes of ten sentences are those of `transformers`,
/// from the text on: tokens, encoder, mean over the tokens.
///
/// `BURN_SLS_MINILM` names the folder of all-MiniLM-L6-v2; without it there is nothing to compare.
/// The expected numbers are made by `tests/fixtures/embeddings/make_embeddings.py`.
#[test]
fn embeddings_of_sentences_agree_with_transformers() {
    let Some(folder) = std::env::var_os("BURN_SLS_MINILM").map(PathBuf::from) else {
        println!("skipped: BURN_SLS_MINILM does not name the folder of all-MiniLM-L6-v2");
        return;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/embeddings/minilm.json");
    let text = fs::read_to_string(path).expect("the expected embeddings are there");
    let expected: Vec<Sentence> = serde_json::from_str(&text).expect("JSON");

    let device = device();
    let checkpoint = Checkpoint::open(&folder).unwrap_or_else(|error| panic!("{error}"));
    let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    tokenizer
        .check_fits(checkpoint.config())
        .expect("one that fits");
    let (model, report) = checkpoint.encoder(&device).expect("it loads");
    assert_eq!(report.unknown_settings, [""; 0]);

    let encoded: Vec<_> = expected
        .iter()
        .map(|row| {
            let encoded = tokenizer.encode(&row.sentence, None, 512).expect("tokens");
            assert_eq!(encoded.ids, row.ids, "{}", row.sentence);
            encoded
        })
        .collect();
    // All ten in one padded batch, where transformers had each alone.
    let rows = Rows::padded(&encoded, tokenizer.pad_id());
    let hidden = model.forward(&rows.input(&device));
    let [_, _, size] = hidden.dims();
    let mut worst = 0.0f64;
    for (i, row) in expected.iter().enumerate() {
        let tokens = row.ids.len();
        let of_row = hidden.clone().slice([i..i + 1, 0..tokens, 0..size]);
        let mean = numbers(of_row.mean_dim(1));
        worst = worst.max(relative_error(&mean, &row.embedding));
    }
    println!(
        "embeddings: {} sentences, largest relative error {worst:.1e}",
        expected.len()
    );
    assert!(worst <= 1e-4, "{worst:e}");
}
