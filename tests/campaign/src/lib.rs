//! Tests that run for as long as one lets them.
//!
//! [`fuzz`] sends changed files through every reader of the project. It runs on stable Rust: in the
//! place of a compiler's coverage, it keeps an input that gets an answer of a new kind.
//! [`steps`] trains a small model for a million steps.
#![forbid(unsafe_code)]

pub mod fuzz;
pub mod memory;
pub mod mutate;
pub mod steps;
pub mod targets;
