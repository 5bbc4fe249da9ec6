//! The program with a model and data from the hub that its environment names.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use burn::tensor::Device;
use burn_sls_bert::{BertConfig, Export, Tokenizer};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::server::{Answer, FakeHub};

/// The program, with a hub and a cache, and nothing of the environment's own.
fn glue(words: &[&str], endpoint: &str, home: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glue-under-test"));
    for name in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN"] {
        command.env_remove(name);
    }
    command.env("HF_ENDPOINT", endpoint).env("HF_HOME", home);
    command
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1");
    command.args(words).output().expect("the program runs")
}

/// A file of MNLI with so many rows.
fn mnli(rows: usize) -> Vec<u8> {
    let schema = "message rows { required binary premise (UTF8); required binary hypothesis (UTF8);
                  required int64 label; }";
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::default()).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for text in ["the food was good", "nobody liked it"] {
        let texts: Vec<ByteArray> = (0..rows).map(|_| text.into()).collect();
        let mut column = group.next_column().expect("written").expect("a column");
        let written = column
            .typed::<ByteArrayType>()
            .write_batch(&texts, None, None);
        written.expect("written");
        column.close().expect("written");
    }
    let labels: Vec<i64> = (0..rows as i64).map(|row| row % 3).collect();
    let mut column = group.next_column().expect("written").expect("a column");
    let written = column.typed::<Int64Type>().write_batch(&labels, None, None);
    written.expect("written");
    column.close().expect("written");
    group.close().expect("written");
    writer.close().expect("written");
    bytes
}

#[test]
fn a_run_takes_model_and_data_from_the_hub_and_the_next_one_from_the_cache() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = FakeHub::open();
    let endpoint = server.endpoint();

    let model = folder.path().join("model");
    let tokenizer = Tokenizer::word_level(["the food was good nobody liked it"], 100);
    let tokenizer = tokenizer.expect("a tokenizer");
    let config = BertConfig::tiny(tokenizer.vocab_size());
    let export = Export::new(&config).with_tokenizer(&tokenizer);
    let encoder = config.init(&Device::flex());
    export.encoder(&encoder, &model).expect("a model");
    for file in ["config.json", "model.safetensors", "tokenizer.json"] {
        let bytes = fs::read(model.join(file)).expect("a file");
        server.set(&format!("some/bert/{file}"), Answer::Whole(bytes));
    }
    for (part, rows) in [
        ("train", 12),
        ("validation_matched", 6),
        ("validation_mismatched", 3),
    ] {
        let file = format!("datasets/nyu-mll/glue/mnli/{part}-00000-of-00001.parquet");
        server.set(&file, Answer::Whole(mnli(rows)));
    }

    let home = folder.path().join("home");
    let train = |out: &str, task: &str| {
        let out = folder.path().join(out).display().to_string();
        let words = "train --model some/bert --data-dir nyu-mll/glue --epochs 1 --batch-size 4";
        let words = words.split(' ').chain(["--out", &out, "--task", task]);
        let output = glue(&words.collect::<Vec<_>>(), &endpoint, &home);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), error)
    };
    // What is left of a run apart from the time that it took.
    let steps = |out: &str| {
        let run = fs::read_to_string(folder.path().join(out).join("run.json")).expect("run.json");
        let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
        assert_eq!(run["training_examples"], 12);
        assert_eq!(run["validation_examples"], 6);
        assert_eq!(run["mismatched_examples"], 3);
        assert_eq!(run["model"], "some/bert");
        run["final"]["train_loss"].clone()
    };

    let units = ["units", "--model", "some/bert"];
    let output = glue(&units, &endpoint, &home);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        server.sent(),
        ["some/bert/config.json"],
        "the weights are not needed"
    );

    let (code, error) = train("first", "mnli");
    assert_eq!(code, Some(0), "{error}");
    assert!(home.join("hub/datasets--nyu-mll--glue").is_dir());
    let sent = server.sent();
    let (code, error) = train("missing", "rte");
    assert_eq!(code, Some(2), "{error}");
    assert!(
        error.contains("rte/validation-00000-of-00001.parquet cannot be had"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(server.sent(), sent, "every file was sent once");

    server.hang_up();
    let (code, error) = train("second", "mnli");
    assert_eq!(code, Some(0), "{error}");
    assert_eq!(steps("second"), steps("first"));
}
