//! The finished runs of a comparison.

mod column;
mod compact;
mod lines;
pub(crate) mod renamed;
mod steps;

pub use column::Column;
#[cfg(test)]
pub(crate) use compact::tests::run as small_run;
pub use compact::{RESULTS, Run, read_results, write_results};
pub use steps::Steps;
