//! The program as a person at a terminal meets it: mistakes, interruption, resumption.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use burn_sls_bert::{BertConfig, Tokenizer};
use serde_json::Value;

fn glue(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glue"));
    command.arg("train").args(words);
    command
}

fn run(words: &[&str]) -> Output {
    glue(words).output().expect("the program runs")
}

/// A run small enough for a test, with everything random that a run has.
fn small(out: &Path, optimizer: &str) -> Vec<String> {
    let words = "--train-size 96 --epochs 6 --batch-size 16 --dropout on --seed 3 --optimizer";
    let mut words: Vec<String> = words.split(' ').map(str::to_string).collect();
    words.extend([
        optimizer.to_string(),
        "--out".to_string(),
        out.display().to_string(),
    ]);
    words
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// The steps and results of a run, without the seconds they took.
fn results(out: &Path) -> (Vec<Value>, Value) {
    let steps = fs::read_to_string(out.join("steps.jsonl")).expect("steps.jsonl");
    let steps = steps.lines().map(|line| {
        let mut step: Value = serde_json::from_str(line).expect("a line of JSON");
        step.as_object_mut().expect("an object").remove("seconds");
        step
    });
    let text = fs::read_to_string(out.join("run.json")).expect("run.json");
    let mut run: Value = serde_json::from_str(&text).expect("JSON");
    let epochs = run["per_epoch"].as_array_mut().expect("epochs");
    for epoch in epochs.iter_mut() {
        let epoch = epoch.as_object_mut().expect("an object");
        epoch.remove("seconds_train");
        epoch.remove("seconds_eval");
    }
    (steps.collect(), run["per_epoch"].take())
}

/// The bits of the trained weights.
fn weights(out: &Path) -> Vec<u32> {
    struct Bits(Vec<u32>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data();
            self.0.extend(data.iter::<f32>().map(f32::to_bits));
        }
    }
    let tokenizer = Tokenizer::from_file(out.join("tokenizer.json")).expect("a tokenizer");
    let device = Device::flex();
    let model = BertConfig::tiny(tokenizer.vocab_size()).init_classifier(2, &device);
    let mut bits = Bits(Vec::new());
    model.load_file(out.join("model.bpk")).visit(&mut bits);
    bits.0
}

/// Waits until the run has finished `epochs` epochs, and interrupts it as Ctrl-C does.
fn interrupt_after(mut child: Child, out: &Path, epochs: usize) -> i32 {
    let deadline = Instant::now() + Duration::from_secs(120);
    let checkpoint = out.join(format!("checkpoint/scheduler-{epochs}.bpk"));
    while !checkpoint.exists() && child.try_wait().expect("a child").is_none() {
        assert!(Instant::now() < deadline, "no checkpoint appeared");
        std::thread::sleep(Duration::from_millis(2));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(
        kill.expect("kill").success(),
        "the run was over before it was interrupted"
    );
    child.wait().expect("a child").code().expect("an exit code")
}

#[test]
fn an_interrupted_run_ends_with_the_bits_of_one_that_was_not() {
    let folder = tempfile::tempdir().expect("a folder");
    for optimizer in ["adamsls", "adam"] {
        let whole = folder.path().join(format!("{optimizer}-whole"));
        let output = run(&words(&small(&whole, optimizer)));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );

        let cut = folder.path().join(format!("{optimizer}-cut"));
        let mut child = glue(&words(&small(&cut, optimizer)));
        let child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let code = interrupt_after(child.expect("the program runs"), &cut, 1);
        assert_eq!(code, 130);
        assert!(!cut.join("model.bpk").exists());
        // What a crash may leave behind a checkpoint: half a line.
        let steps = cut.join("steps.jsonl");
        let mut text = fs::read_to_string(&steps).expect("steps.jsonl");
        text.push_str("{\"step\":");
        fs::write(&steps, text).expect("written");

        let out = cut.display().to_string();
        let output = run(&["--resume", "--out", &out]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        assert_eq!(results(&cut), results(&whole), "{optimizer}");
        assert_eq!(weights(&cut), weights(&whole), "{optimizer}");

        let text = fs::read_to_string(cut.join("run.json")).expect("run.json");
        let run_file: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(run_file["final"]["epoch"], 6);
        assert_eq!(run_file["train_size"], 96);
        assert!(cut.join("run.svg").exists() && cut.join("run.png").exists());

        // Resuming what is finished does no harm, and says so.
        let output = run(&["--resume", "--out", &out]);
        assert!(output.status.success());
        assert!(String::from_utf8_lossy(&output.stdout).contains("finished already"));
        // Other settings are refused.
        let output = run(&["--resume", "--out", &out, "--batch-size", "8"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("--batch-size 16"));
    }
}

#[test]
fn every_mistake_gets_one_sentence_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        fs::write(file, text).expect("written");
    };
    let rows = "sentence\tlabel\na fine film\t1\na dull film\t0\n";
    write("good/SST-2/train.tsv", rows);
    write("good/SST-2/dev.tsv", rows);
    write(
        "label/SST-2/train.tsv",
        "sentence\tlabel\na fine film\t1\nan odd film\t7\n",
    );
    write("label/SST-2/dev.tsv", rows);
    write(
        "short/SST-2/train.tsv",
        "sentence\tlabel\na fine film\t1\ncut o",
    );
    write("short/SST-2/dev.tsv", rows);
    write("empty/SST-2/train.tsv", "");
    write("empty/SST-2/dev.tsv", rows);
    write(
        "model/config.json",
        "{\"model_type\": \"bert\", \"vocab_size\": 8}",
    );
    write("model/model.safetensors", "not a model");
    write("model/tokenizer.json", "{}");
    write("used/run.json", "{}");
    write("broken/run.json", "{");

    let (good, label, short) = (path("good"), path("label"), path("short"));
    let (empty, model, none) = (path("empty"), path("model"), path("none"));
    let (used, broken) = (path("used"), path("broken"));
    let cases: &[(&[&str], &[&str])] = &[
        (&["--batch-size", "0"], &["--batch-size", "at least 1"]),
        (&["--epochs", "many"], &["--epochs", "whole number"]),
        (&["--optimizer", "adagrad"], &["adagrad"]),
        (&["--optimizer", "plasls"], &["not there yet"]),
        (&["--device", "cuda"], &["--features cuda"]),
        (&["--lr", "1e-3"], &["no meaning"]),
        (&["--task", "sst2"], &["--data-dir"]),
        (&["--task", "cola", "--data-dir", &good], &["cola"]),
        (&["--task", "mrpc", "--data-dir", &good], &["MRPC", "SST-2"]),
        (&["--data-dir", &none], &["none"]),
        (&["--data-dir", &label], &["train.tsv", "3", "7"]),
        (&["--data-dir", &short], &["train.tsv", "3"]),
        (&["--data-dir", &empty], &["train.tsv", "empty"]),
        (
            &["--data-dir", &good, "--train-size", "9"],
            &["--train-size is 9", "2"],
        ),
        (&["--model", &none], &["none", "config.json"]),
        (&["--model", &model], &["model"]),
        (&["--max-length", "4096"], &["--max-length is 4096"]),
        (&["--resume"], &["--out"]),
        (&["--resume", "--out", &none], &["no run to resume"]),
        (&["--resume", "--out", &broken], &["run.json"]),
        (&["--out", &used], &["holds a run already"]),
    ];
    for (words, expected) in cases {
        let output = run(words);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        for part in *expected {
            assert!(
                error.contains(part),
                "{words:?} does not say `{part}`: {error}"
            );
        }
        assert!(!error.contains("panicked"), "{words:?}: {error}");
        let sentences = error
            .lines()
            .filter(|line| line.starts_with("error"))
            .count();
        assert_eq!(sentences, 1, "{words:?}: {error}");
    }
}
