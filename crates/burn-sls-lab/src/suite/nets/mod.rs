//! Networks that problems are made of.
//!
//! Each takes a matrix of numbers, a row for an example, whatever the row means: coordinates, the
//! pixels of an image, the numbers of the tokens of a sentence. So one kind of problem serves all.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::activation::{gelu, relu, silu, tanh};
use burn::tensor::{Device, Tensor};

mod cnn;
mod mlp;
mod normalise;
mod recurrent;
mod signal;
mod transformer;

pub use cnn::{Cnn, CnnConfig};
pub use mlp::{Mlp, MlpConfig};
pub use normalise::{Norm, Normalise};
pub use recurrent::{Cell, CellKind, Readout, Recurrent, RecurrentConfig};
pub use signal::{SignalCnn, SignalCnnConfig};
pub use transformer::{Transformer, TransformerConfig, TransformerReadout};

/// A network from rows of numbers to rows of numbers.
pub trait Net: Module + Clone + 'static {
    /// The outputs `[batch, outputs]` of the inputs `[batch, numbers]`.
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2>;
}

/// The function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// x·Φ(x), with the error function.
    Gelu,
    /// The hyperbolic tangent.
    Tanh,
    /// x·σ(x).
    Silu,
    /// The number itself: the network is linear.
    Linear,
}

impl Activation {
    /// Those that variants have.
    pub const ALL: [Self; 4] = [Self::Relu, Self::Gelu, Self::Tanh, Self::Silu];

    /// Of every number.
    pub fn apply<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => relu(x),
            Self::Gelu => gelu(x),
            Self::Tanh => tanh(x),
            Self::Silu => silu(x),
            Self::Linear => x,
        }
    }
}

/// The network that `build` makes, with weights drawn from `seed` by the layers' own initialisers.
/// Then every matrix and kernel is multiplied by `scale`; biases and gains are as they were.
pub fn initialised<M: Module>(
    seed: u64,
    scale: f64,
    device: &Device,
    build: impl FnOnce(&Device) -> M,
) -> M {
    device.seed(seed);
    build(device).map(&mut Scale(scale))
}

/// Draws the parameters, which are lazy, and scales those with two or more dimensions.
struct Scale(f64);

impl ModuleMapper for Scale {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let _ = param.val();
        if D < 2 || self.0 == 1.0 {
            return param;
        }
        param.map(|tensor| {
            let trained = tensor.is_require_grad();
            (tensor.detach() * self.0)
                .detach()
                .set_require_grad(trained)
        })
    }
}
