//! Averages around any optimizer: each against its recurrence, written out in f64.

use burn::module::{Module, Param, ParamId};
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer, SgdConfig};
use burn::store::ModuleRecord;
use burn::tensor::{DType, Tensor};
use burn_sls_optim::{ScheduleFree, ScheduleFreeRecord, WeightAverage};
use burn_sls_tests::network::float;
use burn_sls_tests::{bits, device, double, halves};

/// Weights of a quadratic, and a buffer that counts.
#[derive(Module, Debug)]
struct Bowl {
    weights: Param<Tensor<1>>,
    buffer: Param<Tensor<1>>,
}

const START: [f64; 3] = [1.0, -2.0, 0.5];
const CURVATURES: [f64; 3] = [1.0, 0.3, 4.0];

impl Bowl {
    fn new(dtype: DType) -> Self {
        let device = match dtype {
            DType::F64 => double(),
            _ => device(),
        };
        let weights = float(START.to_vec(), [3], dtype, &device.clone().autodiff());
        let buffer = float(vec![0.0], [1], dtype, &device);
        Self {
            weights: Param::initialized(ParamId::from(501), weights.require_grad()),
            buffer: Param::initialized(ParamId::from(502), buffer),
        }
    }

    /// `Σ h·w²/2`, whose gradient is `h·w`.
    fn grads(&self) -> GradientsParams {
        let weights = self.weights.val();
        let dtype = weights.dtype();
        let curvatures = float(CURVATURES.to_vec(), [3], dtype, &weights.device().inner());
        let loss = (weights.square() * Tensor::from_inner(curvatures)).sum() * 0.5;
        GradientsParams::from_grads(loss.backward(), self)
    }

    fn numbers(&self) -> Vec<f64> {
        self.weights.val().into_data().iter().collect()
    }
}

fn assert_near(ours: &[f64], theirs: &[f64], tolerance: f64) {
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= tolerance, "{ours:?}, not {theirs:?}");
    }
}

/// A warm-up, and a rate that falls: the largest one counts.
fn rate(k: usize) -> f64 {
    [0.05, 0.1, 0.2, 0.2, 0.1, 0.2, 0.2, 0.2][k]
}

#[test]
fn schedule_free_follows_its_recurrence() {
    let (beta, r, power) = (0.8, 1.0, 2.0);
    let mut model = Bowl::new(DType::F64);
    let mut optim = ScheduleFree::new(SgdConfig::new().init())
        .with_beta(beta)
        .with_r(r)
        .with_weight_lr_power(power);
    let (mut x, mut z) = (START.to_vec(), START.to_vec());
    let (mut largest, mut sum) = (0.0f64, 0.0);
    for k in 0..8 {
        let grads = model.grads();
        model = optim.step(rate(k), model, grads);
        largest = largest.max(rate(k));
        let weight = ((k + 1) as f64).powf(r) * largest.powf(power);
        sum += weight;
        let c = weight / sum;
        let mut y = vec![0.0; 3];
        for i in 0..3 {
            let gradient = CURVATURES[i] * ((1.0 - beta) * z[i] + beta * x[i]);
            z[i] -= rate(k) * gradient;
            x[i] = (1.0 - c) * x[i] + c * z[i];
            y[i] = (1.0 - beta) * z[i] + beta * x[i];
        }
        assert_near(&model.numbers(), &y, 1e-13);
        assert_near(&optim.averaged(&model).numbers(), &x, 1e-13);
        assert_near(&optim.averaged(&model.valid()).numbers(), &x, 1e-13);
    }
}

fn adam() -> ModuleOptimizer {
    let adam = AdamWConfig::new().with_beta_1(0.0);
    adam.with_weight_decay(0.1).init()
}

#[test]
fn schedule_free_goes_on_from_its_record_bit_for_bit() {
    let step = |optim: &mut ScheduleFree, model: Bowl, k: usize| {
        let grads = model.grads();
        optim.step(rate(k), model, grads)
    };
    let (mut model, mut optim) = (Bowl::new(DType::F32), ScheduleFree::new(adam()));
    for k in 0..4 {
        model = step(&mut optim, model, k);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("optim");
    optim.to_record().save(&file).expect("saved");
    let record = ScheduleFreeRecord::load(&file).expect("loaded");
    let mut again = ScheduleFree::new(adam()).load_record(record);
    let mut resumed = Bowl::new(DType::F32).load_record(model.clone().into_record());
    for k in 4..8 {
        model = step(&mut optim, model, k);
        resumed = step(&mut again, resumed, k);
    }
    assert_eq!(bits(&resumed), bits(&model));
    assert_eq!(
        bits(&again.averaged(&resumed)),
        bits(&optim.averaged(&model))
    );

    let bytes = optim.to_record().into_bytes().expect("bytes");
    let message = |bytes: &[u8]| {
        let error = ScheduleFreeRecord::from_bytes(bytes).unwrap_err();
        error.to_string()
    };
    assert!(message(b"not a record").contains("does not begin"));
    assert!(message(&bytes[..20]).contains("cut short"));
}

#[test]
fn schedule_free_steps_that_half_precision_would_round_away_are_kept() {
    let run = |dtype| {
        let (mut model, mut optim) = (Bowl::new(dtype), ScheduleFree::new(adam()));
        for _ in 0..1000 {
            let grads = model.grads();
            model = optim.step(1e-4, model, grads);
        }
        assert_eq!(model.weights.val().dtype(), dtype);
        optim.averaged(&model).numbers()
    };
    let single = run(DType::F32);
    assert!(single[0] < 0.96 * START[0], "{single:?}");
    for dtype in halves() {
        assert_near(&run(dtype), &single, 0.01);
    }
}

#[test]
fn a_weight_average_follows_its_recurrence() {
    let mut model = Bowl::new(DType::F64);
    let decay = 0.3;
    let mut average = WeightAverage::new(&model, decay);
    let mut optim = SgdConfig::new().init();
    let mut expected = START.to_vec();
    for t in 0..8 {
        let grads = model.grads();
        model = optim.step(0.1, model, grads);
        model.buffer = model.buffer.map(|buffer| buffer + 1.0);
        average.update(&model);
        let t = f64::from(t);
        let d = decay.min((1.0 + t) / (10.0 + t));
        for (average, w) in expected.iter_mut().zip(model.numbers()) {
            *average = d * *average + (1.0 - d) * w;
        }
        let averaged = average.averaged(&model);
        assert_near(&averaged.numbers(), &expected, 1e-13);
        assert!(averaged.weights.is_require_grad());
        let count: f64 = averaged.buffer.val().into_scalar();
        assert_eq!(count, t + 1.0);
    }
    assert_eq!(average.updates(), 8);
    assert!(!average.averaged(&model.valid()).weights.is_require_grad());
}

#[test]
fn a_weight_average_goes_on_from_its_record_bit_for_bit() {
    let step = |model: Bowl, average: &mut WeightAverage<Bowl>| {
        let grads = model.grads();
        let model = SgdConfig::new().init().step(0.1, model, grads);
        average.update(&model);
        model
    };
    let mut model = Bowl::new(DType::F32);
    let mut average = WeightAverage::new(&model, 0.99);
    for _ in 0..3 {
        model = step(model, &mut average);
    }
    let bytes = average.clone().into_record().into_bytes().expect("bytes");
    let record = ModuleRecord::from_bytes(bytes).expect("a record");
    assert_eq!(record.len(), 3);
    let mut resumed = Bowl::new(DType::F32).load_record(model.clone().into_record());
    let mut again = WeightAverage::new(&Bowl::new(DType::F32), 0.99).load_record(record);
    assert_eq!(again.updates(), 3);
    for _ in 0..3 {
        model = step(model, &mut average);
        resumed = step(resumed, &mut again);
    }
    assert_eq!(
        bits(&again.averaged(&resumed)),
        bits(&average.averaged(&model))
    );
    assert_ne!(bits(&average.averaged(&model)), bits(&model));
}

#[test]
fn a_weight_average_of_half_precision_is_kept_in_single() {
    for dtype in halves() {
        let mut model = Bowl::new(dtype);
        let mut average = WeightAverage::new(&model, 0.9999);
        let moved = float(vec![2.0; 3], [3], dtype, &device());
        model.weights = model
            .weights
            .map(|_| Tensor::from_inner(moved).require_grad());
        for _ in 0..200 {
            average.update(&model);
        }
        let averaged = average.averaged(&model);
        assert_eq!(averaged.weights.val().dtype(), dtype);
        assert_near(&averaged.numbers(), &[2.0; 3], 1e-2);
    }
}
