//! Every task of GLUE, from files in its official layout to the results of a run.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use burn_sls_bert::glue::{Split, Task, read_split};
use serde_json::Value;

mod fixtures;
mod saved;

use saved::{files, sentence};

fn glue(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glue-under-test"));
    command.args(words).output().expect("the program runs")
}

fn train(words: &[&str]) -> Output {
    glue(&[&["train"], words].concat())
}

fn run_file(out: &Path) -> Value {
    let text = fs::read_to_string(out.join("run.json")).expect("run.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Set `GLUE_WRITE_FIXTURES` to write the files again after a change to what makes them.
#[test]
fn the_files_are_those_that_the_grammar_makes() {
    let write = std::env::var_os("GLUE_WRITE_FIXTURES").is_some();
    for (path, text) in fixtures::files() {
        if write {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, &text).expect("written");
        }
        let there = fs::read_to_string(&path).expect("a file");
        assert!(there == text, "{} is another", path.display());
    }
}

#[test]
fn every_task_trains_from_its_official_files_to_finite_results() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = fixtures::folder().display().to_string();
    for task in Task::ALL {
        let out = folder.path().join(task.name());
        let out_name = out.display().to_string();
        let output = train(&[
            "--task",
            task.name(),
            "--data-dir",
            &data,
            "--epochs",
            "1",
            "--batch-size",
            "8",
            "--out",
            &out_name,
        ]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{task}: {error}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            said.contains("train.tsv: 3 rows are cut short, and were skipped; the first is line 6"),
            task == Task::Qqp,
            "{said}"
        );

        let run = run_file(&out);
        let metrics: &[&str] = match task {
            Task::Cola => &["accuracy", "matthews"],
            Task::Mrpc | Task::Qqp => &["accuracy", "f1", "mean"],
            Task::Stsb => &["mean", "pearson", "spearman"],
            Task::Mnli => &["accuracy", "accuracy_mismatched"],
            _ => &["accuracy"],
        };
        let last = run["final"].as_object().expect("a final block");
        let values = last["metrics"].as_object().expect("metrics");
        let names: BTreeSet<&str> = values.keys().map(String::as_str).collect();
        assert_eq!(names, metrics.iter().copied().collect(), "{task}");
        for (name, value) in values {
            let value = value.as_f64().unwrap_or(f64::NAN);
            assert!((-1.0..=1.0).contains(&value), "{task}: {name} is {value}");
        }
        for name in ["train_loss", "train_loss_running"] {
            assert!(last[name].is_f64(), "{task}: {name} is {}", last[name]);
        }
        let mismatched = run.get("mismatched_examples").and_then(Value::as_u64);
        assert_eq!(mismatched, (task == Task::Mnli).then_some(16), "{task}");
    }
}

#[test]
fn a_regression_learns_and_a_resumed_one_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = fixtures::folder().display().to_string();
    let out = folder.path().join("run");
    let out_name = out.display().to_string();
    // Five steps an epoch, of which the first four epochs warm up.
    let words = "--task stsb --epochs 16 --batch-size 8 --out";
    let mut words: Vec<&str> = words.split(' ').collect();
    words.extend([&out_name, "--data-dir", &data]);
    let output = train(&words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let run = run_file(&out);
    let loss = |epoch: usize| {
        run["per_epoch"][epoch]["train_loss"]
            .as_f64()
            .expect("a loss")
    };
    // The variance of the scores is what a constant answer leaves.
    let rows = read_split(fixtures::folder(), Task::Stsb, Split::Train).expect("rows");
    let scores: Vec<f64> = rows.examples.iter().map(|e| e.label.score()).collect();
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let variance = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>() / scores.len() as f64;
    assert!(loss(15) < 0.5 * variance, "{} of {variance}", loss(15));
    assert!(loss(15) < loss(0), "{} after {}", loss(15), loss(0));

    let output = train(&["--resume", "--out", &out_name]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("finished already"));
}

#[test]
fn a_run_does_not_go_on_with_other_data_or_a_damaged_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("run"));
    let obstacle = out.join("checkpoint/optim-2.bpk");
    fs::create_dir_all(obstacle.join("full")).expect("a folder");
    fs::create_dir_all(data.join("SST-2")).expect("a folder");
    for name in ["SST-2/train.tsv", "SST-2/dev.tsv"] {
        fs::copy(fixtures::folder().join(name), data.join(name)).expect("copied");
    }
    let (data_name, out_name) = (data.display().to_string(), out.display().to_string());
    let words = "--task sst2 --epochs 2 --batch-size 8 --data-dir";
    let words: Vec<&str> = words
        .split(' ')
        .chain([&data_name, "--out", &out_name])
        .collect();
    sentence(&train(&words), "an obstacle");
    fs::remove_dir_all(obstacle).expect("removed");

    let there = files(&out);
    let rows = data.join("SST-2/train.tsv");
    let text = fs::read_to_string(&rows).expect("a file");
    fs::write(&rows, text.replacen("\t1\n", "\t0\n", 1)).expect("written");
    let error = sentence(&train(&["--resume", "--out", &out_name]), "other data");
    assert!(
        error.contains("was replaced") && error.contains(&data_name),
        "{error}"
    );
    assert_eq!(files(&out), there);
    fs::write(&rows, text).expect("written");

    let part = out.join("checkpoint/optim-1.bpk");
    let whole = fs::read(&part).expect("a file");
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    for bytes in [&damaged, &whole[..whole.len() - 1]] {
        fs::write(&part, bytes).expect("written");
        let output = train(&["--resume", "--out", &out_name]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("optim-1.bpk: this checkpoint is damaged"),
            "{error}"
        );
    }
    fs::write(&part, whole).expect("written");
    assert!(train(&["--resume", "--out", &out_name]).status.success());
}

#[test]
fn a_run_that_diverged_is_written_without_numbers_and_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = fixtures::folder().display().to_string();
    let out = folder.path().join("run");
    let out_name = out.display().to_string();
    let words = "--task stsb --optimizer sgd --lr 1 --batch-size 8 --epochs 2 --out";
    let mut words: Vec<&str> = words.split(' ').collect();
    words.extend([&out_name, "--data-dir", &data]);
    let output = train(&words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let last = &run_file(&out)["final"];
    for value in [&last["train_loss"], &last["metrics"]["pearson"]] {
        assert!(value.is_null(), "{last}");
    }
    let output = train(&["--resume", "--out", &out_name]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("finished already"));
}

#[test]
fn a_balanced_draw_is_in_the_settings_and_refused_for_scores() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = fixtures::folder().display().to_string();
    let out = folder.path().join("run");
    let out_name = out.display().to_string();
    let draw = "--train-size 12 --balanced --epochs 1 --data-dir";
    let mut words: Vec<&str> = draw.split(' ').collect();
    words.extend([&data, "--out", &out_name, "--task"]);
    let output = train(&[&words[..], &["stsb"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("--balanced has no meaning for stsb"),
        "{error}"
    );

    let output = train(&[&words[..], &["mnli"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let run = run_file(&out);
    assert_eq!(run["balanced"], true);
    assert_eq!(run["training_examples"], 12);
}

#[test]
fn odd_cells_are_trained_on_and_broken_files_get_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, bytes).expect("written");
    };
    let path = |name: &str| folder.path().join(name).display().to_string();
    let train_on = |name: &str, task: &str| {
        let (data, out) = (path(name), path(&format!("{name}-run")));
        train(&[
            "--task",
            task,
            "--data-dir",
            &data,
            "--epochs",
            "1",
            "--out",
            &out,
        ])
    };

    let long = "a very fine film ".repeat(6000);
    let odd = format!("sentence\tlabel\r\n\t1\r\n\" open\t0\r\n{long}\t1\r\n");
    write("odd/SST-2/train.tsv", odd.as_bytes());
    write("odd/SST-2/dev.tsv", odd.as_bytes());
    let output = train_on("odd", "sst2");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");

    let good = b"index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n";
    let cases: [(&str, &[u8], &str); 7] = [
        ("empty", b"", "train.tsv: is empty"),
        (
            "names",
            b"index\tsentence1\tsentence2\tlabel\r\n",
            "train.tsv: has no rows",
        ),
        (
            "column",
            b"index\tsentence1\tlabel\n0\ta\tentailment\n",
            "train.tsv:1: has no column called sentence2; the columns are index, sentence1, label",
        ),
        (
            "label",
            b"index\tsentence1\tsentence2\tlabel\n0\ta\tb\tmaybe\n",
            "train.tsv:2: the label \"maybe\" is unknown; expected one of entailment, \
             not_entailment",
        ),
        (
            "bytes",
            b"index\tsentence1\tsentence2\tlabel\n0\ta\t\xff\tentailment\n",
            "train.tsv:2: is not UTF-8 text",
        ),
        (
            "short",
            b"index\tsentence1\tsentence2\tlabel\n0\ta\tentailment\n",
            "train.tsv:2: has 3 fields, the first line has 4",
        ),
        (
            "tab",
            b"index\tsentence1\tsentence2\tlabel\n0\ta\tb\tc\tentailment\n",
            "train.tsv:2: has 5 fields, the first line has 4",
        ),
    ];
    for (name, bytes, says) in cases {
        write(&format!("{name}/RTE/train.tsv"), bytes);
        write(&format!("{name}/RTE/dev.tsv"), good);
        let output = train_on(name, "rte");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains(says), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
    }
}
