//! A comparison on files of GLUE: its folder says nothing of where they lie, and is reported on and
//! gone on with all the same, with its runs in folders or in one file.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Files of GLUE's tasks that the project makes.
const FIXTURES: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/program/tests/fixtures"
);

fn lab(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sls-lab"));
    command.args(words).output().expect("the program runs")
}

const EXPERIMENT: &str = r#"
title = "On files"
tasks = ["rte"]
train_sizes = [16]
batch_sizes = [8]
epochs = 1
seeds = [1]

[[methods]]
name = "ADAMSLS"
optimizer = "adamsls"

[[methods]]
name = "ADAM"
optimizer = "adam"
lr = 1e-3
"#;

/// The command that runs the experiment of a file on the fixtures.
fn on_fixtures<'a>(file: &'a str, out: &'a str) -> [&'a str; 8] {
    [
        "compare",
        file,
        "--model",
        "tiny",
        "--data-dir",
        FIXTURES,
        "--out",
        out,
    ]
}

fn run(words: &[&str]) -> String {
    let output = lab(words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every text in a folder.
fn texts(folder: &Path) -> String {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let text = |path: std::path::PathBuf| match path.is_dir() {
        true => texts(&path),
        false => fs::read_to_string(path).unwrap_or_default(),
    };
    paths.map(text).collect()
}

#[test]
fn a_comparison_can_be_moved_reported_on_and_gone_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (file, here, there) = (at("files.toml"), at("here"), at("there"));
    fs::write(&file, EXPERIMENT).expect("written");
    let data = FIXTURES.to_string();
    let compare = ["compare", &file, "--model", "tiny", "--data-dir", &data];

    let output = lab(&["compare", &file, "--model", "tiny", "--out", &here]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("rte") && error.contains("--data-dir"),
        "{error}"
    );

    run(&[&compare[..], &["--out", &here]].concat());
    assert!(!texts(here.as_ref()).contains(&data));
    fs::rename(&here, &there).expect("moved");
    let said = run(&["report", &there]);
    assert!(!said.contains("missing"), "{said}");
    assert!(!texts(there.as_ref()).contains(&data));
    for runs in ["under runs/", "in results.json"] {
        let said = run(&[&compare[..], &["--out", &there]].concat());
        assert!(said.contains("of which 2 are finished"), "{runs}: {said}");
        let _ = fs::remove_dir_all(Path::new(&there).join("runs"));
    }
}

#[test]
fn a_run_that_was_begun_is_gone_on_with_in_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (file, out) = (at("files.toml"), at("out"));
    fs::write(&file, EXPERIMENT).expect("written");
    let compare = on_fixtures(&file, &out);
    run(&compare);
    let runs = Path::new(&out).join("runs");
    let folders = || {
        let entries = fs::read_dir(&runs).expect("runs");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        paths
    };
    let before = folders();

    // As of a run that was stopped in its first epoch, where data and model lay elsewhere.
    let file = before[0].join("run.json");
    let text = fs::read_to_string(&file).expect("run.json");
    let whole: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut begun = whole.clone();
    begun["final"] = serde_json::Value::Null;
    begun["per_epoch"] = serde_json::json!([]);
    begun["data_dir"] = "/elsewhere".into();
    fs::write(&file, begun.to_string()).expect("written");
    fs::write(before[0].join("steps.jsonl"), "{\"step\":").expect("written");

    let said = run(&compare);
    assert!(
        said.contains("2 runs") && said.contains("of which 1 are finished"),
        "{said}"
    );
    assert!(said.contains("2/2 rte"), "{said}");
    assert_eq!(folders(), before);
    let text = fs::read_to_string(&file).expect("run.json");
    let again: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(again["final"]["train_loss"], whole["final"]["train_loss"]);
    assert_eq!(again["data_dir"], serde_json::Value::Null);
}

#[test]
fn another_preset_than_the_recorded_one_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (file, out) = (at("files.toml"), at("out"));
    fs::write(&file, EXPERIMENT).expect("written");
    fs::create_dir(&out).expect("a folder");
    // Of a version in which no preset meant that of the paper.
    let recorded = format!("model = \"tiny\"\n{}", EXPERIMENT.trim_start());
    fs::write(Path::new(&out).join("files.toml"), recorded).expect("written");
    let compare = on_fixtures(&file, &out);
    let output = lab(&compare);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("preset paper of `ADAMSLS`") && error.contains("--out"),
        "{error}"
    );
}

#[test]
fn an_experiment_of_ones_own_may_lie_in_its_folder_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let file = folder.path().join("own.toml");
    let name = file.display().to_string();
    let data = ["--data-dir", FIXTURES];
    let compare = ["compare", &name, "--model", "tiny", "--out", &out];

    // A report would take a line search without a preset for the paper's.
    fs::write(&file, EXPERIMENT).expect("written");
    let output = lab(&[&compare[..], &data].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("preset = \"default\""), "{error}");
    assert_eq!(fs::read_to_string(&file).expect("a file"), EXPERIMENT);

    let preset = "optimizer = \"adamsls\"\npreset = \"default\"";
    let own = EXPERIMENT.replace("optimizer = \"adamsls\"", preset);
    let own = format!("# What I want to know.\ndata_dir = \"{FIXTURES}\"\n{own}");
    fs::write(&file, &own).expect("written");
    run(&compare);
    let noted = fs::read_to_string(&file).expect("a file");
    assert!(noted.contains(&own), "{noted}");
    let said = run(&compare);
    assert!(said.contains("of which 2 are finished"), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("a file"), noted);
    let said = run(&["report", &out]);
    assert!(!said.contains("missing"), "{said}");
    let report = fs::read_to_string(folder.path().join("report.md")).expect("a report");
    assert!(!report.contains(FIXTURES), "{report}");

    let other = folder.path().join("another");
    fs::create_dir(&other).expect("a folder");
    let config = r#"{"model_type": "bert", "vocab_size": 8, "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 1, "intermediate_size": 8, "max_position_embeddings": 8}"#;
    fs::write(other.join("config.json"), config).expect("written");
    let other = other.display().to_string();
    let output = lab(&["compare", &name, "--model", &other, "--out", &out]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("leave --model out"), "{error}");
}

#[test]
fn what_a_killed_program_left_of_a_finished_run_is_taken_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (file, out) = (at("files.toml"), at("out"));
    fs::write(&file, EXPERIMENT).expect("written");
    let compare = on_fixtures(&file, &out);
    run(&compare);
    let runs = Path::new(&out).join("runs");
    let finished = fs::read_dir(runs).expect("runs").next().expect("a run");
    let left = finished.expect("an entry").path().join("checkpoint");
    fs::create_dir(&left).expect("a folder");
    fs::write(left.join("model-1.bpk"), "a checkpoint").expect("written");
    run(&compare);
    assert!(!left.exists());
}

#[test]
fn a_model_that_has_the_name_of_the_one_from_scratch_is_refused() {
    let words = ["compare", "table1", "--data-dir", FIXTURES, "--model"];
    let output = lab(&[&words[..], &["models/tiny"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("another name"), "{error}");
}
