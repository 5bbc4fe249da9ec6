//! Decisions, files and texts, which are the same on every backend, and what computes in 64 bits or
//! on flex alone.

mod baselines;
mod beyond;
mod book;
mod choice;
mod faults;
mod house;
mod kernels;
mod large;
mod lower_bound;
mod metrics;
mod peers;
mod random_faults;
mod traps;
mod units;
