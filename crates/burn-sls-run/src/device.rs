//! Where a training computes: the backends that the program was built with, and workers elsewhere.

mod spec;

use burn::tensor::Device;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::error::RunError;

pub use spec::DeviceSpec;

/// The backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum DeviceName {
    Flex,
    Ndarray,
    Wgpu,
    Vulkan,
    Cuda,
}

impl DeviceName {
    /// Its word on the command line.
    pub fn word(self) -> String {
        let value = self.to_possible_value().expect("no backend is skipped");
        value.get_name().to_string()
    }
}

/// Opens a device by name.
///
/// # Errors
///
/// If the program was built without that backend.
pub fn open(name: DeviceName) -> Result<Device, RunError> {
    open_at(name, None)
}

/// Opens the devices of a training, the main one first.
///
/// # Errors
///
/// If the program was built without a backend, or a worker does not answer.
pub fn open_all(specs: &[DeviceSpec]) -> Result<Vec<Device>, RunError> {
    specs.iter().map(open_spec).collect()
}

/// Whether the devices of a training are built in.
///
/// # Errors
///
/// If the program was built without a backend, or without workers.
pub fn check(specs: &[DeviceSpec]) -> Result<(), RunError> {
    let here = specs.iter().filter(|spec| !spec.is_worker());
    here.map(open_spec)
        .try_for_each(|opened| opened.map(drop))?;
    #[cfg(not(feature = "remote"))]
    if let Some(worker) = specs.iter().find(|spec| spec.is_worker()) {
        open_spec(worker)?;
    }
    Ok(())
}

/// Opens one device of a training.
///
/// # Errors
///
/// As for [`open_all`].
pub fn open_spec(spec: &DeviceSpec) -> Result<Device, RunError> {
    match spec {
        DeviceSpec::Here(name, index) => open_at(*name, *index),
        #[cfg(feature = "remote")]
        DeviceSpec::Worker(address) => crate::worker::connect(address),
        #[cfg(not(feature = "remote"))]
        DeviceSpec::Worker(address) => Err(RunError::Usage(format!(
            "--devices names the worker {address}, and workers are not built in: {}",
            crate::worker::BUILD
        ))),
    }
}

fn open_at(name: DeviceName, index: Option<usize>) -> Result<Device, RunError> {
    if let Some(index) = index.filter(|_| name != DeviceName::Cuda) {
        let spec = DeviceSpec::Here(name, Some(index));
        return Err(RunError::Usage(format!(
            "`{spec}`: only cuda has devices by number; leave `:{index}` out"
        )));
    }
    match name {
        #[cfg(feature = "flex")]
        DeviceName::Flex => Ok(Device::flex()),
        // Burn will drop it in its next release; until then it stays a choice.
        #[cfg(feature = "ndarray")]
        #[allow(deprecated)]
        DeviceName::Ndarray => Ok(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        DeviceName::Wgpu => Ok(Device::wgpu(Default::default())),
        #[cfg(feature = "vulkan")]
        DeviceName::Vulkan => Ok(Device::vulkan(Default::default())),
        #[cfg(feature = "cuda")]
        DeviceName::Cuda => Ok(Device::cuda(index.unwrap_or(0))),
        #[allow(unreachable_patterns)]
        other => {
            let word = other.word();
            Err(RunError::Usage(format!(
                "the backend {word} is not built in: build the program with `--features {word}`"
            )))
        }
    }
}
