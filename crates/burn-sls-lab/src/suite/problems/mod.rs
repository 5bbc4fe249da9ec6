//! The catalogue of problems.
//!
//! Sizes are such that a step of Adam mostly takes 0.03 to 5 ms on a core, and most runs have 400
//! to 5,000 steps: a few seconds. A pre-trained BERT takes longer: a minute or more.

use std::sync::LazyLock;

use crate::suite::family::Family;

mod architectures;
mod bert;
mod colours;
mod digits;
mod examples;
mod factorisation;
mod fine_tuning;
mod grammar;
mod lightbench;
mod loss;
mod mnist1d;
mod numbers;
mod quadratic_deep;
mod sentences;
mod sequences;
mod shape;
mod spirals;
mod supervised;
mod tabular;
mod text;

#[cfg(test)]
mod tests;

pub use examples::{Batch, Examples};
pub use loss::Loss;
pub use numbers::{Draw, Numbers};
pub use shape::{Limits, Shape};
pub use supervised::Supervised;

/// All families, in the order of tables. Some can be made [with files](crate::suite::files::Files) only.
pub fn families() -> &'static [Family] {
    static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
        let groups = [
            spirals::families(),
            mnist1d::families(),
            tabular::families(),
            digits::families(),
            colours::families(),
            architectures::families(),
            sequences::families(),
            text::families(),
            sentences::families(),
            grammar::families(),
            factorisation::families(),
            quadratic_deep::families(),
            fine_tuning::families(),
            lightbench::families(),
        ];
        groups.into_iter().flatten().collect()
    });
    &FAMILIES
}
