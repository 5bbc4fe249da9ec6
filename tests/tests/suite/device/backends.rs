//! What differs from backend to backend: random numbers, sums of large tensors, half precision.
//!
//! `BURN_SLS_DEVICE` says which backend is tested; it holds for the other tests as well.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::SgdConfig;
use burn::tensor::activation::log_softmax;
use burn::tensor::{DType, Distribution, FloatDType, Tensor, TensorData};
use burn_sls_core::Reductions;
use burn_sls_kernels::log1p;
use burn_sls_optim::direction::Directions;
use burn_sls_optim::{BatchLoss, LineSearchConfig, LineSearchError, Preset};
use burn_sls_tests::bert::numbers;
use burn_sls_tests::classifier::{Batch, Classifier};
use burn_sls_tests::network::float;
use burn_sls_tests::{bits, device, double, halves, plain};

/// A classifier and a batch of its problem, on the autodiff device.
fn problem(dropout: f64, examples: usize) -> (Classifier, Batch) {
    let device = device().autodiff();
    device.seed(3);
    let model = Classifier::new(dropout, &device);
    (model, Batch::random(examples, &device))
}

/// A trial compares its loss with that of the training forward, which had a graph of gradients: the
/// seed alone has to bring the same masks back.
#[test]
fn a_seed_gives_the_same_loss_again_with_and_without_gradients() {
    let (model, batch) = problem(0.5, 256);
    let _ = bits(&model); // drawn now, as the engine does: the seed is for the masks
    let device = device();
    let losses = |model: &Classifier, seed| {
        device.seed(seed);
        model.batch_loss(&batch)
    };
    let tracked = losses(&model, 5);
    let _ = tracked.clone().mean().backward();
    let tracked = numbers(tracked);
    let other_seed = numbers(losses(&model, 6));
    let untracked = numbers(losses(&model.clone().no_grad(), 5));
    let again = numbers(losses(&model, 5));

    let distance = |other: &[f64]| -> f64 {
        let pairs = tracked.iter().zip(other);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    assert!(distance(&untracked) < 1e-6, "{}", distance(&untracked));
    assert!(distance(&again) < 1e-6, "{}", distance(&again));
    assert!(distance(&other_seed) > 1e-2, "the masks never change");
}

#[test]
fn the_sum_of_a_large_tensor_is_exact_to_single_precision() {
    let device = device();
    device.seed(4);
    // 6.3 million numbers: a plain f32 sum of their squares, one after the other, would be off by
    // 1e-3.
    let shape = [3, 1 << 10, 1 << 11];
    let x = Tensor::<3>::random(shape, Distribution::Uniform(0.0, 1.0), &device);
    let y = Tensor::<3>::random(shape, Distribution::Uniform(0.0, 1.0), &device);
    let mut reductions = Reductions::new();
    reductions.inner_product(x.clone(), y.clone());
    let sum = reductions.read().sums[0];
    let pairs = numbers(x).into_iter().zip(numbers(y));
    let exact: f64 = pairs.map(|(x, y)| x * y).sum();
    assert!((sum / exact - 1.0).abs() < 1e-6, "{sum} for {exact}");
}

#[test]
fn inner_products_and_values_come_back_in_their_order() {
    let device = double();
    let vector = |values: &[f64]| float(values.to_vec(), [values.len()], DType::F64, &device);
    let mut reductions = Reductions::new();
    reductions.values(vector(&[0.5, 1.5]));
    reductions.inner_product(vector(&[1.0, -2.0]), vector(&[3.0, 0.5]));
    reductions.values(vector(&[7.0]));
    reductions.inner_product(vector(&[2.0]), vector(&[-8.0]));
    let read = reductions.read();
    assert_eq!(read.sums, [2.0, -16.0]);
    assert_eq!(read.values, [vec![0.5, 1.5], vec![7.0]]);
}

#[test]
fn half_precision_is_multiplied_and_summed_in_single() {
    // 300² exceeds the largest half, 65504; a sum of 4096 halves of 0.125² would stall; the square
    // of 2^-13 is 0.
    let device = device();
    for dtype in halves() {
        let large = float(vec![300.0; 4], [2, 2], dtype, &device);
        let small = float(vec![0.125; 4096], [4096], dtype, &device);
        let tiny = float(vec![0.5f64.powi(13); 4096], [4096], dtype, &device);
        let mut reductions = Reductions::new();
        reductions.inner_product(large.clone(), large);
        reductions.inner_product(small.clone(), small);
        reductions.inner_product(tiny.clone(), tiny);
        assert_eq!(
            reductions.read().sums,
            [4.0 * 300.0 * 300.0, 64.0, 0.5f64.powi(14)],
            "{dtype:?}"
        );
    }
}

#[test]
fn large_sums_have_the_same_bits_every_time() {
    let device = device();
    device.seed(3);
    let normal = Distribution::Normal(0.0, 1.0);
    // A matrix, and a kernel of which more is left after the first sum than one thread would take.
    let matrix = Tensor::<2>::random([6000, 1000], normal, &device);
    let kernel = Tensor::<4>::random([1500, 1500, 3, 3], normal, &device);
    let sums = || {
        let mut reductions = Reductions::new();
        reductions.inner_product(matrix.clone(), matrix.clone());
        reductions.inner_product(kernel.clone(), kernel.clone());
        reductions.read().sums
    };
    let first = sums();
    assert!((first[0] / 6e6 - 1.0).abs() < 0.01, "{first:?}");
    assert!((first[1] / 20.25e6 - 1.0).abs() < 0.01, "{first:?}");
    for _ in 0..20 {
        assert_eq!(sums(), first);
    }
}

/// The loss of an example that is known well is a logarithm of nearly 1, which a GPU's logarithm is
/// not made for.
#[test]
fn the_logarithm_of_nearly_one_is_known_to_its_last_digits_and_so_is_its_derivative() {
    let device = device().autodiff();
    let x: Vec<f32> = (-300..=20)
        .map(|i| 10f32.powf(i as f32 / 10.0))
        .chain([0.0, 1.0])
        .collect();
    let x = Tensor::<1>::from_data(TensorData::from(x.as_slice()), &device).require_grad();
    let log = log1p(x.clone());
    let slopes = x.grad(&log.clone().sum().backward()).expect("a gradient");
    let error = |found: f64, expected: f64| (found - expected).abs() / expected.max(1e-35);
    let found = numbers(x.clone())
        .into_iter()
        .zip(numbers(log))
        .zip(numbers(slopes));
    for ((x, log), slope) in found {
        assert!(error(log, x.ln_1p()) < 1e-6, "log(1 + {x:e}) = {log:e}");
        assert!(error(slope, 1.0 / (1.0 + x)) < 1e-5, "{slope} at {x:e}");
    }
}

/// The tests below hold for each kind of half precision that there is: on flex, for both.
#[test]
fn flex_has_both_kinds_of_half_precision_and_ndarray_has_none() {
    match std::env::var("BURN_SLS_DEVICE").as_deref() {
        Ok("ndarray") => assert_eq!(halves(), []),
        Ok("flex") | Err(_) => assert_eq!(halves().len(), 2),
        _ => {}
    }
}

/// Every weight of a module in another precision.
struct To(DType);

impl ModuleMapper for To {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let dtype = self.0;
        param.map(|tensor| Tensor::from_inner(tensor.inner().cast(dtype)).require_grad())
    }
}

/// The losses of a network in any precision, computed in f32 from its logits.
fn losses(model: &Classifier, batch: &Batch) -> Tensor<1> {
    let dtype = model.hidden.weight.val().dtype();
    let logits = model.forward(batch.inputs.clone().cast(dtype));
    let log_probabilities = log_softmax(logits.cast(FloatDType::F32), 1);
    let of_targets = log_probabilities.gather(1, batch.targets.clone().unsqueeze_dim(1));
    of_targets.squeeze_dim::<1>(1).neg()
}

#[test]
fn weights_in_half_precision_are_trained_and_stay_so() {
    for dtype in halves() {
        for (name, config) in [
            ("sgdsls", plain::sgdsls()),
            ("adamsls", plain::adamsls()),
            ("default", Preset::Default.adamsls()),
            ("amortized", Preset::Amortized.adamsls()),
        ] {
            let (model, batch) = problem(0.0, 64);
            let mut model = model.map(&mut To(dtype));
            let mut optim = config.init();
            let mut seen = Vec::new();
            for _ in 0..60 {
                let step = optim.step(model, |m: &Classifier| losses(m, &batch));
                let step = step.expect("a step");
                model = step.model;
                seen.push(step.report.loss);
            }
            let (first, last) = (seen[0], seen[59]);
            assert!(last < 0.8 * first, "{name}, {dtype:?}: {first} to {last}");
            assert_eq!(model.output.weight.val().dtype(), dtype);
        }
    }
}

#[test]
fn the_slope_of_weights_in_half_precision_is_that_of_the_same_weights_in_single() {
    for dtype in halves() {
        let (model, batch) = problem(0.0, 64);
        let slope = |model: Classifier| {
            let mut optim = plain::sgdsls().init();
            let step = optim.step(model, |m: &Classifier| losses(m, &batch));
            step.expect("a step").report.slope
        };
        let rounded = model.map(&mut To(dtype));
        let single = rounded.clone().map(&mut To(DType::F32));
        let (half, single) = (slope(rounded), slope(single));
        assert!((half / single - 1.0).abs() < 0.02, "{half} for {single}");
    }
}

/// A displacement that half precision would round away: its slope is that of single precision.
#[test]
fn an_adopted_optimizer_steps_weights_in_half_precision_in_single() {
    for dtype in halves() {
        let (model, batch) = problem(0.0, 64);
        let slope = |model: Classifier| {
            let adopted = Directions::adopted(SgdConfig::new().init());
            let mut optim = Preset::Paper.sgdsls().init_with(adopted);
            let step = optim.step(model, |m: &Classifier| losses(m, &batch).mul_scalar(1e-4));
            step.expect("a step").report.slope
        };
        let rounded = model.map(&mut To(dtype));
        let single = rounded.clone().map(&mut To(DType::F32));
        let (half, single) = (slope(rounded), slope(single));
        assert!((half / single - 1.0).abs() < 0.02, "{half} for {single}");
    }
}

#[test]
fn losses_in_half_precision_are_refused_with_what_to_do() {
    for dtype in halves() {
        let (model, batch) = problem(0.0, 8);
        let mut optim = LineSearchConfig::adamsls().init();
        let step = optim.step(model, |m: &Classifier| m.batch_loss(&batch).cast(dtype));
        let error = step.expect_err("half precision").source;
        assert_eq!(error, LineSearchError::LossPrecision { dtype });
        assert!(error.to_string().contains("cast the logits to f32"));
    }
}
