//! Your own training loop: a small network learns two interleaved half-moons, mini-batch by
//! mini-batch, without a learning rate.
//!
//! ```sh
//! cargo run --release -p burn-sls-optim --example custom_loop
//! ```

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, tanh};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_optim::{LineSearchConfig, LineSearchError};

const BATCHES: usize = 16;
const EPOCHS: usize = 10;

#[derive(Module, Debug)]
struct Network {
    hidden: Linear,
    output: Linear,
}

struct Batch {
    points: Tensor<2>,
    classes: Tensor<1, Int>,
}

impl Network {
    /// The cross-entropy of every example, `[batch]`: what the line search compares.
    fn losses(&self, batch: &Batch) -> Tensor<1> {
        let hidden = tanh(self.hidden.forward(batch.points.clone()));
        let log_probabilities = log_softmax(self.output.forward(hidden), 1);
        let classes = batch.classes.clone().unsqueeze_dim(1);
        log_probabilities
            .gather(1, classes)
            .squeeze_dim::<1>(1)
            .neg()
    }
}

/// Every sixteenth point along two half-moons, which are the classes.
fn batch(number: usize, device: &Device) -> Batch {
    let angles = Tensor::<1, Int>::arange_step(number as i64..512, BATCHES, device).float();
    let angles = angles * (std::f64::consts::PI / 512.0);
    let (x, y) = (angles.clone().cos(), angles.sin());
    let upper = Tensor::stack::<2>(vec![x.clone(), y.clone()], 1);
    let lower = Tensor::stack::<2>(vec![1.0 - x, 0.5 - y], 1);
    let class = |class: i32| Tensor::<1, Int>::full([512 / BATCHES], class, device);
    Batch {
        points: Tensor::cat(vec![upper, lower], 0),
        classes: Tensor::cat(vec![class(0), class(1)], 0),
    }
}

fn main() -> Result<(), LineSearchError> {
    learn(Device::default())
}

/// Trains on a device, and fails if the loss does not come down.
pub fn learn(device: Device) -> Result<(), LineSearchError> {
    let device = device.autodiff();
    device.seed(1);
    let mut model = Network {
        hidden: LinearConfig::new(2, 32).init(&device),
        output: LinearConfig::new(32, 2).init(&device),
    };
    let batches: Vec<Batch> = (0..BATCHES).map(|i| batch(i, &device)).collect();
    let mean_loss = |model: &Network| {
        let losses = batches.iter().map(|batch| model.losses(batch).mean());
        losses.map(|loss| loss.into_scalar::<f64>()).sum::<f64>() / BATCHES as f64
    };
    let start = mean_loss(&model);

    let mut optim = LineSearchConfig::adamsls().init();
    for epoch in 1..=EPOCHS {
        for batch in &batches {
            let step = optim.step(model, |m| m.losses(batch))?; // forward, backward, search, move
            model = step.model;
            let (loss, step_size) = (step.report.loss, step.report.step_sizes[0]);
            let trials = step.report.trials.len();
            if step.report.step.is_multiple_of(8) {
                println!(
                    "epoch {epoch:2}: loss {loss:.4}, step size {step_size:.2e}, trials {trials}"
                );
            }
        }
    }

    let end = mean_loss(&model);
    println!("loss {start:.4} -> {end:.4}");
    assert!(end < 0.05 * start, "it did not learn");
    Ok(())
}
