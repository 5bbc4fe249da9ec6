//! The settings that are refused, and those of a head.

use serde_json::json;

use super::*;

#[test]
fn what_is_unsupported_is_refused_by_name() {
    let cases = [
        (
            r#"{"model_type": "t5"}"#,
            "model_type",
            "`bert` or `roberta`",
        ),
        (
            r#"{"position_embedding_type": "relative_key"}"#,
            "position_embedding_type",
            "relative_key",
        ),
        (r#"{"is_decoder": true}"#, "is_decoder", "true"),
        (
            r#"{"is_encoder_decoder": true}"#,
            "is_encoder_decoder",
            "true",
        ),
        (
            r#"{"add_cross_attention": true}"#,
            "add_cross_attention",
            "true",
        ),
        (
            r#"{"cross_attention_hidden_size": 64}"#,
            "cross_attention_hidden_size",
            "64",
        ),
        (
            r#"{"pruned_heads": {"0": [1]}}"#,
            "pruned_heads",
            "is not supported; expected {}",
        ),
        (
            r#"{"quantization_config": {"bits": 8}}"#,
            "quantization_config",
            "bits",
        ),
        (
            r#"{"per_layer_config": {"0": {}}}"#,
            "per_layer_config",
            "expected null",
        ),
        (r#"{"hidden_act": "silu"}"#, "hidden_act", "silu"),
        // Not the same functions: the one cuts at 10, the other is x σ(1.702 x).
        (r#"{"hidden_act": "gelu_10"}"#, "hidden_act", "gelu_10"),
        (
            r#"{"hidden_act": "quick_gelu"}"#,
            "hidden_act",
            "quick_gelu",
        ),
        (r#"{"hidden_size": 30}"#, "hidden_size", "multiple"),
        (r#"{"hidden_size": -4}"#, "hidden_size", "-4"),
        (r#"{"hidden_size": 1e300}"#, "hidden_size", "1e+300"),
        (
            r#"{"hidden_size": 18446744073709551612}"#,
            "hidden_size",
            "out of range",
        ),
        (
            r#"{"num_hidden_layers": 0}"#,
            "num_hidden_layers",
            "at least 1",
        ),
        (
            r#"{"num_attention_heads": 0}"#,
            "num_attention_heads",
            "at least 1",
        ),
        (
            r#"{"num_attention_heads": null}"#,
            "num_attention_heads",
            "found null",
        ),
        (r#"{"vocab_size": "many"}"#, "vocab_size", "many"),
        (r#"{"vocab_size": 0}"#, "vocab_size", "at least 1"),
        (
            r#"{"hidden_dropout_prob": 1.0}"#,
            "hidden_dropout_prob",
            "[0, 1)",
        ),
        (
            r#"{"attention_probs_dropout_prob": -0.1}"#,
            "attention_probs_dropout_prob",
            "-0.1 is not",
        ),
        (
            r#"{"classifier_dropout": 1.5}"#,
            "classifier_dropout",
            "1.5 is not",
        ),
        (r#"{"layer_norm_eps": 0}"#, "layer_norm_eps", "> 0"),
        (
            r#"{"initializer_range": -1}"#,
            "initializer_range",
            "-1 is not ≥ 0",
        ),
        (
            r#"{"vocab_size": 5, "pad_token_id": 5}"#,
            "pad_token_id",
            "below",
        ),
        (r#"[1]"#, "", "not a JSON object"),
        (r#"{"hidden_size": 768"#, "", "line 1 column 19"),
        ("{\n  \"hidden_size\": 768,\n}", "", "line 3 column 1"),
        ("", "", "line 1 column 0"),
    ];
    for (json, key, says) in cases {
        let error = ConfigFile::parse(json).expect_err(json);
        let message = error.to_string();
        assert!(
            message.contains(key) && message.contains(says),
            "{json}: {message}"
        );
    }
}

#[test]
fn every_way_to_write_an_activation_is_read() {
    for (name, activation) in [
        ("gelu", Activation::Gelu),
        ("gelu_python", Activation::Gelu),
        ("gelu_new", Activation::GeluTanh),
        ("gelu_pytorch_tanh", Activation::GeluTanh),
        ("gelu_python_tanh", Activation::GeluTanh),
        ("gelu_fast", Activation::GeluTanh),
        ("gelu_accurate", Activation::GeluTanh),
        ("relu", Activation::Relu),
    ] {
        let file = ConfigFile::parse(&json!({ "hidden_act": name }).to_string()).unwrap();
        assert_eq!(file.config.hidden_act, activation, "{name}");
    }
}

#[test]
fn the_head_is_described_by_its_class_and_its_labels() {
    let read = |json: Value| ConfigFile::parse(&json.to_string()).unwrap();
    let file = read(json!({
        "architectures": ["BertForSequenceClassification"],
        "id2label": { "1": "good", "0": "bad" },
    }));
    assert!(file.head_has_pooler().unwrap());
    assert_eq!(file.labels().unwrap().unwrap(), ["bad", "good"]);
    let file = read(json!({ "architectures": ["BertForTokenClassification"] }));
    assert!(!file.head_has_pooler().unwrap());
    assert_eq!(file.labels().unwrap(), None);

    let roberta = |class: &str| read(json!({ "model_type": "roberta", "architectures": [class] }));
    let file = roberta("RobertaForTokenClassification");
    assert!(!file.head_has_pooler().unwrap());
    let file = roberta("RobertaForSequenceClassification");
    let message = file.head_has_pooler().unwrap_err().to_string();
    assert!(message.contains("expected [\"RobertaForToken"), "{message}");

    for architectures in [json!(null), json!([]), json!(["BertModel"])] {
        let file = read(json!({ "architectures": architectures }));
        let message = file.head_has_pooler().unwrap_err().to_string();
        assert!(message.contains("`architectures`: ["), "{message}");
    }
    for labels in [json!({ "1": "a", "2": "b" }), json!({ "0": 3 })] {
        let file = read(json!({ "id2label": labels }));
        let message = file.labels().unwrap_err().to_string();
        assert!(message.contains("`id2label`"), "{message}");
    }
}
