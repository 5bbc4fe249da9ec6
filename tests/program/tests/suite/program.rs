//! The program as a person at a terminal meets it: mistakes, interruption, resumption.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use burn_sls_bert::{BertConfig, Tokenizer};
use burn_sls_run::claim::Claim;
use serde_json::Value;

pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_glue-under-test"))
}

fn glue(words: &[&str]) -> Command {
    let mut command = program();
    command.arg("train").args(words);
    command
}

fn run(words: &[&str]) -> Output {
    glue(words).output().expect("the program runs")
}

/// A run small enough for a test, with everything random that a run has. More options may follow
/// the optimizer's name.
fn small(out: &Path, optimizer: &str) -> Vec<String> {
    let words = "--train-size 96 --epochs 6 --batch-size 16 --dropout on --seed 3 --optimizer";
    let words = words.split(' ').chain(optimizer.split(' '));
    let mut words: Vec<String> = words.map(str::to_string).collect();
    words.extend(["--out".to_string(), out.display().to_string()]);
    words
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// The steps and results of a run, without the seconds they took.
pub fn results(out: &Path) -> (Vec<Value>, Value) {
    let steps = fs::read_to_string(out.join("steps.jsonl")).expect("steps.jsonl");
    let steps = steps.lines().map(|line| {
        let mut step: Value = serde_json::from_str(line).expect("a line of JSON");
        step.as_object_mut().expect("an object").remove("seconds");
        step
    });
    let mut run = run_file(out);
    let epochs = run["per_epoch"].as_array_mut().expect("epochs");
    for epoch in epochs.iter_mut() {
        let epoch = epoch.as_object_mut().expect("an object");
        epoch.remove("seconds_train");
        epoch.remove("seconds_eval");
    }
    (steps.collect(), run["per_epoch"].take())
}

/// What `run.json` holds.
fn run_file(out: &Path) -> Value {
    let text = fs::read_to_string(out.join("run.json")).expect("run.json");
    serde_json::from_str(&text).expect("JSON")
}

/// The bits of the trained weights.
pub fn weights(out: &Path) -> Vec<u32> {
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

/// Begins a small run, and interrupts it after its first epoch as Ctrl-C does. On a busy machine it
/// may be over before: then another one is begun.
fn interrupted(out: &Path, optimizer: &str) -> i32 {
    for _ in 0..10 {
        let mut child = glue(&words(&small(out, optimizer)));
        let child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("the program runs");
        let deadline = Instant::now() + Duration::from_secs(120);
        let checkpoint = out.join("checkpoint/scheduler-1.bpk");
        let mut over = None;
        while !checkpoint.exists() && over.is_none() {
            assert!(Instant::now() < deadline, "no checkpoint appeared");
            std::thread::sleep(Duration::from_millis(2));
            over = child.try_wait().expect("a child");
        }
        if over.is_none() {
            let mut kill = Command::new("kill");
            let kill = kill.args(["-INT", &child.id().to_string()]).status();
            assert!(kill.expect("kill").success());
        }
        match child.wait().expect("a child").code().expect("an exit code") {
            0 => fs::remove_dir_all(out).expect("removed"),
            code => return code,
        }
    }
    panic!("every run was over before it was interrupted");
}

#[test]
fn an_interrupted_run_ends_with_the_bits_of_one_that_was_not() {
    let folder = tempfile::tempdir().expect("a folder");
    for optimizer in [
        "adamsls",
        "adamsls --preset paper",
        "adamsls --preset amortized",
        "adam",
        "prodigy",
        "schedule-free",
        "plasls --preset paper --merge-below 0.1",
        "plasls --units qkv --preset reference",
    ] {
        let whole = folder.path().join(format!("{optimizer}-whole"));
        let output = run(&words(&small(&whole, optimizer)));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );

        let cut = folder.path().join(format!("{optimizer}-cut"));
        assert_eq!(interrupted(&cut, optimizer), 130);
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

        let run_file = run_file(&cut);
        assert_eq!(run_file["final"]["epoch"], 6);
        if run_file["schedule"] == "cosine" {
            let (steps, _) = results(&cut);
            // Half a cosine wave over 36 steps, of which the first has the factor 1, if its search
            // is whole.
            let last = (1.0 + (std::f64::consts::PI * 35.0 / 36.0).cos()) / 2.0;
            let factor = steps[35]["factor"].as_f64().expect("a factor");
            assert!(0.0 < factor && factor < last * (1.0 + 1e-9), "{factor}");
            assert_eq!(steps[0].get("factor"), None);
        } else {
            assert!(!optimizer.contains("amortized"));
        }
        assert_eq!(run_file["train_size"], 96);
        assert!(cut.join("run.svg").exists() && cut.join("run.png").exists());

        // To resume a finished run does no harm, and says so.
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
fn a_run_of_plasls_says_which_units_it_had_and_is_resumed_with_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let words_of = |words: &str, out: &Path| -> Vec<String> {
        let out = out.display().to_string();
        let words = words.split(' ').map(str::to_string);
        words.chain(["--out".to_string(), out]).collect()
    };
    let line = "--train-size 96 --epochs 2 --optimizer plasls --preset paper --units 10 \
                --merge-below 0.1";
    let output = run(&words(&words_of(line, &out)));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    // The built-in model has two layers.
    let expected = "4 units, since 2 layers are too few for 10: embeddings, layer 1, layer 2, head";
    assert!(stdout.contains(expected), "{stdout}");
    assert!(stdout.contains("mean step size"), "{stdout}");

    let file = run_file(&out);
    let names = ["embeddings", "layer 1", "layer 2", "head"];
    assert_eq!(file["unit_names"], serde_json::json!(names));
    assert_eq!(
        (&file["units"], &file["merge_below"]),
        (&4.into(), &0.1.into())
    );
    assert_eq!(file["first_step_size"], 0.1);

    // One search of all, then of each unit in turn; step sizes below 0.1 are merged down to two.
    let (steps, _) = results(&out);
    assert_eq!(
        (&steps[0]["searched"], &steps[1]["searched"]),
        (&"all".into(), &serde_json::json!({"unit": 0}))
    );
    let units = |step: &Value| step["step_sizes"].as_array().expect("step sizes").len();
    let counts: Vec<usize> = steps.iter().map(units).collect();
    assert_eq!(counts, [4, 3, 2, 2, 2, 2], "{steps:?}");
    assert_eq!(steps[2]["merged"].as_array().expect("groups").len(), 2);

    // What was asked for is what the model made of it.
    let resumed = run(&words(&words_of(
        "--resume --units 10 --merge-below 0.1",
        &out,
    )));
    assert!(resumed.status.success(), "{resumed:?}");
    for (option, made) in [
        ("--units qkv", "made with --units 4 (this says qkv)"),
        ("--units 3", "made with --units 4 (this says 3)"),
        (
            "--merge-below 1e-12",
            "made with --merge-below 0.1 (this says 1e-12)",
        ),
        (
            "--preset reference",
            "made with --preset paper (this says reference)",
        ),
    ] {
        let output = run(&words(&words_of(&format!("--resume {option}"), &out)));
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(made), "{error}");
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
    write("others/model.bpk", "another program's");

    let (good, label, short) = (path("good"), path("label"), path("short"));
    let (empty, model, none) = (path("empty"), path("model"), path("none"));
    let (used, broken) = (path("used"), path("broken"));
    let (others, taken) = (path("others"), path("taken"));
    fs::create_dir(&taken).expect("a folder");
    let _claim = Claim::of(taken.as_ref()).expect("nobody else's");
    let cases: &[(&[&str], &[&str])] = &[
        (&["--batch-size", "0"], &["--batch-size", "at least 1"]),
        (&["--epochs", "many"], &["--epochs", "whole number"]),
        (&["--optimizer", "adagrad"], &["adagrad"]),
        (&["--units", "4"], &["--units is for --optimizer plasls"]),
        (
            &["--units", "two"],
            &["`two` is not a split into units", "`qkv`"],
        ),
        (
            &["--optimizer", "plasls", "--merge-below", "0"],
            &["--merge-below is 0", "above 0"],
        ),
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
        (&["--out", &others], &["model.bpk", "choose another --out"]),
        (&["--out", &taken], &["another program", "taken"]),
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

#[test]
#[cfg(unix)]
fn a_path_that_is_not_text_is_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for words in [&["--task", "sst2"][..], &["--resume", "--out", "runs"]] {
        let mut command = glue(words);
        command.arg("--data-dir").arg(OsStr::from_bytes(b"\xff"));
        let output = command.output().expect("the program runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(
            error.contains("--data-dir") && error.contains("UTF-8"),
            "{error}"
        );
        assert!(!error.contains("panicked"), "{error}");
    }
}

#[test]
fn output_without_a_reader_ends_the_program_quietly() {
    let folder = tempfile::tempdir().expect("a folder");
    for words in [&["units"][..], &["train", "--epochs", "1"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = program();
        let command = command.args(words).current_dir(folder.path());
        let output = command.stdout(writer).stderr(Stdio::piped()).output();
        let output = output.expect("the program runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(141), "{error}");
        assert!(!error.contains("panicked"), "{error}");
    }
}
