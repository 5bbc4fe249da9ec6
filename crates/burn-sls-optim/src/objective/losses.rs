//! How losses come from a model and a micro-batch.

use burn::module::ParamId;
use burn::tensor::Tensor;

/// A micro-batch whose gradient is part of this iteration's.
#[derive(Clone, Debug)]
pub(crate) struct MicroBatch<I> {
    /// The input of the trials.
    pub(crate) item: I,
    /// The losses of the training forward, off the autodiff graph: `[batch]` or their mean `[1]`.
    pub(crate) losses: Tensor<1>,
    /// The seed that the device had before the training forward; none where nothing is replayed.
    pub(crate) seed: Option<u64>,
}

/// How the losses of a micro-batch come from a model: by a forward pass, or by the rest of one.
pub(crate) trait Losses<M, I> {
    /// The losses of a micro-batch, from the stage `first` on. The devices are seeded as they were
    /// before the training forward.
    fn losses(&self, model: &M, batch: &MicroBatch<I>, first: usize) -> Tensor<1>;

    /// The first stage that uses a parameter.
    fn stage_of(&self, _parameter: ParamId) -> usize {
        0
    }

    /// The part of a forward pass that lies before a stage.
    fn before(&self, _stage: usize) -> f64 {
        0.0
    }
}

/// A forward pass that is always made as a whole.
impl<M, I, F: Fn(&M, &I) -> Tensor<1>> Losses<M, I> for F {
    fn losses(&self, model: &M, batch: &MicroBatch<I>, _first: usize) -> Tensor<1> {
        self(model, &batch.item)
    }
}
