//! Units: which parameters share a step size.

mod assignment;
mod choice;
mod of_model;
mod partition;

pub(crate) use assignment::Assignment;
pub(crate) use choice::UnitRule;
pub use choice::{Searched, Turn, UnitChoice};
pub use partition::Units;
