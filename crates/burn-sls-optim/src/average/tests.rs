use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::{Blend, Iterates};

#[derive(Module, Debug)]
struct Model {
    a: Param<Tensor<2>>,
    b: Param<Tensor<1>>,
}

fn device() -> Device {
    Device::flex()
}

fn tensor<const D: usize>(numbers: Vec<f64>, shape: [usize; D], dtype: DType) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), (&device(), dtype))
}

fn model(dtype: DType) -> Model {
    let a = tensor(vec![1.0, -2.0, 0.5, 4.0], [2, 2], dtype);
    let b = tensor(vec![3.0, -1.0], [2], dtype);
    Model {
        a: Param::initialized(ParamId::new(), Tensor::from_inner(a).require_grad()),
        b: Param::initialized(ParamId::new(), Tensor::from_inner(b).require_grad()),
    }
}

fn numbers(model: &Model) -> Vec<f64> {
    struct Numbers(Vec<f64>);
    impl ModuleVisitor for Numbers {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().into_data().iter::<f64>());
        }
    }
    let mut numbers = Numbers(Vec::new());
    model.visit(&mut numbers);
    numbers.0
}

/// The direction that leads to 0, `-w`, of both parameters or of the first alone.
fn direction(model: &Model, both: bool) -> GradientsParams {
    let mut direction = GradientsParams::new();
    direction.register(model.a.id, model.a.val().inner().neg());
    if both {
        direction.register(model.b.id, model.b.val().inner().neg());
    }
    direction
}

const BETA: f64 = 0.8;

/// The step `η` and the share `c` of step `k`.
fn step(k: u32) -> (f64, f64) {
    (0.1 * f64::from(k + 1), 1.0 / f64::from(k + 1))
}

fn blend(k: u32) -> Blend {
    let (iterate, share) = step(k);
    Blend {
        share,
        iterate,
        point: iterate * (1.0 - BETA * (1.0 - share)),
    }
}

fn assert_near(ours: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= tolerance, "{ours:?}, not {theirs:?}");
    }
}

#[test]
fn the_iterates_follow_their_equations() {
    let mut trained = model(DType::F64);
    let mut iterates = Iterates::default();
    let mut x = numbers(&trained);
    let mut z = x.clone();
    for k in 0..6 {
        let y: Vec<f64> = z
            .iter()
            .zip(&x)
            .map(|(z, x)| (1.0 - BETA) * z + BETA * x)
            .collect();
        assert_near(&numbers(&trained), &y, 1e-14);
        let averaged = iterates.averaged(trained.clone(), BETA);
        assert_near(&numbers(&averaged), &x, 1e-14);
        assert_near(&numbers(&iterates.trained(averaged, BETA)), &y, 1e-14);

        let direction = direction(&trained, true);
        trained = iterates.advance(trained, direction, |_| blend(k));
        assert!(trained.a.is_require_grad());
        let (eta, c) = step(k);
        for ((z, x), y) in z.iter_mut().zip(&mut x).zip(&y) {
            *z -= eta * y;
            *x = (1.0 - c) * *x + c * *z;
        }
    }
}

#[test]
fn a_parameter_without_a_direction_stays_and_begins_when_it_has_one() {
    let mut trained = model(DType::F32);
    let before = trained.clone();
    let mut iterates = Iterates::default();
    let only_a = direction(&trained, false);
    trained = iterates.advance(trained, only_a, |_| blend(0));
    assert_eq!(numbers(&trained)[4..], numbers(&before)[4..]);
    assert!(!iterates.contains(trained.b.id));
    let averaged = iterates.averaged(trained.clone(), BETA);
    assert_eq!(numbers(&averaged)[4..], numbers(&before)[4..]);

    let both = direction(&trained, true);
    trained = iterates.advance(trained, both, |_| blend(1));
    let (_, z) = iterates.pair_of(trained.b.id, trained.b.val());
    let z = z.into_data();
    assert_near(&z.iter().collect::<Vec<f64>>(), &[2.4, -0.8], 1e-6);
}

#[test]
fn small_steps_of_half_precision_add_up() {
    for dtype in [DType::F16, DType::BF16] {
        let (mut half, mut single) = (model(dtype), model(DType::F32));
        let mut iterates = [Iterates::default(), Iterates::default()];
        for k in 0..1000 {
            let share = 1.0 / f64::from(k + 1);
            let blend = Blend {
                share,
                iterate: 1e-4,
                point: 1e-4 * (1.0 - BETA * (1.0 - share)),
            };
            let [of_half, of_single] = &mut iterates;
            let towards = direction(&half, true);
            half = of_half.advance(half, towards, |_| blend);
            let towards = direction(&single, true);
            single = of_single.advance(single, towards, |_| blend);
        }
        assert_eq!(half.a.val().dtype(), dtype);
        let averaged = iterates[0].averaged(half.clone(), BETA);
        assert_eq!(averaged.a.val().dtype(), dtype);
        // Half an ulp of 4.
        let tolerance = if dtype == DType::F16 { 0.0012 } else { 0.009 };
        let expected = iterates[1].averaged(single.clone(), BETA);
        assert_near(&numbers(&averaged), &numbers(&expected), tolerance);
        assert_near(&numbers(&half), &numbers(&single), tolerance);
        let (_, z) = iterates[0].pair_of(half.a.id, half.a.val());
        assert_eq!(z.dtype(), DType::F32);
    }
}

#[test]
fn iterates_come_back_from_bytes_bit_for_bit() {
    for dtype in [DType::F32, DType::F64, DType::BF16] {
        let mut trained = model(dtype);
        let mut iterates = Iterates::default();
        for k in 0..3 {
            let direction = direction(&trained, true);
            trained = iterates.advance(trained, direction, |_| blend(k));
        }
        let pair = iterates.pair_of(trained.a.id, trained.a.val());
        let mut other = Iterates::default();
        let y = other.set_pair(trained.a.id, pair, &trained.a.val().inner());
        assert_eq!(y.into_data(), trained.a.val().inner().into_data());
        let average = |iterates: &Iterates| {
            let averaged = iterates.average_of(trained.a.id, trained.a.val(), BETA);
            averaged.inner().into_data()
        };
        assert_eq!(average(&other), average(&iterates));

        let bytes = iterates.clone().into_bytes();
        let mut back = Iterates::from_bytes(&bytes).expect("its own bytes");
        assert_eq!(back.clone().into_bytes(), bytes);
        let next = |iterates: &mut Iterates| {
            let direction = direction(&trained, true);
            let moved = iterates.advance(trained.clone(), direction, |_| blend(3));
            numbers(&iterates.averaged(moved, BETA))
        };
        assert_eq!(next(&mut back), next(&mut iterates));
        for length in [0, 7, 8, 20, bytes.len() - 1] {
            assert!(Iterates::from_bytes(&bytes[..length]).is_none(), "{length}");
        }
    }
}

#[test]
fn an_iterate_of_another_length_belongs_to_another_parameter() {
    let trained = model(DType::F32);
    let mut iterates = Iterates::default();
    let three = tensor(vec![7.0; 3], [3], DType::F32);
    iterates.set_pair(trained.a.id, (three.clone(), three.clone()), &three);
    let averaged = iterates.averaged(trained.clone(), BETA);
    assert_eq!(numbers(&averaged), numbers(&trained));
    let _ = iterates.advance(trained.clone(), direction(&trained, true), |_| blend(0));
    let (_, z) = iterates.pair_of(trained.a.id, trained.a.val());
    assert_eq!(z.shape().num_elements(), 4);
}
