//! The program from the command line to its files, and the parts of it that need no process of
//! their own.

mod bench;
#[cfg(feature = "hub")]
mod hub;
mod models;
mod program;
mod tasks;
mod workers;
