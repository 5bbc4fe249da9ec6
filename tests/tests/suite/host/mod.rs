//! What is decided, read or written on the host, and what computes in 64 bits or on flex alone.

mod baselines;
mod bert_units;
mod beyond;
mod book;
mod choice;
mod faults;
mod guide;
mod kernels;
mod metrics;
mod mutations;
mod units;
