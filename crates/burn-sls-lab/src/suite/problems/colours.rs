//! Colour images, by a small VGG with BatchNorm.

use crate::suite::family::{Family, Make};
use crate::suite::nets::{CnnConfig, Norm};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// The problem.
pub fn families() -> Vec<Family> {
    vec![Family {
        name: "vgg",
        group: "vgg",
        doc: "ten kinds of coloured shapes, three blocks of two convolutions with BatchNorm",
        varies: true,
        make: Make::Scratch(|v| Box::new(vgg(v))),
    }]
}

/// Channels of w, 2w, 4w with w = 8, and a hidden layer of 32.
pub(super) fn vgg(variant: &Variant) -> impl Problem + use<> {
    let nominal = Shape {
        norm: Norm::Batch,
        ..Shape::new(8, 3, 16, 400)
    };
    let limits = Limits {
        depth: 3,
        batch: 32,
    };
    let shape = nominal.of(variant, limits);
    let images = |draw, count| {
        let n = &mut Numbers::new(variant.seed, draw, 0);
        Examples::draw(count, |i| (image(i % 10, n), vec![(i % 10) as f32]))
            .scaled(shape.input_scale)
    };
    let wrong = &mut Numbers::new(variant.seed, Draw::Labels, 0);
    let train = images(Draw::Data, 1500).mislabelled(shape.label_noise, 10, wrong);
    let held_out = images(Draw::HeldOut, 300);
    let problem = Supervised::new(
        variant.seed,
        shape,
        Loss::Classes(10),
        train,
        held_out,
        |shape, device| {
            CnnConfig {
                image: (3, SIDE),
                channels: (0..shape.depth).map(|i| shape.width << i).collect(),
                convolutions: 2,
                mean: true,
                hidden: 4 * shape.width,
                outputs: 10,
                activation: shape.activation,
                norm: shape.norm,
            }
            .init(device)
        },
    );
    problem.measuring(300)
}

/// Pixels along a side.
const SIDE: usize = 12;

/// One of five shapes, filled with stripes that lie or stand: class 2·shape + direction. Shape and
/// ground have random colours, the stripes are darker by a third; size and place are random, with
/// noise of 0.2 on every channel.
fn image(class: usize, n: &mut Numbers) -> Vec<f32> {
    let (shape, standing) = (class / 2, class % 2 == 1);
    let mut colour = || [0; 3].map(|_| n.uniform(-1.0, 1.0));
    let (figure, ground) = (colour(), colour());
    let radius = n.uniform(3.5, 5.5);
    let centre = [0; 2].map(|_| SIDE as f64 / 2.0 + n.uniform(-1.5, 1.5));
    let mut pixels = vec![0.0; 3 * SIDE * SIDE];
    for row in 0..SIDE {
        for column in 0..SIDE {
            let down = (row as f64 + 0.5 - centre[0]) / radius;
            let right = (column as f64 + 0.5 - centre[1]) / radius;
            let line = if standing { column } else { row };
            let shade = if line % 2 == 0 { 1.0 } else { -1.0 };
            for channel in 0..3 {
                let value = match inside(shape, down, right) {
                    true => figure[channel] + 0.5 * shade,
                    false => ground[channel],
                };
                let at = (channel * SIDE + row) * SIDE + column;
                pixels[at] = (value + 0.2 * n.normal()) as f32;
            }
        }
    }
    pixels
}

/// Whether a place belongs to a square, a disc, a triangle, a cross or a ring, within [-1, 1]².
fn inside(shape: usize, down: f64, right: f64) -> bool {
    let (high, wide, radius) = (down.abs(), right.abs(), down.hypot(right));
    let square = high < 1.0 && wide < 1.0;
    match shape {
        0 => high < 0.85 && wide < 0.85,
        1 => radius < 1.0,
        2 => square && 2.0 * wide < down + 1.0,
        3 => square && high.min(wide) < 0.3,
        _ => (0.5..1.0).contains(&radius),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shapes_differ() {
        let corner = (0..5).map(|shape| inside(shape, 0.8, 0.8));
        assert_eq!(
            corner.collect::<Vec<_>>(),
            [true, false, true, false, false]
        );
        let centre = (0..5).map(|shape| inside(shape, 0.0, 0.0));
        assert_eq!(centre.collect::<Vec<_>>(), [true, true, true, true, false]);
    }
}
