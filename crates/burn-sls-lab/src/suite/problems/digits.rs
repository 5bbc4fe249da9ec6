//! Images of digits, drawn from a font of 5 x 7 dots: two classifiers and an autoencoder.

use burn::tensor::Device;

use crate::suite::family::{Family, Make};
use crate::suite::nets::{CnnConfig, MlpConfig, Net};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// Two classifiers and an autoencoder.
pub fn families() -> Vec<Family> {
    let family = |name, group, doc, make| Family {
        name,
        group,
        doc,
        varies: true,
        make: Make::Scratch(make),
    };
    vec![
        family(
            "digits-mlp",
            "digits",
            "2000 drawn digits of 16 x 16 pixels, one hidden layer of 64",
            |v| Box::new(with_mlp(v)),
        ),
        family(
            "digits-cnn",
            "digits",
            "2000 drawn digits of 16 x 16 pixels, two convolutions of 8 channels",
            |v| Box::new(with_cnn(v)),
        ),
        family(
            "autoencoder",
            "autoencoder",
            "2000 drawn digits of 16 x 16 pixels through layers of 64, 16, 64",
            |v| Box::new(autoencoder(v)),
        ),
    ]
}

pub(super) fn with_mlp(variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(64, 1, 32, 1000).of(variant, Limits::CHEAP);
    classifier(variant.seed, shape, |shape, device| {
        MlpConfig::uniform(PIXELS, shape.width, shape.depth, 10)
            .with(shape.activation, shape.norm)
            .init(device)
    })
}

pub(super) fn with_cnn(variant: &Variant) -> impl Problem + use<> {
    let limits = Limits {
        depth: 3,
        batch: 64,
    };
    let shape = Shape::new(8, 2, 16, 600).of(variant, limits);
    classifier(variant.seed, shape, |shape, device| {
        CnnConfig {
            image: (1, SIDE),
            channels: vec![shape.width; shape.depth],
            convolutions: 1,
            mean: false,
            hidden: 32,
            outputs: 10,
            activation: shape.activation,
            norm: shape.norm,
        }
        .init(device)
    })
}

fn classifier<N: Net>(
    seed: u64,
    shape: Shape,
    build: impl Fn(&Shape, &Device) -> N + 'static,
) -> Supervised<N> {
    let (train, held_out) = images(seed);
    let wrong = &mut Numbers::new(seed, Draw::Labels, 0);
    let train = train
        .scaled(shape.input_scale)
        .mislabelled(shape.label_noise, 10, wrong);
    let held_out = held_out.scaled(shape.input_scale);
    let problem = Supervised::new(seed, shape, Loss::Classes(10), train, held_out, build);
    problem.measuring(500)
}

/// The images as they are drawn, from themselves, through hidden layers of w, w/4, w. A variant
/// with noise has it in the inputs.
pub(super) fn autoencoder(variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(64, 3, 32, 1500).of(variant, Limits::CHEAP);
    let (train, held_out) = images(variant.seed);
    let itself = |set: Examples, n: &mut Numbers| {
        Examples::draw(set.count(), |i| {
            let image = &set.inputs()[i * PIXELS..(i + 1) * PIXELS];
            let mut noise = || (shape.label_noise * n.normal()) as f32;
            let inputs = image.iter().map(|x| x + noise()).collect();
            (inputs, image.to_vec())
        })
        .scaled(shape.input_scale)
    };
    let noise = &mut Numbers::new(variant.seed, Draw::Labels, 0);
    let (train, held_out) = (itself(train, noise), itself(held_out, noise));
    let problem = Supervised::new(
        variant.seed,
        shape,
        Loss::Square,
        train,
        held_out,
        |shape, device| {
            let width = shape.width;
            MlpConfig::new(&[PIXELS, width, width / 4, width, PIXELS])
                .with(shape.activation, shape.norm)
                .init(device)
        },
    );
    problem.measuring(500)
}

/// Pixels along a side.
const SIDE: usize = 16;
const PIXELS: usize = SIDE * SIDE;

/// Ten digits of seven rows of five dots, the highest bit on the left.
const FONT: [[u8; 7]; 10] = [
    [
        0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110,
    ],
    [
        0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b00001, 0b00010, 0b00100, 0b01000, 0b11111,
    ],
    [
        0b11111, 0b00010, 0b00100, 0b00010, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010,
    ],
    [
        0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100,
    ],
];

/// 2000 images to learn from and 1000 held out, standardised together, each digit as often.
fn images(seed: u64) -> (Examples, Examples) {
    let n = &mut Numbers::new(seed, Draw::Data, 0);
    let all = Examples::draw(3000, |i| (image(i % 10, n), vec![(i % 10) as f32]));
    all.standardised(false, false).split(2000)
}

/// A digit of 1.3 to 2 pixels a dot, rotated by up to 0.3 rad, shifted by up to 2 pixels, with
/// noise of 0.15.
fn image(digit: usize, n: &mut Numbers) -> Vec<f32> {
    let size = n.uniform(1.3, 2.0);
    let (sin, cos) = n.uniform(-0.3, 0.3).sin_cos();
    let centre = SIDE as f64 / 2.0;
    let centre = [0; 2].map(|_| centre + n.uniform(-2.0, 2.0));
    let ink = n.uniform(0.7, 1.3);
    let mut pixels = Vec::with_capacity(PIXELS);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let down = (row as f64 + 0.5 - centre[0]) / size;
            let right = (column as f64 + 0.5 - centre[1]) / size;
            let at = [
                cos * down - sin * right + 3.5,
                sin * down + cos * right + 2.5,
            ];
            pixels.push((ink * dots(digit, at) + 0.15 * n.normal()) as f32);
        }
    }
    pixels
}

/// The darkness of a digit at a place, in dots from the upper left corner, interpolated between the
/// centres of dots.
fn dots(digit: usize, at: [f64; 2]) -> f64 {
    let dot = |row: i64, column: i64| {
        let inside = (0..7).contains(&row) && (0..5).contains(&column);
        f64::from(u8::from(
            inside && (FONT[digit][row as usize] >> (4 - column)) & 1 == 1,
        ))
    };
    let [row, column] = at.map(|x| (x - 0.5).floor());
    let [down, right] = [at[0] - 0.5 - row, at[1] - 0.5 - column];
    let (row, column) = (row as i64, column as i64);
    (1.0 - down) * ((1.0 - right) * dot(row, column) + right * dot(row, column + 1))
        + down * ((1.0 - right) * dot(row + 1, column) + right * dot(row + 1, column + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_is_its_dots_at_their_centres() {
        let row: Vec<f64> = (0..5).map(|i| dots(4, [4.5, i as f64 + 0.5])).collect();
        assert_eq!(row, [1.0; 5]);
        assert_eq!(dots(1, [0.5, 2.0]), 0.5);
        assert_eq!(dots(1, [-3.0, 9.0]), 0.0);
    }
}
