//! Sequences whose next number is to be told.

use crate::suite::family::{Family, Make};
use crate::suite::nets::{CellKind, Readout, RecurrentConfig};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers, singles};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// The problem.
pub fn families() -> Vec<Family> {
    vec![Family {
        name: "fibonacci",
        group: "sequences",
        doc: "the next number of noisy Fibonacci sequences, as they are, an LSTM of 32",
        varies: true,
        make: Make::Scratch(|v| Box::new(fibonacci(v))),
    }]
}

/// Numbers of a sequence.
const LENGTH: usize = 10;

/// As in Burn's example `modern-lstm`: the inputs and targets keep their magnitude, so the loss
/// starts in the thousands. A variant with label noise has it on targets, times ten.
pub(super) fn fibonacci(variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(32, 1, 32, 1000).of(variant, Limits::COSTLY);
    let sequences = |draw, count| {
        let n = &mut Numbers::new(variant.seed, draw, 0);
        Examples::draw(count, |_| sequence(n)).scaled(shape.input_scale)
    };
    let noise = &mut Numbers::new(variant.seed, Draw::Labels, 0);
    let train = sequences(Draw::Data, 1000).noisy(10.0 * shape.label_noise, noise);
    let held_out = sequences(Draw::HeldOut, 500);
    let problem = Supervised::new(
        variant.seed,
        shape,
        Loss::Square,
        train,
        held_out,
        |shape, device| {
            RecurrentConfig {
                cell: CellKind::Lstm,
                sequence: (LENGTH, 1),
                hidden: shape.width,
                outputs: 1,
                readout: Readout::Last,
            }
            .init(device)
        },
    );
    problem.measuring(500)
}

/// Two numbers of U(0, 1), and each further one the sum of the two before plus noise of 0.1. The
/// eleventh is the target.
fn sequence(n: &mut Numbers) -> (Vec<f32>, Vec<f32>) {
    let mut x = vec![n.unit(), n.unit()];
    for i in 2..=LENGTH {
        x.push(x[i - 1] + x[i - 2] + 0.1 * n.normal());
    }
    (singles(&x[..LENGTH]), singles(&x[LENGTH..]))
}
