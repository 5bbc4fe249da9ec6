//! `sls-lab bench` from the command line to its tables and files. Counts are checked, and never a
//! time.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

fn bench(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sls-lab"));
    let command = command.arg("bench").args(words);
    command.output().expect("the program runs")
}

/// A number of at least 0.
fn number(value: &Value) -> f64 {
    let number = value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"));
    assert!(number >= 0.0, "{number}");
    number
}

/// Quartiles, in order.
fn check_spread(value: &Value) {
    let [lower, median, upper] = ["lower", "median", "upper"].map(|name| number(&value[name]));
    assert!(lower <= median && median <= upper, "{value}");
}

fn forward_equivalents(sample: &Value) -> f64 {
    number(&sample["forwards"]) + 2.0 * number(&sample["backwards"])
}

const METHODS: [&str; 8] = [
    "sgd",
    "adam",
    "sgdsls",
    "adamsls",
    "plasls",
    "salsa",
    "amortized",
    "default",
];

#[test]
fn every_method_has_a_row_whose_counts_are_those_of_its_steps() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("new/bench");
    let out_name = out.display().to_string();
    let output = bench(&[
        "--steps",
        "3",
        "--warm-up",
        "2",
        "--batch",
        "4",
        "--growth",
        "--out",
        &out_name,
    ]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");

    let json = fs::read_to_string(out.join("bench.json")).expect("bench.json");
    let markdown = fs::read_to_string(out.join("bench.md")).expect("bench.md");
    let report: Value = serde_json::from_str(&json).expect("JSON");
    let command =
        "sls-lab bench --model mlp --batch 4 --steps 3 --warm-up 2 --device flex --growth";
    assert_eq!(report["command"], command);
    assert_eq!(report["model"]["name"], "MLP 784-512-256-10");
    assert_eq!(
        (&report["tokens"], &report["steps"]),
        (&Value::Null, &3.into())
    );

    let rows = report["methods"].as_array().expect("rows");
    let names: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["method"].as_str())
        .collect();
    assert_eq!(names, METHODS);
    for row in rows {
        let samples = row["samples"].as_array().expect("samples");
        assert_eq!(samples.len(), 3, "{row}");
        for name in ["seconds", "ratio", "own_seconds", "own_share"] {
            check_spread(&row[name]);
        }
        let mean = samples.iter().map(forward_equivalents).sum::<f64>() / 3.0;
        assert!((number(&row["forward_equivalents"]) - mean).abs() < 1e-12);
        if row["units"].is_null() {
            assert_eq!(row["forward_equivalents"], 3.0);
            assert_eq!((&row["trials"], &row["reads"]), (&0.0.into(), &0.0.into()));
            assert_eq!(row["one_trial"], Value::Null);
            continue;
        }
        let single = |sample: &&Value| sample["trials"] == 1 && sample["outcome"] == "accepted";
        assert_eq!(
            row["one_trial"]["steps"],
            samples.iter().filter(single).count()
        );
        for sample in samples {
            let trials = number(&sample["trials"]);
            assert_eq!(forward_equivalents(sample), 3.0 + trials);
            // SaLSa reads more slopes where its direction leads uphill.
            let more = number(&sample["reads"]) - (1.0 + trials);
            assert!(
                more == 0.0 || row["method"] == "salsa" && more == 1.0,
                "{sample}"
            );
            assert!(number(&sample["passes"]) <= number(&sample["seconds"]));
            if single(&sample) {
                assert_eq!(forward_equivalents(sample), 4.0);
            }
        }
    }
    let units: Vec<&Value> = rows.iter().map(|row| &row["units"]).collect();
    let null = &Value::Null;
    assert_eq!(
        units,
        [
            null,
            null,
            &1.into(),
            &1.into(),
            &3.into(),
            &1.into(),
            &1.into(),
            &1.into()
        ]
    );
    let adam = &rows[1];
    assert_eq!(
        (&adam["ratio"]["lower"], &adam["ratio"]["upper"]),
        (&1.0.into(), &1.0.into())
    );
    if cfg!(target_os = "linux") {
        assert_eq!(adam["peak_ratio"], 1.0);
        assert!(rows.iter().all(|row| number(&row["peak_bytes"]) > 1e6));
    }

    // The second table: a part varies one thing.
    let growth = report["growth"].as_array().expect("a second table");
    for (varied, changing, fixed) in [
        ("units", "units", "tensors"),
        ("tensors", "tensors", "units"),
        ("parameters", "parameters", "tensors"),
    ] {
        let part: Vec<&Value> = growth
            .iter()
            .filter(|row| row["varied"] == varied)
            .collect();
        assert!(part.len() >= 4, "{varied}");
        for pair in part.windows(2) {
            assert!(
                number(&pair[0][changing]) < number(&pair[1][changing]),
                "{varied}"
            );
            assert_eq!(pair[0][fixed], pair[1][fixed], "{varied}");
        }
    }

    // Both tables, in words.
    let said = String::from_utf8_lossy(&output.stdout);
    for text in [&*said, &markdown] {
        for title in [
            "SGD (Burn's)",
            "Adam (Burn's)",
            "PLASLS, 3 units",
            "ADAMSLS, salsa",
        ] {
            assert!(text.contains(title), "{text}");
        }
        assert!(text.contains("randomly initialised: 535,818 parameters in 6 tensors"));
    }
    assert!(markdown.contains(command), "{markdown}");
    let table_rows = markdown
        .lines()
        .filter(|line| line.starts_with('|'))
        .count();
    assert_eq!(
        table_rows,
        2 + METHODS.len() + 2 + growth.len(),
        "{markdown}"
    );
    let base = folder.path().display().to_string();
    assert!(!json.contains(&base) && !markdown.contains(&base));
}

#[test]
fn what_makes_no_sense_is_refused_in_one_sentence() {
    for (words, expected) in [
        (&["--steps", "0"][..], &["--steps", "at least 1"][..]),
        (&["--batch", "many"], &["--batch", "whole number"]),
        (
            &["--tokens", "16"],
            &["--tokens 16 has no meaning", "--model mlp"],
        ),
        (
            &["--model", "minilm", "--tokens", "513"],
            &["--tokens is 513", "512 positions"],
        ),
        (&["--methods", "adam,adagrad"], &["adagrad"]),
        (&["--model", "gpt"], &["gpt", "bert-base"]),
    ] {
        let output = bench(words);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        for part in expected {
            assert!(
                error.contains(part),
                "{words:?} does not say `{part}`: {error}"
            );
        }
        assert!(!error.contains("panicked"), "{words:?}: {error}");
    }
}
