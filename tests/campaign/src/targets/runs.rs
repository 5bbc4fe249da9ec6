//! What a run needs and leaves: experiments, records of the optimizer, results.

use std::path::Path;

use burn::module::{Module, Param, ParamId};
use burn::tensor::Tensor;
use burn_sls_lab::comparison::experiment::Experiment;
use burn_sls_optim::{LineSearchOptimizer, LineSearchRecord, Preset};
use burn_sls_run::RunError;
use burn_sls_run::record::{self, RunFile};
use burn_sls_tests::flex;

use super::{Answer, Target, folder, refused, write};

/// The file of an experiment: what is taken is the same when it is written and read again.
pub fn experiment(scratch: &Path) -> Target {
    let seed = "title = \"A\"\nabout = \"b\"\ntasks = [\"sentences\"]\ntrain_sizes = [400]\nepochs = 2\n\
                seeds = [1, 2]\nselection_seeds = [11]\n\n\
                [[methods]]\nname = \"S\"\noptimizer = \"plasls\"\npreset = \"paper\"\nunits = 4\n\n\
                [[methods]]\nname = \"A\"\noptimizer = \"adam\"\nlr = [3e-4, 1e-3]\n";
    let scratch = folder(scratch, "experiment");
    let path = scratch.join("own.toml");
    let read = move |bytes: &[u8]| {
        write(&path, bytes);
        match Experiment::read(&path) {
            Err(error) => refused(&error, &scratch, &["own.toml"]),
            Ok(experiment) => {
                let written = experiment.to_toml();
                let again = Experiment::parse(&written).expect("what is written is read");
                assert_eq!(again.to_toml(), written);
                Answer::Taken(format!("{} methods", experiment.methods.len().min(4)))
            }
        }
    };
    Target {
        name: "experiment",
        seeds: vec![seed.as_bytes().to_vec()],
        words: &[
            "[[methods]]",
            "[[published]]",
            "optimizer",
            "\"sgdsls\"",
            "\"adamsls\"",
            "\"adam\"",
            "preset",
            "\"default\"",
            "units",
            "lr",
            "set",
            "train_sizes",
            "validation_size",
            "max_tokens",
            "tasks",
            "\"sst2\"",
            "\"mnli\"",
            "model",
            "data_dir",
            "epochs",
            "batch_size",
            "figure",
        ],
        // The TOML parser keeps a token of some fifty bytes for every sign of a damaged file.
        per_byte: 160,
        read: Box::new(read),
    }
}

/// A model whose parameter is the same in every process, as records name it.
#[derive(Module, Debug)]
struct Point {
    at: Param<Tensor<1>>,
}

impl Point {
    fn new() -> Self {
        let at = Tensor::from_floats([1.0, -2.0], &flex().autodiff());
        Self {
            at: Param::initialized(ParamId::from(7), at.require_grad()),
        }
    }

    /// Some steps towards 0.
    fn trained(self, optim: &mut LineSearchOptimizer, steps: usize) -> Self {
        (0..steps).fold(self, |point, _| {
            match optim.step(point, |point| point.at.val().square()) {
                Ok(step) => step.model,
                Err(error) => error.model,
            }
        })
    }
}

/// The record of an optimizer: one that fits can be saved again, and training goes on.
pub fn optimizer_record() -> Target {
    let configs = [
        Preset::Default.adamsls(),
        Preset::Amortized.adamsls(),
        Preset::Paper.sgdsls(),
    ];
    let optims = configs.map(|config| config.with_batches_per_epoch(5.0).with_seed(1).init());
    let seeds = optims.clone().map(|mut optim| {
        Point::new().trained(&mut optim, 3);
        optim.to_record().into_bytes().expect("bytes")
    });
    let read = move |bytes: &[u8]| {
        let loaded = optims.iter().zip(0..);
        let mut kind = String::new();
        let mut reason = String::new();
        for (optim, number) in loaded {
            let record = match LineSearchRecord::from_bytes(bytes) {
                Err(error) => return Answer::Refused(error.to_string()),
                Ok(record) => record,
            };
            match optim.clone().load_record(record) {
                Err(error) => reason = error.to_string(),
                Ok(mut optim) => {
                    let point = Point::new().trained(&mut optim, 2);
                    let at: Vec<f32> = point.at.val().into_data().iter().collect();
                    assert!(
                        at.iter().all(|x| x.is_finite()),
                        "optimizer {number}: {at:?}: {:?}",
                        optim.state().counts
                    );
                    let bytes = optim.to_record().into_bytes();
                    let again = LineSearchRecord::from_bytes(&bytes.expect("bytes"));
                    again.expect("what is written is read");
                    kind = format!("{kind} {number}");
                }
            }
        }
        match kind.is_empty() {
            true => Answer::Refused(reason),
            false => Answer::Taken(kind),
        }
    };
    Target {
        name: "record",
        seeds: seeds.to_vec(),
        words: &["\u{0}\u{0}\u{0}\u{0}", "burn", "7", "moment", "step"],
        per_byte: 10,
        read: Box::new(read),
    }
}

/// `run.json`: what is taken is the same when it is written and read again.
pub fn run_record(scratch: &Path) -> Target {
    let scratch = folder(scratch, "run");
    let read = move |bytes: &[u8]| {
        write(&scratch.join("run.json"), bytes);
        let run: Result<RunFile<serde_json::Value>, RunError> = record::read_run(&scratch);
        match run {
            Err(error) => refused(&error, &scratch, &["run.json"]),
            Ok(run) => {
                record::write_run(&scratch, &run).expect("written");
                let again: RunFile<serde_json::Value> =
                    record::read_run(&scratch).expect("what is written is read");
                Answer::Taken(format!("{} epochs", again.results.len()))
            }
        }
    };
    Target {
        name: "run",
        seeds: vec![
            include_bytes!("../../../../crates/burn-sls-run/src/record/format-1/run.json").to_vec(),
        ],
        words: &[
            "\"format\"",
            "\"settings\"",
            "\"epochs\"",
            "null",
            "1e999",
            "[]",
            "{}",
            "true",
        ],
        per_byte: 10,
        read: Box::new(read),
    }
}

/// `steps.jsonl`: what is taken is the same when it is written and read again.
pub fn steps(scratch: &Path) -> Target {
    let scratch = folder(scratch, "steps");
    let read = move |bytes: &[u8]| {
        write(&scratch.join("steps.jsonl"), bytes);
        match record::read_steps(&scratch) {
            Err(error) => refused(&error, &scratch, &["steps.jsonl"]),
            Ok(steps) => {
                let lines: String = steps.iter().map(record::StepLine::to_line).collect();
                write(&scratch.join("steps.jsonl"), lines.as_bytes());
                let again = record::read_steps(&scratch).expect("what is written is read");
                assert_eq!(again.len(), steps.len());
                Answer::Taken(format!("{} steps", steps.len().min(4)))
            }
        }
    };
    Target {
        name: "steps",
        seeds: vec![
            include_bytes!("../../../../crates/burn-sls-run/src/record/format-1/steps.jsonl")
                .to_vec(),
        ],
        words: &[
            "\"searched\"",
            "\"all\"",
            "{\"unit\":1}",
            "\"outcome\"",
            "\"accepted\"",
            "\"reused\"",
            "\"merged\"",
            "[[0,1]]",
            "null",
            "1e999",
            "\"trials\"",
            "\n",
        ],
        per_byte: 10,
        read: Box::new(read),
    }
}
