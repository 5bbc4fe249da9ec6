//! Decisions, files and texts, which are the same on every backend, and what computes in 64 bits or
//! on flex alone.

mod baselines;
mod beyond;
mod book;
mod choice;
mod directions;
mod faults;
mod house;
mod inlined;
mod kernels;
mod large;
mod lower_bound;
mod magnitudes;
mod metrics;
mod peers;
mod points;
mod random_faults;
mod same_batch;
mod sources;
mod traps;
mod units;
