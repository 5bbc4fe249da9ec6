//! Burn's `Learner` without a learning rate. Two lines differ from Burn's own form: `was:` shows
//! what they were. The model must also give the loss of a batch. It learns a sine.
//!
//! ```sh
//! cargo run --release -p burn-sls-optim --example learner
//! ```

use burn::data::dataloader::{DataLoaderBuilder, batcher::Batcher};
use burn::data::dataset::InMemDataset;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, activation::tanh};
use burn::train::metric::LossMetric;
use burn::train::{InferenceStep, TrainOutput, TrainStep};
use burn::train::{RegressionOutput, SupervisedTraining};
use burn_sls_optim::{BatchLoss, LineSearchConfig};

#[derive(Module, Debug)]
struct Model {
    hidden: Linear,
    output: Linear,
}

/// Points `[batch, 1]` and the values there.
type Batch = (Tensor<2>, Tensor<2>);

impl InferenceStep for Model {
    type Input = Batch;
    type Output = RegressionOutput;

    fn step(&self, (x, y): Batch) -> RegressionOutput {
        let output = self.output.forward(tanh(self.hidden.forward(x)));
        let loss = (output.clone() - y.clone()).square().mean();
        RegressionOutput::new(loss, output, y)
    }
}

impl TrainStep for Model {
    type Input = Batch;
    type Output = RegressionOutput;

    fn step(&self, batch: Batch) -> TrainOutput<RegressionOutput> {
        let output = InferenceStep::step(self, batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

// All that is new.
impl BatchLoss for Model {
    fn batch_loss(&self, batch: &Batch) -> Tensor<1> {
        InferenceStep::step(self, batch.clone()).loss
    }
}

struct Sine;

impl Batcher<f32, Batch> for Sine {
    fn batch(&self, x: Vec<f32>, device: &Device) -> Batch {
        let x = Tensor::<1>::from_data(x.as_slice(), device).unsqueeze_dim(1);
        (x.clone(), x.mul_scalar(4.0).sin())
    }
}

fn main() {
    let folder = std::env::temp_dir().join("burn-sls-learner");
    learn(Device::default(), folder);
}

/// Trains on a device, with Burn's logs in a folder, and fails if the loss does not come down.
pub fn learn(device: Device, folder: std::path::PathBuf) {
    let plain = device.clone();
    let device = device.autodiff();
    device.seed(1);
    let model = Model {
        hidden: LinearConfig::new(1, 32).init(&device),
        output: LinearConfig::new(32, 1).init(&device),
    };
    let points: Vec<f32> = (0..256).map(|i| i as f32 / 128.0 - 1.0).collect();
    let data = || DataLoaderBuilder::new(Sine).batch_size(32).shuffle(1);
    let loader = || data().build(InMemDataset::new(points.clone()));
    let all = Sine.batch(points.clone(), &device);
    let start = model.batch_loss(&all).into_scalar::<f64>();

    let training = SupervisedTraining::new(folder, loader(), loader())
        .num_epochs(120)
        .with_application_logger(None) // the process logs as before
        .metric_train_numeric(LossMetric::new());
    let model = LineSearchConfig::adamsls().for_learner(model);
    // was: let optim = AdamConfig::new().init();
    let trained = model.launch(training).expect("a training without an error");
    // was: let trained = training.launch(Learner::new(model, optim, 1e-3));

    let all = Sine.batch(points.clone(), &plain);
    let end = trained.model.batch_loss(&all).into_scalar::<f64>();
    println!("loss {start:.4} -> {end:.4}");
    assert!(end < 0.1 * start, "it did not learn");
}
