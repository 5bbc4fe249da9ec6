//! Two devices, each with one half of every mini-batch: a small network learns two interleaved
//! half-moons. The devices compute side by side, and one decision is taken for both.
//!
//! ```sh
//! cargo run --release -p burn-sls-optim --example devices
//! ```

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, tanh};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_optim::{LineSearchConfig, LineSearchError, StepOptions};

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
    /// The cross-entropy of every example, `[batch]`.
    fn losses(&self, batch: &Batch) -> Tensor<1> {
        let hidden = tanh(self.hidden.forward(batch.points.clone()));
        let log_probabilities = log_softmax(self.output.forward(hidden), 1);
        let classes = batch.classes.clone().unsqueeze_dim(1);
        let of_classes = log_probabilities.gather(1, classes);
        of_classes.squeeze_dim::<1>(1).neg()
    }
}

/// Points along two half-moons, which are the classes: 512 in each, and of these every `step`th.
fn batch(first: usize, step: usize, device: &Device) -> Batch {
    let angles = Tensor::<1, Int>::arange_step(first as i64..512, step, device).float();
    let angles = angles * (std::f64::consts::PI / 512.0);
    let (x, y) = (angles.clone().cos(), angles.sin());
    let upper = Tensor::stack::<2>(vec![x.clone(), y.clone()], 1);
    let lower = Tensor::stack::<2>(vec![1.0 - x, 0.5 - y], 1);
    let class = |class: i32| Tensor::<1, Int>::full([512 / step], class, device);
    Batch {
        points: Tensor::cat(vec![upper, lower], 0),
        classes: Tensor::cat(vec![class(0), class(1)], 0),
    }
}

fn main() -> Result<(), LineSearchError> {
    // Two GPUs would be `[Device::cuda(0), Device::cuda(1)]`, with Burn's feature `cuda`.
    learn([Device::default(), Device::default()])
}

/// Trains on two devices, and fails if the loss does not come down.
pub fn learn(devices: [Device; 2]) -> Result<(), LineSearchError> {
    let devices = devices.map(|device| device.autodiff());
    // The model is on the main device. Every step sends it to the other one.
    let main = &devices[0];
    main.seed(1);
    let mut model = Network {
        hidden: LinearConfig::new(2, 32).init(main),
        output: LinearConfig::new(32, 2).init(main),
    };
    // Every mini-batch in two halves, each beside the device that it is on.
    let half = |number: usize, device: &Device| {
        let half = batch(number, 2 * BATCHES, device);
        (device.clone(), half)
    };
    let halves = |i| [half(i, &devices[0]), half(i + BATCHES, &devices[1])];
    let batches: Vec<_> = (0..BATCHES).map(halves).collect();
    let all = batch(0, 1, main);
    let mean_loss = |model: &Network| model.losses(&all).mean().into_scalar::<f64>();
    let start = mean_loss(&model);

    let mut optim = LineSearchConfig::adamsls().init();
    for epoch in 1..=EPOCHS {
        for halves in &batches {
            let options = StepOptions::new();
            let step = optim.step_on_devices(options, model, halves, |m, half| m.losses(half))?;
            model = step.model;
            if step.report.step.is_multiple_of(8) {
                let loss = step.report.loss / 2.0; // it is the sum of the losses of two halves
                let step_size = step.report.step_sizes[0];
                println!("epoch {epoch:2}: loss {loss:.4}, step size {step_size:.2e}");
            }
        }
    }

    let end = mean_loss(&optim.averaged(&model));
    println!("loss {start:.4} -> {end:.4}");
    assert!(end < 0.1 * start, "it did not learn");
    Ok(())
}
