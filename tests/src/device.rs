//! The backend that the tests run on.

use burn::tensor::{DType, Device};
use clap::ValueEnum;
use glue::settings::DeviceName;

/// The device that `BURN_SLS_DEVICE` names; flex if it names none.
///
/// # Panics
///
/// If there is no device of that name, or the tests were built without it.
pub fn device() -> Device {
    let name = std::env::var("BURN_SLS_DEVICE").unwrap_or_else(|_| "flex".to_string());
    let device = DeviceName::from_str(&name, true)
        .map_err(|error| error.to_string())
        .and_then(|name| glue::device::open(name).map_err(|error| error.to_string()));
    device.unwrap_or_else(|error| panic!("BURN_SLS_DEVICE={name}: {error}"))
}

/// The same, or flex where the device has no numbers of 64 bits: for tests of what is decided and not of
/// what computes it.
pub fn double() -> Device {
    let device = device();
    match device.supports_dtype(DType::F64) {
        true => device,
        false => Device::flex(),
    }
}
