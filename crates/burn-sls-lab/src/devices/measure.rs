//! Steps on several devices, with their seconds, bytes and messages.

use std::env;
use std::io::{self, BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use burn::tensor::Device;
use burn_sls_optim::{LineSearchConfig, Preset, StepOptions};
use serde::{Deserialize, Serialize};

use super::meter::{Meter, Traffic};
use super::network::{Layers, batch};
use crate::error::LabError;

/// Examples of a device in a step.
pub(super) const EXAMPLES: usize = 32;

/// Steps that are not counted.
const WARM_UP: usize = 2;

/// Where the devices are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setup {
    /// Threads of one process that share a device.
    Threads,
    /// The main device in this process, and the others in workers on the loopback interface.
    Processes,
}

/// What steps of one kind came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Where the devices are.
    pub setup: Setup,
    /// How many there are.
    pub devices: usize,
    /// Parameters of the model, of four bytes.
    pub parameters: usize,
    /// Median seconds of a step without a trial.
    pub step: f64,
    /// Median seconds that a trial adds.
    pub trial: f64,
    /// Bytes between processes, for a step without a trial.
    pub step_bytes: f64,
    /// Bytes that a trial adds.
    pub trial_bytes: f64,
    /// Messages between processes, for a step without a trial.
    pub step_messages: f64,
    /// Messages that a trial adds.
    pub trial_messages: f64,
}

/// Workers of this program, each behind a meter.
pub(super) struct Workers {
    processes: Vec<Child>,
    meters: Vec<Meter>,
    devices: Vec<Device>,
}

impl Workers {
    /// Starts so many.
    ///
    /// # Errors
    ///
    /// If one does not start, or does not answer.
    pub(super) fn start(count: usize) -> Result<Self, LabError> {
        let mut workers = Self {
            processes: Vec::new(),
            meters: Vec::new(),
            devices: Vec::new(),
        };
        let failed = |error: io::Error| LabError::Usage(format!("a worker: {error}"));
        for _ in 0..count {
            let program = env::current_exe().map_err(failed)?;
            let mut command = Command::new(program);
            command
                .args(["worker", "--listen", "0"])
                .stdout(Stdio::piped());
            let mut process = command.spawn().map_err(failed)?;
            let output = process.stdout.take();
            workers.processes.push(process);
            let mut line = String::new();
            if let Some(output) = output {
                BufReader::new(output)
                    .read_line(&mut line)
                    .map_err(failed)?;
            }
            let address = line.split_whitespace().last().unwrap_or_default();
            let meter = Meter::new(address).map_err(failed)?;
            let device = burn_sls_run::worker::connect(&meter.address());
            let device = device.map_err(|error| LabError::Usage(error.to_string()))?;
            workers.devices.push(device.autodiff());
            workers.meters.push(meter);
        }
        Ok(workers)
    }

    fn traffic(&self) -> Traffic {
        self.meters.iter().map(Meter::traffic).sum()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Seconds, trials and traffic of the steps of a training.
struct Steps {
    seconds: Vec<f64>,
    trials: Vec<usize>,
    traffic: Traffic,
}

impl Steps {
    fn trials(&self) -> usize {
        self.trials.iter().sum()
    }
}

/// Measures a model of this width, trained on the main device and the first of the workers.
///
/// # Errors
///
/// If a step fails.
pub(super) fn measure(
    setup: Setup,
    devices: usize,
    width: usize,
    steps: usize,
    workers: &Workers,
) -> Result<Row, LabError> {
    // One never searches after its first steps, the other does in every step.
    let without = train(Preset::Default, setup, devices, width, steps, workers)?;
    let with = train(Preset::Paper, setup, devices, width, steps, workers)?;
    let refused = |words: &str| Err(LabError::Usage(words.to_string()));
    if without.trials() > 0 {
        return refused("a step that was to have no trial had one: take fewer --steps");
    }
    if with.trials() == 0 {
        return refused("no step had a trial: take more --steps");
    }
    let each = |total: u64| total as f64 / steps as f64;
    let (trials, steps_with) = (with.trials() as f64, steps as f64);
    let (step_bytes, step_messages) = (each(without.traffic.bytes), each(without.traffic.messages));
    let added = |total: u64, step: f64| (total as f64 - step * steps_with) / trials;
    let step = median(without.seconds);
    let of_trials = with.seconds.iter().zip(&with.trials);
    let of_trials = of_trials.filter(|(_, trials)| **trials > 0);
    let of_trials = of_trials.map(|(seconds, &trials)| (seconds - step) / trials as f64);
    Ok(Row {
        setup,
        devices,
        parameters: Layers::parameters(width),
        step,
        trial: median(of_trials.collect()),
        step_bytes,
        trial_bytes: added(with.traffic.bytes, step_bytes),
        step_messages,
        trial_messages: added(with.traffic.messages, step_messages),
    })
}

fn train(
    preset: Preset,
    setup: Setup,
    devices: usize,
    width: usize,
    steps: usize,
    workers: &Workers,
) -> Result<Steps, LabError> {
    let main = Device::flex().autodiff();
    let elsewhere = match setup {
        Setup::Threads => vec![main.clone(); devices - 1],
        Setup::Processes => workers.devices[..devices - 1].to_vec(),
    };
    let devices: Vec<Device> = std::iter::once(main.clone()).chain(elsewhere).collect();
    let mut model = Layers::new(width, &main);
    let config: LineSearchConfig = preset.adamsls().with_seed(1);
    let mut optim = config.init();
    let mut made = Steps {
        seconds: Vec::new(),
        trials: Vec::new(),
        traffic: Traffic::default(),
    };
    for step in 0..WARM_UP + steps {
        let batches: Vec<_> = devices
            .iter()
            .map(|device| (device.clone(), batch(width, EXAMPLES, device)))
            .collect();
        let (begin, before) = (Instant::now(), workers.traffic());
        let stepped = optim.step_on_devices(StepOptions::new(), model, &batches, Layers::losses);
        let stepped = stepped.map_err(|error| LabError::Usage(error.to_string()))?;
        model = stepped.model;
        if step >= WARM_UP {
            made.seconds.push(begin.elapsed().as_secs_f64());
            made.trials.push(stepped.report.trials.len());
            let traffic = workers.traffic().since(before);
            made.traffic = [made.traffic, traffic].into_iter().sum();
        }
    }
    Ok(made)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count => 0.5 * (values[(count - 1) / 2] + values[count / 2]),
    }
}
