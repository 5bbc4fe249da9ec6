//! Trains a network on two spirals, a share of every mini-batch in each process.
//!
//! At the end it trains once more on all micro-batches alone, and compares.
#![forbid(unsafe_code)]

mod mpi_peers;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_sls_optim::{LineSearchConfig, LineSearchError, Peers, StepOptions, StepReport};
use mpi::traits::*;
use mpi_peers::MpiPeers;

const STEPS: usize = 300;
const EXAMPLES: usize = 32;

#[derive(Module, Debug)]
struct Network {
    first: Linear,
    second: Linear,
    last: Linear,
}

struct Batch {
    points: Tensor<2>,
    classes: Tensor<1, Int>,
}

impl Network {
    /// The same in every process.
    fn new(device: &Device) -> Self {
        device.seed(1);
        let network = Self {
            first: LinearConfig::new(2, 32).init(device),
            second: LinearConfig::new(32, 32).init(device),
            last: LinearConfig::new(32, 2).init(device),
        };
        let _ = checksum(&network); // drawn now
        network
    }

    /// The cross-entropy of every example, `[batch]`.
    fn losses(&self, batch: &Batch) -> Tensor<1> {
        let hidden = relu(self.first.forward(batch.points.clone()));
        let hidden = relu(self.second.forward(hidden));
        let scores = log_softmax(self.last.forward(hidden), 1);
        let of_classes = scores.gather(1, batch.classes.clone().unsqueeze_dim(1));
        of_classes.squeeze_dim::<1>(1).neg()
    }
}

/// Points on two spirals, other ones for every number.
fn batch(number: usize, device: &Device) -> Batch {
    let place = |example: usize| (number * EXAMPLES + example) as f64;
    // The golden ratio spreads them evenly.
    let along = |example: usize| (place(example) * 0.618_033_988_749_895).fract();
    let point = |example: usize| {
        let (radius, turn) = (along(example), 6.0 * along(example));
        let angle = turn + std::f64::consts::PI * (example % 2) as f64;
        [radius * angle.cos(), radius * angle.sin()]
    };
    let points: Vec<f32> = (0..EXAMPLES).flat_map(point).map(|x| x as f32).collect();
    let classes: Vec<i32> = (0..EXAMPLES).map(|example| (example % 2) as i32).collect();
    Batch {
        points: Tensor::from_data(TensorData::new(points, [EXAMPLES, 2]), device),
        classes: Tensor::from_data(TensorData::new(classes, [EXAMPLES]), device),
    }
}

/// A number that differs where any bit of the weights does.
fn checksum<M: Module>(model: &M) -> u64 {
    struct Checksum(u64);
    impl ModuleVisitor for Checksum {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            for value in param.val().into_data().iter::<f32>() {
                self.0 = (self.0 ^ u64::from(value.to_bits())).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    let mut checksum = Checksum(0xcbf2_9ce4_8422_2325);
    model.visit(&mut checksum);
    checksum.0
}

fn main() -> Result<(), LineSearchError> {
    let universe = mpi::initialize().expect("MPI begins once");
    let world = universe.world();
    let (rank, processes) = (world.rank() as usize, world.size() as usize);
    let peers = MpiPeers(world);
    let device = Device::flex().autodiff();
    let config = LineSearchConfig::adamsls().with_seed(1);
    let losses = |model: &Network, batch: &Batch| model.losses(batch);

    let (mut model, mut optim) = (Network::new(&device), config.clone().init());
    let mut reports: Vec<StepReport> = Vec::new();
    for step in 0..STEPS {
        let own = [batch(step * processes + rank, &device)];
        let step = optim.step_among(&peers, StepOptions::new(), model, &own, losses)?;
        reports.push(step.report);
        model = step.model;
    }
    let own = checksum(&model).to_le_bytes();
    let all = peers.gather(&own).expect("all processes are there");
    assert!(
        all.iter().all(|other| *other == own),
        "processes have other weights"
    );
    if rank > 0 {
        return Ok(());
    }

    let (mut alone, mut optim) = (Network::new(&device), config.init());
    let mut same = 0;
    for (step, report) in reports.iter().enumerate() {
        let batches = (0..processes).map(|rank| batch(step * processes + rank, &device));
        let batches: Vec<Batch> = batches.collect();
        let step = optim.step_with(StepOptions::new(), alone, &batches, losses)?;
        same += usize::from(step.report == *report);
        alone = step.model;
    }
    println!(
        "{processes} processes: loss {:.4}, then {:.4}; the same weights in all; {same} of {STEPS} \
         reports and {} are those of one process with all micro-batches",
        reports[0].loss / processes as f64,
        reports[STEPS - 1].loss / processes as f64,
        match checksum(&alone) == checksum(&model) {
            true => "the bits of the weights",
            false => "not the bits of the weights",
        }
    );
    Ok(())
}
