//! A model that is saved is read back to the same bits, by this crate, and to the same function, by
//! `transformers`.
//!
//! `BURN_SLS_SAVED=<dir>` makes this leave models there for `tests/python/check_saved.py`.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Param;
use burn::tensor::Device;
use burn_sls_bert::{Bert, BertClassifier, BertConfig, BertError, Checkpoint, Export, Tokenizer};
use burn_sls_tests::bert::{Rows, fixture, numbers, relative_error};
use burn_sls_tests::bits;
use burn_sls_tests::device;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::json;
use tempfile::TempDir;

fn open(folder: &Path) -> Checkpoint {
    Checkpoint::open(folder).unwrap_or_else(|error| panic!("{error}"))
}

/// A classifier without a pooler, every parameter of it random.
fn classifier(device: &Device) -> (BertConfig, BertClassifier) {
    let folder = fixture("prefixed-gelu");
    let checkpoint = open(&folder);
    let config = checkpoint.config().clone();
    let (model, _) = checkpoint.classifier(3, device).expect("it loads");
    let model = model.load_head(folder.join("head.safetensors"));
    (config, model.expect("a head"))
}

/// A classifier with a pooler, as transformers has written it.
fn with_pooler(device: &Device) -> (BertConfig, BertClassifier, Vec<String>) {
    let checkpoint = open(&fixture("sequence-classification"));
    let config = checkpoint.config().clone();
    let labels = checkpoint.labels().expect("readable").expect("there");
    let (model, report) = checkpoint.trained_classifier(device).expect("it loads");
    assert!(report.unused.is_empty() && report.unknown_settings.is_empty());
    (config, model, labels)
}

fn tokenizer() -> Tokenizer {
    Tokenizer::word_level(["the cat sat on the mat", "the dog sat"], 20).expect("a tokenizer")
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_saved_classifier_is_read_back_to_the_same_bits() {
    let device = device().autodiff();
    let folder = TempDir::new().expect("a folder");
    let (config, model) = classifier(&device);
    let tokenizer = tokenizer();
    let export = Export::new(&config).with_tokenizer(&tokenizer);
    // Twice: files that are there already are replaced.
    for _ in 0..2 {
        export.classifier(&model, folder.path()).expect("saved");
    }
    assert_eq!(
        files(folder.path()),
        [
            "config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json"
        ]
    );
    let checkpoint = open(folder.path());
    assert_eq!(*checkpoint.config(), config);
    assert_eq!(
        checkpoint.labels().unwrap().unwrap(),
        ["LABEL_0", "LABEL_1", "LABEL_2"]
    );
    let (read, report) = checkpoint.trained_classifier(&device).expect("it loads");
    assert_eq!(bits(&read), bits(&model));
    assert!(report.unused.is_empty() && report.unknown_settings.is_empty());
    assert!(
        report
            .loaded
            .iter()
            .any(|key| key == "bert.embeddings.LayerNorm.weight")
    );
    assert!(
        read.classifier.weight.is_require_grad(),
        "it can be trained on"
    );
    let read = Tokenizer::from_file(folder.path().join("tokenizer.json")).expect("a tokenizer");
    assert_eq!(
        read.encode("the cat", None, 9).unwrap(),
        tokenizer.encode("the cat", None, 9).unwrap()
    );
}

#[test]
fn a_saved_encoder_is_read_back_to_the_same_bits() {
    let device = device();
    let folder = TempDir::new().expect("a folder");
    let (config, model) = classifier(&device);
    Export::new(&config)
        .encoder(&model.bert, folder.path().join("new/folder"))
        .expect("saved");
    let checkpoint = open(&folder.path().join("new/folder"));
    let (read, report) = checkpoint.encoder(&device).expect("it loads");
    assert_eq!(bits(&read), bits(&model.bert));
    assert!(
        report
            .loaded
            .iter()
            .any(|key| key == "embeddings.LayerNorm.weight")
    );
}

#[test]
fn a_saved_classifier_with_a_pooler_is_read_back_to_the_same_bits() {
    let device = device();
    let folder = TempDir::new().expect("a folder");
    let (config, model, labels) = with_pooler(&device);
    Export::new(&config)
        .with_labels(labels.clone())
        .classifier(&model, folder.path())
        .expect("saved");
    let checkpoint = open(folder.path());
    assert_eq!(*checkpoint.config(), config);
    assert_eq!(checkpoint.labels().unwrap().unwrap(), labels);
    let (read, report) = checkpoint.trained_classifier(&device).expect("it loads");
    assert_eq!(bits(&read), bits(&model));
    assert!(
        report
            .loaded
            .iter()
            .any(|key| key == "bert.pooler.dense.weight")
    );
}

/// A RoBERTa with a head, and its tokenizer.
fn roberta(device: &Device) -> (BertConfig, BertClassifier, Tokenizer) {
    let folder = fixture("roberta");
    let checkpoint = open(&folder);
    let config = checkpoint.config().clone();
    let (model, _) = checkpoint.classifier(3, device).expect("it loads");
    let model = model
        .load_head(folder.join("head.safetensors"))
        .expect("a head");
    let tokenizer = Tokenizer::from_file(folder.join("tokenizer.json")).expect("a tokenizer");
    (config, model, tokenizer)
}

#[test]
fn a_saved_roberta_is_read_back_to_the_same_bits_and_keeps_its_names() {
    let device = device();
    let folder = TempDir::new().expect("a folder");
    let (config, model, tokenizer) = roberta(&device);
    let export = Export::new(&config).with_tokenizer(&tokenizer);
    export.classifier(&model, folder.path()).expect("saved");
    let checkpoint = open(folder.path());
    assert_eq!(*checkpoint.config(), config);
    let (read, report) = checkpoint.trained_classifier(&device).expect("it loads");
    assert_eq!(bits(&read), bits(&model));
    let names = |key: &String| key.starts_with("roberta.") || key.starts_with("classifier.");
    assert!(report.loaded.iter().all(names), "{:?}", report.loaded);
    let settings = fs::read_to_string(folder.path().join("tokenizer_config.json")).expect("there");
    let settings: serde_json::Value = serde_json::from_str(&settings).expect("JSON");
    assert_eq!(
        (&settings["pad_token"], &settings["cls_token"]),
        (&json!("<pad>"), &json!("<s>"))
    );
    assert_eq!(settings["model_max_length"], config.max_tokens());

    // Another head stands there in Hugging Face's sequence classifier.
    let error = open(folder.path())
        .with_pooler()
        .expect_err("refused")
        .to_string();
    assert!(
        error.contains("`model_type`: RoBERTa has no classifier with a pooler"),
        "{error}"
    );
}

#[test]
fn logits_of_a_head_on_a_pooler_agree_with_transformers() {
    let device = device();
    let folder = fixture("sequence-classification");
    let read = |file: &str| fs::read_to_string(folder.join(file)).expect("the fixture is whole");
    let rows: Rows = serde_json::from_str(&read("inputs.json")).expect("JSON");
    let expected: Vec<Vec<f64>> = serde_json::from_str(&read("logits.json")).expect("JSON");
    let (config, model, _) = with_pooler(&device);
    assert_eq!(config.classifier_dropout, Some(0.3));
    let logits = numbers(model.forward(&rows.input(&device)));
    let error = relative_error(&logits, &expected.concat());
    println!("logits of a head on a pooler: relative error {error:.1e}");
    assert!(error <= 1e-4, "{error:e}");

    // The same, asked for part by part; and without the pooler it is another model.
    let head = folder.join("model.safetensors");
    let parts = |checkpoint: Checkpoint| {
        let (model, _) = checkpoint.classifier(3, &device).expect("it loads");
        let model = model.load_head(&head).expect("a head");
        numbers(model.forward(&rows.input(&device)))
    };
    assert_eq!(
        parts(open(&folder).with_pooler().expect("a pooler")),
        logits
    );
    assert_ne!(parts(open(&folder)), logits);
}

/// A tensor that this crate cannot read, or that is called as Burn calls a parameter, must not
/// keep the rest from loading, nor take a parameter's place.
#[test]
fn what_is_left_aside_has_no_say() {
    let device = device();
    let (_, model, _) = with_pooler(&device);
    let folder = TempDir::new().expect("a folder");
    for file in ["config.json", "model.safetensors"] {
        let from = fixture("sequence-classification").join(file);
        fs::copy(from, folder.path().join(file)).expect("copied");
    }
    let path = folder.path().join("model.safetensors");
    let bytes = fs::read(&path).expect("readable");
    let tensors = SafeTensors::deserialize(&bytes).expect("whole");
    let decoy = [0; 4 * 16];
    let left_aside = [
        ("bert.embeddings.layer_norm.weight", Dtype::F32, vec![16]),
        ("bert.embeddings.layer_norm.gamma", Dtype::F32, vec![16]),
        ("bert.encoder.0.scale", Dtype::F8_E4M3, vec![64]),
        ("bert.pooler.weight", Dtype::I32, vec![16]),
        ("classifier.dense.weight", Dtype::F64, vec![8]),
        ("odd \u{1f600}[0].*\\", Dtype::U16, vec![4, 8]),
    ];
    let views = tensors
        .tensors()
        .into_iter()
        .chain(left_aside.map(|(key, dtype, shape)| {
            let view = TensorView::new(dtype, shape, &decoy).expect("as many bytes");
            (key.to_owned(), view)
        }));
    let bytes = safetensors::serialize(views, None).expect("written");
    fs::write(&path, bytes).expect("written");

    let (read, report) = open(folder.path())
        .trained_classifier(&device)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.unused.len(), 6, "{:?}", report.unused);
    assert_eq!(bits(&read), bits(&model));
}

#[test]
fn a_pooler_or_head_that_is_not_there_is_named() {
    let device = device();
    let message = |result: Result<(), BertError>| result.expect_err("refused").to_string();
    let error = message(open(&fixture("bare-relu")).with_pooler().map(drop));
    assert!(
        error.contains("bare-relu/model.safetensors: `pooler.dense.weight`: is missing"),
        "{error}"
    );
    let error = message(
        open(&fixture("bare-relu"))
            .trained_classifier(&device)
            .map(drop),
    );
    assert!(
        error.contains("bare-relu/config.json: `architectures`"),
        "{error}"
    );

    let folder = TempDir::new().expect("a folder");
    let (config, model, labels) = with_pooler(&device);
    let export = Export::new(&config).with_labels(labels);
    export.classifier(&model, folder.path()).expect("saved");
    let rewrite = |from: &str, to: &str| {
        let path = folder.path().join("config.json");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replace(from, to)).unwrap();
        message(open(folder.path()).trained_classifier(&device).map(drop))
    };
    let error = rewrite(r#""2": "contradiction""#, r#""3": "contradiction""#);
    assert!(error.contains("config.json: `id2label`"), "{error}");
    let error = rewrite(r#""3": "contradiction""#, r#""2": "?", "3": "!""#);
    assert!(
        error.contains("names 4 classes, but `classifier.weight` has 3"),
        "{error}"
    );
    let model = Export::new(&config).encoder(&model.bert, folder.path());
    model.expect("saved");
    let error = rewrite("BertModel", "BertForTokenClassification");
    assert!(
        error.contains("model.safetensors: `classifier.weight`: is missing"),
        "{error}"
    );
}

#[test]
fn what_could_not_be_read_back_is_refused_and_nothing_is_written() {
    let device = device();
    let folder = TempDir::new().expect("a folder");
    let target = folder.path().join("model");
    let (config, model) = classifier(&device);
    let refusal = |export: Export, model: &BertClassifier| {
        let error = export.classifier(model, &target).expect_err("refused");
        assert!(!target.exists(), "{error}");
        error.to_string()
    };
    let says = |message: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    };

    let labels = |labels: &[&str]| Export::new(&config).with_labels(labels.to_vec());
    says(
        refusal(labels(&["a", "b"]), &model),
        &["id2label", "2 labels for 3 classes"],
    );
    says(
        refusal(labels(&["a", "b", "a"]), &model),
        &["id2label", "called \"a\""],
    );

    let mut other = config.clone();
    other.num_hidden_layers += 1;
    says(
        refusal(Export::new(&other), &model),
        &[
            "not made from this configuration",
            "it has no `encoder.layer.3.",
        ],
    );
    other.num_hidden_layers -= 2;
    says(
        refusal(Export::new(&other), &model),
        &["it has `encoder.layer.2."],
    );
    let mut other = config.clone();
    other.intermediate_size = 7;
    says(
        refusal(Export::new(&other), &model),
        &["`encoder.layer.0.intermediate.dense.weight` has shape [28, 20], expected [7, 20]"],
    );

    let words: Vec<_> = (0..60).map(|i| format!("word{i}")).collect();
    let large = Tokenizer::word_level(words.iter().map(String::as_str), 60).expect("a tokenizer");
    says(
        refusal(Export::new(&config).with_tokenizer(&large), &model),
        &["has the number 59, but the model's `vocab_size` is 43"],
    );

    let mut diverged = model;
    diverged.bert.encoder.layer[1].output.dense.weight = {
        let weight = diverged.bert.encoder.layer[1].output.dense.weight.val();
        Param::from_tensor(weight.slice_fill([0..1, 1..2], f32::NAN))
    };
    // [in, out] here, [out, in] there: row 0, column 1 is number 28.
    says(
        refusal(Export::new(&config), &diverged),
        &["`bert.encoder.layer.1.output.dense.weight`: number 28 of the model's is NaN"],
    );
}

#[test]
fn models_are_left_for_transformers_to_read() {
    let Some(dir) = std::env::var_os("BURN_SLS_SAVED").map(PathBuf::from) else {
        println!("skipped: BURN_SLS_SAVED does not name a folder to save models in");
        return;
    };
    let device = device();
    let tokenizer = tokenizer();
    let texts = [("the cat sat", Some("on the mat")), ("a dog", Some("the"))];
    let encoded = tokenizer.encode_all(&texts, 14).expect("tokens");
    let rows = Rows::padded(&encoded, tokenizer.pad_id());
    let leave =
        |name: &str, texts: bool, labels: Option<&[String]>, rows: &Rows, values: Vec<f64>| {
            let mut ours = serde_json::to_value(rows).expect("JSON");
            ours["values"] = json!(values);
            if texts {
                ours["texts"] = json!([["the cat sat", "on the mat"], ["a dog", "the"]]);
            }
            if let Some(labels) = labels {
                ours["labels"] = json!(labels);
            }
            fs::write(dir.join(name).join("ours.json"), ours.to_string()).expect("written");
        };

    let (config, model) = classifier(&device);
    let labels = ["no", "perhaps", "yes"].map(str::to_owned);
    Export::new(&config)
        .with_tokenizer(&tokenizer)
        .with_labels(labels.clone())
        .classifier(&model, dir.join("classifier"))
        .expect("saved");
    let logits = numbers(model.forward(&rows.input(&device)));
    leave("classifier", true, Some(&labels), &rows, logits);

    let encoder: &Bert = &model.bert;
    Export::new(&config)
        .encoder(encoder, dir.join("encoder"))
        .expect("saved");
    // Padded positions have numbers of no meaning, which may differ: one row, none padded.
    let row = Rows::padded(&encoded[..1], tokenizer.pad_id());
    let hidden = numbers(encoder.forward(&row.input(&device)));
    leave("encoder", false, None, &row, hidden);

    let (config, model, roberta) = self::roberta(&device);
    Export::new(&config)
        .with_tokenizer(&roberta)
        .with_labels(labels.clone())
        .classifier(&model, dir.join("roberta"))
        .expect("saved");
    let encoded = roberta
        .encode_all(&texts, config.max_tokens())
        .expect("tokens");
    let rows = Rows::padded(&encoded, roberta.pad_id());
    let logits = numbers(model.forward(&rows.input(&device)));
    leave("roberta", true, Some(&labels), &rows, logits);

    let (config, model, labels) = with_pooler(&device);
    Export::new(&config)
        .with_labels(labels.clone())
        .classifier(&model, dir.join("classifier-with-pooler"))
        .expect("saved");
    let input = fs::read_to_string(fixture("sequence-classification").join("inputs.json"));
    let rows: Rows = serde_json::from_str(&input.expect("the fixture is whole")).expect("JSON");
    let logits = numbers(model.forward(&rows.input(&device)));
    leave(
        "classifier-with-pooler",
        false,
        Some(&labels),
        &rows,
        logits,
    );
}
