//! A long training: memory, step sizes and counters stay as they should.

use burn::tensor::Device;
use burn_sls_optim::{BatchLoss, LineSearchConfig, StepReport};
use burn_sls_tests::classifier::{Batch, Classifier};
use burn_sls_tests::flex;

use crate::memory;

/// What a tenth of the training looked like.
#[derive(Clone, Debug)]
pub struct Part {
    /// Steps so far.
    pub steps: u64,
    /// Bytes that are held at its end.
    pub held: usize,
    /// The lower quartile, the median and the upper quartile of its step sizes.
    pub step_sizes: [f64; 3],
    /// The mean of its losses.
    pub loss: f64,
    /// Steps of it that moved the parameters.
    pub moved: u64,
    /// Trials in it.
    pub trials: u64,
}

/// A model with dropout on new batches whose labels are wrong at times, so that the loss never gets
/// to zero. `each` sees every tenth.
///
/// # Panics
///
/// If a step fails, or the counters are not those of the reports.
pub fn train(config: LineSearchConfig, steps: u64, mut each: impl FnMut(&Part)) {
    let device = flex().autodiff();
    device.seed(1);
    let mut model = Classifier::new(0.1, &device);
    let batches: Vec<Batch> = (0..64).map(|_| noisy(&device)).collect();
    let mut optim = config.with_batches_per_epoch(64.0).with_seed(1).init();
    let tenth = (steps / 10).max(1);
    let mut sizes = Vec::new();
    let mut trials = 0;
    let mut part = empty();
    for step in 1..=steps {
        let batch = &batches[(step % 64) as usize];
        let stepped = optim.step(model, |model| model.batch_loss(batch));
        let stepped = stepped.unwrap_or_else(|error| panic!("step {step}: {error}"));
        model = stepped.model;
        let report: &StepReport = &stepped.report;
        part.moved += u64::from(report.outcome.moved());
        part.trials += report.trials.len() as u64;
        part.loss += report.loss / tenth as f64;
        sizes.extend(report.step_sizes.iter().copied());
        if step % tenth == 0 {
            sizes.sort_by(f64::total_cmp);
            part.step_sizes = [1, 2, 3].map(|quarter| sizes[sizes.len() * quarter / 4]);
            sizes.clear();
            part.held = memory::held();
            part.steps = step;
            trials += part.trials;
            each(&part);
            part = empty();
        }
    }
    let state = optim.state();
    assert_eq!(state.step, steps, "steps in the state");
    let counts = &state.counts;
    assert_eq!(counts.trials, trials, "trials in the state");
    let outcomes = [
        counts.accepted,
        counts.indistinguishable,
        counts.reused,
        counts.exhausted_moved,
        counts.exhausted_stayed,
        counts.not_searched,
        counts.skipped(),
    ];
    assert_eq!(outcomes.iter().sum::<u64>(), steps, "{counts:?}");
}

fn empty() -> Part {
    Part {
        steps: 0,
        held: 0,
        step_sizes: [f64::NAN; 3],
        loss: 0.0,
        moved: 0,
        trials: 0,
    }
}

/// A batch of 32 with a tenth of the labels turned round.
fn noisy(device: &Device) -> Batch {
    let batch = Batch::random(32, device);
    let turned = batch.targets.clone().slice(0..3).equal_elem(0).int();
    let targets = batch.targets.clone().slice_assign(0..3, turned);
    Batch { targets, ..batch }
}
