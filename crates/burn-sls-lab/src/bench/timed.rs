//! A model that knows how long its own passes take, so that the rest of a step is the optimizer's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn::train::{TrainOutput, TrainStep};
use burn_sls_optim::BatchLoss;

use super::network::Network;
use glue::model::TrainingOutput;

/// Reads the time where the device has nothing left to do, and adds up that of passes.
#[derive(Debug)]
pub struct Clock {
    device: Device,
    inside: AtomicBool,
    nanoseconds: AtomicU64,
}

impl Clock {
    /// A clock for computations on `device`.
    pub fn new(device: &Device) -> Self {
        Self {
            device: device.clone(),
            inside: AtomicBool::new(false),
            nanoseconds: AtomicU64::new(0),
        }
    }

    /// The time, once the device is done with everything before.
    ///
    /// # Panics
    ///
    /// If the device has failed, as any read from it would.
    pub fn now(&self) -> Instant {
        let done = self.device.sync();
        done.unwrap_or_else(|error| panic!("the device has failed: {error}"));
        Instant::now()
    }

    /// Whether passes are timed from now on. That waits for the device before and after each, which
    /// a training does not.
    pub fn time_passes(&self, inside: bool) {
        self.inside.store(inside, Ordering::Relaxed);
    }

    /// The seconds of the passes since the last call.
    pub fn take(&self) -> f64 {
        self.nanoseconds.swap(0, Ordering::Relaxed) as f64 * 1e-9
    }

    /// Makes a pass.
    fn pass<T>(&self, pass: impl FnOnce() -> T) -> T {
        if !self.inside.load(Ordering::Relaxed) {
            return pass();
        }
        let begin = self.now();
        let made = pass();
        let took = (self.now() - begin).as_nanos() as u64;
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        made
    }
}

/// A network with a clock around its passes: the forward and backward pass of training, and the
/// forward pass of a trial.
#[derive(Module, Debug)]
pub struct Timed<N: Module> {
    network: N,
    #[module(skip)]
    clock: Arc<Clock>,
}

impl<N: Network> Timed<N> {
    /// The path of the network's parameters.
    pub const NETWORK: &str = "network";

    /// The network, timed by `clock`.
    pub fn new(network: N, clock: Arc<Clock>) -> Self {
        Self { network, clock }
    }
}

impl<N: Network> TrainStep for Timed<N> {
    type Input = N::Batch;
    type Output = TrainingOutput;

    fn step(&self, batch: N::Batch) -> TrainOutput<TrainingOutput> {
        self.clock.pass(|| {
            let losses = self.network.losses(&batch);
            let gradients = losses.clone().mean().backward();
            let losses = losses.inner();
            TrainOutput::new(self, gradients, TrainingOutput { losses })
        })
    }
}

impl<N: Network> BatchLoss for Timed<N> {
    fn batch_loss(&self, batch: &N::Batch) -> Tensor<1> {
        self.clock.pass(|| self.network.losses(batch))
    }
}
