//! The program `glue`: fine-tunes BERT on GLUE without a learning rate.
//!
//! It trains through Burn's own `Learner`. The program adds the data ([`data`], [`hub`],
//! [`sentences`], [`loader`]), the model as the `Learner` wants it ([`model`]), and the files it
//! leaves behind ([`recorder`], [`plot`]). Which optimizer trains is a few lines of [`train`], with
//! the settings that [`line_search`] makes, or one of [`baselines`]; [`units`] shows what has a
//! step size of its own. [`mod@bench`] measures what a step costs.

pub mod bench;
pub mod checkpoints;
pub mod checksum;
mod command;
pub mod compare;
pub mod data;
pub mod device;
pub mod error;
pub mod experiment;
pub mod file_limit;
pub mod hub;
pub mod interrupt;
pub mod line_search;
pub mod loader;
pub mod metrics;
pub mod model;
pub mod pipe;
pub mod plot;
pub mod pretrained;
pub mod progress;
pub mod recorder;
pub mod report;
pub mod results;
pub mod run_log;
pub mod saved;
pub mod schedule;
pub mod sentences;
pub mod settings;
pub mod train;
pub mod units;
#[cfg(feature = "remote")]
pub mod worker;

pub use burn_sls_baselines as baselines;
