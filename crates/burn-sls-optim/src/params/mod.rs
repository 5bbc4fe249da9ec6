//! Operations on the parameters of a module, keyed by parameter id.

mod autodiff_context;
mod axpy;
mod buffers;
#[cfg(feature = "learner")]
mod reparameterized;
mod trainable;
mod visit;

pub(crate) use autodiff_context::AutodiffContext;
pub(crate) use axpy::{axpy, take_step, trial_point};
pub(crate) use buffers::Buffers;
#[cfg(feature = "learner")]
pub(crate) use reparameterized::reparameterized;
pub(crate) use trainable::trainable;
pub(crate) use visit::{
    all_finite, any_nonzero, collect, collect_with, copy, differences, in_order, present,
    register_slopes,
};
