#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! - [`BertConfig`] reads `config.json`. [`Bert`] and [`BertClassifier`] are the model.
//!   [`Checkpoint`] loads `model.safetensors`, and [`Export`] writes a folder that `transformers`
//!   can read.
//! - [`Tokenizer`] reads a `tokenizer.json`, or makes a word-level tokenizer for a model that is
//!   trained from scratch.
//! - [`glue`] has the tasks: files, columns, labels, batches and metrics.
//! - [`sentences`] makes a small task by a grammar, for a model that is trained from scratch.
//! - [`UnitSplit`] splits a classifier of any depth into the paper's units, for a line search with
//!   one step size per unit.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod activation;
mod attention;
mod config;
mod config_file;
mod config_keys;
mod dropout;
mod embedding;
mod encoder;
mod error;
mod export;
mod files;
mod folder;
pub mod glue;
mod head;
mod keys;
mod model_type;
mod pooler;
mod pretrained;
mod quote;
mod rows;
pub mod sentences;
#[cfg(feature = "units")]
mod stages;
mod tokenize;
mod unit_sizes;
mod units;
mod weights;

pub use activation::Activation;
pub use attention::{Attention, SelfAttention, SelfOutput};
pub use config::BertConfig;
pub use embedding::Embeddings;
pub use encoder::{Bert, BertInput, Encoder, Intermediate, Layer, Output};
pub use error::BertError;
pub use export::Export;
pub use head::{BertClassifier, cross_entropies, squared_errors};
pub use keys::hugging_face_name;
pub use model_type::ModelType;
pub use pooler::Pooler;
pub use pretrained::{Checkpoint, LoadReport};
pub use rows::Packing;
#[cfg(feature = "units")]
pub use stages::Hidden;
pub use tokenize::{Encoded, Tokenizer};
pub use unit_sizes::UnitSize;
pub use units::UnitSplit;

// The types of `burn-sls-optim` for the units and the stages of a model.
#[cfg(feature = "units")]
pub use burn_sls_optim::{Stages, Units};
