//! Bars, marked bits, and tokens that appear again: problems that a linear model cannot solve.
//!
//! Each has two classes whose inputs have the same mean.

use burn::tensor::Device;

use crate::suite::family::{Family, Make};
use crate::suite::nets::{
    Activation, CellKind, CnnConfig, Net, Norm, Readout, RecurrentConfig, TransformerConfig,
    TransformerReadout,
};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// A convolutional, a recurrent and an attentive network.
pub fn families() -> Vec<Family> {
    let family = |name, doc, make| Family {
        name,
        group: "architectures",
        doc,
        varies: true,
        make: Make::Scratch(make),
    };
    vec![
        family(
            "bars",
            "the direction of a bar, two convolutions of 8 and 16 channels with BatchNorm",
            |v| Box::new(bars(v)),
        ),
        family(
            "marked-bits",
            "whether two marked bits of eight differ, an LSTM of 24",
            |v| Box::new(marked_bits(v)),
        ),
        family(
            "first-again",
            "whether the first of eight tokens appears again, a transformer of one layer",
            |v| Box::new(first_again(v)),
        ),
    ]
}

/// 2000 examples of both classes in turn to learn from, and 1000 held out.
fn problem<N: Net>(
    seed: u64,
    shape: Shape,
    example: impl Fn(usize, &mut Numbers) -> Vec<f32>,
    build: impl Fn(&Shape, &Device) -> N + 'static,
) -> Supervised<N> {
    let draw = |draw, count| {
        let n = &mut Numbers::new(seed, draw, 0);
        Examples::draw(count, |i| (example(i % 2, n), vec![(i % 2) as f32]))
    };
    let wrong = &mut Numbers::new(seed, Draw::Labels, 0);
    let train = draw(Draw::Data, 2000).mislabelled(shape.label_noise, 2, wrong);
    let held_out = draw(Draw::HeldOut, 1000);
    let problem = Supervised::new(seed, shape, Loss::Classes(2), train, held_out, build);
    problem.measuring(500)
}

/// Pixels along a side of the image.
const SIDE: usize = 12;
/// Pixels of the bar.
const BAR: usize = 5;

pub(super) fn bars(variant: &Variant) -> impl Problem + use<> {
    let nominal = Shape {
        norm: Norm::Batch,
        ..Shape::new(8, 2, 50, 400)
    };
    let limits = Limits {
        depth: 3,
        batch: 64,
    };
    let shape = nominal.of(variant, limits);
    let scale = shape.input_scale as f32;
    let example = move |class, n: &mut Numbers| {
        let image = bar(class, n);
        image.iter().map(|x| scale * x).collect()
    };
    problem(variant.seed, shape, example, |shape, device| {
        CnnConfig {
            image: (1, SIDE),
            channels: (0..shape.depth)
                .map(|i| shape.width * if i == 0 { 1 } else { 2 })
                .collect(),
            convolutions: 1,
            mean: true,
            hidden: 0,
            outputs: 2,
            activation: shape.activation,
            norm: shape.norm,
        }
        .init(device)
    })
}

/// A bar along one diagonal or the other, anywhere, with noise. It is as often dark as bright: the
/// mean of every pixel is 0, whatever the direction.
fn bar(class: usize, n: &mut Numbers) -> Vec<f32> {
    let mut image: Vec<f64> = (0..SIDE * SIDE).map(|_| n.uniform(-0.5, 0.5)).collect();
    let [top, left] = [n.below(SIDE - BAR + 1), n.below(SIDE - BAR + 1)];
    let ink = n.choose(&[-1.0, 1.0]);
    for i in 0..BAR {
        let across = [i, BAR - 1 - i][class];
        image[(top + i) * SIDE + left + across] += ink;
    }
    image.into_iter().map(|x| x as f32).collect()
}

/// Steps of a sequence of bits or tokens.
const LENGTH: usize = 8;

pub(super) fn marked_bits(variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(24, 1, 25, 1000).of(variant, Limits::COSTLY);
    problem(variant.seed, shape, bits, |shape, device| {
        RecurrentConfig {
            cell: CellKind::Lstm,
            sequence: (LENGTH, 2),
            hidden: shape.width,
            outputs: 2,
            readout: Readout::Last,
        }
        .init(device)
    })
}

/// Random bits of -1 or 1, each with a mark of 0 or 1. The class is whether the two marked bits
/// differ.
fn bits(class: usize, n: &mut Numbers) -> Vec<f32> {
    let mut bits: Vec<usize> = (0..LENGTH).map(|_| n.below(2)).collect();
    let mut places: Vec<usize> = (0..LENGTH).collect();
    n.shuffle(&mut places);
    let marked = &places[..2];
    bits[marked[0]] = bits[marked[1]] ^ class;
    (0..LENGTH)
        .flat_map(|place| {
            let mark = f32::from(u8::from(marked.contains(&place)));
            [[-1.0, 1.0][bits[place]], mark]
        })
        .collect()
}

/// Tokens there are.
const VOCABULARY: usize = 8;

pub(super) fn first_again(variant: &Variant) -> impl Problem + use<> {
    let nominal = Shape {
        activation: Activation::Gelu,
        ..Shape::new(32, 1, 32, 600)
    };
    let shape = nominal.of(variant, Limits::COSTLY);
    problem(variant.seed, shape, tokens, |shape, device| {
        TransformerConfig {
            vocabulary: VOCABULARY,
            length: LENGTH,
            width: shape.width,
            depth: shape.depth,
            outputs: 2,
            readout: TransformerReadout::First,
            activation: shape.activation,
            dropout: 0.0,
        }
        .init(device)
    })
}

/// Random tokens, of which one of the later ones is the first one again, or none is.
fn tokens(class: usize, n: &mut Numbers) -> Vec<f32> {
    let first = n.below(VOCABULARY);
    let mut tokens = vec![first];
    for _ in 1..LENGTH {
        tokens.push((first + 1 + n.below(VOCABULARY - 1)) % VOCABULARY);
    }
    if class == 1 {
        tokens[1 + n.below(LENGTH - 1)] = first;
    }
    tokens.into_iter().map(|token| token as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_is_in_the_example() {
        let n = &mut Numbers::new(1, Draw::Data, 0);
        for class in [0, 1] {
            let tokens = tokens(class, n);
            assert_eq!(usize::from(tokens[1..].contains(&tokens[0])), class);
            let bits = bits(class, n);
            let marked = bits.chunks(2).filter(|bit| bit[1] == 1.0);
            let sum: f32 = marked.map(|bit| bit[0]).sum();
            assert_eq!(usize::from(sum == 0.0), class);
        }
    }
}
