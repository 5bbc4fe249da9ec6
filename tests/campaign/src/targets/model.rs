//! The files of a model folder.

use std::fs;
use std::path::Path;

use burn_sls_bert::{BertConfig, Checkpoint, Tokenizer};
use burn_sls_tests::bert::{fixture, numbers};
use burn_sls_tests::flex;

use super::{Answer, Target, folder, refused, write};

/// Words of the two JSON files.
const WORDS: &[&str] = &[
    "\"hidden_size\"",
    "\"num_attention_heads\"",
    "\"num_hidden_layers\"",
    "\"vocab_size\"",
    "\"hidden_act\"",
    "\"model_type\"",
    "\"type_vocab_size\"",
    "\"layer_norm_eps\"",
    "\"id2label\"",
    "\"gelu_python\"",
    "\"roberta\"",
    "\"distilbert\"",
    "null",
    "true",
    "false",
    "{}",
    "[]",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "\"normalizer\"",
    "\"pre_tokenizer\"",
    "\"post_processor\"",
    "\"vocab\"",
    "\"added_tokens\"",
    "\"special\"",
    "\"type\"",
    "\"Sequence\"",
    "\"WordLevel\"",
    "\"BPE\"",
    "\"Unigram\"",
    "\"WordPiece\"",
    "\"Lowercase\"",
    "\"padding\"",
    "\"truncation\"",
];

fn read(folder: &str, file: &str) -> Vec<u8> {
    fs::read(fixture(folder).join(file)).expect("the fixture is whole")
}

/// `config.json`: what is taken is valid, and is the same when it is written and read again.
pub fn config(scratch: &Path) -> Target {
    let scratch = folder(scratch, "config");
    let read_one = move |bytes: &[u8]| {
        let path = scratch.join("config.json");
        write(&path, bytes);
        match BertConfig::from_file(&path) {
            Err(error) => refused(&error, &scratch, &["config.json"]),
            Ok(config) => {
                config.validate().expect("what is read is valid");
                let again = BertConfig::from_json(&config.to_json());
                assert_eq!(again.expect("what is written is read"), config);
                Answer::Taken(format!("{:?}", config.model_type))
            }
        }
    };
    let seeds = [
        "bare-relu",
        "prefixed-gelu",
        "roberta",
        "sequence-classification",
    ];
    Target {
        name: "config",
        seeds: seeds.map(|seed| read(seed, "config.json")).to_vec(),
        words: WORDS,
        per_byte: 10,
        read: Box::new(read_one),
    }
}

/// `model.safetensors`: what is taken can be loaded, and its numbers are finite.
pub fn weights(scratch: &Path) -> Target {
    let scratch = folder(scratch, "weights");
    write(
        &scratch.join("config.json"),
        &read("bare-relu", "config.json"),
    );
    let read_one = move |bytes: &[u8]| {
        write(&scratch.join("model.safetensors"), bytes);
        match Checkpoint::open(&scratch) {
            Err(error) => refused(&error, &scratch, &["model.safetensors"]),
            Ok(checkpoint) => {
                let loaded = checkpoint.encoder(&flex());
                let (model, report) = loaded.expect("what is checked loads");
                let weight = model.encoder.layer[0].output.dense.weight.val();
                assert!(numbers(weight).iter().all(|x| x.is_finite()));
                Answer::Taken(format!("{} warnings", report.sentences("a model").len()))
            }
        }
    };
    Target {
        name: "weights",
        seeds: vec![read("bare-relu", "model.safetensors")],
        words: &[
            "\"dtype\"",
            "\"F32\"",
            "\"F16\"",
            "\"BF16\"",
            "\"F64\"",
            "\"I64\"",
            "\"shape\"",
            "\"data_offsets\"",
            "\"__metadata__\"",
            "[0,0]",
            "[4294967296,4294967296]",
            "[-1]",
            "{}",
            "null",
        ],
        per_byte: 10,
        read: Box::new(read_one),
    }
}

/// `config.json` beside weights of another one: both fit, or the error names one of them.
pub fn beside(scratch: &Path) -> Target {
    let scratch = folder(scratch, "beside");
    let weights = read("sequence-classification", "model.safetensors");
    write(&scratch.join("model.safetensors"), &weights);
    let read_one = move |bytes: &[u8]| {
        write(&scratch.join("config.json"), bytes);
        let loaded = Checkpoint::open(&scratch)
            .and_then(|checkpoint| checkpoint.trained_classifier(&flex()));
        match loaded {
            Err(error) => refused(&error, &scratch, &["config.json", "model.safetensors"]),
            Ok(_) => Answer::Taken("loaded".to_string()),
        }
    };
    Target {
        name: "beside",
        seeds: vec![read("sequence-classification", "config.json")],
        words: WORDS,
        per_byte: 10,
        read: Box::new(read_one),
    }
}

/// `tokenizer.json`: what is taken encodes a pair, or says why it does not.
pub fn tokenizer(scratch: &Path) -> Target {
    let scratch = folder(scratch, "tokenizer");
    let path = scratch.join("tokenizer.json");
    let tokenizer = Tokenizer::word_level(["the cat sat", "the dog"], 20).expect("made");
    tokenizer.save(&path).expect("saved");
    let word_level = fs::read(&path).expect("written");
    let read_one = move |bytes: &[u8]| {
        write(&path, bytes);
        match Tokenizer::from_file(&path) {
            Err(error) => refused(&error, &scratch, &["tokenizer.json"]),
            Ok(tokenizer) => match tokenizer.encode("the cat", Some("sat, dog"), 16) {
                Ok(encoded) => {
                    assert!(encoded.ids.len() <= 16, "longer than asked for");
                    Answer::Taken(format!("{} tokens", encoded.ids.len()))
                }
                Err(error) => Answer::Refused(error.to_string()),
            },
        }
    };
    Target {
        name: "tokenizer",
        seeds: vec![word_level, read("roberta", "tokenizer.json")],
        words: WORDS,
        // An automaton looks for the added tokens, with a hundred bytes for each of theirs.
        per_byte: 120,
        read: Box::new(read_one),
    }
}
