//! `glue units` from the command line to its table.

use std::fs;

use crate::program::program;

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
