//! The backend that the tests run on.
//!
//! A backend has one random generator for the whole process, and every step of a line search seeds
//! it. A test that runs beside another would draw the other's numbers: so whoever takes a device
//! here has the generator to itself until its thread ends, which for a test is its own end. Others
//! wait. `clippy.toml` refuses the ways around.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_sls_run::device::{DeviceName, open};
use clap::ValueEnum;

/// The device that `BURN_SLS_DEVICE` names, or flex if it names none, once no other thread has a
/// device.
///
/// A thread that a test starts must be handed its device: if it asked here, it would wait for the
/// test for ever.
///
/// # Panics
///
/// If there is no device of that name, or the tests were built without it.
pub fn device() -> Device {
    wait_for_turn();
    let name = std::env::var("BURN_SLS_DEVICE").unwrap_or_else(|_| "flex".to_string());
    let device = DeviceName::from_str(&name, true)
        .map_err(|error| error.to_string())
        .and_then(|name| open(name).map_err(|error| error.to_string()));
    device.unwrap_or_else(|error| panic!("BURN_SLS_DEVICE={name}: {error}"))
}

/// Flex, whatever is tested, once no other thread has a device.
#[expect(clippy::disallowed_methods, reason = "this is the way that is allowed")]
pub fn flex() -> Device {
    wait_for_turn();
    Device::flex()
}

/// Waits until no other thread has a device, and keeps them waiting until this thread ends.
fn wait_for_turn() {
    static TURN: Mutex<()> = Mutex::new(());
    thread_local! {
        // A test that failed has left nothing behind that the next one could not seed again.
        static HELD: MutexGuard<'static, ()> = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    }
    HELD.with(|_| ());
}

/// As [`device`], or flex where the device does not compute in 64 bits: for tests of
/// decisions, whatever computes them.
pub fn double() -> Device {
    static COMPUTES: OnceLock<bool> = OnceLock::new();
    let device = device();
    match *COMPUTES.get_or_init(|| computes_in_double(&device)) {
        true => device,
        false => flex(),
    }
}

/// Asked by an example: a Vulkan driver may take numbers of 64 bits, and Vulkan's exponential be
/// none of them.
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
