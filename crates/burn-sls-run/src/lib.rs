//! What a long training needs around Burn's `Learner`, and what it leaves behind.
//!
//! - [`device`]: backends by their names, and [`worker`]s in other processes.
//! - [`recorder`]: writes down every step and every epoch as a [`record`], and draws the [`plot`] of
//!   a run.
//! - [`batches`]: examples in an order that a resumed run meets again.
//! - [`checkpoints`] and [`files`]: whole or not there at all, each with its [`checksum`]; a
//!   [`claim`] keeps other programs out of a folder.
//! - [`progress`]: bars on a terminal, lines in a log; [`run_log`]: the logs of Burn's metrics.
//! - [`hub`]: models and data sets by their names on the Hugging Face hub.
//! - [`interrupt`], [`pipe`], [`file_limit`]: Ctrl-C, a reader that has gone, a limit on files.
//! - [`failure`], [`stopped`] and [`error`]: what ends a run early, in one sentence; [`shell`]:
//!   commands to copy.
//!
//! Nothing here knows what is trained: settings, data and model are the program's. Messages name
//! the options of `glue`: `--devices`, `--model` and `--data-dir`.

/// Whether flex uses AVX-512 where the processor has it: the feature `x86-v4`.
pub const AVX_512: bool = cfg!(feature = "x86-v4");

pub mod batches;
pub mod checkpoints;
pub mod checksum;
pub mod claim;
pub mod device;
pub mod error;
pub mod failure;
pub mod file_limit;
pub mod files;
pub mod hub;
pub mod interrupt;
pub mod pipe;
pub mod plot;
pub mod progress;
pub mod record;
pub mod recorder;
pub mod run_log;
pub mod shell;
pub mod stopped;
pub mod worker;

pub use error::RunError;
