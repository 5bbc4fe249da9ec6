//! The tokens of texts, and the files that are refused.

mod beside;

use tokenizers::processors::bert::BertProcessing;

use super::beside::Beside;
use super::*;

fn letters() -> Tokenizer {
    Tokenizer::word_level(["a a a b b c", "d, B"], 100).unwrap()
}

#[test]
fn the_vocabulary_is_ordered_by_frequency_then_alphabet() {
    let tokenizer = letters();
    // a×3 and b×3 (once as B), then `,`, c and d once each. 0 to 3 are special.
    for (id, token) in ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", ",", "c", "d"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(
            tokenizer.inner.token_to_id(token),
            Some(id as u32),
            "{token}"
        );
    }
    assert_eq!(tokenizer.vocab_size(), 9);
    let small = Tokenizer::word_level(["a a a b b c", "d, B"], 6).unwrap();
    assert_eq!(small.vocab_size(), 6);
    assert_eq!(small.encode("b c", None, 9).unwrap().ids, [2, 5, 1, 3]);
}

#[test]
fn the_longer_sentence_is_truncated_first() {
    let tokenizer = letters();
    let cases = [
        // (first, second, max_length, ids)
        ("a a a a", None, 5, vec![2, 4, 4, 4, 3]),
        ("a a a a", Some("b"), 6, vec![2, 4, 4, 3, 5, 3]),
        ("a", Some("b b b b"), 6, vec![2, 4, 3, 5, 5, 3]),
        ("a a a a", Some("b b b b"), 8, vec![2, 4, 4, 3, 5, 5, 5, 3]),
        ("a", Some("b"), 5, vec![2, 4, 3, 5, 3]),
        ("", None, 3, vec![2, 3]),
    ];
    for (first, second, max_length, ids) in cases {
        let encoded = tokenizer.encode(first, second, max_length).unwrap();
        assert_eq!(encoded.ids, ids, "{first:?} {second:?} {max_length}");
        assert_eq!(encoded.type_ids.len(), ids.len());
    }
    assert!(tokenizer.encode("a", None, 2).is_err());
    assert!(tokenizer.encode("a", Some("b"), 4).is_err());
}

#[test]
fn a_vocabulary_larger_than_the_model_is_refused() {
    let tokenizer = letters();
    assert!(tokenizer.check_fits(&BertConfig::tiny(9)).is_ok());
    let error = tokenizer.check_fits(&BertConfig::tiny(8)).unwrap_err();
    assert!(error.to_string().contains("vocab_size"), "{error}");
}

#[test]
fn a_file_that_is_no_bert_tokenizer_is_refused() {
    let whole = letters().inner.to_string(false).unwrap();
    let mut template: serde_json::Value = serde_json::from_str(&whole).unwrap();
    template["post_processor"] = serde_json::json!({
        "type": "TemplateProcessing",
        "single": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }],
        "pair": [{ "SpecialToken": { "id": "[CLS]", "type_id": 0 } }],
        "special_tokens": {},
    });
    let cases = [
        (template.to_string(), "not a tokenizer"),
        (String::new(), "not a tokenizer: EOF"),
        (whole[..whole.len() / 2].to_owned(), "not a tokenizer: EOF"),
        ("{}".to_owned(), "not a tokenizer"),
        (
            whole.replace("[PAD]", "[QAD]"),
            "has no token that pads; expected [PAD] or <pad>",
        ),
    ];
    for (text, says) in cases {
        let message = Tokenizer::from_bytes(text.as_bytes(), &Beside::default())
            .expect_err(says)
            .to_string();
        assert!(message.contains(says), "{message:?} instead of {says:?}");
    }
    let mut unframed = letters().inner;
    unframed.with_post_processor(None::<BertProcessing>);
    let message = Tokenizer::new(unframed).unwrap_err().to_string();
    assert!(message.contains("does not frame text"), "{message}");

    // A template that forgets the second sentence.
    template["post_processor"] = serde_json::json!({
        "type": "TemplateProcessing",
        "single": [
            { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
        ],
        "pair": [
            { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
        ],
        "special_tokens": { "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] } },
    });
    let message = Tokenizer::from_bytes(template.to_string().as_bytes(), &Beside::default())
        .unwrap_err()
        .to_string();
    assert!(message.contains("does not frame text") || message.contains("not a tokenizer"));
}

#[test]
fn special_tokens_of_any_name_are_taken() {
    let whole = letters().inner.to_string(false).unwrap();
    for (old, new) in [("[CLS]", "<s>"), ("[SEP]", "<end>"), ("[UNK]", "<?>")] {
        let renamed = whole.replace(old, new);
        let tokenizer =
            Tokenizer::from_bytes(renamed.as_bytes(), &Beside::default()).expect("a tokenizer");
        assert_eq!(tokenizer.encode("a", None, 9).unwrap().ids, [2, 4, 3]);
    }
}

#[test]
fn a_pair_with_more_types_than_the_model_is_refused() {
    let tokenizer = letters();
    let mut config = BertConfig::tiny(9);
    assert!(tokenizer.check_fits_pairs(&config).is_ok());
    config.type_vocab_size = 1;
    assert!(
        tokenizer.check_fits(&config).is_ok(),
        "one sentence has type 0"
    );
    let message = tokenizer.check_fits_pairs(&config).unwrap_err().to_string();
    for part in [
        "a pair of sentences the token type 1",
        "the model has one type",
        "`type_vocab_size` is 1",
        "model_input_names",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_roberta_is_taken_with_a_tokenizer_of_bert_if_the_numbers_fit() {
    let tokenizer = letters();
    let mut config = BertConfig::tiny(9);
    config.model_type = ModelType::Roberta;
    assert!(
        tokenizer.check_fits(&config).is_ok(),
        "[PAD] is number 0 in both"
    );
    assert!(tokenizer.warnings(&config).is_empty());
    config.pad_token_id = Some(1);
    let message = tokenizer.check_fits(&config).unwrap_err().to_string();
    let says = "the token \"[PAD]\" has the number 0, but the model's `pad_token_id` is 1";
    assert!(message.contains(says), "{message}");
    // A BERT does not count from it: its padding is masked, whatever it is.
    config.model_type = ModelType::Bert;
    assert!(tokenizer.check_fits(&config).is_ok());
    assert!(tokenizer.warnings(&config)[0].contains(says));
}

#[test]
fn a_saved_tokenizer_encodes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let tokenizer = letters();
    tokenizer.save(&path).unwrap();
    let read = Tokenizer::from_file(&path).unwrap();
    let texts = [("A b", Some("d!")), ("c", None)];
    assert_eq!(
        read.encode_all(&texts, 16).unwrap(),
        tokenizer.encode_all(&texts, 16).unwrap()
    );
}
