//! What a step takes in memory beyond parameters, gradients and moments.

use burn::module::{Module, Param};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::{Device, Distribution, Tensor};
use burn_sls_tests::{bits, flex, plain};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Many square matrices in a row, so that a copy of one of them is little beside a copy of all.
#[derive(Module, Debug)]
struct Tower {
    weights: Vec<Param<Tensor<2>>>,
}

const WIDTH: usize = 256;
const HEIGHT: usize = 32;

/// The size of all parameters together.
const PARAMETERS: f64 = (WIDTH * WIDTH * HEIGHT * 4) as f64;

impl Tower {
    fn new(device: &Device) -> Self {
        let scale = 1.0 / (WIDTH as f64).sqrt();
        let weight = |_| {
            let normal = Distribution::Normal(0.0, scale);
            Param::from_tensor(Tensor::random([WIDTH, WIDTH], normal, device))
        };
        let tower = Self {
            weights: (0..HEIGHT).map(weight).collect(),
        };
        bits(&tower); // initialised now
        tower
    }

    /// Two examples, so that activations are nothing beside the parameters.
    fn losses(&self, device: &Device) -> Tensor<1> {
        let inputs = Tensor::<2>::ones([2, WIDTH], device);
        let weights = self.weights.iter();
        let outputs = weights.fold(inputs, |x, weight| x.matmul(weight.val()).tanh());
        outputs.square().mean_dim(1).squeeze_dim(1)
    }
}

/// The most that is held during a call beyond the amount before it, in sizes of the parameters.
fn peak<T>(call: impl FnOnce() -> T) -> (T, f64) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let out = call();
    let most = MEMORY.peak_usage().saturating_sub(before);
    (out, most as f64 / PARAMETERS)
}

/// One test, since the allocator counts for all threads.
#[test]
fn a_step_holds_no_more_than_two_copies_of_the_parameters_beside_the_gradients() {
    let device = flex().autodiff();

    let mut model = Tower::new(&device);
    let mut adam = AdamConfig::new().init();
    let mut of_adam = 0.0f64;
    for step in 0..4 {
        let (moved, most) = peak(|| {
            let grads = model.losses(&device).mean().backward();
            let grads = GradientsParams::from_grads(grads, &model);
            adam.step(1e-4, model, grads)
        });
        model = moved;
        if step > 0 {
            of_adam = of_adam.max(most); // the first makes the moments
        }
    }
    drop((model, adam));

    let mut model = Tower::new(&device);
    let mut optim = plain::adamsls().init();
    let mut of_search = 0.0f64;
    for k in 0..4 {
        let (step, most) = peak(|| optim.step(model, |m| m.losses(&device)).expect("a step"));
        assert!(!step.report.trials.is_empty(), "{:?}", step.report.outcome);
        model = step.model;
        if k > 0 {
            of_search = of_search.max(most);
        }
    }

    println!(
        "peak beyond parameters and moments, in sizes of the parameters: Adam {of_adam:.2}, \
         ADAMSLS {of_search:.2}"
    );
    // The gradients, and two copies; a fraction for activations and for one matrix at a time.
    assert!(of_search <= 3.0 + 0.25, "{of_search}");
}
