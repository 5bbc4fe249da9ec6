//! What a search decides on losses in f32, beside what it would decide if it knew them exactly.
//!
//! A network is trained in f64, and the logits of every forward pass are kept. From the same logits
//! in f32 come losses as a training in f32 sees them, and verdicts; the oracle's come from the f64
//! logits by arithmetic on the host.

use std::cell::RefCell;

use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn_sls_bert::cross_entropies;
use burn_sls_core::random::Generator;
use burn_sls_core::{Armijo, Comparison, Verdict};
use burn_sls_optim::{InitialStep, LineSearchConfig, SelfCheck};
use burn_sls_tests::network::{Layer, Network, float, parameter};
use burn_sls_tests::{device, flex, plain};

const FEATURES: usize = 12;
const HIDDEN: usize = 24;
const EXAMPLES: usize = 32;
/// The rounding error of a loss in f32 that the default preset reckons with.
const ROUNDING: f64 = 3e-8;

/// One trial: the logits at `w_k` and there, row by row, and what Armijo's rule demands of it.
struct Recorded {
    base: Vec<f64>,
    trial: Vec<f64>,
    slope: f64,
    step_size: f64,
}

fn normal(count: usize, scale: f64, generator: &mut Generator) -> Vec<f64> {
    let mut uniform = || (generator.next_u64() as f64 + 1.0) / (u64::MAX as f64 + 2.0);
    let mut normal = || {
        let radius = (-2.0 * uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * uniform()).cos()
    };
    (0..count).map(|_| scale * normal()).collect()
}

/// Trains on batches of one problem until their loss is below 1e-6, and keeps every trial.
fn record(classes: usize, config: LineSearchConfig, seed: u64) -> (Vec<Recorded>, Vec<usize>) {
    let device = flex().autodiff();
    let mut generator = Generator::new(seed);
    let mut layer = |size: [usize; 2]| {
        let scale = 1.0 / (size[0] as f64).sqrt();
        let weight = normal(size[0] * size[1], scale, &mut generator);
        Layer {
            weight: parameter(weight, size, DType::F64, &device),
            bias: parameter(vec![0.0; size[1]], [size[1]], DType::F64, &device),
        }
    };
    let layers = vec![layer([FEATURES, HIDDEN]), layer([HIDDEN, classes])];
    let mut model = Network { layers };
    let inputs = normal(EXAMPLES * FEATURES, 1.0, &mut generator);
    let inputs = float(inputs, [EXAMPLES, FEATURES], DType::F64, &device);
    let labels: Vec<usize> = (0..EXAMPLES).map(|_| generator.below(classes)).collect();

    let mut optim = config.init();
    let (mut recorded, mut loss) = (Vec::new(), f64::INFINITY);
    while loss > 1e-6 {
        let logits = RefCell::new(Vec::new());
        let step = optim.step(model, |model| {
            let output = model.forward(inputs.clone());
            let kept = output.clone().inner().into_data().iter::<f64>().collect();
            logits.borrow_mut().push(kept);
            cross_entropies(output, targets(&labels, &device))
        });
        let step = step.expect("a step");
        let logits: Vec<Vec<f64>> = logits.into_inner();
        for (trial, logits_there) in step.report.trials.iter().zip(&logits[1..]) {
            recorded.push(Recorded {
                base: logits[0].clone(),
                trial: logits_there.clone(),
                slope: step.report.slope,
                step_size: trial.step_size,
            });
        }
        (model, loss) = (step.model, step.report.loss);
        assert!(recorded.len() < 100_000, "it does not come down: {loss}");
    }
    (recorded, labels)
}

fn targets(labels: &[usize], device: &Device) -> Tensor<1, Int> {
    let labels: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
    Tensor::from_data(TensorData::from(labels.as_slice()), device)
}

/// `log(1 + Σ exp(z_j - z_label))` of every row, in f64.
fn exact(logits: &[f64], labels: &[usize]) -> Vec<f64> {
    let classes = logits.len() / labels.len();
    let rows = logits.chunks(classes).zip(labels);
    rows.map(|(row, &label)| {
        let others = (0..classes).filter(|&class| class != label);
        others
            .map(|class| (row[class] - row[label]).exp())
            .sum::<f64>()
            .ln_1p()
    })
    .collect()
}

/// The losses of the same logits in f32, as the library computes them.
fn in_f32(logits: &[f64], labels: &[usize]) -> Vec<f64> {
    let losses = cross_entropies(narrowed(logits, labels), targets(labels, &device()));
    losses.into_data().iter::<f64>().collect()
}

/// The same losses as logarithms of a softmax.
fn softmax_in_f32(logits: &[f64], labels: &[usize]) -> Vec<f64> {
    let labels_there = targets(labels, &device()).unsqueeze_dim::<2>(1);
    let chosen = log_softmax(narrowed(logits, labels), 1).gather(1, labels_there);
    chosen.neg().into_data().iter::<f64>().collect()
}

fn narrowed(logits: &[f64], labels: &[usize]) -> Tensor<2> {
    let shape = [labels.len(), logits.len() / labels.len()];
    float(logits.to_vec(), shape, DType::F32, &device())
}

#[derive(Debug, Default)]
struct Tally {
    trials: usize,
    /// Of a batch loss below 1e-4, and below 1e-5.
    small: usize,
    tiny: usize,
    rejected: usize,
    untold: usize,
    /// Verdicts that are not the oracle's: of the library's losses, and of losses as the logarithm
    /// of a softmax in f32.
    differ: usize,
    softmax_differ: usize,
}

impl Tally {
    /// Judges all trials of a training, by the oracle and by the two ways to compute losses.
    fn add(&mut self, rule: Armijo, recorded: &[Recorded], labels: &[usize]) {
        let logits = recorded
            .iter()
            .flat_map(|r| [&r.base[..], &r.trial].concat());
        let logits: Vec<f64> = logits.collect();
        let every_label = labels.repeat(2 * recorded.len());
        let judged = |losses: &[f64]| -> Vec<Verdict> {
            let pairs = losses.chunks(2 * labels.len()).zip(recorded);
            let verdict = |(pair, recorded): (&[f64], &Recorded)| {
                let (base, trial) = pair.split_at(labels.len());
                let compared =
                    Comparison::of_examples(&[base.to_vec()], &[trial.to_vec()], ROUNDING, 1.0);
                rule.judge_with_slack(recorded.slope, recorded.step_size, &compared, 0.0)
            };
            pairs.map(verdict).collect()
        };
        let exact = exact(&logits, &every_label);
        let oracle = judged(&exact);
        let batches = exact.chunks(labels.len()).step_by(2);
        let losses = batches.map(|batch| batch.iter().sum::<f64>() / labels.len() as f64);
        let below = |most| losses.clone().filter(|loss| *loss < most).count();
        let with = |verdict| oracle.iter().filter(|other| **other == verdict).count();
        let differ = |losses: fn(&[f64], &[usize]) -> Vec<f64>| {
            let verdicts = judged(&losses(&logits, &every_label));
            let pairs = verdicts.iter().zip(&oracle);
            pairs.filter(|(verdict, oracle)| verdict != oracle).count()
        };
        self.trials += recorded.len();
        self.small += below(1e-4);
        self.tiny += below(1e-5);
        self.rejected += with(Verdict::Rejected);
        self.untold += with(Verdict::Indistinguishable);
        self.differ += differ(in_f32);
        self.softmax_differ += differ(softmax_in_f32);
    }
}

#[test]
fn verdicts_in_f32_are_those_of_an_oracle_in_f64_down_to_a_loss_of_a_millionth() {
    let mut tally = Tally::default();
    for seed in 0..24 {
        let classes = [2, 3, 5][seed as usize % 3];
        let config = plain::adamsls()
            .with_c(0.1)
            .with_self_check(SelfCheck::Never);
        let config = match seed % 4 {
            // Steps so short that little is demanded, and growth that makes searches reject.
            0 => config.with_initial_step(InitialStep::Fixed(1e-3)),
            _ => config.with_batches_per_epoch(3.0),
        };
        let rule = Armijo::new(config.search.c);
        let (recorded, labels) = record(classes, config, seed);
        tally.add(rule, &recorded, &labels);
    }
    println!("{tally:?}");
    assert!(tally.tiny > 1000 && tally.rejected > 500, "{tally:?}");
    assert!(1000 * tally.differ <= tally.trials, "{tally:?}");
    // The test can fail: the usual way to compute the same losses does not pass it.
    assert!(1000 * tally.softmax_differ > tally.trials, "{tally:?}");
}
