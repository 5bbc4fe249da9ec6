//! Points on two spirals, by linear layers.

use std::f64::consts::PI;

use crate::suite::family::{Family, Make};
use crate::suite::nets::MlpConfig;
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// Mini-batches of three sizes.
pub fn families() -> Vec<Family> {
    let family = |name, make| Family {
        name,
        group: "spirals",
        doc: "1000 points on two spirals, two hidden layers of 64",
        varies: true,
        make: Make::Scratch(make),
    };
    vec![
        family("spirals-8", |v| Box::new(spirals(8, 3000, v))),
        family("spirals-50", |v| Box::new(spirals(50, 2000, v))),
        family("spirals-250", |v| Box::new(spirals(250, 1500, v))),
    ]
}

pub(super) fn spirals(batch: usize, steps: usize, variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(64, 2, batch, steps).of(variant, Limits::CHEAP);
    let seed = variant.seed;
    let points = |draw, count| {
        let numbers = &mut Numbers::new(seed, draw, 0);
        Examples::draw(count, |i| point(i % 2, numbers)).scaled(shape.input_scale)
    };
    let wrong = &mut Numbers::new(seed, Draw::Labels, 0);
    let train = points(Draw::Data, 1000).mislabelled(shape.label_noise, 2, wrong);
    let held_out = points(Draw::HeldOut, 1000);
    Supervised::new(
        seed,
        shape,
        Loss::Classes(2),
        train,
        held_out,
        |shape, device| {
            MlpConfig::uniform(2, shape.width, shape.depth, 2)
                .with(shape.activation, shape.norm)
                .init(device)
        },
    )
}

/// A point on one of two interleaving spirals, each of which winds around the origin in two
/// opposite arms, with uniform noise to 0.03.
fn point(class: usize, n: &mut Numbers) -> (Vec<f32>, Vec<f32>) {
    let along = n.uniform(0.1, 1.0);
    let arm = PI * n.below(2) as f64;
    let angle = 1.5 * PI * along + arm + 0.5 * PI * class as f64;
    let mut noise = || n.uniform(-0.03, 0.03);
    let point = [along * angle.cos() + noise(), along * angle.sin() + noise()];
    (point.map(|x| x as f32).to_vec(), vec![class as f32])
}
