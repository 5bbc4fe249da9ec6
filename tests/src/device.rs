//! The backend that the tests run on.

use std::sync::OnceLock;

use burn::tensor::{DType, Device, Tensor, TensorData};
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

/// The same, or flex where the device does not compute in 64 bits: for tests of what is decided and not of what
/// computes it.
pub fn double() -> Device {
    static COMPUTES: OnceLock<bool> = OnceLock::new();
    let device = device();
    match *COMPUTES.get_or_init(|| computes_in_double(&device)) {
        true => device,
        false => Device::flex(),
    }
}

/// Asked by an example: a Vulkan driver may take numbers of 64 bits, and Vulkan's exponential be none of them.
fn computes_in_double(device: &Device) -> bool {
    if !device.supports_dtype(DType::F64) {
        return false;
    }
    let x = Tensor::<1>::from_data(TensorData::from([0.7f64]), (device, DType::F64));
    let x = x.exp().log().into_scalar::<f64>();
    (x - 0.7).abs() < 1e-12
}

/// The kinds of half precision that the device has.
pub fn halves() -> Vec<DType> {
    let device = device();
    let halves = [DType::F16, DType::BF16].into_iter();
    halves
        .filter(|&dtype| device.supports_dtype(dtype))
        .collect()
}
