//! Regression on tables, and a network that tells how sure it is.

use std::f64::consts::PI;

use burn::tensor::Device;

use crate::suite::family::{Family, Make};
use crate::suite::nets::{Mlp, MlpConfig};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// Friedman's three functions, and a Gaussian likelihood.
pub fn families() -> Vec<Family> {
    let family = |name, doc, make| Family {
        name,
        group: "tabular",
        doc,
        varies: true,
        make: Make::Scratch(make),
    };
    vec![
        family(
            "friedman-1",
            "regression on ten numbers (Friedman 1991), one hidden layer of 64",
            |v| Box::new(table(10, friedman_1, v)),
        ),
        family(
            "friedman-2",
            "regression on four numbers (Friedman 1991), one hidden layer of 64",
            |v| Box::new(table(4, friedman_2, v)),
        ),
        family(
            "friedman-3",
            "regression on four numbers (Friedman 1991), one hidden layer of 64",
            |v| Box::new(table(4, friedman_3, v)),
        ),
        family(
            "likelihood",
            "mean and log-variance of noisy values, by their likelihood: a loss below zero",
            |v| Box::new(likelihood(v)),
        ),
    ]
}

/// 1000 rows of `columns` numbers of U(0, 1), and the value of a function, both standardised; noise
/// of a tenth of a deviation, in variants more.
pub(super) fn table(
    columns: usize,
    function: fn(&[f64]) -> f64,
    variant: &Variant,
) -> impl Problem + use<> {
    let shape = Shape::new(64, 1, 32, 2000).of(variant, Limits::CHEAP);
    let seed = variant.seed;
    let numbers = &mut Numbers::new(seed, Draw::Data, 0);
    let rows = Examples::draw(2000, |_| {
        let row: Vec<f64> = (0..columns).map(|_| numbers.unit()).collect();
        let inputs = row.iter().map(|&x| x as f32).collect();
        (inputs, vec![function(&row) as f32])
    });
    let rows = rows.standardised(true, true).scaled(shape.input_scale);
    let noise = &mut Numbers::new(seed, Draw::Labels, 0);
    let (train, held_out) = rows.noisy(0.1 + shape.label_noise, noise).split(1000);
    let build = move |shape: &Shape, device: &Device| mlp(columns, 1, shape, device);
    Supervised::new(seed, shape, Loss::Square, train, held_out, build)
}

fn mlp(inputs: usize, outputs: usize, shape: &Shape, device: &Device) -> Mlp {
    MlpConfig::uniform(inputs, shape.width, shape.depth, outputs)
        .with(shape.activation, shape.norm)
        .init(device)
}

/// 10 sin(πx₁x₂) + 20(x₃ - ½)² + 10x₄ + 5x₅; the others do not matter.
fn friedman_1(x: &[f64]) -> f64 {
    10.0 * (PI * x[0] * x[1]).sin() + 20.0 * (x[2] - 0.5).powi(2) + 10.0 * x[3] + 5.0 * x[4]
}

/// The resistance, frequency, inductance and capacitance of a circuit: x₁ in [0, 100], x₂ in
/// [40π, 560π], x₃ in [0, 1], x₄ in [1, 11].
fn circuit(x: &[f64]) -> [f64; 2] {
    let (resistance, frequency) = (100.0 * x[0], PI * (40.0 + 520.0 * x[1]));
    let (inductance, capacitance) = (x[2], 1.0 + 10.0 * x[3]);
    let reactance = frequency * inductance - 1.0 / (frequency * capacitance);
    [resistance, reactance]
}

/// √(x₁² + (x₂x₃ - 1/(x₂x₄))²).
fn friedman_2(x: &[f64]) -> f64 {
    let [resistance, reactance] = circuit(x);
    resistance.hypot(reactance)
}

/// arctan((x₂x₃ - 1/(x₂x₄))/x₁).
pub(super) fn friedman_3(x: &[f64]) -> f64 {
    let [resistance, reactance] = circuit(x);
    (reactance / resistance.max(1e-9)).atan()
}

/// y = sin(3x₁)·cos(2x₂) + σ·N with σ = e^(x₁ - 3.5), x uniform in [-1, 1]². The loss of the truth
/// is -3.5 + ½ in the mean.
pub(super) fn likelihood(variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(64, 2, 32, 2500).of(variant, Limits::CHEAP);
    let seed = variant.seed;
    let rows = |draw, count| {
        let n = &mut Numbers::new(seed, draw, 0);
        Examples::draw(count, |_| {
            let x = [n.uniform(-1.0, 1.0), n.uniform(-1.0, 1.0)];
            let deviation = (x[0] - 3.5).exp() + 0.1 * shape.label_noise;
            let y = (3.0 * x[0]).sin() * (2.0 * x[1]).cos() + deviation * n.normal();
            (x.map(|x| x as f32).to_vec(), vec![y as f32])
        })
        .scaled(shape.input_scale)
    };
    let build = |shape: &Shape, device: &Device| mlp(2, 2, shape, device);
    let (train, held_out) = (rows(Draw::Data, 2000), rows(Draw::HeldOut, 1000));
    Supervised::new(seed, shape, Loss::Gaussian, train, held_out, build)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friedmans_functions_have_their_values() {
        assert_eq!(friedman_1(&[0.5, 1.0, 0.5, 0.2, 0.4]), 14.0);
        // R = 30, and an inductance of 0 with f = 40π, C = 1: -1/(40π).
        let reactance = 1.0 / (40.0 * PI);
        let x = [0.3, 0.0, 0.0, 0.0];
        assert!((friedman_2(&x) - 30f64.hypot(reactance)).abs() < 1e-12);
        assert!((friedman_3(&x) + (reactance / 30.0).atan()).abs() < 1e-12);
    }
}
