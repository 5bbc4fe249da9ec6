//! What the tests across the crates share: small models, and the problems they learn.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use burn_sls_optim::Preset;

pub mod architectures;
pub mod bert;
pub mod book;
pub mod classifier;
mod device;
pub mod network;
pub mod plain;
pub mod point;
pub mod published;
pub mod trace;
pub mod trainer;

pub use device::{device, double, flex, halves};

/// The presets that models are trained with: what they promise, both keep.
pub const TRAINING: [Preset; 2] = [Preset::Default, Preset::Amortized];

/// The bits of every parameter of a module, in order.
pub fn bits<M: Module>(module: &M) -> Vec<u64> {
    struct Bits(Vec<u64>);
    impl ModuleVisitor for Bits {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let data = param.val().into_data();
            self.0.extend(data.iter::<f64>().map(f64::to_bits));
        }
    }
    let mut bits = Bits(Vec::new());
    module.visit(&mut bits);
    bits.0
}
