//! A line search for your own training loop.

mod among;
mod exchange;
mod on_devices;
mod options;
mod own_loop;
mod peers;
mod record;
mod reuse;
mod step;

pub use options::StepOptions;
pub use own_loop::LineSearchOptimizer;
pub use peers::{Peers, PeersError};
pub use record::LineSearchRecord;
pub use step::{Gradients, Step, StepWithAux};
