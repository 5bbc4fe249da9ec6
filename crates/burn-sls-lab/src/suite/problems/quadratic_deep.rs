//! DeepOBS' `quadratic_deep`: a noisy parabola whose curvatures are those of a deep network.
//!
//! Source: F. Schneider, L. Balles, P. Hennig, *DeepOBS*, ICLR 2019; the spectrum is after P.
//! Chaudhari et al., *Entropy-SGD*, ICLR 2017.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use crate::suite::family::{Family, Make};
use crate::suite::problem::{Evaluation, Plan, Problem};
use crate::suite::variant::Variant;

use super::examples::{Batch, Examples};
use super::numbers::{Draw, Numbers, singles};
use super::supervised::host;

/// The problem.
pub fn families() -> Vec<Family> {
    vec![Family {
        name: "quadratic-deep",
        group: "quadratic",
        doc: "DeepOBS: ½(θ-x)ᵀQ(θ-x) in 100 dimensions, its gap to the least loss of the draw",
        varies: false,
        make: Make::Scratch(|v| Box::new(QuadraticDeep::new(v))),
    }]
}

const SIZE: usize = 100;
const EXAMPLES: usize = 1000;
const BATCH: usize = 128;

/// ½(θ-x)ᵀQ(θ-x) with examples x of N(0, 0.36) = N(0, 0.6²), from θ = 1. Q has 90 eigenvalues of
/// U(0, 1) and 10 of U(30, 60), in a random rotation. 100 epochs of 7 batches.
///
/// What is measured is the loss minus the least that θ can reach: ½(θ-m)ᵀQ(θ-m) with the mean m of
/// the examples, and of other examples for the held-out loss.
pub struct QuadraticDeep {
    seed: u64,
    curvature: Vec<f32>,
    examples: Examples,
    means: [Vec<f64>; 2],
}

/// A point.
#[derive(Module, Debug)]
pub struct Point {
    theta: Param<Tensor<1>>,
}

impl QuadraticDeep {
    /// The problem of a seed.
    pub fn new(variant: &Variant) -> Self {
        let n = &mut Numbers::new(variant.seed, Draw::Weights, 0);
        let eigenvalues: Vec<f64> = (0..SIZE)
            .map(|i| match i {
                0..90 => n.unit(),
                _ => n.uniform(30.0, 60.0),
            })
            .collect();
        let basis = orthonormal(n);
        let entry = |i: usize, j: usize| -> f64 {
            let term = |(v, e): (&Vec<f64>, &f64)| e * v[i] * v[j];
            basis.iter().zip(&eigenvalues).map(term).sum()
        };
        let curvature = (0..SIZE * SIZE)
            .map(|k| entry(k / SIZE, k % SIZE) as f32)
            .collect();
        let draw = |draw| {
            let n = &mut Numbers::new(variant.seed, draw, 0);
            Examples::draw(EXAMPLES, |_| {
                let x: Vec<f64> = n.normals(SIZE).iter().map(|x| 0.6 * x).collect();
                (singles(&x), vec![0.0])
            })
        };
        let (examples, held_out) = (draw(Draw::Data), draw(Draw::HeldOut));
        Self {
            seed: variant.seed,
            curvature,
            means: [&examples, &held_out].map(mean),
            examples,
        }
    }

    /// ½(θ-m)ᵀQ(θ-m).
    fn gap(&self, theta: &[f64], mean: &[f64]) -> f64 {
        let d: Vec<f64> = theta.iter().zip(mean).map(|(t, m)| t - m).collect();
        let row = |i: usize| {
            let row = &self.curvature[i * SIZE..(i + 1) * SIZE];
            d[i] * row
                .iter()
                .zip(&d)
                .map(|(q, d)| f64::from(*q) * d)
                .sum::<f64>()
        };
        0.5 * (0..SIZE).map(row).sum::<f64>()
    }
}

/// The mean of the rows.
fn mean(examples: &Examples) -> Vec<f64> {
    let column = |i| examples.inputs().iter().skip(i).step_by(SIZE);
    let mean = |i| column(i).map(|&x| f64::from(x)).sum::<f64>() / EXAMPLES as f64;
    (0..SIZE).map(mean).collect()
}

/// Directions of unit length at right angles: normal vectors, made so one after another, twice.
fn orthonormal(n: &mut Numbers) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for _ in 0..SIZE {
        let mut v = n.normals(SIZE);
        for _ in 0..2 {
            for b in &basis {
                let along = dot(&v, b);
                v.iter_mut().zip(b).for_each(|(v, b)| *v -= along * b);
            }
        }
        let length = dot(&v, &v).sqrt();
        v.iter_mut().for_each(|v| *v /= length);
        basis.push(v);
    }
    basis
}

/// What every θ begins with.
const START: f32 = 1.0;

/// The mini-batch, and the matrix Q.
type WithCurvature = (Batch, Tensor<2>);

impl Problem for QuadraticDeep {
    type Model = Point;
    type Batch = WithCurvature;

    fn plan(&self) -> Plan {
        Plan::new(100 * (EXAMPLES / BATCH), BATCH)
    }

    fn model(&self, device: &Device) -> Point {
        Point {
            theta: Param::from_data([START; SIZE], device),
        }
    }

    fn batch(&self, step: usize, device: &Device) -> WithCurvature {
        let curvature = TensorData::new(self.curvature.clone(), [SIZE, SIZE]);
        let batch = self.examples.at(step, BATCH, self.seed).batch(device);
        (batch, Tensor::from_data(curvature, device))
    }

    fn losses(&self, model: &Point, (batch, curvature): &WithCurvature) -> Tensor<1> {
        let d = model.theta.val().unsqueeze::<2>() - batch.inputs.clone();
        let [count, _] = d.dims();
        let squares = d.clone().matmul(curvature.clone()) * d;
        squares.sum_dim(1).reshape([count]) * 0.5
    }

    fn evaluate(&self, model: &Point, _: &Device) -> Evaluation {
        let theta = host(model.theta.val());
        let [gap, held_out] = [0, 1].map(|i| self.gap(&theta, &self.means[i]));
        Evaluation {
            held_out: Some(held_out),
            ..Evaluation::loss(gap)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_is_zero_at_the_mean_and_the_curvature_is_the_spectrum() {
        let problem = QuadraticDeep::new(&Variant::nominal(1));
        assert_eq!(problem.gap(&problem.means[0], &problem.means[0]), 0.0);
        // The trace is the sum of the eigenvalues: 90·½ + 10·45, give or take.
        let trace: f32 = (0..SIZE).map(|i| problem.curvature[i * (SIZE + 1)]).sum();
        assert!((400.0..600.0).contains(&trace), "{trace}");
    }
}
