//! How losses come from a model and micro-batches.

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};

use super::replay::seed_devices;
use super::turn::GeneratorTurn;
use crate::error::LineSearchError;

/// A micro-batch whose gradient is part of this iteration's.
#[derive(Clone, Debug)]
pub(crate) struct MicroBatch<I> {
    /// The input of the trials.
    pub(crate) item: I,
    /// The losses of the training forward, off the autodiff graph: `[batch]` or their mean `[1]`.
    pub(crate) losses: Tensor<1>,
    /// The seed that the device had before the training forward; none where nothing is replayed.
    pub(crate) seed: Option<u64>,
    /// Where the training forward was, if a worker made it.
    pub(crate) device: Option<Device>,
}

/// How the losses of a micro-batch come from a model: by a forward pass, or by the rest of one.
pub(crate) trait Losses<M: Module, I> {
    /// The losses of a micro-batch, from the stage `first` on. The devices are seeded as they were
    /// before the training forward.
    fn losses(&self, model: &M, batch: &MicroBatch<I>, first: usize) -> Tensor<1>;

    /// The losses of all micro-batches, each with the random numbers of its training forward.
    ///
    /// # Errors
    ///
    /// If a device other than the model's fails.
    fn of_all(
        &self,
        model: &M,
        batches: &[MicroBatch<I>],
        first: usize,
    ) -> Result<Vec<Tensor<1>>, LineSearchError> {
        Ok(one_by_one(self, model, batches, first))
    }

    /// The first stage that uses a parameter.
    fn stage_of(&self, _parameter: ParamId) -> usize {
        0
    }

    /// The part of a forward pass that lies before a stage.
    fn before(&self, _stage: usize) -> f64 {
        0.0
    }
}

/// The losses of all micro-batches on the model's device.
pub(crate) fn one_by_one<M: Module, I>(
    of: &(impl Losses<M, I> + ?Sized),
    model: &M,
    batches: &[MicroBatch<I>],
    first: usize,
) -> Vec<Tensor<1>> {
    let losses = batches.iter().map(|batch| {
        let _turn = GeneratorTurn::of_model(model, batch.seed.is_some());
        seed_devices(model, batch.seed);
        of.losses(model, batch, first)
    });
    losses.collect()
}

/// A forward pass that is always made as a whole.
impl<M: Module, I, F: Fn(&M, &I) -> Tensor<1>> Losses<M, I> for F {
    fn losses(&self, model: &M, batch: &MicroBatch<I>, _first: usize) -> Tensor<1> {
        self(model, &batch.item)
    }
}
