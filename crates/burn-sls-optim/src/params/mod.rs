//! Operations on the parameters of a module, keyed by parameter id.

mod autodiff_context;
mod axpy;
mod buffers;
mod visit;

pub(crate) use axpy::{axpy, take_step, trial_point};
pub(crate) use buffers::Buffers;
pub(crate) use visit::{any_nonzero, collect, copy, differences, present, register_slopes};
