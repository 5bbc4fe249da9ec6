//! The loss of an iteration as a function of the model.

mod devices;
mod evaluate;
mod losses;
mod replay;
mod self_check;
mod stages;
mod turn;

#[cfg(feature = "learner")]
pub(crate) use devices::message_of;
pub(crate) use devices::{Main, OnDevices, main_device, side_by_side, to_main};
pub(crate) use evaluate::{Costs, Objective};
pub(crate) use losses::{Losses, MicroBatch};
pub(crate) use replay::{draw_seed, prepare, seed_device, seed_devices};
pub use stages::Stages;
pub(crate) use stages::{StagePlan, forward};
pub(crate) use turn::GeneratorTurn;
