//! The rules of an iteration: one rule, one file, one equation.
//!
//! A rule is a setting that implements [`rule::Rule`]. `plan.rs` lists the rules of a configuration
//! in the order in which they are asked: a new rule is a new file and a line there.

mod agreement;
pub(crate) mod averaging;
mod cap;
mod hypergradient;
mod losses;
mod plan;
pub(crate) mod plateau;
pub(crate) mod published;
mod rule;
pub(crate) mod schedule;
mod start;
mod units;

pub(crate) use plan::{observe, plan, scale};
