//! A model's folder on the command line: what the program says of it, and the table of its units.

use std::fs;
use std::path::Path;

use burn::tensor::Device;
use burn_sls_bert::{BertConfig, Export, Tokenizer};
use serde_json::{Value, json};

use crate::program::program;

/// Writes a small model and its tokenizer.
fn model(dir: &Path) {
    let words = ["The film was great", "the film was dull", "no plot at all"];
    let tokenizer = Tokenizer::word_level(words, 100).expect("a tokenizer");
    let config = BertConfig {
        hidden_size: 8,
        intermediate_size: 8,
        ..BertConfig::tiny(tokenizer.vocab_size())
    };
    let encoder = config.init(&Device::flex());
    let export = Export::new(&config).with_tokenizer(&tokenizer);
    export.encoder(&encoder, dir).expect("a model");
}

/// Changes the JSON object in a file.
fn change(file: &Path, change: impl FnOnce(&mut Value)) {
    let text = fs::read_to_string(file).expect("a file");
    let mut value = serde_json::from_str(&text).expect("JSON");
    change(&mut value);
    fs::write(file, value.to_string()).expect("written");
}

#[test]
fn oddities_of_a_model_are_named_and_mistakes_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    for (task, row) in [
        (
            "SST-2",
            "sentence\tlabel\nThe film was great\t1\nthe film was dull\t0\n",
        ),
        (
            "RTE",
            "index\tsentence1\tsentence2\tlabel\n0\tthe film\tno plot\tentailment\n\
             1\tthe film\tat all\tnot_entailment\n",
        ),
    ] {
        fs::create_dir_all(data.join(task)).expect("a folder");
        for part in ["train.tsv", "dev.tsv"] {
            fs::write(data.join(task).join(part), row).expect("written");
        }
    }
    let mut runs = 0;
    let mut train = |dir: &Path, task: &str| {
        runs += 1;
        let out = folder.path().join(format!("out-{runs}"));
        let mut command = program();
        command.args(["train", "--epochs", "1", "--task", task]);
        for (option, path) in [("--model", dir), ("--data-dir", &data), ("--out", &out)] {
            command.arg(option).arg(path);
        }
        let output = command.output().expect("the program runs");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!error.contains("panicked"), "{error}");
        let lines: Vec<_> = error.lines().filter(|line| line.contains(": ")).collect();
        (output.status.code(), lines.join("\n"), out)
    };
    let pristine = folder.path().join("model");
    model(&pristine);
    let (code, said, _) = train(&pristine, "rte");
    assert_eq!((code, said.as_str()), (Some(0), ""));

    // (the change to the folder, the task, the exit code, the beginning of the message)
    type Damage = fn(&Path);
    let cases: [(Damage, &str, i32, &str); 10] = [
        (
            |dir| {
                change(&dir.join("config.json"), |config| {
                    config["use_alibi"] = true.into();
                    config["rope_theta"] = 10_000.into();
                });
            },
            "sst2",
            0,
            "warning: MODEL: config.json has settings that are not known here and not followed: \
             rope_theta, use_alibi;",
        ),
        (
            |dir| {
                change(&dir.join("config.json"), |config| {
                    config["architectures"] = json!(["RobertaForMaskedLM"]);
                });
            },
            "sst2",
            0,
            "warning: MODEL/config.json: `architectures` names RobertaForMaskedLM, but",
        ),
        (
            |dir| {
                let file = dir.join("config.json");
                let text = fs::read_to_string(&file).expect("a file");
                fs::write(file, format!("\u{feff}{text}")).expect("written");
            },
            "sst2",
            0,
            "",
        ),
        (
            |dir| {
                fs::write(dir.join("tokenizer.json"), "version https://git-lfs").expect("written")
            },
            "sst2",
            2,
            "error: MODEL/tokenizer.json: is a Git LFS pointer",
        ),
        (
            |dir| {
                fs::rename(dir.join("tokenizer.json"), dir.join("vocab.txt")).expect("renamed");
            },
            "sst2",
            2,
            "error: MODEL/tokenizer.json: is missing; the folder has vocab.txt",
        ),
        (
            |dir| fs::remove_file(dir.join("tokenizer.json")).expect("removed"),
            "sst2",
            2,
            "error: --model MODEL has no tokenizer.json: give a folder with config.json",
        ),
        (
            |dir| {
                fs::rename(dir.join("model.safetensors"), dir.join("tf_model.h5"))
                    .expect("renamed");
            },
            "sst2",
            2,
            "error: MODEL/model.safetensors: is missing; the folder has tf_model.h5 instead",
        ),
        (
            |dir| {
                let inside = dir.join("0_Transformer");
                fs::create_dir(&inside).expect("a folder");
                for file in ["config.json", "model.safetensors", "tokenizer.json"] {
                    fs::rename(dir.join(file), inside.join(file)).expect("renamed");
                }
            },
            "sst2",
            2,
            "error: MODEL/config.json: is missing; the folder MODEL/0_Transformer has one",
        ),
        (
            |dir| {
                change(&dir.join("tokenizer_config.json"), |settings| {
                    settings["sep_token"] = "</s>".into();
                });
            },
            "sst2",
            2,
            "error: MODEL/tokenizer.json: frames text with \"[SEP]\", but tokenizer_config.json",
        ),
        (
            |dir| {
                change(&dir.join("config.json"), |config| {
                    config["type_vocab_size"] = 1.into()
                });
                // A table of types with one row, as in such a model.
                let config = BertConfig::from_file(dir.join("config.json")).expect("read");
                let encoder = config.init(&Device::flex());
                Export::new(&config)
                    .encoder(&encoder, dir)
                    .expect("written");
            },
            "rte",
            2,
            "error: MODEL/tokenizer.json: gives a pair of sentences the token type 1, but the \
             model has one type",
        ),
    ];
    for (at, (damage, task, expected, says)) in cases.into_iter().enumerate() {
        let dir = folder.path().join(format!("model-{at}"));
        model(&dir);
        damage(&dir);
        let (code, said, _) = train(&dir, task);
        let says = says.replace("MODEL", &dir.display().to_string());
        assert_eq!(code, Some(expected), "{said}");
        assert!(said.starts_with(&says), "{said}\ninstead of {says}");
        assert_eq!(
            said.lines().count(),
            usize::from(!says.is_empty()),
            "{said}"
        );
    }
}

#[test]
fn a_run_has_the_tokens_of_the_settings_beside_the_tokenizer() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("model");
    model(&dir);
    change(&dir.join("tokenizer_config.json"), |settings| {
        *settings = json!({ "do_lower_case": false, "tokenizer_class": "BertTokenizer" });
    });
    let out = folder.path().join("out");
    let mut command = program();
    let command = command.args(["train", "--epochs", "1", "--train-size", "16"]);
    let command = command.arg("--model").arg(&dir).arg("--out").arg(&out);
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    let saved = Tokenizer::from_file(out.join("model/tokenizer.json")).expect("a tokenizer");
    let ids = |text| saved.encode(text, None, 16).expect("tokens").ids;
    assert_ne!(ids("Film"), ids("film"));
}

#[test]
fn the_units_of_a_model_are_shown_with_their_sizes() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().display().to_string();
    fs::write(folder.path().join("config.json"), "{}").expect("written");
    let units = |words: &[&str]| {
        let output = program().arg("units").args(words).output();
        let output = output.expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text, error)
    };
    // Of every row: the unit, the tensors, the parameters and the share.
    let rows = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.contains(" % "));
        let words = |row: &str| row.replace("│", " ").replace("  ", "|");
        let cells = rows.map(|row| {
            let row = words(row);
            let cells = row
                .split('|')
                .map(str::trim)
                .filter(|cell| !cell.is_empty());
            cells.collect::<Vec<_>>().join("; ")
        });
        cells.collect()
    };
    // BERT-base, which is what an empty configuration says.
    let (code, text, error) = units(&["--model", &base]);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        text.contains("12 layers") && text.contains("10 units"),
        "{text}"
    );
    let rows_of_ten = rows(&text);
    assert_eq!(rows_of_ten.len(), 11, "{text}");
    for (row, expected) in [
        (0, "embeddings; bert.embeddings; 5; 23,837,184; 21.9 %"),
        (1, "layer 1; bert.encoder.layer.0; 16; 7,087,872; 6.5 %"),
        (
            2,
            "layers 2-3; bert.encoder.layer.1-2; 32; 14,175,744; 13.0 %",
        ),
        (9, "head; classifier; 2; 1,538; 0.0 %"),
        (10, "together; 199; 108,893,186; 100.0 %"),
    ] {
        assert_eq!(rows_of_ten[row], expected, "{text}");
    }

    let (_, text, _) = units(&["--model", &base, "--units", "qkv"]);
    let query =
        "query; bert.encoder.layer.0-11.attention.self_attention.query; 24; 7,087,104; 6.5 %";
    assert_eq!(rows(&text)[0], query, "{text}");
    assert!(
        text.contains("bert.encoder.layer.0-11.intermediate"),
        "{text}"
    );

    // Without a model, the one of the built-in sentences.
    let (code, text, error) = units(&[]);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        text.contains("4 units, since 2 layers are too few for 10"),
        "{text}"
    );
    let (_, text, _) = units(&["--units", "1"]);
    assert_eq!(rows(&text).len(), 1, "{text}");
    assert!(text.contains("the whole model"), "{text}");

    // A folder: a name that is none would be looked for on the hub, where the program knows it.
    let empty = tempfile::tempdir().expect("a folder");
    let empty = empty.path().to_str().expect("a path in UTF-8");
    for (words, expected) in [
        (["--model", empty], "has no config.json"),
        (["--units", "2"], "no split into 2 units"),
    ] {
        let (code, _, error) = units(&words);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}
