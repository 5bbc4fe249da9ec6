//! What depends on the backend: random numbers, sums, rounding, gradients, copies from and to the
//! device.

mod architectures;
mod average_any;
mod averaging;
mod backends;
mod dropout;
mod hf_parity;
mod optimizers;
mod oracle;
mod records;
mod saving;
mod stages;
mod threads;
mod traces;
mod trainers;
mod training;
mod traps;
mod workers;
