//! What depends on the backend: random numbers, sums, rounding, gradients, copies from and to the device.

mod architectures;
mod backends;
mod embeddings;
mod faces;
mod hf_parity;
mod optimizers;
mod oracle;
mod records;
mod reductions;
mod saving;
mod stages;
mod traces;
mod training;
