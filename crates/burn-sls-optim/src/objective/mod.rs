//! The loss of an iteration as a function of the model.

mod devices;
mod evaluate;
mod losses;
mod replay;
mod self_check;
mod stages;

#[cfg(feature = "learner")]
pub(crate) use devices::message_of;
pub(crate) use devices::{Main, OnDevices, generator_turn, main_device, side_by_side, to_main};
pub(crate) use evaluate::{Costs, Objective};
pub(crate) use losses::{Losses, MicroBatch};
pub(crate) use replay::{draw_seed, prepare, seed_device, seed_devices};
pub use stages::Stages;
pub(crate) use stages::{StagePlan, forward};
