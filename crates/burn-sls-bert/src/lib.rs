//! BERT and RoBERTa in Hugging Face's layout for [Burn](burn), with the GLUE tasks.
//!
//! - [`BertConfig`] reads `config.json`; [`Bert`] and [`BertClassifier`] are the model, layer by
//!   layer what `transformers` computes; [`Checkpoint`] brings in `model.safetensors`, and
//!   [`Export`] writes a folder that `transformers` reads.
//! - [`Tokenizer`] wraps a `tokenizer.json`, or makes a word-level tokenizer for a model that is
//!   trained from scratch.
//! - [`glue`] knows the tasks: files, columns, labels, batches, metrics.
//! - [`UnitSplit`] splits a classifier of any depth into the paper's units, for a line search with a
//!   step size for each.
//!
//! No function here picks a device or a backend: the caller passes a [`Device`](burn::tensor::Device),
//! on an autodiff device the model trains.
//!
//! # Example
//!
//! ```no_run
//! use burn::tensor::Device;
//! use burn_sls_bert::glue::{self, Split, Task};
//! use burn_sls_bert::{Checkpoint, Tokenizer};
//!
//! # fn run(device: &Device) -> Result<(), burn_sls_bert::BertError> {
//! let checkpoint = Checkpoint::open("minilm")?;
//! let tokenizer = Tokenizer::from_file("minilm/tokenizer.json")?;
//! tokenizer.check_fits(checkpoint.config())?;
//! let pad = tokenizer.pad_id();
//!
//! let task = Task::Mrpc;
//! let rows = glue::read_split("glue", task, Split::Train)?;
//! let features = glue::encode(&rows.examples, &tokenizer, 128)?;
//!
//! let (model, report) = checkpoint.classifier(task.outputs(), device)?;
//! println!("{} tensors loaded, {} left aside", report.loaded.len(), report.unused.len());
//! let batch = glue::collate(&features[..32], pad, device);
//! let losses = batch.labels.losses(model.forward(&batch.input)); // [32]
//! # Ok(())
//! # }
//! ```

mod attention;
mod config;
mod config_file;
mod config_keys;
mod embedding;
mod encoder;
mod error;
mod export;
pub mod glue;
mod head;
mod keys;
mod model_type;
mod pooler;
mod pretrained;
mod rows;
#[cfg(feature = "units")]
mod stages;
mod tokenize;
mod units;
mod weights;

pub use attention::{Attention, SelfAttention, SelfOutput};
pub use config::{Activation, BertConfig};
pub use embedding::Embeddings;
pub use encoder::{Bert, BertInput, Encoder, Intermediate, Layer, Output};
pub use error::BertError;
pub use export::Export;
pub use head::{BertClassifier, cross_entropies, squared_errors};
pub use keys::hugging_face_name;
pub use model_type::ModelType;
pub use pooler::Pooler;
pub use pretrained::{Checkpoint, LoadReport, load_pretrained};
pub use rows::Packing;
#[cfg(feature = "units")]
pub use stages::Hidden;
pub use tokenize::{Encoded, Tokenizer};
pub use units::UnitSplit;
