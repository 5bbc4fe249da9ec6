//! Files of another kind than their name says, and the warnings about a model that loads.

use super::*;

#[test]
fn a_file_of_another_kind_in_place_of_the_weights_is_recognised() {
    for (bytes, says) in [
        (
            &b"version https://git-lfs.github.com/spec/v1\n"[..],
            "Git LFS pointer",
        ),
        (b"PK\x03\x04 archive/data.pkl", "torch.save"),
        (b"<!doctype html><html></html>", "web page"),
    ] {
        let message = Folder::new().with(&config(), bytes).refusal();
        assert!(message.contains("model.safetensors: is a"), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_byte_order_mark_in_the_configuration_is_skipped() {
    let folder = Folder::new().with(&config(), &file(&complete()));
    let text = format!("\u{feff}{}", config().to_json());
    fs::write(folder.file("config.json"), &text).unwrap();
    assert_eq!(
        *Checkpoint::open(folder.0.path()).unwrap().config(),
        config()
    );
    assert_eq!(BertConfig::from_json(&text).unwrap(), config());
}

#[test]
fn what_speaks_of_another_model_is_reported() {
    let keyed = |prefix: &str| -> Tensors {
        let tensors = complete().into_iter();
        tensors
            .map(|(key, tensor)| (format!("{prefix}{key}"), tensor))
            .collect()
    };
    let report = |folder: &Folder| Checkpoint::open(folder.0.path()).unwrap().report;
    let folder = Folder::new().with(&config(), &file(&keyed("bert.")));
    assert_eq!(report(&folder).warnings, [""; 0]);

    let folder = Folder::new().with(&config(), &file(&keyed("roberta.")));
    let text = config().to_json_with(serde_json::Map::from_iter([
        (
            "architectures".to_owned(),
            serde_json::json!(["RobertaForMaskedLM"]),
        ),
        ("use_alibi".to_owned(), true.into()),
        ("rope_theta".to_owned(), 10_000.into()),
    ]));
    fs::write(folder.file("config.json"), text).unwrap();
    fs::write(folder.file("adapter_config.json"), "{}").unwrap();
    let modules = r#"[{"type": "sentence_transformers.models.Transformer"},
                      {"type": "sentence_transformers.models.Pooling"}]"#;
    fs::write(folder.file("modules.json"), modules).unwrap();
    fs::write(
        folder.file("sentence_bert_config.json"),
        r#"{"do_lower_case": true}"#,
    )
    .unwrap();
    let report = report(&folder);
    assert_eq!(report.unknown_settings, ["rope_theta", "use_alibi"]);
    let says = [
        "config.json: `architectures` names RobertaForMaskedLM",
        "model.safetensors: its keys begin with `roberta.`",
        "adapter_config.json: the adapter is not read",
        "modules.json: only the encoder of this sentence-transformers model is read, not its Pooling",
        "sentence_bert_config.json: `do_lower_case` is true",
    ];
    assert_eq!(report.warnings.len(), says.len(), "{:?}", report.warnings);
    for (warning, says) in report.warnings.iter().zip(says) {
        assert!(warning.contains(says), "{warning}");
    }
}

#[test]
fn a_long_value_is_cut() {
    let long = "x".repeat(100_000);
    for json in [
        format!("{{ \"hidden_act\": \"{long}\" }}"),
        format!("{{ \"model_type\": [\"{long}\"] }}"),
        format!("{{ \"pruned_heads\": \"{long}\" }}"),
        format!("{{ \"architectures\": [\"{long}\"] }}"),
        format!("\"{long}\""),
    ] {
        let message = BertConfig::from_json(&json).unwrap_err().to_string();
        assert!(message.len() < 1200, "{}", message.len());
    }
}
