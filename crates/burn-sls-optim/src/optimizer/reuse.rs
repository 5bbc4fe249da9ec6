//! An accepted trial that is the next step's training forward, where the mini-batch stays the same.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;

use crate::objective::MicroBatch;

/// An accepted trial: the losses at the point that was moved to, with their graph.
pub(super) struct Reusable {
    /// The losses of every micro-batch.
    pub(super) losses: Vec<Tensor<1>>,
    /// The seeds that they were made with.
    pub(super) seeds: Vec<Option<u64>>,
    /// Parameters with a gradient in the step that made the trial.
    pub(super) parameters: usize,
}

/// The training forwards of a step.
pub(super) struct Trained<K> {
    pub(super) batches: Vec<MicroBatch<K>>,
    pub(super) grads: GradientsParams,
    pub(super) run_seed: u64,
    /// Whether they are an accepted trial of the last step.
    pub(super) reused: bool,
    /// Whether to check that the loss is reproducible.
    pub(super) check: bool,
}

impl Reusable {
    /// The trial in place of the training forwards, if the model is its point. A model that has
    /// changed since does not have all of its gradients.
    pub(super) fn into_trained<'a, M: Module, I>(
        self,
        model: &M,
        batches: &'a [I],
        run_seed: u64,
    ) -> Option<Trained<&'a I>> {
        if self.losses.len() != batches.len() {
            return None;
        }
        let mut grads = GradientsAccumulator::new();
        let mut micro_batches = Vec::new();
        for ((item, losses), seed) in batches.iter().zip(self.losses).zip(self.seeds) {
            micro_batches.push(MicroBatch {
                item,
                losses: losses.clone().inner(),
                seed,
                device: None,
            });
            let gradients = GradientsParams::from_grads(losses.mean().backward(), model);
            grads.accumulate(model, gradients);
        }
        let grads = grads.grads();
        (grads.len() == self.parameters).then_some(Trained {
            batches: micro_batches,
            grads,
            run_seed,
            reused: true,
            check: false,
        })
    }
}
