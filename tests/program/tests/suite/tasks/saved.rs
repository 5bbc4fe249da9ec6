//! What a run leaves behind: a folder in Hugging Face's layout if it came to its end, and after a
//! kill or on a full disk a run that can be resumed.
//!
//! `GLUE_CAMPAIGN=200` kills 200 runs instead of 6, and makes the disk full for every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::Device;
use burn_sls_bert::glue::{Split, Task, collate, encode, read_split};
use burn_sls_bert::{BertClassifier, BertConfig, Checkpoint, Tokenizer};
use burn_sls_core::random::Generator;

use super::{fixtures, train};
use crate::program::{program, results, weights};

/// Outputs of a model for the validation rows of a task.
fn outputs(model: &BertClassifier, tokenizer: &Tokenizer, task: Task) -> Vec<f32> {
    let rows = read_split(fixtures::folder(), task, Split::Validation).expect("rows");
    let features = encode(&rows.examples, tokenizer, 64).expect("tokens");
    let batch = collate(&features, tokenizer.pad_id(), &Device::flex());
    let outputs = model.forward(&batch.input).into_data();
    outputs.iter::<f32>().collect()
}

/// What a run on the fixtures says.
fn run(out: &Path, options: &str) -> String {
    let (data, out) = (fixtures::folder(), out.display().to_string());
    let data = data.display().to_string();
    let mut words: Vec<&str> = options.split(' ').collect();
    words.extend(["--data-dir", &data, "--out", &out]);
    let output = train(&words);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_run_leaves_a_folder_that_is_read_back_and_trained_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let labels: [(Task, &[&str]); 2] = [
        (Task::Mrpc, &["not_equivalent", "equivalent"]),
        (Task::Stsb, &["LABEL_0"]),
    ];
    for (task, labels) in labels {
        let out = folder.path().join(task.name());
        let said = run(&out, &format!("--epochs 1 --task {task}"));
        let saved = out.join("model");
        assert!(said.contains(&saved.display().to_string()), "{said}");

        let checkpoint = Checkpoint::open(&saved).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(checkpoint.labels().unwrap().unwrap(), labels);
        let tokenizer = Tokenizer::from_file(saved.join("tokenizer.json")).expect("a tokenizer");
        let config = BertConfig::tiny(tokenizer.vocab_size());
        // With the dropout of the configuration, though this run had none.
        assert_eq!(*checkpoint.config(), config);
        let device = Device::flex();
        let (read, _) = checkpoint.trained_classifier(&device).expect("it loads");
        let of_burn = config.init_classifier(task.outputs(), &device);
        let of_burn = of_burn.load_file(out.join("model.bpk"));
        let read = outputs(&read, &tokenizer, task);
        assert_eq!(read, outputs(&of_burn, &tokenizer, task));
        assert!(read.iter().any(|&output| output != 0.0));
    }

    // A head for other classes: that of the folder is left aside.
    let model = folder.path().join("mrpc/model").display().to_string();
    let out = folder.path().join("mnli");
    let said = run(&out, &format!("--epochs 1 --task mnli --model {model}"));
    let loaded =
        format!("37 tensors loaded from {model}; not used: classifier.bias, classifier.weight");
    assert!(said.contains(&loaded), "{said}");
    let checkpoint = Checkpoint::open(out.join("model")).expect("a model");
    let labels = ["entailment", "neutral", "contradiction"];
    assert_eq!(checkpoint.labels().unwrap().unwrap(), labels);
}

#[test]
fn a_run_that_diverged_leaves_no_folder_and_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let said = run(
        &out,
        "--epochs 2 --task stsb --optimizer sgd --lr 1 --batch-size 8",
    );
    assert!(said.contains("no folder for Hugging Face's code"), "{said}");
    assert!(said.contains("is NaN or infinite"), "{said}");
    assert!(!out.join("model").exists() && out.join("model.bpk").exists());
}

/// The optimizers of the runs that do not come to their end.
const OPTIMIZERS: [&str; 2] = ["adamsls", "adam"];

/// The number of the long campaign, if that was asked for.
fn campaign() -> Option<usize> {
    let kills = std::env::var("GLUE_CAMPAIGN").ok()?;
    Some(kills.parse().expect("GLUE_CAMPAIGN is a number of runs"))
}

/// The command of a small run in `out`, or of one to go on with if `out` has a run.
fn command(optimizer: &str, out: &Path) -> Command {
    let mut command = program();
    command.args(["train", "--out"]).arg(out);
    match out.join("run.json").exists() {
        true => command.arg("--resume"),
        false => command.args(
            "--train-size 64 --epochs 3 --batch-size 16 --dropout on --seed 3 --optimizer"
                .split(' ')
                .chain([optimizer]),
        ),
    };
    command
}

/// A run that is under way.
fn begun(command: &mut Command) -> Child {
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the program runs")
}

/// A run that nothing happened to, and how long it took.
fn undisturbed(optimizer: &str, out: &Path) -> Duration {
    let begun = Instant::now();
    let output = command(optimizer, out).output().expect("the program runs");
    assert!(output.status.success(), "{output:?}");
    begun.elapsed()
}

/// The files in a folder and the folders in it, by their paths in it, and their sizes.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).expect("a part").to_path_buf();
                    files.insert(name, path.metadata().map_or(0, |data| data.len()));
                }
            }
        }
    }
    files
}

/// Whether there is a file in a folder that does not have its name yet.
fn half_written(out: &Path) -> bool {
    let half = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let ends = [".tmp", ".unfinished", ".new"];
        ends.iter().any(|end| name.to_string_lossy().ends_with(end))
    };
    let folders = [out.to_path_buf(), out.join("checkpoint"), out.join("model")];
    let entries = folders
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    entries.flatten().flatten().any(half)
}

/// Goes on with the run in `out`, and compares everything it leaves with the undisturbed `whole`.
fn goes_on_to_the_same_bits(optimizer: &str, out: &Path, whole: &Path, what: &str) {
    let output = command(optimizer, out).output().expect("the program runs");
    assert!(output.status.success(), "{what}: {output:?}");
    assert_eq!(results(out), results(whole), "{what}");
    assert_eq!(weights(out), weights(whole), "{what}");
    let names = |folder| files(folder).into_keys().collect::<BTreeSet<_>>();
    assert_eq!(names(out), names(whole), "{what}");
    for name in ["run.svg", "run.png", "model/model.safetensors"] {
        let bytes = |folder: &Path| fs::read(folder.join(name)).expect("a file");
        assert!(bytes(out) == bytes(whole), "{what}: {name}");
    }
}

/// The only sentence that a run says when it ends with exit code 1.
pub fn sentence(output: &Output, what: &str) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{what}: {error}");
    assert!(!error.to_lowercase().contains("panic"), "{what}: {error}");
    let sentences = error.lines().filter(|line| line.starts_with("error"));
    let sentences: Vec<&str> = sentences.collect();
    assert_eq!(sentences.len(), 1, "{what}: {error}");
    sentences[0].to_string()
}

#[test]
fn a_run_killed_at_any_moment_goes_on_to_the_same_bits() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = OPTIMIZERS.map(|optimizer| folder.path().join(optimizer));
    let times = [0, 1].map(|at| undisturbed(OPTIMIZERS[at], &whole[at]));
    let mut random = Generator::new(1);
    let (mut before, mut during, mut after, mut halves) = (0, 0, 0, 0);
    let runs = campaign().unwrap_or(6);
    for number in 0..runs {
        let at = number % OPTIMIZERS.len();
        let out = folder.path().join(format!("killed-{number}"));
        // Every third run is killed again after it was resumed.
        for _ in 0..1 + number % 3 / 2 {
            let mut child = begun(&mut command(OPTIMIZERS[at], &out));
            std::thread::sleep(times[at].mul_f64(random.below(1000) as f64 / 1000.0));
            // Half of the runs are killed while they write, if they still do.
            while number % 4 > 1
                && !half_written(&out)
                && child.try_wait().expect("a child").is_none()
            {}
            let _ = child.kill();
            let status = child.wait().expect("a child");
            assert!(status.success() || status.signal() == Some(9), "{status}");
            match (status.success(), out.join("run.json").exists()) {
                (true, _) => after += 1,
                (false, false) => before += 1,
                (false, true) => during += 1,
            }
            halves += usize::from(half_written(&out));
        }
        goes_on_to_the_same_bits(OPTIMIZERS[at], &out, &whole[at], &format!("run {number}"));
        fs::remove_dir_all(&out).expect("removed");
    }
    println!(
        "{runs} runs, {} kills: {before} before there was a run, {during} during it, {after} too \
         late; {halves} left a file half written; every run came to the bits of the one left alone",
        before + during + after
    );
}

#[test]
fn a_full_disk_is_one_sentence_and_the_run_goes_on_from_its_last_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    undisturbed("adam", &whole);
    let sizes = files(&whole);
    let chosen = ["run.json", "run.png", "checkpoint/optim-3.bpk"];
    let every = campaign().is_some();
    let chosen = |name: &Path| every || chosen.iter().any(|chosen| Path::new(chosen) == name);
    let chosen = sizes
        .iter()
        .filter(|(name, size)| chosen(name) && **size > 0);
    for (number, (name, size)) in chosen.enumerate() {
        let what = name.display().to_string();
        let out = folder.path().join(format!("limit-{number}"));
        // No file may have the size of this one: the same as a disk that is full at this moment.
        let blocks = (size - 1) / 512;
        let run = command("adam", &out);
        let mut limited = Command::new("sh");
        let script = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
        limited
            .args(["-c", &script])
            .arg(run.get_program())
            .args(run.get_args());
        let output = limited.output().expect("the program runs");
        let error = sentence(&output, &what);
        assert!(error.contains("File too large"), "{what}: {error}");
        assert!(error.contains("`ulimit -f`"), "{what}: {error}");
        goes_on_to_the_same_bits("adam", &out, &whole, &what);
    }

    // A device that is always full, in the place of a log and of a file that is not finished.
    for (name, kept) in [
        ("train/epoch-2/Loss.log", "kept"),
        ("run.unfinished", "nothing"),
    ] {
        let out = folder.path().join(name.replace('/', "-"));
        let full = out.join(name);
        fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
        std::os::unix::fs::symlink("/dev/full", &full).expect("a link");
        let output = command("adam", &out).output().expect("the program runs");
        let error = sentence(&output, name);
        for part in ["No space left on device", "free some space", kept] {
            assert!(error.contains(part), "{name}: {error}");
        }
        let _ = fs::remove_file(full);
        goes_on_to_the_same_bits("adam", &out, &whole, name);
    }
    let mut command = command("adam", &folder.path().join("printed"));
    let full = fs::File::options().write(true).open("/dev/full");
    let output = command.stdout(full.expect("a device")).output();
    let error = sentence(&output.expect("the program runs"), "standard output");
    assert!(error.contains("stdout: No space left on device"), "{error}");
}

#[test]
fn a_run_whose_files_cannot_be_written_goes_on_once_they_can() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole");
    undisturbed("adam", &whole);
    // A folder in the place of a file, and the other way round: not even root can write there.
    for (name, is_folder, kept) in [
        ("steps.jsonl", true, "nothing"),
        ("tokenizer.json", true, "no epoch"),
        ("experiment.log", true, "no epoch"),
        // Another thread writes these: an epoch may end before the run does.
        ("train", false, "kept"),
        ("run.png", true, "no epoch"),
        ("checkpoint/optim-3.bpk", true, "2 epochs of"),
        ("model", false, "3 epochs of"),
        ("model.bpk", true, "3 epochs of"),
    ] {
        let out = folder.path().join(name.replace('/', "-"));
        let place = out.join(name);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        match is_folder {
            true => fs::create_dir_all(place.join("full")).expect("a folder"),
            false => fs::write(&place, "").expect("written"),
        }
        let output = command("adam", &out).output().expect("the program runs");
        let error = sentence(&output, name);
        for part in [name, "make sure that the program can read and write", kept] {
            assert!(error.contains(part), "{name}: {error}");
        }
        match is_folder {
            true => fs::remove_dir_all(&place).expect("removed"),
            false => fs::remove_file(&place).expect("removed"),
        }
        goes_on_to_the_same_bits("adam", &out, &whole, name);
    }
}

#[test]
fn a_run_whose_folder_is_taken_away_stops_and_does_not_make_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, away) = (folder.path().join("run"), folder.path().join("away"));
    // The run may be over before its folder is gone: then another one is begun.
    for _ in 0..10 {
        let mut child = begun(&mut command("adam", &out));
        while !out.join("checkpoint/scheduler-1.bpk").exists()
            && child.try_wait().expect("a child").is_none()
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        fs::rename(&out, &away).expect("moved");
        let output = child.wait_with_output().expect("a child");
        if !output.status.success() {
            let error = sentence(&output, "taken away");
            let parts = ["No such file or directory", "nothing in"];
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
            assert!(!out.exists());
            let output = command("adam", &away).output().expect("the program runs");
            assert!(output.status.success(), "{output:?}");
            break;
        }
        fs::remove_dir_all(&away).expect("removed");
    }
}
