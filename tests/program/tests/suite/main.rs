//! The program from the command line to its files, and the parts of it that need no process of
//! their own.

#[cfg(feature = "hub")]
mod hub;
mod line_search;
mod models;
mod program;
mod settings;
mod tasks;
mod workers;
