//! The keys of a `config.json`: those that are used, refused, or known to be harmless.

use serde_json::{Map, Value, json};

use crate::BertError;
use crate::quote::{listed, quoted};

/// The settings that are used. They are all those that determine the model in
/// transformers/models/bert/modeling_bert.py and its counterpart for RoBERTa.
const HONOURED: [&str; 15] = [
    "model_type",
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "classifier_dropout",
    "max_position_embeddings",
    "type_vocab_size",
    "initializer_range",
    "layer_norm_eps",
    "pad_token_id",
];

/// Settings that do not change the encoder's output. A `*` at the end stands for any ending.
const HARMLESS: [&str; 57] = [
    // The head. What matters of it is read when a trained head is loaded.
    "architectures",
    "id2label",
    "label2id",
    "num_labels",
    "_num_labels",
    "problem_type",
    "finetuning_task",
    "task_specific_params",
    "pooler_*",
    "directionality",
    // The storage of the weights, which become f32 here.
    "dtype",
    "torch_dtype",
    "use_bfloat16",
    "torchscript",
    "tie_*",
    // How Hugging Face computes and returns the same numbers.
    "use_cache",
    "gradient_checkpointing",
    "chunk_size_feed_forward",
    "attn_implementation",
    "_attn_implementation*",
    "output_attentions",
    "output_hidden_states",
    "output_past",
    "return_dict",
    "return_dict_in_generate",
    // Names, versions, and settings of the tokenizer, which are also in tokenizer.json.
    "_name_or_path",
    "name_or_path",
    "_commit_hash",
    "transformers_version",
    "adapters",
    "tokenizer_class",
    "prefix",
    "bos_token_id",
    "eos_token_id",
    "sep_token_id",
    "decoder_start_token_id",
    // Text generation. Versions of transformers before 5 write these for every model.
    "bad_words_ids",
    "begin_suppress_tokens",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "exponential_decay_length_penalty",
    "forced_*",
    "length_penalty",
    "max_length",
    "min_length",
    "no_repeat_ngram_size",
    "num_beam*",
    "num_return_sequences",
    "output_scores",
    "remove_invalid_values",
    "repetition_penalty",
    "suppress_tokens",
    "temperature",
    "top_*",
    "typical_p",
];

/// Settings that are refused unless they have this value or `null`: they change the model.
fn refused() -> [(&'static str, Value); 8] {
    [
        ("position_embedding_type", json!("absolute")),
        ("is_decoder", json!(false)),
        ("is_encoder_decoder", json!(false)),
        ("add_cross_attention", json!(false)),
        ("cross_attention_hidden_size", Value::Null),
        ("per_layer_config", Value::Null),
        ("quantization_config", Value::Null),
        ("pruned_heads", json!({})),
    ]
}

/// Refuses a setting, by its name, that would otherwise lead to wrong numbers without a warning.
pub(crate) fn refuse_other_models(map: &Map<String, Value>) -> Result<(), BertError> {
    for (key, supported) in refused() {
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(found) if *found == supported => {}
            Some(found) => {
                return Err(BertError::config(
                    key,
                    format!("{} is not supported; expected {supported}", shown(found)),
                ));
            }
        }
    }
    Ok(())
}

/// A value as it is in the file, cut if it is long.
pub(crate) fn shown(value: &Value) -> String {
    const SHORT: usize = 60;
    let text = value.to_string();
    match value {
        _ if text.len() <= SHORT => text,
        Value::String(long) => quoted(long),
        _ => quoted(&text),
    }
}

/// The keys that speak of another model than `model_type`, a sentence for each. `model_type` alone
/// decides which model is computed, as in Hugging Face's `AutoModel`.
pub(crate) fn contradictions(map: &Map<String, Value>) -> Result<Vec<String>, BertError> {
    let kind = map.get("model_type").and_then(Value::as_str);
    let own = match kind {
        Some("roberta") => "Roberta",
        _ => "Bert",
    };
    let classes = map.get("architectures").and_then(Value::as_array);
    let mut names = classes.into_iter().flatten().filter_map(Value::as_str);
    let other = names.find(|name| !name.starts_with(own));
    let other = other.map(|name| listed(&[name]));
    let mut sentences = Vec::new();
    match (other, kind) {
        (None, _) => {}
        (Some(other), None) => {
            return Err(BertError::config(
                "model_type",
                format!(
                    "is missing, and `architectures` names {other}, which is not BERT's: add \
                     \"model_type\": \"bert\" or \"roberta\", whichever it is"
                ),
            ));
        }
        (Some(other), Some(kind)) => sentences.push(format!(
            "`architectures` names {other}, but `model_type` is {kind}: it is read as a {kind}"
        )),
    }
    let token = |key: &str| map.get(key).and_then(Value::as_u64);
    let tokens = ["bos_token_id", "pad_token_id", "eos_token_id"].map(token);
    if own == "Bert" && tokens == [Some(0), Some(1), Some(2)] {
        sentences.push(
            "`bos_token_id`, `pad_token_id` and `eos_token_id` are 0, 1 and 2 as in a RoBERTa, but \
             `model_type` is bert: positions are counted from 0 as in a BERT"
                .to_owned(),
        );
    }
    Ok(sentences)
}

/// The keys that are neither used nor known to be harmless, sorted.
pub(crate) fn unknown(map: &Map<String, Value>) -> Vec<String> {
    let harmless = |key: &str| {
        HARMLESS.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => key.starts_with(beginning),
            None => key == *known,
        })
    };
    let mut keys: Vec<_> = map
        .keys()
        .filter(|key| !HONOURED.contains(&key.as_str()) && !harmless(key))
        .filter(|key| refused().iter().all(|(refused, _)| refused != key))
        .cloned()
        .collect();
    keys.sort();
    keys
}

#[cfg(test)]
mod tests {
    use crate::config_file::ConfigFile;

    #[test]
    fn a_setting_that_is_neither_used_nor_known_to_be_harmless_is_named() {
        let file = ConfigFile::parse(
            r#"{
                "model_type": "bert", "is_decoder": false, "pruned_heads": {},
                "cross_attention_hidden_size": null, "chunk_size_feed_forward": 4,
                "pooler_num_fc_layers": 3, "num_beams": 1, "transformers_version": "4.8.2",
                "torch_dtype": "float16", "gradient_checkpointing": false,
                "rotary_base": 10000, "hiden_size": 64
            }"#,
        )
        .unwrap();
        assert_eq!(file.unknown, ["hiden_size", "rotary_base"]);
    }

    #[test]
    fn keys_of_another_model_than_the_type_says_are_named() {
        let said = |json: &str| ConfigFile::parse(json).unwrap().contradictions;
        let roberta = r#""architectures": ["RobertaForMaskedLM"]"#;
        let sentences = said(&format!(r#"{{ "model_type": "bert", {roberta} }}"#));
        assert!(sentences[0].contains("names RobertaForMaskedLM, but `model_type` is bert"));
        let sentences = said(r#"{ "model_type": "roberta", "architectures": ["BertModel"] }"#);
        assert!(sentences[0].contains("names BertModel, but `model_type` is roberta"));
        let sentences = said(
            r#"{ "model_type": "bert", "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2 }"#,
        );
        assert!(sentences[0].contains("0, 1 and 2 as in a RoBERTa"));
        for json in [
            r#"{ "architectures": ["BertForMaskedLM"] }"#,
            r#"{ "model_type": "roberta", "architectures": ["RobertaModel"], "pad_token_id": 1 }"#,
            r#"{ "model_type": "bert", "architectures": null }"#,
        ] {
            assert_eq!(said(json), [""; 0], "{json}");
        }
        // Without a type, positions would be counted as in a BERT, and nobody has said so.
        let error = ConfigFile::parse(&format!("{{ {roberta} }}")).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("`model_type`: is missing"), "{message}");
        assert!(message.contains("RobertaForMaskedLM"), "{message}");
    }
}
