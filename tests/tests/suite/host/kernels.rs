//! The fused operations and their gradients are those of Burn's own operations.
//!
//! The other side of every comparison runs in f64, where the kernels have no part.

use std::cell::RefCell;

use burn::tensor::activation::{gelu, softmax};
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData, module};
use burn_sls_core::random::Generator;
use burn_sls_kernels::{
    AdamConstants, AdamMoments, add_scaled, attention_weights, batch_matmul, inner_product, linear,
    linear_gelu, residual_layer_norm,
};
use burn_sls_tests::bert::{numbers, relative_error};

/// Rows and widths: one row, less than a vector, more than a chunk of work with a rest, and enough
/// chunks for several threads.
const SHAPES: [(usize, usize); 5] = [(1, 5), (3, 5), (40, 64), (301, 97), (1200, 97)];

/// What rounding in f32 may make of it, relative to the largest number.
const TOLERANCE: f64 = 3e-6;

#[expect(
    clippy::disallowed_methods,
    reason = "no test here draws from the device, or steps an optimizer"
)]
fn flex() -> Device {
    Device::flex()
}

/// Numbers around 0.3, up to some 3 away: the same in every test, whichever others are run.
struct Draws(RefCell<Generator>);

impl Draws {
    fn new() -> Self {
        Self(RefCell::new(Generator::new(1)))
    }

    fn normal<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        let mut generator = self.0.borrow_mut();
        let mut uniform = || generator.below(1 << 20) as f32 / (1 << 20) as f32 - 0.5;
        let count = shape.iter().product();
        let numbers: Vec<f32> = (0..count)
            .map(|_| 0.3 + 3.0 * (uniform() + uniform() + uniform()))
            .collect();
        Tensor::from_data(TensorData::new(numbers, shape), &flex())
    }
}

/// The same numbers as a parameter in f32 and in f64.
fn both<const D: usize>(values: &Tensor<D>) -> [Tensor<D>; 2] {
    let parameter = |tensor: Tensor<D>| Tensor::from_inner(tensor).require_grad();
    [
        parameter(values.clone()),
        parameter(values.clone().cast(FloatDType::F64)),
    ]
}

/// Compares the outputs and the gradients of a weighted sum of the outputs.
fn compare<const D: usize, const P: usize>(
    draws: &Draws,
    what: &str,
    outputs: [Tensor<D>; 2],
    gradients: impl Fn(usize, &burn::tensor::Gradients) -> [Vec<f64>; P],
) {
    assert_eq!(outputs[0].dtype(), DType::F32, "{what}");
    assert_eq!(outputs[1].dtype(), DType::F64, "{what}");
    let [found, expected] = outputs.each_ref().map(|out| numbers(out.clone()));
    let error = relative_error(&found, &expected);
    assert!(error < TOLERANCE, "{what}: output off by {error:e}");
    // Weights of the sum, so that no gradient is the same for all numbers.
    let weights: Tensor<D> = draws.normal(outputs[0].dims());
    let [found, expected] = [0, 1].map(|side| {
        let output = outputs[side].clone();
        let weights = Tensor::from_inner(weights.clone().cast(output.dtype()));
        gradients(side, &(output * weights).sum().backward())
    });
    for (number, (found, expected)) in found.iter().zip(&expected).enumerate() {
        let error = relative_error(found, expected);
        assert!(
            error < TOLERANCE,
            "{what}: gradient {number} off by {error:e}"
        );
    }
}

#[test]
fn linear_maps_and_their_gradients() {
    let draws = Draws::new();
    for (rows, width) in SHAPES {
        let x = both(&draws.normal([rows, width]));
        let weight = both(&draws.normal([width, width + 2]));
        let bias = both(&draws.normal([width + 2]));
        let inputs = |side: usize| (x[side].clone(), weight[side].clone(), bias[side].clone());
        for with_gelu in [false, true] {
            let fused = |(x, weight, bias)| match with_gelu {
                false => linear(x, weight, bias),
                true => linear_gelu(x, weight, bias),
            };
            let composed = |(x, weight, bias)| match with_gelu {
                false => module::linear::<2>(x, weight, Some(bias)),
                true => gelu(module::linear::<2>(x, weight, Some(bias))),
            };
            compare(
                &draws,
                &format!("linear map of {rows} x {width}, gelu: {with_gelu}"),
                [fused(inputs(0)), composed(inputs(1))],
                |side, grads| {
                    [
                        numbers(x[side].grad(grads).unwrap()),
                        numbers(weight[side].grad(grads).unwrap()),
                        numbers(bias[side].grad(grads).unwrap()),
                    ]
                },
            );
        }
    }
}

/// Matrices where they lie, with rows for columns, as a part of larger ones, and in reverse order.
#[test]
fn products_of_many_matrices_and_their_gradients() {
    type View = fn(Tensor<4>) -> Tensor<4>;
    let views: [(&str, View); 4] = [
        ("as they lie", |x| x),
        ("rows for columns", |x| x.swap_dims(1, 2).swap_dims(2, 3)),
        ("a part", |x| x.slice([1..3, 0..2, 1..8, 2..9])),
        ("in reverse", |x| x.flip([1, 3])),
    ];
    let draws = Draws::new();
    for (what, view) in views {
        let a = both(&draws.normal([3, 9, 9, 9]));
        let b = both(&draws.normal([3, 9, 9, 9]));
        let outputs = [0, 1].map(|side| {
            let (a, b) = (view(a[side].clone()), view(b[side].clone()).swap_dims(2, 3));
            match side {
                0 => batch_matmul(a, b),
                _ => a.matmul(b),
            }
        });
        compare(&draws, what, outputs, |side, grads| {
            [
                numbers(a[side].grad(grads).unwrap()),
                numbers(b[side].grad(grads).unwrap()),
            ]
        });
    }
    // A matrix with its own transpose, and one that gets no gradient.
    let x = both(&draws.normal([2, 3, 5, 4]));
    let fixed: Tensor<4> = draws.normal([2, 3, 5, 5]);
    let outputs = [0, 1].map(|side| {
        let fixed = Tensor::from_inner(fixed.clone()).cast(x[side].dtype());
        let (x, transposed) = (x[side].clone(), x[side].clone().swap_dims(2, 3));
        match side {
            0 => batch_matmul(fixed, batch_matmul(x, transposed)),
            _ => fixed.matmul(x.matmul(transposed)),
        }
    });
    compare(&draws, "with itself", outputs, |side, grads| {
        [numbers(x[side].grad(grads).unwrap())]
    });
    // Large enough for every way of sharing the work, with the bits of Burn's product.
    for [batch, heads, m, k, n] in [
        [1, 1, 200, 193, 191],
        [2, 12, 64, 32, 64],
        [1, 2, 130, 65, 130],
    ] {
        let a: Tensor<4> = draws.normal([batch, heads, m, k]);
        let b: Tensor<4> = draws.normal([batch, heads, k, n]);
        let found = batch_matmul(a.clone(), b.clone());
        assert_eq!(numbers(found), numbers(a.matmul(b)), "{m} x {k} x {n}");
    }
}

#[test]
fn layer_normalisation_and_its_gradients() {
    let draws = Draws::new();
    for (rows, width) in &SHAPES {
        let x = both(&draws.normal([*rows, *width]));
        let residual = both(&draws.normal([*rows, *width]));
        let gamma = both(&draws.normal([*width]));
        let beta = both(&draws.normal([*width]));
        let outputs = [0, 1].map(|side| {
            let x = x[side].clone();
            let (gamma, beta) = (gamma[side].clone(), beta[side].clone());
            match side {
                0 => residual_layer_norm(x, residual[side].clone(), gamma, beta, 1e-5),
                _ => module::layer_norm(x + residual[side].clone(), gamma, Some(beta), 1e-5),
            }
        });
        compare(&draws, "layer normalisation", outputs, |side, grads| {
            [
                numbers(x[side].grad(grads).unwrap()),
                numbers(residual[side].grad(grads).unwrap()),
                numbers(gamma[side].grad(grads).unwrap()),
                numbers(beta[side].grad(grads).unwrap()),
            ]
        });
    }
}

#[test]
fn attention_weights_and_their_gradients() {
    let draws = Draws::new();
    let device = flex().autodiff();
    for (queries, keys) in [(1, 9), (7, 33), (65, 64)] {
        let [batch, heads] = [3, 4];
        let scores = both(&draws.normal([batch, heads, queries, keys]));
        // The last key of the first sequence is padding.
        let mut bias = vec![0.0f32; batch * keys];
        bias[keys - 1] = f32::MIN;
        let bias = Tensor::<1>::from_floats(bias.as_slice(), &device);
        let bias = bias.reshape([batch, 1, 1, keys]);
        let outputs = [0, 1].map(|side| {
            let scores = scores[side].clone();
            let bias = bias.clone().cast(scores.dtype());
            match side {
                0 => attention_weights(scores, 0.25, bias),
                _ => softmax(scores * 0.25 + bias, 3),
            }
        });
        {
            let padding = outputs[0]
                .clone()
                .slice([0..1, 0..heads, 0..queries, keys - 1..keys]);
            assert!(numbers(padding).iter().all(|&weight| weight == 0.0));
        }
        let what = format!("attention weights of {queries} x {keys}");
        compare(&draws, &what, outputs, |side, grads| {
            [numbers(scores[side].grad(grads).unwrap())]
        });
    }
}

#[test]
fn without_a_gradient_and_without_autodiff_the_outputs_are_the_same_bits() {
    let draws = Draws::new();
    let (x, weight, bias) = (
        draws.normal([40, 64]),
        draws.normal([64, 96]),
        draws.normal([96]),
    );
    let scores: Tensor<4> = draws.normal([2, 3, 10, 11]);
    let mask: Tensor<4> = Tensor::zeros([2, 1, 1, 11], &flex());
    let outputs = |lift: &dyn Fn(Tensor<2>) -> Tensor<2>| {
        let one = |vector: &Tensor<1>| lift(vector.clone().unsqueeze()).squeeze_dim::<1>(0);
        let four = |tensor: &Tensor<4>| {
            let [a, b, c, d] = tensor.dims();
            lift(tensor.clone().reshape([a * b * c, d])).reshape([a, b, c, d])
        };
        let (x, weight) = (lift(x.clone()), lift(weight.clone()));
        let wide = linear_gelu(x, weight, one(&bias));
        let normalised = residual_layer_norm(wide.clone(), wide, one(&bias), one(&bias), 1e-12);
        let weights = attention_weights(four(&scores), 0.3, four(&mask));
        [numbers(normalised), numbers(weights)]
    };
    let plain = outputs(&|tensor| tensor);
    assert_eq!(plain, outputs(&Tensor::from_inner));
    assert_eq!(
        plain,
        outputs(&|tensor| Tensor::from_inner(tensor).require_grad())
    );
}

#[test]
fn only_what_asks_for_a_gradient_gets_one() {
    let draws = Draws::new();
    let lift = |tensor: Tensor<2>| Tensor::from_inner(tensor);
    let x = lift(draws.normal([4, 6])).require_grad();
    let (weight, bias) = (
        lift(draws.normal([6, 6])),
        lift(draws.normal([1, 6])).squeeze_dim::<1>(0),
    );
    let out = linear(x.clone(), weight.clone(), bias.clone());
    let out = residual_layer_norm(out, x.clone(), bias.clone(), bias.clone(), 1e-5);
    let grads = out.square().sum().backward();
    assert!(x.grad(&grads).is_some());
    assert!(weight.grad(&grads).is_none() && bias.grad(&grads).is_none());
}

#[test]
fn what_is_not_a_number_stays_visible() {
    let poisoned = |at: usize| {
        let mut row = vec![0.5f32; 20];
        row[at] = f32::NAN;
        Tensor::<1>::from_floats(row.as_slice(), &flex()).reshape([1, 20])
    };
    let ones = || Tensor::<1>::ones([20], &flex());
    for at in [0, 17, 19] {
        let row = poisoned(at);
        let identity = Tensor::<2>::eye(20, &flex());
        let nan = |tensor: Tensor<2>| numbers(tensor).iter().all(|x| x.is_nan());
        assert!(nan(linear_gelu(row.clone(), identity, ones())));
        assert!(nan(residual_layer_norm(
            row.clone(),
            row.clone(),
            ones(),
            ones(),
            1e-5
        )));
        let scores: Tensor<4> = row.clone().reshape([1, 1, 1, 20]);
        let bias = scores.zeros_like();
        assert!(
            numbers(attention_weights(scores, 1.0, bias))
                .iter()
                .all(|x| x.is_nan())
        );
        let product = inner_product(&row, &row).expect("fused");
        assert!(product.is_nan());
    }
}

#[test]
fn sums_and_products_of_tensors() {
    let draws = Draws::new();
    for (rows, width) in [(1, 1), (3, 5), (700, 301)] {
        let (a, b): (Tensor<2>, Tensor<2>) =
            (draws.normal([rows, width]), draws.normal([rows, width]));
        let wide = |tensor: &Tensor<2>| tensor.clone().cast(FloatDType::F64);
        let product = inner_product(&a, &b).expect("fused");
        let (x, y) = (numbers(a.clone()), numbers(b.clone()));
        let expected: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        assert!((product - expected).abs() <= 1e-12 * expected.abs().max(1.0));

        let expected = numbers(wide(&a) + wide(&b) * 0.37);
        let held = (a.clone(), b.clone());
        let sums = [
            // Neither may be written over, then the one, then the other.
            numbers(add_scaled(a.clone(), 0.37, b.clone())),
            numbers(add_scaled(a.clone() * 1.0, 0.37, b.clone())),
            numbers(add_scaled(a.clone(), 0.37, b.clone() * 1.0)),
        ];
        for sum in sums {
            assert!(relative_error(&sum, &expected) < 1e-6);
        }
        assert_eq!(
            (numbers(held.0), numbers(held.1)),
            (x, y),
            "what others hold is left alone"
        );
    }
    // Views: their numbers are not side by side.
    let a: Tensor<2> = draws.normal([6, 4]);
    let view = || a.clone().swap_dims(0, 1).slice([1..3, 2..6]);
    let copy = || Tensor::<2>::from_data(view().into_data(), &flex());
    let products = [(view(), copy()), (copy(), copy())];
    let [one, other] = products.map(|(a, b)| inner_product(&a, &b).expect("fused"));
    assert_eq!(one, other);
}

#[test]
fn adam_takes_the_steps_of_double_precision() {
    let draws = Draws::new();
    let constants = AdamConstants {
        beta_1: 0.9,
        beta_2: 0.999,
        epsilon: 1e-8,
    };
    let shape = [300, 301];
    let (mut m, mut v) = (vec![0.0f64; 300 * 301], vec![0.0f64; 300 * 301]);
    let mut moments: Option<AdamMoments<2>> = None;
    for t in 1..=4 {
        let grad: Tensor<2> = draws.normal(shape);
        let before = moments
            .as_ref()
            .map(|moments| (moments.time, &moments.moment_2));
        let searched = constants.search_direction(&grad, before).expect("fused");
        let g = numbers(grad.clone());
        let held = grad.clone();
        let update = constants.update(grad, moments, true).expect("fused");
        let (moved, after) = (update.direction, update.moments);
        assert_eq!(numbers(held), g, "what others hold is left alone");

        let (mut d, mut u, mut along_last) = (Vec::new(), Vec::new(), 0.0);
        let before = 1.0 - 0.9f64.powi(t - 1);
        for ((m, v), g) in m.iter_mut().zip(&mut v).zip(&g) {
            *v = 0.999 * *v + 0.001 * g * g;
            let root = (*v / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-8;
            along_last -= if t == 1 { 0.0 } else { g * *m / before / root };
            *m = 0.9 * *m + 0.1 * g;
            d.push(-g / root);
            u.push(-*m / (1.0 - 0.9f64.powi(t)) / root);
        }
        assert!(relative_error(&numbers(searched), &d) < 1e-6);
        assert!(relative_error(&numbers(moved), &u) < 1e-6);
        let told = update.along_last.expect("it was asked for");
        let tolerance = 1e-6 * f64::from(300 * 301).sqrt().max(along_last.abs());
        let error = (told - along_last).abs();
        assert!(error < tolerance, "{told} for {along_last}");
        assert_eq!(after.time, t as usize);
        assert!(relative_error(&numbers(after.moment_1.clone()), &m) < 1e-6);
        assert!(relative_error(&numbers(after.moment_2.clone()), &v) < 1e-6);
        moments = Some(after);
    }
}

#[test]
fn nothing_depends_on_the_number_of_threads() {
    let draws = Draws::new();
    let (x, residual): (Tensor<2>, Tensor<2>) =
        (draws.normal([5000, 64]), draws.normal([5000, 64]));
    let vector = draws.normal([64]);
    let scores: Tensor<4> = draws.normal([8, 4, 100, 90]);
    let all = || {
        let lift = |tensor: &Tensor<2>| Tensor::from_inner(tensor.clone()).require_grad();
        let gamma = Tensor::from_inner(vector.clone()).require_grad();
        let out = residual_layer_norm(
            lift(&x),
            lift(&residual),
            gamma.clone(),
            gamma.clone(),
            1e-5,
        );
        let of_gamma = gamma
            .grad(&out.clone().sum().backward())
            .expect("a gradient");
        let bias = Tensor::zeros([8, 1, 1, 90], &flex());
        let weights = attention_weights(scores.clone(), 0.3, bias);
        let product = inner_product(&x, &residual).expect("fused");
        [
            numbers(out),
            numbers(of_gamma),
            numbers(weights),
            vec![product],
        ]
    };
    let pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads").install(all)
    };
    let one = pool(1);
    for threads in [2, 3, 7] {
        assert_eq!(pool(threads), one, "{threads} threads");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    let draws = Draws::new();
    let refused = |what: &str, call: &dyn Fn()| {
        assert!(catch_unwind(AssertUnwindSafe(call)).is_err(), "{what}");
    };
    let matrix = || draws.normal([2, 6]);
    let vector = |width| draws.normal([width]);
    refused("bias", &|| {
        drop(linear(matrix(), draws.normal([6, 6]), vector(3)))
    });
    refused("weight", &|| {
        drop(linear_gelu(matrix(), draws.normal([5, 6]), vector(6)))
    });
    let norm = |residual, gamma, beta| {
        drop(residual_layer_norm(matrix(), residual, gamma, beta, 1e-5));
    };
    refused("residual", &|| {
        norm(draws.normal([3, 6]), vector(6), vector(6))
    });
    refused("gamma", &|| norm(matrix(), vector(3), vector(6)));
    refused("beta", &|| norm(matrix(), vector(6), vector(2)));
    let scores = || draws.normal([2, 3, 4, 5]);
    refused("bias of scores", &|| {
        drop(attention_weights(scores(), 1.0, draws.normal([1, 1, 1, 5])))
    });
    refused("product", &|| {
        let _ = inner_product(&matrix(), &draws.normal([6, 2]));
    });
    refused("sum", &|| {
        drop(add_scaled(matrix(), 1.0, draws.normal([2, 5])))
    });
}

#[test]
fn a_sum_over_threads_repeats_its_bits() {
    let draws = Draws::new();
    let (x, weight) = (draws.normal([3000, 64]), draws.normal([64, 128]));
    let bias = draws.normal([128]);
    let gradients = || {
        let lift = |tensor: &Tensor<2>| Tensor::from_inner(tensor.clone()).require_grad();
        let bias = Tensor::from_inner(bias.clone()).require_grad();
        let out = linear_gelu(lift(&x), lift(&weight), bias.clone());
        let out = residual_layer_norm(out.clone(), out, bias.clone(), bias.clone(), 1e-5);
        numbers(
            bias.grad(&out.square().sum().backward())
                .expect("a gradient"),
        )
    };
    let first = gradients();
    for _ in 0..10 {
        assert_eq!(gradients(), first);
    }
}
