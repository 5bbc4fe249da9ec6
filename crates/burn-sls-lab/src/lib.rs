//! The laboratory: what optimizers are compared, judged and measured by.
//!
//! | command | room | what it does |
//! |---|---|---|
//! | `compare`, `report` | [`comparison`] | experiments: trainings of `glue`, tables and pictures |
//! | `problems` | [`suite`] | competitors on 140 training problems that nobody tuned on |
//! | `bench` | [`mod@bench`] | what a step costs on one device |
//! | `devices` | `devices` | what a step and a trial cost on several |
//!
//! [`processor`] says on what was measured. [`drive`] makes the runs of the first two, whatever they
//! train. Results are kept as files, and reports are made of the files alone.

pub mod bench;
pub mod cli;
pub mod comparison;
#[cfg(feature = "remote")]
pub mod devices;
pub mod drive;
pub mod error;
pub mod processor;
pub mod suite;
mod table;
