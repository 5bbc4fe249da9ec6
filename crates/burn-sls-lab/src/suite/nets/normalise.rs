//! Normalisation, or none.

use burn::module::Module;
use burn::nn::{
    BatchNorm, BatchNormConfig, GroupNorm, GroupNormConfig, LayerNorm, LayerNormConfig,
};
use burn::tensor::{Device, Tensor};

/// How features are normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Not at all.
    None,
    /// Over the features of an example. For images, over its channels and pixels together.
    Layer,
    /// Over the examples of a batch.
    Batch,
}

impl Norm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Layer, Self::Batch];
}

/// A layer that normalises, or does nothing.
#[derive(Module, Debug)]
pub struct Normalise {
    layer: Option<LayerNorm>,
    group: Option<GroupNorm>,
    batch: Option<BatchNorm>,
}

impl Normalise {
    /// For rows of `features` numbers.
    pub fn features(norm: Norm, features: usize, device: &Device) -> Self {
        Self {
            layer: (norm == Norm::Layer).then(|| LayerNormConfig::new(features).init(device)),
            group: None,
            batch: (norm == Norm::Batch).then(|| BatchNormConfig::new(features).init(device)),
        }
    }

    /// For signals and images of `channels` channels.
    pub fn channels(norm: Norm, channels: usize, device: &Device) -> Self {
        Self {
            layer: None,
            group: (norm == Norm::Layer).then(|| GroupNormConfig::new(1, channels).init(device)),
            batch: (norm == Norm::Batch).then(|| BatchNormConfig::new(channels).init(device)),
        }
    }

    /// Normalises `[batch, features, ...]`.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match (&self.layer, &self.group, &self.batch) {
            (Some(layer), _, _) => layer.forward(x),
            (_, Some(group), _) => group.forward(x),
            (_, _, Some(batch)) => batch.forward(x),
            _ => x,
        }
    }
}
