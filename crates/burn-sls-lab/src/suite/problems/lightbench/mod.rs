//! LightBench's problems, one attempt each.
//!
//! Source: <https://github.com/HomebrewML/LightBench>. Made from the formulas, with their levels
//! and thresholds, but with the generator of this project and in single precision. What differs:
//!
//! * A run has 5,000 steps, 2,000 where vectors are long, and 1,000 for the networks. The
//!   original's have 100,000, and up to 1,000 attempts with other learning rates. Here is one.
//! * A run passes when one of its 250 evaluations does, 25 for the networks; the original's by the
//!   loss of any step.
//! * A problem that is passed at a root mean square of the error (RMS) is measured by the mean
//!   square, and its threshold is squared. Others are measured by their loss: under masks by its
//!   expectation, so that a lucky mask does not pass; with a moving target by that of the next
//!   step.
//! * A problem's clock and noise belong to the step: a trial does not advance them.
//! * Marked bits: two different places of every sequence are marked, as the problem is described.
//!   The original's code marks the places of all sequences of the batch in each. The mini-batch
//!   has 64 sequences instead of 256 and the lengths end at 16 of 96, those of the xor of two
//!   sequences at 9 of 14: the longer ones take minutes on a core.
//! * The sum modulo 64 is of two numbers, without a threshold and counted elsewhere: 20,000 steps
//!   of Adam end at a loss of 0.7, far from the original's 1e-8.
//! * Left out: losses that can fall below 0 (saddle point, minimax, quadratic flip), gradients
//!   that are not those of the loss (adversarial, delayed, quantised), thresholds that noise keeps
//!   out of reach, and the problems with images and text, which other families stand for.

use crate::suite::family::Family;

mod formula;
mod noisy;
mod plane;
mod scales;
mod xor;

#[cfg(test)]
mod tests;

/// The group of every family here.
const GROUP: &str = "lightbench";

/// One level of a problem: its name, what it is, and how it is made.
macro_rules! level {
    ($name:literal, $doc:literal, $make:expr) => {
        $crate::suite::family::Family {
            name: $name,
            group: $crate::suite::problems::lightbench::GROUP,
            doc: $doc,
            varies: false,
            make: $crate::suite::family::Make::Scratch(|v| Box::new($make(v))),
        }
    };
}

/// The levels of a problem from the trivial one: `name/1` with the first parameter, and so on.
macro_rules! levels {
    ($doc:literal, $make:expr, $($name:literal: $parameter:expr),+ $(,)?) => {
        vec![$($crate::suite::family::Family {
            name: $name,
            group: $crate::suite::problems::lightbench::GROUP,
            doc: $doc,
            varies: false,
            make: $crate::suite::family::Make::Scratch(|v| Box::new($make($parameter, v))),
        }),+]
    };
}

use {level, levels};

/// All levels of all problems.
pub fn families() -> Vec<Family> {
    let groups = [
        plane::families(),
        scales::families(),
        noisy::families(),
        xor::families(),
    ];
    groups.into_iter().flatten().collect()
}
