//! Deep matrix factorisation.
//!
//! Source: S. Vaswani et al., *Painless stochastic gradient*, NeurIPS 2019, after M. Rolinek and G.
//! Martius, *L4*, NeurIPS 2018.

use crate::suite::family::{Family, Make};
use crate::suite::nets::{Activation, MlpConfig, Norm};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers, singles};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// Three ranks. Those below six cannot reach a loss of 0.
pub fn families() -> Vec<Family> {
    let family = |name, make| Family {
        name,
        group: "factorisation",
        doc: "a 10 x 6 matrix, condition about 1e10, as a product of two (Vaswani et al. 2019)",
        varies: true,
        make: Make::Scratch(make),
    };
    vec![
        family("factorisation-1", |v| Box::new(factorisation(1, v))),
        family("factorisation-4", |v| Box::new(factorisation(4, v))),
        family("factorisation-10", |v| Box::new(factorisation(10, v))),
    ]
}

const INPUTS: usize = 6;
const OUTPUTS: usize = 10;

/// The mean of (W₂W₁x - Ax)² over its ten numbers and 1000 examples x of N(0, 1), with W₁ of k x 6
/// and W₂ of 10 x k. Row i of A is U(0, 1)⁶, times a number that falls linearly from 1 to 1e-10.
///
/// A variant keeps the rank, and the network linear, without normalisation.
pub(super) fn factorisation(rank: usize, variant: &Variant) -> impl Problem + use<> {
    let drawn = Shape::new(rank, 1, 100, 2000).of(variant, Limits::CHEAP);
    let shape = Shape {
        width: rank,
        depth: drawn.depth.min(2),
        activation: Activation::Linear,
        norm: Norm::None,
        ..drawn
    };
    let seed = variant.seed;
    let n = &mut Numbers::new(seed, Draw::Data, 0);
    let matrix: Vec<Vec<f64>> = (0..OUTPUTS)
        .map(|i| {
            let share = i as f64 / (OUTPUTS - 1) as f64;
            let scale = 1.0 + share * (1e-10 - 1.0);
            (0..INPUTS).map(|_| scale * n.unit()).collect()
        })
        .collect();
    let example = |_| {
        let x = n.normals(INPUTS);
        let product = |row: &Vec<f64>| row.iter().zip(&x).map(|(a, x)| a * x).sum();
        let y: Vec<f64> = matrix.iter().map(product).collect();
        (singles(&x), singles(&y))
    };
    let all = Examples::draw(1500, example).scaled(shape.input_scale);
    let (train, held_out) = all.split(1000);
    let noise = &mut Numbers::new(seed, Draw::Labels, 0);
    let train = train.noisy(shape.label_noise, noise);
    Supervised::new(
        seed,
        shape,
        Loss::Square,
        train,
        held_out,
        |shape, device| {
            MlpConfig {
                bias: false,
                ..MlpConfig::uniform(INPUTS, shape.width, shape.depth, OUTPUTS)
            }
            .with(shape.activation, shape.norm)
            .init(device)
        },
    )
}
