//! Formulas at points where their values are known.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::super::supervised::host;
use super::super::tests::check;
use super::formula::Formula;
use super::{noisy, plane, scales, xor};

const SEED: Variant = Variant {
    seed: 4,
    drawn: None,
};

/// The loss at a point.
fn at(formula: &Formula, point: &[f32]) -> f64 {
    formula.loss_at(&[point.to_vec()], &Device::flex())
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-6 * b.abs().max(1e-3), "{a} {b}");
}

#[test]
fn the_loss_at_the_minimum_is_zero() {
    close(at(&plane::beale(&SEED), &[0.0, 0.0]), 0.0);
    close(at(&plane::rosenbrock(&SEED), &[1.0, 1.0]), 0.0);
    close(at(&plane::rastrigin(&SEED), &[0.0, 0.0]), 0.0);
    close(at(&plane::spiral(&SEED), &[0.5, 0.0]), 0.0);
    for scale in [1.0, 20.0] {
        close(at(&plane::plateau(scale, &SEED), &[0.0, 0.0]), 0.0);
    }
    close(at(&scales::ill_conditioned(6.0, &SEED), &[0.0; 512]), 0.0);
    close(at(&scales::scale_invariant(6.0, &SEED), &[0.0; 512]), 0.0);
    close(at(&scales::varying_squares(16, &SEED), &[0.0; 16]), 0.0);
    close(at(&scales::varying_magnitudes(16, &SEED), &[0.0; 16]), 0.0);
    close(at(&scales::discontinuous(&SEED), &[0.0; 1024]), 0.0);
    close(at(&scales::powers(4, &SEED), &[1.0; 256]), 0.0);
    let zeros = [0; 3].map(|_| vec![0.0; 1024]);
    for three in [
        scales::layer_wise_scale(1e9, &SEED),
        scales::parameter_scale(&SEED),
    ] {
        close(three.loss_at(&zeros, &Device::flex()), 0.0);
    }
}

#[test]
fn the_loss_elsewhere_is_that_of_the_formula() {
    // Beale's function at (1, 1): 1.5² + 2.25² + 2.625².
    close(at(&plane::beale(&SEED), &[-2.0, 0.5]), 14.203_125);
    close(at(&plane::rosenbrock(&SEED), &[-7.0, -4.0]), 64.0 + 2809.0);
    close(at(&plane::rastrigin(&SEED), &[0.5, 0.5]), 20.25);
    // (-0.8, 0): r = 0.8, θ = π, and ½ + 0.3π is nearer than ½ - 0.3π.
    let pi = std::f64::consts::PI;
    let spiral = (0.3 - 0.3 * pi).powi(2) + 1e-3 * pi * pi;
    close(at(&plane::spiral(&SEED), &[-0.8, 0.0]), spiral);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let plateau = sigmoid(4.0 * 3.5) - sigmoid(-4.0);
    close(at(&plane::plateau(4.0, &SEED), &[1.5, 1.5]), plateau);
    let magnitudes = |i: f64| 10f64.powf(2.0 * i / 511.0 - 1.0);
    let mean = (0..512).map(|i| magnitudes(f64::from(i))).sum::<f64>() / 512.0;
    close(at(&scales::ill_conditioned(1.0, &SEED), &[1.0; 512]), mean);
    close(
        at(&scales::scale_invariant(1.0, &SEED), &[2.0; 512]),
        5f64.ln(),
    );
    // (1·1 + 2·4 + 3·9 + 4·16)/10 and (1 + 4 + 9 + 16)/10.
    let x = [1.0, -2.0, 3.0, -4.0];
    close(at(&scales::varying_squares(4, &SEED), &x), 10.0);
    close(at(&scales::varying_magnitudes(4, &SEED), &x), 3.0);
    close(at(&scales::discontinuous(&SEED), &[-3.0; 1024]), 9.0);
    close(at(&scales::discontinuous(&SEED), &[3.0; 1024]), 6.0);
    close(
        at(&scales::exploding(16.0, &SEED), &[-1.0; 512]),
        16f64.exp(),
    );
    // ½² + ½⁴ + ½⁶ + ½⁸, over four.
    close(
        at(&scales::powers(4, &SEED), &[0.5; 256]),
        0.332_031_25 / 4.0,
    );
    let ones = [0; 3].map(|_| vec![1.0; 1024]);
    let weighed = scales::layer_wise_scale(10.0, &SEED);
    close(weighed.loss_at(&ones, &Device::flex()), 11.1 / 3.0);
}

#[test]
fn noise_belongs_to_the_step_and_is_not_measured() {
    let device = Device::flex();
    let white = noisy::white(32.0, &SEED);
    let zeros = Tensor::<1>::zeros([4096], &device);
    let noise = |step| white.batch(step, &device).remove(0);
    let of_step = [noise(5), noise(5), noise(6)].map(host);
    assert_eq!(of_step[0], of_step[1]);
    assert_ne!(of_step[0], of_step[2]);
    let deviation = host(noise(5).square().mean().sqrt())[0];
    assert!((deviation * 32.0 - 1.0).abs() < 0.05, "{deviation}");
    assert_eq!(white.measure_at(&[host(zeros)], &device), 0.0);

    // A share u of ‖x‖/B^(u/4) that is between ‖x‖/B^¼ and ‖x‖.
    let scaled = noisy::batch_scaling(16.0, &SEED);
    let norm = host(scaled.batch(3, &device)[0].clone().square().sum().sqrt())[0];
    assert!((0.5..=1.0).contains(&norm), "{norm}");
}

#[test]
fn a_mask_has_the_one_before_and_the_target_moves_with_the_steps() {
    let device = Device::flex();
    let sparse = noisy::sparse(-3, &SEED);
    let seen = host(sparse.batch(1, &device)[0].clone().mean())[0];
    let expected = 1.0 - (7.0f64 / 8.0).powi(2);
    assert!((seen - expected).abs() < 0.01, "{seen}");
    let ones = [vec![1.0; 1 << 16]];
    close(sparse.measure_at(&ones, &device), expected);

    let moving = noisy::moving_target(10.0, &SEED);
    let target = host(moving.batch(9, &device).remove(0));
    close(target[0], 1.1f64.sin());
    let _ = moving.batch(8, &device);
    assert!(moving.measure_at(&[target], &device) < 1e-12);
}

#[test]
fn every_kind_of_level_is_the_same_twice_and_has_a_gradient() {
    check("spiral", &plane::spiral(&SEED));
    check("plateau", &plane::plateau(4.0, &SEED));
    check("plateau", &plane::plateau(20.0, &SEED));
    check("powers", &scales::powers(8, &SEED));
    check("exploding", &scales::exploding(12.0, &SEED));
    check("layer-wise", &scales::layer_wise_scale(1e7, &SEED));
    check("cauchy", &noisy::cauchy(1.0, &SEED));
    check("brownian", &noisy::brownian(1.0, &SEED));
    check("batch-scaling", &noisy::batch_scaling(2.0, &SEED));
    check("sparse", &noisy::sparse(-6, &SEED));
    check("sum-modulo", &xor::sum_modulo(&SEED));
    use crate::suite::nets::CellKind::{Lstm, Rnn};
    check("xor-spot", &xor::spot(Lstm, 4, &SEED));
    check("xor-sequence", &xor::sequence(Rnn, 4, &SEED));
}

impl Formula {
    /// The loss of these parameters, in the noise of the first step.
    fn loss_at(&self, parts: &[Vec<f32>], device: &Device) -> f64 {
        let parts: Vec<Tensor<1>> = parts
            .iter()
            .map(|part| Tensor::from_data(part.as_slice(), device))
            .collect();
        host(self.loss_of(&parts, &self.batch(0, device)))[0]
    }

    /// What is measured of these parameters.
    fn measure_at(&self, parts: &[Vec<f64>], device: &Device) -> f64 {
        let model = self.model_of(parts, device);
        self.evaluate(&model.valid(), device).loss
    }
}
