//! `sls-lab bench`: what a step of training costs on a device, of every method beside Adam's.
//!
//! The methods make their steps in turn, in one process, so that a busy machine slows all of them;
//! and a ratio is always of two steps of the same round. What a step is made of is counted beside
//! it, which no machine changes.

mod args;
mod growth;
mod memory;
mod method;
mod network;
mod progress;
mod report;
mod rounds;
mod row;
mod statistics;
mod tables;
mod timed;

use burn::tensor::Device;
use burn_sls_bert::UnitSplit;
use burn_sls_optim::Units;

use crate::error::LabError;
use burn_sls_run::device;
use burn_sls_run::device::DeviceName;

use memory::Peak;
use method::Rule;
use network::{MLP, Mlp, Network, Size};
use progress::Progress;
use rounds::{Plan, Trainer, rounds};
use timed::Timed;

pub use args::BenchArgs;
use args::{TOKENS, steps};
pub use growth::{Growth, Varied};
pub use method::MethodName;
pub use network::ModelSize;
pub use report::Report;
pub use rounds::Sample;
pub use row::{OneTrial, Row};
pub use statistics::Spread;

/// Measures as the command line says, and writes the files that it asks for. Returns the tables for
/// the terminal.
///
/// The memory of a method is that of a process of its own: this program, run once more. So this
/// must be called in the program `sls-lab` itself.
///
/// # Errors
///
/// If options contradict each other, the device is not built in, a process of a method fails, or a
/// file cannot be written.
pub fn bench(args: &BenchArgs) -> Result<String, LabError> {
    if let (ModelSize::Mlp, Some(tokens)) = (args.model, args.tokens) {
        return Err(LabError::usage(format!(
            "--tokens {tokens} has no meaning for --model mlp, which reads vectors: leave it out, \
             or choose --model minilm, bert-base or bert-large"
        )));
    }
    let tokens = args.tokens.unwrap_or(TOKENS);
    let device = device::open(args.device)?.autodiff();
    let at = Timed::<Mlp>::NETWORK;
    match network::bert(args.model, tokens)? {
        None => {
            let layers = MLP.len() - 1;
            let subject = Subject {
                size: Mlp::size(&MLP),
                units: Mlp::units(at, layers, layers),
                make: |device: &Device| {
                    let batches = Mlp::batches(&MLP, args.batch, device);
                    (Mlp::new(&MLP, device), batches)
                },
            };
            subject.measured(args, tokens, &device)
        }
        Some(config) => {
            let subject = Subject {
                size: network::bert_size(args.model, &config),
                units: UnitSplit::default().units_at(at, config.num_hidden_layers),
                make: |device: &Device| {
                    let batches = network::token_batches(&config, args.batch, tokens, device);
                    (network::classifier(&config, device), batches)
                },
            };
            subject.measured(args, tokens, &device)
        }
    }
}

/// The network to train, not made yet.
struct Subject<F> {
    size: Size,
    /// Of PLASLS.
    units: Units,
    /// Makes the network and the batches on a device.
    make: F,
}

impl<F> Subject<F> {
    fn measured<N: Network>(
        self,
        args: &BenchArgs,
        tokens: usize,
        device: &Device,
    ) -> Result<String, LabError>
    where
        F: Fn(&Device) -> (N, Vec<N::Batch>),
    {
        if let Some(method) = args.alone {
            return Ok(self.alone(method, device));
        }
        let methods = MethodName::chosen(&args.methods);
        let mut report = Report::new(args, tokens, self.size.clone());
        println!("{}", report.conditions().join("\n"));
        println!("{}", held(&methods, self.size.parameters));
        // First, as long as this process holds nothing itself.
        let peaks = memory::peaks(args, &methods)?;
        report.methods = self.rows(args, &methods, device);
        add_peaks(&mut report.methods, &peaks);
        if args.growth {
            let steps = steps(args).min(growth::STEPS);
            let rows = growth::growth(device, args.batch, args.warm_up, steps);
            report.growth = Some(rows);
        }
        if let Some(out) = &args.out {
            report.write(out)?;
        }
        Ok(report.terminal())
    }

    /// A few steps of one method, and the most memory that they took.
    fn alone<N: Network>(self, method: MethodName, device: &Device) -> String
    where
        F: Fn(&Device) -> (N, Vec<N::Batch>),
    {
        let (network, batches) = (self.make)(device);
        let mut trainer = Trainer::new(method.rule(&self.units), network, device);
        for batch in batches.iter().take(memory::STEPS) {
            trainer.step(batch, false);
        }
        serde_json::json!(Peak::now(device)).to_string()
    }

    /// The steps of all methods in turn.
    fn rows<N: Network>(
        &self,
        args: &BenchArgs,
        methods: &[MethodName],
        device: &Device,
    ) -> Vec<Row>
    where
        F: Fn(&Device) -> (N, Vec<N::Batch>),
    {
        let (network, batches) = (self.make)(device);
        let steps = steps(args);
        let plan = Plan {
            warm_up: args.warm_up,
            steps,
            apart: match args.device {
                // These compute while the program waits.
                DeviceName::Flex | DeviceName::Ndarray => 0,
                DeviceName::Wgpu | DeviceName::Vulkan | DeviceName::Cuda => steps.div_ceil(2),
            },
        };
        let rules = methods.iter().map(|method| method.rule(&self.units));
        let (units, mut trainers): (Vec<Option<usize>>, Vec<Trainer<N>>) = rules
            .map(|rule| {
                let units = match &rule {
                    Rule::Rate(_) => None,
                    Rule::Search(config) => Some(config.units.len()),
                };
                (units, Trainer::new(rule, network.clone(), device))
            })
            .unzip();
        drop(network);
        let mut progress = Progress::new("rounds", plan.rounds());
        let samples = rounds(&mut trainers, &batches, plan, &mut progress);
        let adam = methods
            .iter()
            .position(|method| *method == MethodName::Adam);
        let adam = &samples[adam.expect("Adam is always among the methods")];
        let rows = methods.iter().zip(units).zip(&samples);
        rows.map(|((method, units), samples)| Row::new(*method, units, samples, adam, steps))
            .collect()
    }
}

/// Adds to every row the memory of its method, and its ratio to Adam's.
fn add_peaks(rows: &mut [Row], peaks: &[Peak]) {
    let adam = rows.iter().position(|row| row.method == MethodName::Adam);
    let of_adam = adam.and_then(|adam| peaks[adam].bytes);
    for (row, peak) in rows.iter_mut().zip(peaks) {
        row.peak_bytes = peak.bytes;
        let both = peak.bytes.zip(of_adam);
        row.peak_ratio = both.map(|(bytes, of_adam)| bytes as f64 / of_adam as f64);
    }
}

/// What the methods hold all the time, in words.
fn held(methods: &[MethodName], parameters: usize) -> String {
    let copies: usize = methods.iter().map(|method| method.copies()).sum();
    let gigabytes = (copies * parameters * size_of::<f32>()) as f64 * 1e-9;
    format!(
        "weights and moments of all methods take {gigabytes:.2} GB, and a step its gradients, \
         directions and activations on top"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_counted_in_copies_of_the_weights() {
        let words = held(&MethodName::chosen(&[]), 108_893_186);
        assert!(words.contains("8.71 GB"), "{words}");
        let words = held(&[MethodName::Adam], 250_000_000);
        assert!(words.contains("3.00 GB"), "{words}");
    }
}
