//! The files beside a `tokenizer.json`: what they change, and what they contradict.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A WordPiece tokenizer with the default normalizer of BERT, and words in several spellings.
fn wordpiece() -> Value {
    let words = [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "film", "Film", "cafe", "café", "Café", "中", "文",
        "中文", "Ġfilm",
    ];
    let vocabulary: serde_json::Map<_, _> = words
        .iter()
        .zip(0..)
        .map(|(word, id)| ((*word).to_owned(), Value::from(id)))
        .collect();
    let added: Vec<_> = words[..4].iter().zip(0..).map(added).collect();
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
            "strip_accents": null, "lowercase": true,
        },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": { "type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2] },
        "decoder": null,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": vocabulary,
        },
    })
}

fn added((content, id): (&&str, i32)) -> Value {
    json!({
        "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
    })
}

/// Reads the tokenizer with these files beside it.
fn read(tokenizer: &Value, beside: &[(&str, Value)]) -> Result<Tokenizer, BertError> {
    let folder = TempDir::new().unwrap();
    for (file, content) in beside {
        fs::write(folder.path().join(file), content.to_string()).unwrap();
    }
    let path = folder.path().join("tokenizer.json");
    // With a byte-order mark, which is skipped.
    fs::write(&path, format!("\u{feff}{tokenizer}")).unwrap();
    Tokenizer::from_file(path)
}

fn refusal(tokenizer: &Value, beside: &[(&str, Value)]) -> String {
    read(tokenizer, beside).expect_err("refused").to_string()
}

fn words(tokenizer: &Tokenizer, text: &str) -> Vec<String> {
    let ids = tokenizer.encode(text, None, 32).unwrap().ids;
    let ids = &ids[1..ids.len() - 1];
    let word = |id: &u32| tokenizer.inner.id_to_token(*id).unwrap();
    ids.iter().map(word).collect()
}

const CONFIG: &str = "tokenizer_config.json";

/// `BertTokenizerFast` sets the normalizer by its arguments, whatever `tokenizer.json` has.
#[test]
fn settings_of_the_normalizer_replace_those_of_the_tokenizer() {
    let bert = |settings: Value| {
        let mut settings = settings;
        settings["tokenizer_class"] = "BertTokenizer".into();
        read(&wordpiece(), &[(CONFIG, settings)]).expect("a tokenizer")
    };
    let text = "Film Café 中文";
    let cases = [
        (json!({}), ["film", "cafe", "中", "文"].as_slice()),
        (
            json!({ "do_lower_case": true }),
            &["film", "cafe", "中", "文"],
        ),
        // Without lower case, accents are kept too, unless told otherwise.
        (
            json!({ "do_lower_case": false }),
            &["Film", "Café", "中", "文"],
        ),
        (
            json!({ "strip_accents": false }),
            &["film", "café", "中", "文"],
        ),
        (
            json!({ "strip_accents": null }),
            &["film", "cafe", "中", "文"],
        ),
        (
            json!({ "tokenize_chinese_chars": false }),
            &["film", "cafe", "中文"],
        ),
    ];
    for (settings, expected) in cases {
        let tokenizer = bert(settings.clone());
        assert_eq!(words(&tokenizer, text), expected, "{settings}");
        let config = BertConfig::tiny(20);
        assert_eq!(tokenizer.warnings(&config), [""; 0], "{settings}");
        // The saved file has the settings in it.
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("tokenizer.json");
        tokenizer.save(&path).unwrap();
        assert_eq!(words(&Tokenizer::from_file(path).unwrap(), text), expected);
    }
    let message = refusal(&wordpiece(), &[(CONFIG, json!({ "do_lower_case": "yes" }))]);
    for part in ["tokenizer.json: ", "`do_lower_case`", "true or false"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_class_decides_whether_the_settings_apply() {
    let lower = json!({ "do_lower_case": false });
    let with = |class: Value, model: Value| {
        let mut settings = lower.clone();
        settings["tokenizer_class"] = class;
        let files = [(CONFIG, settings), ("config.json", model)];
        let tokenizer = read(&wordpiece(), &files).expect("a tokenizer");
        words(&tokenizer, "Film").remove(0)
    };
    for (class, model, word) in [
        (json!("BertTokenizer"), json!({}), "Film"),
        (json!("DistilBertTokenizerFast"), json!({}), "Film"),
        (json!(null), json!({ "model_type": "bert" }), "Film"),
        (
            json!(null),
            json!({ "model_type": "roberta", "tokenizer_class": "BertTokenizer" }),
            "Film",
        ),
        (json!(null), json!({}), "Film"),
        // These use `tokenizer.json` as it is.
        (
            json!("PreTrainedTokenizerFast"),
            json!({ "model_type": "bert" }),
            "film",
        ),
        (json!(null), json!({ "model_type": "roberta" }), "film"),
    ] {
        assert_eq!(with(class.clone(), model.clone()), word, "{class} {model}");
    }
    let files = [(
        CONFIG,
        json!({ "tokenizer_class": "BertJapaneseTokenizer" }),
    )];
    let tokenizer = read(&wordpiece(), &files).unwrap();
    let warnings = tokenizer.warnings(&BertConfig::tiny(20));
    assert!(warnings[0].contains("BertJapaneseTokenizer may give other tokens"));
}

#[test]
fn what_hugging_face_would_take_by_default_is_said() {
    let mut cased = wordpiece();
    cased["normalizer"]["lowercase"] = false.into();
    let model = ("config.json", json!({ "model_type": "bert" }));
    let warned = |files: &[(&str, Value)]| {
        let tokenizer = read(&cased, files).unwrap();
        assert_eq!(words(&tokenizer, "Film"), ["Film"]);
        tokenizer.warnings(&BertConfig::tiny(20))
    };
    let warnings = warned(std::slice::from_ref(&model));
    assert!(
        warnings[0].contains("does not say `do_lower_case`"),
        "{warnings:?}"
    );
    let said = (
        CONFIG,
        json!({ "do_lower_case": false, "truncation_side": "left" }),
    );
    let warnings = warned(&[model, said]);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("`truncation_side` is"), "{warnings:?}");
}

#[test]
fn a_normalizer_of_another_type_must_do_what_the_settings_say() {
    for (normalizer, lower) in [
        (json!(null), false),
        (json!({ "type": "Lowercase" }), true),
        (
            json!({ "type": "Sequence", "normalizers": [{ "type": "NFC" }, { "type": "Lowercase" }] }),
            true,
        ),
    ] {
        let mut tokenizer = wordpiece();
        tokenizer["normalizer"] = normalizer;
        let files = |lower: bool| [(CONFIG, json!({ "do_lower_case": lower }))];
        assert!(read(&tokenizer, &files(lower)).is_ok());
        let message = refusal(&tokenizer, &files(!lower));
        for part in ["`normalizer`", "`do_lower_case`", CONFIG] {
            assert!(message.contains(part), "{message}");
        }
    }
}

/// `RobertaTokenizerFast` sets `add_prefix_space` by its argument, and gives no token types.
#[test]
fn settings_of_roberta_are_followed() {
    let mut tokenizer = wordpiece();
    tokenizer["normalizer"] = Value::Null;
    let byte_level =
        json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true });
    tokenizer["pre_tokenizer"] = byte_level;
    let model = json!({ "model_type": "roberta" });
    let with = |settings: Value| {
        read(
            &tokenizer,
            &[(CONFIG, settings), ("config.json", model.clone())],
        )
        .unwrap()
    };
    assert_eq!(words(&with(json!({})), "film"), ["film"]);
    assert_eq!(
        words(&with(json!({ "add_prefix_space": true })), "film"),
        ["Ġfilm"]
    );
    tokenizer["pre_tokenizer"]["add_prefix_space"] = true.into();
    let tokenizer = read(&tokenizer, &[("config.json", model)]).unwrap();
    let warnings = tokenizer.warnings(&BertConfig::tiny(20));
    assert!(warnings[0].contains("`add_prefix_space`"), "{warnings:?}");
}

#[test]
fn types_are_left_out_where_hugging_face_gives_none() {
    let template = json!({
        "type": "TemplateProcessing",
        "single": [
            { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
            { "SpecialToken": { "id": "[SEP]", "type_id": 0 } },
        ],
        "pair": [
            { "SpecialToken": { "id": "[CLS]", "type_id": 0 } },
            { "Sequence": { "id": "A", "type_id": 0 } },
            { "SpecialToken": { "id": "[SEP]", "type_id": 0 } },
            { "Sequence": { "id": "B", "type_id": 1 } },
            { "SpecialToken": { "id": "[SEP]", "type_id": 1 } },
        ],
        "special_tokens": {
            "[CLS]": { "id": "[CLS]", "ids": [2], "tokens": ["[CLS]"] },
            "[SEP]": { "id": "[SEP]", "ids": [3], "tokens": ["[SEP]"] },
        },
    });
    let bert = wordpiece()["post_processor"].clone();
    let sequence = json!({ "type": "Sequence", "processors": [template.clone()] });
    let names = json!({ "model_input_names": ["input_ids", "attention_mask"] });
    let klue = json!({ "model_type": "roberta" });
    let klue_as_bert = json!({ "tokenizer_class": "BertTokenizer" });
    for processor in [bert, template, sequence] {
        let mut tokenizer = wordpiece();
        tokenizer["post_processor"] = processor;
        for (files, last) in [
            (vec![], 1),
            (vec![(CONFIG, names.clone())], 0),
            (vec![("config.json", klue.clone())], 0),
            (
                vec![
                    ("config.json", klue.clone()),
                    (CONFIG, klue_as_bert.clone()),
                ],
                1,
            ),
        ] {
            let read = read(&tokenizer, &files).unwrap();
            let pair = read.encode("film", Some("film"), 16).unwrap();
            assert_eq!(pair.ids, [2, 4, 3, 4, 3]);
            assert_eq!(pair.type_ids, [0, 0, 0, last, last], "{files:?}");
            let mut one = BertConfig::tiny(20);
            one.type_vocab_size = 1;
            assert_eq!(read.check_fits_pairs(&one).is_ok(), last == 0);
        }
    }
}

#[test]
fn special_tokens_of_the_files_must_be_those_of_the_tokenizer() {
    for (file, content, says) in [
        (
            CONFIG,
            json!({ "cls_token": "<s>" }),
            "\"[CLS]\", but tokenizer_config.json says",
        ),
        (
            "special_tokens_map.json",
            json!({ "sep_token": { "content": "</s>", "lstrip": false } }),
            "\"[SEP]\", but special_tokens_map.json says that `sep_token` is \"</s>\"",
        ),
        (
            CONFIG,
            json!({ "pad_token": "<pad>" }),
            "has no token \"<pad>\", but",
        ),
        (
            CONFIG,
            json!({ "added_tokens_decoder": { "7": { "content": "film" } } }),
            "gives the token \"film\" the number 4, but tokenizer_config.json gives it 7",
        ),
        (
            "added_tokens.json",
            json!({ "[new]": 40 }),
            "gives the token \"[new]\" the number 13, but added_tokens.json gives it 40",
        ),
        (
            CONFIG,
            json!({ "added_tokens_decoder": { "x": {} } }),
            "a token for every number",
        ),
        (CONFIG, json!([1]), "not a JSON object"),
    ] {
        let message = refusal(&wordpiece(), &[(file, content)]);
        assert!(message.contains(says), "{message}");
        assert!(message.contains(file), "{message}");
    }
    let same = json!({
        "cls_token": "[CLS]", "sep_token": { "content": "[SEP]" }, "pad_token": "[PAD]",
        "mask_token": null,
        "added_tokens_decoder": { "2": { "content": "[CLS]", "special": true } },
    });
    assert!(read(&wordpiece(), &[(CONFIG, same)]).is_ok());
    // Another token may pad, if a file says so.
    let pad = json!({ "pad_token": "[UNK]" });
    assert_eq!(read(&wordpiece(), &[(CONFIG, pad)]).unwrap().pad_id(), 1);
    // As in Hugging Face's tokenizer, a word that is an added token is not taken apart.
    let added =
        json!({ "added_tokens_decoder": { "5": { "content": "Film", "normalized": false } } });
    let settings = [(CONFIG, added)];
    assert_eq!(
        words(&read(&wordpiece(), &settings).unwrap(), "aFilm"),
        ["[UNK]", "Film"]
    );
}
