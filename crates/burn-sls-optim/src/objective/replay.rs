//! The same random numbers for every loss that is compared.
//!
//! Burn has one random generator per device, shared by everything that runs on it. Before the
//! training forward and before every trial it is seeded with the same number, so that dropout draws
//! the same masks.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Bool, Device, Distribution, Int, Tensor};
use burn_sls_core::random;

use super::turn::GeneratorTurn;
use crate::error::LineSearchError;

/// Makes a model ready for a training forward whose random numbers can be repeated.
///
/// Burn initialises a parameter when it is first used. If that happened within the forward, its
/// random numbers would come before those of dropout, and in a trial they would not: nothing is
/// left to initialise there. So lazy parameters are initialised first, with the user's random
/// numbers.
///
/// # Errors
///
/// If no parameter asks for a gradient.
pub(crate) fn prepare<M: Module>(model: &M) -> Result<(), LineSearchError> {
    #[derive(Default)]
    struct Initialize {
        trainable: bool,
    }
    impl ModuleVisitor for Initialize {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.base();
            self.trainable |= param.is_require_grad();
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            param.base();
        }
        fn visit_bool<const D: usize>(&mut self, param: &Param<Tensor<D, Bool>>) {
            param.base();
        }
    }
    let mut initialize = Initialize::default();
    model.visit(&mut initialize);
    match initialize.trainable {
        true => Ok(()),
        false => Err(LineSearchError::NoGradient),
    }
}

/// Seeds every device of the model, if there is a seed. It waits for the turn of another thread to
/// end, which would lose its random numbers.
pub(crate) fn seed_devices<M: Module>(model: &M, seed: Option<u64>) {
    if seed.is_some() {
        let devices = model.devices();
        let _turn = devices.first().and_then(GeneratorTurn::wait);
        devices.iter().for_each(|device| seed_device(device, seed));
    }
}

/// Seeds a device, if there is a seed.
pub(crate) fn seed_device(device: &Device, seed: Option<u64>) {
    if let Some(seed) = seed {
        device.seed(seed);
    }
}

/// A seed for a run, from the random numbers that the device would give next.
pub(crate) fn draw_seed(device: &Device) -> u64 {
    let _turn = GeneratorTurn::wait(device);
    let device = device.clone().inner();
    let drawn = Tensor::<1>::random([4], Distribution::Uniform(0.0, 1.0), &device);
    // 24 bits each, which is what a uniform f32 has.
    let drawn: Vec<f64> = drawn.into_data().iter().collect();
    let bits = drawn.into_iter().map(|x| (x * 16_777_216.0) as u64);
    bits.fold(0, |seed, bits| random::seed(seed, bits, 0))
}
