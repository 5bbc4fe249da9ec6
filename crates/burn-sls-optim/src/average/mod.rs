//! Averages of weights: what a line search keeps beside the model, and averages for any optimizer.

mod bytes;
mod iterates;
mod models;
mod schedule_free;
mod schedule_free_record;
mod weight_average;
#[cfg(feature = "learner")]
mod wrapped;

pub(crate) use bytes::{take, take_u64};
pub(crate) use iterates::{Blend, Iterates};
pub use schedule_free::ScheduleFree;
pub use schedule_free_record::ScheduleFreeRecord;
pub use weight_average::WeightAverage;

#[cfg(all(test, feature = "learner"))]
mod tests;
