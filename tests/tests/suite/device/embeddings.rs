//! The embeddings that a real pre-trained BERT makes of ten sentences are those of `transformers`, from
//! the text on: tokens, encoder, mean over the tokens.
//!
//! `BURN_SLS_MINILM` names the folder of all-MiniLM-L6-v2; without it there is nothing to compare. What
//! is expected is made by `tests/fixtures/embeddings/make_embeddings.py`.

use std::fs;
use std::path::{Path, PathBuf};

use burn_sls_bert::{Checkpoint, Tokenizer};
use burn_sls_tests::bert::{Rows, numbers, relative_error};
use burn_sls_tests::device;
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    sentence: String,
    ids: Vec<u32>,
    embedding: Vec<f64>,
}

#[test]
fn embeddings_of_sentences_agree_with_transformers() {
    let Some(folder) = std::env::var_os("BURN_SLS_MINILM").map(PathBuf::from) else {
        println!("skipped: BURN_SLS_MINILM does not name the folder of all-MiniLM-L6-v2");
        return;
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/embeddings/minilm.json");
    let text = fs::read_to_string(path).expect("the expected embeddings are there");
    let expected: Vec<Expected> = serde_json::from_str(&text).expect("JSON");

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
