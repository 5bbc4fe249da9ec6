//! PLASLS: a step size for each part of a network, here one that learns a curve. The parts have
//! names and are described by prefixes of parameter paths. They are searched in turn.
//!
//! ```sh
//! cargo run --release -p burn-sls-optim --example plasls
//! ```

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::tanh;
use burn::tensor::{Device, Int, Tensor};
use burn_sls_optim::{LineSearchConfig, LineSearchError, Units};

const BATCHES: usize = 8;
const EPOCHS: usize = 50;

/// Its parameters are `first.weight`, `first.bias`, `middle.0.weight` and so on.
#[derive(Module, Debug)]
struct Network {
    first: Linear,
    middle: Vec<Linear>,
    head: Linear,
}

impl Network {
    fn new(device: &Device) -> Self {
        let linear = |from, to| LinearConfig::new(from, to).init(device);
        Self {
            first: linear(1, 24),
            middle: vec![linear(24, 24), linear(24, 24)],
            head: linear(24, 1),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let mut x = tanh(self.first.forward(x));
        for layer in &self.middle {
            x = tanh(layer.forward(x));
        }
        self.head.forward(x)
    }

    /// The squared error of every example, `[batch]`.
    fn losses(&self, (x, y): &(Tensor<2>, Tensor<2>)) -> Tensor<1> {
        (self.forward(x.clone()) - y.clone()).square().reshape([-1])
    }
}

/// Every eighth of 256 points of the curve.
fn batch(number: usize, device: &Device) -> (Tensor<2>, Tensor<2>) {
    let numbers = Tensor::<1, Int>::arange_step(number as i64..256, BATCHES, device);
    let x = numbers.float().unsqueeze_dim::<2>(1) / 128.0 - 1.0;
    let y = (x.clone() * 4.0).sin() + x.clone() * 0.5;
    (x, y)
}

fn main() -> Result<(), LineSearchError> {
    learn(Device::default())
}

/// Trains on a device, and fails if the loss does not come down.
pub fn learn(device: Device) -> Result<(), LineSearchError> {
    let device = device.autodiff();
    device.seed(1);
    let mut model = Network::new(&device);
    let batches: Vec<_> = (0..BATCHES).map(|i| batch(i, &device)).collect();
    let mean_loss = |model: &Network| {
        let losses = batches.iter().map(|batch| model.losses(batch).mean());
        losses.map(|loss| loss.into_scalar::<f64>()).sum::<f64>() / BATCHES as f64
    };
    let start = mean_loss(&model);

    // Every parameter must belong to exactly one unit.
    let units = Units::named([
        ("first", vec!["first"]),
        ("middle", vec!["middle.0", "middle.1"]),
        ("head", vec!["head"]),
    ]);
    let mut optim = LineSearchConfig::plasls(units).init();
    for epoch in 1..=EPOCHS {
        for batch in &batches {
            model = optim.step(model, |m| m.losses(batch))?.model;
        }
        if epoch.is_multiple_of(5) {
            print!("epoch {epoch:2}: loss {:.5}", mean_loss(&model));
            for (unit, step_size) in optim.step_sizes() {
                print!(", {unit} {step_size:.2e}");
            }
            println!();
        }
    }

    let end = mean_loss(&model);
    println!("loss {start:.5} -> {end:.5}");
    assert!(end < 0.05 * start, "it did not learn");
    Ok(())
}
