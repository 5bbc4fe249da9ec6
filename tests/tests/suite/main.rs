//! Tests across the crates, in one program: Burn is compiled for tests once.
//!
//! `device` holds what a backend may compute otherwise than another: these are the tests to run on
//! a new one. `host` holds those that are the same on all of them. A filter takes either, or one
//! subject: `device::`, `traces`.
//!
//! Whoever takes a device has its random generator until the test ends: see
//! `burn_sls_tests::device`.

mod device;
mod host;
