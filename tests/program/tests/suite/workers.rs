//! A training on several devices: threads of one process, and workers in processes of their own.

use std::fs;
#[cfg(feature = "remote")]
use std::io::{BufRead, BufReader};
#[cfg(feature = "remote")]
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};
use burn_sls_bert::BertClassifier;
use burn_sls_bert::glue::{Features, GlueBatch, collate};
use burn_sls_optim::StepOptions;
use burn_sls_run::batches;
use clap::Parser;
use glue::arguments::{Cli, Command};
use glue::data::{self, Source};
use glue::line_search;
use glue::settings::Settings;
use serde_json::Value;

use super::program::{program, results};

#[cfg(feature = "remote")]
/// A worker on a port that the system chooses. It is killed with the test, if it has not ended before.
struct Worker {
    process: Child,
    address: String,
}

#[cfg(feature = "remote")]
impl Worker {
    fn start() -> Self {
        let mut command = program();
        command
            .args(["worker", "--listen", "0"])
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("a worker");
        let mut line = String::new();
        let said = process.stdout.take().expect("its output");
        BufReader::new(said).read_line(&mut line).expect("a line");
        let address = line
            .trim()
            .rsplit(' ')
            .next()
            .expect("an address")
            .to_string();
        assert_eq!(line, format!("a worker with flex listens at {address}\n"));
        Self { process, address }
    }

    /// Waits for the end of the worker, with its training and not by an error.
    fn ends(&mut self) {
        ends(&mut self.process, Duration::from_secs(120));
        let ended = self.process.wait().expect("its end");
        assert!(ended.success(), "{ended}");
    }
}

#[cfg(feature = "remote")]
impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[cfg(feature = "remote")]
/// Waits for the end of a process, and fails if there is none in time.
fn ends(process: &mut Child, limit: Duration) {
    let begin = Instant::now();
    while process.try_wait().expect("a state").is_none() {
        assert!(begin.elapsed() < limit, "it goes on after {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn words(devices: &str, out: &Path, epochs: usize) -> Vec<String> {
    let words = format!(
        "train --train-size 96 --batch-size 8 --dropout on --seed 3 --epochs {epochs} --devices \
         {devices} --out"
    );
    let mut words: Vec<String> = words.split(' ').map(str::to_string).collect();
    words.push(out.display().to_string());
    words
}

fn train(devices: &str, out: &Path) -> Output {
    run(words(devices, out, 2))
}

#[cfg(feature = "remote")]
/// A worker does not draw the masks that a thread draws.
fn train_without_dropout(devices: &str, out: &Path) -> Output {
    let mut words = words(devices, out, 2);
    let dropout = words.iter_mut().find(|word| *word == "on");
    *dropout.expect("a setting of dropout") = "off".to_string();
    run(words)
}

fn run(words: Vec<String>) -> Output {
    program().args(words).output().expect("the program runs")
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn succeeds(output: Output) {
    assert!(output.status.success(), "{}", error(&output));
}

/// The weights that a run has left.
fn weights(out: &Path) -> Vec<f64> {
    let bytes = fs::read(out.join("model/model.safetensors")).expect("weights");
    let (length, rest) = bytes.split_first_chunk::<8>().expect("a header");
    let header = rest.split_at(u64::from_le_bytes(*length) as usize);
    let (numbers, _) = header.1.as_chunks::<4>();
    numbers
        .iter()
        .map(|&bytes| f32::from_le_bytes(bytes).into())
        .collect()
}

#[cfg(feature = "remote")]
/// The distance of two runs' weights as a part of their norm.
fn distance(a: &Path, b: &Path) -> f64 {
    let (a, b) = (weights(a), weights(b));
    assert_eq!(a.len(), b.len());
    let norm = |values: Vec<f64>| values.iter().map(|x| x * x).sum::<f64>().sqrt();
    norm(a.iter().zip(&b).map(|(a, b)| a - b).collect()) / norm(a)
}

#[cfg(feature = "remote")]
/// The trials and the outcome of every step.
fn decisions(out: &Path) -> Vec<(usize, String)> {
    let decision = |step: &Value| {
        let trials = step["trials"].as_array().expect("trials").len();
        (trials, step["outcome"].to_string())
    };
    results(out).0.iter().map(decision).collect()
}

#[test]
fn threads_train_the_model_of_one_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = |name: &str| folder.path().join(name);
    succeeds(train("flex,flex", &out("threads")));
    succeeds(train("flex,flex", &out("again")));
    assert!(weights(&out("threads")) == weights(&out("again")));
    assert_eq!(results(&out("threads")), results(&out("again")));
    let one_device = micro_batches(&words("flex,flex", &out("one"), 2));
    assert!(sorted(weights(&out("threads"))) == one_device);
}

#[test]
fn a_schedule_ends_with_the_run_whatever_devices_it_goes_on_with() {
    let folder = tempfile::tempdir().expect("a folder");
    for (devices, later) in [("flex", "flex,flex"), ("flex,flex", "flex")] {
        let out = folder.path().join(later);
        let mut words = words(devices, &out, 30);
        words.extend(["--optimizer", "adam", "--lr", "1e-3"].map(String::from));
        let mut command = program();
        command
            .args(words)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut training = command.spawn().expect("the program runs");
        // After the warm-up, which is a tenth.
        epochs(&out, 5);
        signal("-INT", &training);
        assert_eq!(training.wait().expect("its end").code(), Some(130));
        let words = ["train", "--resume", "--devices", later, "--out"];
        succeeds(
            program()
                .args(words)
                .arg(&out)
                .output()
                .expect("the program runs"),
        );
        let (steps, _) = results(&out);
        let rate = |step: &Value| step["step_sizes"][0].as_f64().expect("a rate");
        let rates: Vec<f64> = steps.iter().map(rate).collect();
        // It comes down to the last step, and not to 0 before.
        let (last, before) = (rates[rates.len() - 1], rates[rates.len() - 2]);
        assert!(
            0.0 < last && last < before && before < 1e-4,
            "{before}, {last}"
        );
    }
}

#[cfg(not(feature = "remote"))]
#[test]
fn a_worker_needs_the_feature() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = train("flex,127.0.0.1:4400", &folder.path().join("run"));
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error(&output).contains("--features remote"),
        "{}",
        error(&output)
    );
    let output = program().arg("worker").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("workers are not built in"));
}

#[cfg(feature = "remote")]
#[test]
fn workers_train_the_model_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = |name: &str| folder.path().join(name);
    succeeds(train_without_dropout("flex,flex", &out("threads")));
    let mut workers = [Worker::start(), Worker::start()];
    let addresses = workers.each_ref().map(|worker| worker.address.clone());
    succeeds(train_without_dropout(&addresses.join(","), &out("workers")));
    workers.iter_mut().for_each(Worker::ends);
    assert_eq!(decisions(&out("workers")), decisions(&out("threads")));
    let apart = distance(&out("workers"), &out("threads"));
    assert!(apart < 1e-6, "{apart}");

    // By its name, which may have addresses at which nobody listens.
    let mut worker = Worker::start();
    let named = worker.address.replace("127.0.0.1", "localhost");
    succeeds(train_without_dropout(
        &format!("flex,{named}"),
        &out("both"),
    ));
    worker.ends();
    assert_eq!(decisions(&out("both")), decisions(&out("threads")));
    let apart = distance(&out("both"), &out("threads"));
    assert!(apart < 1e-6, "{apart}");
}

/// The weights, sorted, after a training in a loop of one's own, whose steps have a mini-batch of
/// either half of the examples.
fn micro_batches(words: &[String]) -> Vec<f64> {
    let line = std::iter::once("glue").chain(words.iter().map(String::as_str));
    let Some(Command::Train(args)) = Cli::parse_from(line).command else {
        unreachable!("`train` was given")
    };
    let mut settings = Settings::new(&args).expect("settings");
    let (data, source) = data::load(&mut settings, false).expect("sentences");
    let Source::Scratch(config) = source else {
        unreachable!("a model from scratch")
    };
    let layers = config.num_hidden_layers;
    let search = line_search::config(&settings, data.training.len(), layers);
    let mut optim = search.expect("settings").expect("a line search").init();
    let device = Device::flex().autodiff();
    device.seed(settings.seed);
    let mut model = config.init_classifier(data.outputs, &device);
    let _ = values(&model); // drawn now
    let half = data.training.len() / 2;
    let (first, second) = data.training.split_at(half);
    for epoch in 1..=settings.epochs {
        let order = batches::order(half, settings.seed, epoch);
        for rows in order.chunks(settings.batch_size) {
            let shares = [first, second].map(|share| {
                let rows: Vec<Features> = rows.iter().map(|&row| share[row].clone()).collect();
                collate(&rows, data.tokenizer.pad_id(), &device)
            });
            let losses = |model: &BertClassifier, batch: &GlueBatch| {
                batch.labels.losses(model.forward(&batch.input))
            };
            let step = optim.step_with(StepOptions::new(), model, &shares, losses);
            model = step.expect("a step").model;
        }
    }
    sorted(values(&optim.averaged(&model)))
}

/// All parameters of a model.
fn values<M: Module>(model: &M) -> Vec<f64> {
    struct Values(Vec<f64>);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().iter::<f64>());
        }
    }
    let mut values = Values(Vec::new());
    model.visit(&mut values);
    values.0
}

/// Files have some tensors transposed.
fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// A relay to a worker that passes everything on late. Returns its address.
#[cfg(feature = "remote")]
fn late(worker: &str) -> String {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let worker = worker.to_string();
    std::thread::spawn(move || {
        for from in listener.incoming().flatten() {
            let Ok(to) = TcpStream::connect(&worker) else {
                return;
            };
            let twin = |stream: &TcpStream| stream.try_clone().expect("a stream");
            for (mut from, mut to) in [(twin(&from), twin(&to)), (to, from)] {
                std::thread::spawn(move || {
                    let mut buffer = [0; 1 << 16];
                    while let Ok(read @ 1..) = from.read(&mut buffer) {
                        std::thread::sleep(Duration::from_millis(3));
                        if to.write_all(&buffer[..read]).is_err() {
                            break;
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    address
}

#[cfg(feature = "remote")]
#[test]
fn a_worker_that_answers_late_changes_no_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = |name: &str| folder.path().join(name);
    let mut worker = Worker::start();
    succeeds(train(&format!("flex,{}", worker.address), &out("soon")));
    worker.ends();
    let mut worker = Worker::start();
    succeeds(train(
        &format!("flex,{}", late(&worker.address)),
        &out("late"),
    ));
    worker.ends();
    assert!(weights(&out("late")) == weights(&out("soon")));
    assert_eq!(results(&out("late")), results(&out("soon")));
}

/// Waits until so many epochs of a run are saved.
fn epochs(out: &Path, count: usize) {
    let begin = Instant::now();
    let saved = || {
        let files = fs::read_dir(out.join("checkpoint")).ok()?;
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let numbers = names.filter_map(|name| {
            let number = name.strip_prefix("optim-")?.strip_suffix(".bpk")?;
            number.parse::<usize>().ok()
        });
        numbers.max()
    };
    while saved().is_none_or(|saved| saved < count) {
        assert!(
            begin.elapsed() < Duration::from_secs(300),
            "no epoch {count}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends a signal to a process.
fn signal(name: &str, process: &Child) {
    let id = process.id().to_string();
    let sent = std::process::Command::new("kill")
        .args([name, &id])
        .status();
    assert!(sent.expect("kill runs").success());
}

#[cfg(feature = "remote")]
#[test]
fn a_worker_that_is_killed_or_falls_silent_ends_the_run_which_goes_on_with_other_devices() {
    for (name, optimizer, patience) in [
        ("-KILL", "adamsls", "20"),
        ("-KILL", "adam", "20"),
        ("-STOP", "adamsls", "6"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("run");
        let (gone, mut other) = (Worker::start(), Worker::start());
        let devices = format!("flex,{},{}", gone.address, other.address);
        let mut command = program();
        command.args(words(&devices, &out, 200));
        command.args(["--patience", patience, "--optimizer", optimizer]);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut training = command.spawn().expect("the program runs");
        epochs(&out, 1);
        signal(name, &gone.process);
        ends(&mut training, Duration::from_secs(120));
        let output = training.wait_with_output().expect("its output");
        let error = error(&output);
        assert_eq!(output.status.code(), Some(1), "{name}: {error}");
        let last = error.trim_end().lines().last().expect("a line");
        assert!(last.starts_with("error: "), "{name}: {error}");
        for part in [
            "kept: start its worker again",
            "--devices",
            "remote -- train --resume --out",
        ] {
            assert!(last.contains(part), "{name}: {error}");
        }
        other.ends();

        // The model of any devices goes on with any others.
        let out_name = out.display().to_string();
        let resumed = program();
        let mut resumed = resumed_with(resumed, &out_name);
        resumed.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut resumed = resumed.spawn().expect("the program runs");
        let done = results(&out).1.as_array().expect("epochs").len();
        epochs(&out, done + 1);
        signal("-INT", &resumed);
        ends(&mut resumed, Duration::from_secs(120));
        let output = resumed.wait_with_output().expect("its output");
        assert_eq!(output.status.code(), Some(130), "{}", self::error(&output));
    }
}

#[cfg(feature = "remote")]
fn resumed_with(mut command: std::process::Command, out: &str) -> std::process::Command {
    command.args(["train", "--resume", "--devices", "flex,flex", "--out", out]);
    command
}

#[cfg(feature = "remote")]
#[test]
fn a_training_that_is_killed_leaves_no_worker_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let mut workers = [Worker::start(), Worker::start()];
    let addresses = workers.each_ref().map(|worker| worker.address.clone());
    let mut command = program();
    command.args(words(&addresses.join(","), &out, 200));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut training = command.spawn().expect("the program runs");
    epochs(&out, 1);
    training.kill().expect("killed");
    training.wait().expect("its end");
    workers.iter_mut().for_each(Worker::ends);
}

#[cfg(feature = "remote")]
#[test]
fn what_is_no_worker_is_refused_before_any_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |devices: &str, parts: &[&str]| {
        let output = train(devices, &folder.path().join("run"));
        let error = error(&output);
        assert_eq!(output.status.code(), Some(2), "{devices}: {error}");
        for part in parts {
            assert!(error.contains(part), "{devices}: {error}");
        }
        assert!(!folder.path().join("run").exists());
    };
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("an address").to_string();
    drop(nobody);
    refused(
        &format!("flex,{address}"),
        &["no worker answers at", &address, "worker --listen"],
    );
    refused("flex,flux", &["`flux` is neither a backend"]);
    refused("flex:1,flex", &["only cuda has devices by number"]);
    let output = program()
        .args(["train", "--device", "flex", "--devices", "flex,flex"])
        .output();
    let error = error(&output.expect("the program runs"));
    assert!(error.contains("--device"), "{error}");

    let chained = program()
        .args(["worker", "--device", "10.0.0.2:4400"])
        .output();
    let chained = chained.expect("the program runs");
    assert_eq!(chained.status.code(), Some(2));
    assert!(self::error(&chained).contains("not another worker's"));

    let worker = Worker::start();
    let again = program()
        .args(["worker", "--listen", &worker.address])
        .output();
    let again = again.expect("the program runs");
    assert_eq!(again.status.code(), Some(2));
    assert!(
        self::error(&again).contains("is in use"),
        "{}",
        self::error(&again)
    );
}
