//! Batch normalisation: a small convolutional network learns the direction of a bar in an image. It
//! is trained in a loop of its own, and evaluated on other images at the average of its steps.
//!
//! ```sh
//! cargo run --release -p burn-sls-optim --example images
//! ```

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_optim::{LineSearchConfig, LineSearchError};

const SIDE: usize = 8;
const BATCHES: usize = 16;
const EPOCHS: usize = 10;

#[derive(Module, Debug)]
struct Network {
    convs: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    output: Linear,
}

/// Images `[batch, 1, 8, 8]` and their classes.
type Batch = (Tensor<4>, Tensor<1, Int>);

impl Network {
    fn new(device: &Device) -> Self {
        let conv = |channels| {
            let conv = Conv2dConfig::new(channels, [3, 3]).with_bias(false);
            conv.with_padding(PaddingConfig2d::Same).init(device)
        };
        let norm = |channels| BatchNormConfig::new(channels).init(device);
        Self {
            convs: vec![conv([1, 8]), conv([8, 16])],
            norms: vec![norm(8), norm(16)],
            output: LinearConfig::new(16, 4).init(device),
        }
    }

    fn logits(&self, images: &Tensor<4>) -> Tensor<2> {
        let mut x = images.clone();
        for (conv, norm) in self.convs.iter().zip(&self.norms) {
            x = relu(norm.forward(conv.forward(x)));
        }
        self.output.forward(x.mean_dims(&[2, 3]).flatten::<2>(1, 3))
    }

    /// The cross-entropy of every image, `[batch]`.
    fn losses(&self, (images, classes): &Batch) -> Tensor<1> {
        let log_probabilities = log_softmax(self.logits(images), 1);
        let of_classes = log_probabilities.gather(1, classes.clone().unsqueeze_dim(1));
        of_classes.squeeze_dim::<1>(1).neg()
    }

    fn accuracy(&self, (images, classes): &Batch) -> f64 {
        let found = self.logits(images).argmax(1).squeeze_dim::<1>(1);
        found.equal(classes.clone()).float().mean().into_scalar()
    }
}

/// The next of the same numbers from 0 to 1 in every run: splitmix64.
fn uniform(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 40) as f32 / (1 << 24) as f32
}

/// Bars in noise: horizontal, vertical, falling, rising. What leaves the image comes in again.
fn batch(size: usize, state: &mut u64, device: &Device) -> Batch {
    let mut pixels = vec![0.0; size * SIDE * SIDE];
    for (number, image) in pixels.chunks_exact_mut(SIDE * SIDE).enumerate() {
        image.fill_with(|| uniform(state) - 0.5);
        let class = number % 4;
        let place = (uniform(state) * SIDE as f32) as usize;
        for i in 0..SIDE {
            let column = [i, place, (place + i) % SIDE, (place + SIDE - i) % SIDE][class];
            let row = if class == 0 { place } else { i };
            image[row * SIDE + column] += 1.0;
        }
    }
    let images = Tensor::<1>::from_data(pixels.as_slice(), device);
    let classes = Tensor::<1, Int>::arange(0..size as i64, device).remainder_scalar(4);
    (images.reshape([size, 1, SIDE, SIDE]), classes)
}

fn main() -> Result<(), LineSearchError> {
    learn(Device::default())
}

/// Trains on a device, and fails if the bars in other images are not recognised.
pub fn learn(device: Device) -> Result<(), LineSearchError> {
    let mut state = 1;
    let held_out = batch(128, &mut state, &device);
    let device = device.autodiff();
    device.seed(1);
    let mut model = Network::new(&device);
    let batches = (0..BATCHES).map(|_| batch(32, &mut state, &device));
    let batches = batches.collect::<Vec<_>>();

    let mut optim = LineSearchConfig::adamsls().init();
    let mut accuracy = 0.0;
    for epoch in 1..=EPOCHS {
        let mut loss = 0.0;
        for batch in &batches {
            let step = optim.step(model, |m| m.losses(batch))?; // trials move no running statistics
            model = step.model;
            loss += step.report.loss / BATCHES as f64;
        }
        // The average, with the running statistics of the model that is trained: they fit it.
        accuracy = optim.averaged(&model.valid()).accuracy(&held_out);
        println!("epoch {epoch:2}: loss {loss:.4}, accuracy on other images {accuracy:.3}");
    }
    assert!(accuracy > 0.9, "it did not learn");
    Ok(())
}
