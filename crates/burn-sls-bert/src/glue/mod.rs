//! The GLUE tasks: files, columns, labels, batches and metrics.
//!
//! GLUE is from Wang et al., 2018, <https://arxiv.org/abs/1804.07461>. Its data is at
//! <https://gluebenchmark.com>.

mod batch;
mod correlation;
mod either;
mod expected;
mod foreign;
mod hub_files;
mod label;
mod metrics;
#[cfg(feature = "parquet")]
mod parquet;
mod sample;
mod task;
mod tsv;

#[cfg(feature = "parquet")]
pub use self::parquet::read_hub_split;
pub use batch::{Features, GlueBatch, collate, encode};
pub use correlation::{pearson, spearman};
pub use either::{has_split, read_split_of_either};
pub use hub_files::hub_files;
pub use label::{Label, Labels};
pub use metrics::{Metric, accuracy, f1, matthews};
pub use sample::{balanced_subset, subset};
pub use task::{Split, Target, Task};
pub use tsv::{CutShort, Example, Rows, read_split};
