//! A line search for your own training loop.

mod on_devices;
mod options;
mod own_loop;
mod record;
mod reuse;
mod step;

pub use options::StepOptions;
pub use own_loop::LineSearchOptimizer;
pub use record::LineSearchRecord;
pub use step::{Gradients, Step, StepWithAux};
