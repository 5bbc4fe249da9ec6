//! The GLUE tasks: files, columns, labels, batches, metrics.
//!
//! GLUE: Wang et al., 2018, <https://arxiv.org/abs/1804.07461>; the data: <https://gluebenchmark.com>.

mod batch;
mod metrics;
mod task;
mod tsv;

pub use batch::{Features, GlueBatch, collate, encode, subset};
pub use metrics::{Metric, accuracy, f1, matthews};
pub use task::{Split, Task};
pub use tsv::{Example, read_split};
