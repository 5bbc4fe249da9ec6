//! The ways to make a step.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;

use super::options::StepOptions;
use super::own_loop::LineSearchOptimizer;
use super::reuse::{Reusable, Trained};
use crate::engine::Request;
use crate::error::{LineSearchError, StepError};
use crate::objective::{Losses, MicroBatch, Stages, forward};
use crate::report::StepReport;

/// The result of a step.
#[derive(Clone, Debug)]
pub struct Step<M> {
    /// The model after the step; as it was, where the report says that nothing was changed.
    pub model: M,
    /// What was decided, and what it cost.
    pub report: StepReport,
}

/// The result of [`LineSearchOptimizer::step_with_aux`].
#[derive(Clone, Debug)]
pub struct StepWithAux<M, A> {
    /// The model after the step.
    pub model: M,
    /// What was decided, and what it cost.
    pub report: StepReport,
    /// The second value of the training forward of every micro-batch.
    pub aux: Vec<A>,
}

/// Gradients of your own backward pass, and the losses that they are of.
pub struct Gradients {
    /// The gradients of the sum over micro-batches of their mean losses, clipped or changed as you
    /// like: slopes are taken along them.
    pub grads: GradientsParams,
    /// The losses of every micro-batch: one per example `[batch]`, or their mean `[1]`.
    pub losses: Vec<Tensor<1>>,
}

/// Losses that have gradients.
pub(super) fn tracked(losses: Tensor<1>) -> Result<Tensor<1>, LineSearchError> {
    match losses.dims()[0] {
        0 => Err(LineSearchError::EmptyLoss),
        _ if !losses.is_tracked() => Err(LineSearchError::NoGradient),
        _ => Ok(losses),
    }
}

impl LineSearchOptimizer {
    /// One iteration: forward, backward, search, move.
    ///
    /// `losses` evaluates the loss of the current mini-batch: one loss per example `[batch]`
    /// (preferred: they are averaged in f64), or their mean `[1]`. It is called once with the model
    /// itself, and with a gradient-free copy for each trial and for a
    /// [self-check](crate::SelfCheck). It must do the same each time.
    /// [`TrialMode`](crate::TrialMode) says how dropout is repeated.
    ///
    /// # Errors
    ///
    /// If the loss carries no gradient, is empty, changes its shape between calls or is not
    /// reproducible, and if the units do not cover the parameters. The optimizer is then as it was,
    /// and the error gives the model back.
    pub fn step<M: Module>(
        &mut self,
        model: M,
        losses: impl Fn(&M) -> Tensor<1>,
    ) -> Result<Step<M>, StepError<M>> {
        self.step_with(StepOptions::new(), model, &[()], |model, ()| losses(model))
    }

    /// A step with options, over one or several micro-batches: their gradients are added up, and
    /// the objective that is searched is the sum of their mean losses.
    ///
    /// `losses` evaluates the loss of one micro-batch. Each costs a forward pass per trial.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step); also if there is no micro-batch, or the factor is negative or not
    /// finite.
    pub fn step_with<M: Module, I>(
        &mut self,
        options: StepOptions,
        model: M,
        batches: &[I],
        losses: impl Fn(&M, &I) -> Tensor<1>,
    ) -> Result<Step<M>, StepError<M>> {
        let kept = self.reusable.take();
        let run_seed = self.engine.run_seed(&model);
        let kept = kept.and_then(|kept| kept.into_trained(&model, batches, run_seed));
        let (model, trained) = match kept {
            Some(mut trained) => {
                // Once, the trial is compared with a forward on this mini-batch: is it the same?
                trained.check = !std::mem::replace(&mut self.reuse_checked, true);
                (model, trained)
            }
            None => self.train(model, batches, |model, item, _| (losses(model, item), item))?,
        };
        let losses = |model: &M, item: &&I| losses(model, item);
        self.finish(options, model, trained, losses)
    }

    /// Like [`step_with`](Self::step_with), with a second value of every training forward, such as
    /// the logits for a metric. `losses` returns it beside the losses; those of trials are dropped.
    ///
    /// # Errors
    ///
    /// As [`step_with`](Self::step_with).
    pub fn step_with_aux<M: Module, I, A>(
        &mut self,
        options: StepOptions,
        model: M,
        batches: &[I],
        losses: impl Fn(&M, &I) -> (Tensor<1>, A),
    ) -> Result<StepWithAux<M, A>, StepError<M>> {
        let mut aux = Vec::new();
        let options = options.without_reuse();
        let trained = self.train(model, batches, |model, item, _| {
            let (losses, value) = losses(model, item);
            aux.push(value);
            (losses, item)
        });
        let (model, trained) = trained?;
        let losses = |model: &M, item: &&I| losses(model, item).0;
        let step = self.finish(options, model, trained, losses)?;
        Ok(StepWithAux {
            model: step.model,
            report: step.report,
            aux,
        })
    }

    /// Like [`step_with`](Self::step_with), for a model that is given in [`Stages`]: trials begin
    /// at the first stage of what is searched.
    ///
    /// # Errors
    ///
    /// As [`step_with`](Self::step_with).
    ///
    /// # Panics
    ///
    /// If the model has no stage.
    pub fn step_in_stages<M: Stages<I>, I>(
        &mut self,
        options: StepOptions,
        model: M,
        batches: &[I],
    ) -> Result<Step<M>, StepError<M>> {
        self.stages.cover(&model);
        let options = options.without_reuse();
        let (model, trained) = self.train(model, batches, forward)?;
        let stages = self.stages.clone();
        self.finish(options, model, trained, &stages)
    }

    /// Prepares a training forward of your own, for
    /// [`step_from_gradients`](Self::step_from_gradients): draws lazy parameters and, in the [trial
    /// mode](crate::TrialMode) `ReplayDropout`, seeds the devices, so that trials can repeat the
    /// forward's random numbers. Before the forward of a second micro-batch, call
    /// [`begin_batch`](Self::begin_batch).
    ///
    /// # Errors
    ///
    /// If no parameter asks for a gradient.
    pub fn begin<M: Module>(&mut self, model: &M) -> Result<(), LineSearchError> {
        self.begin_batch(model, 0)
    }

    /// Like [`begin`](Self::begin), for the micro-batch of this index.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn begin_batch<M: Module>(
        &mut self,
        model: &M,
        index: usize,
    ) -> Result<(), LineSearchError> {
        let run_seed = self.engine.run_seed(model);
        self.engine.prepare(model, run_seed, index)?;
        self.engine.begin(run_seed, index);
        Ok(())
    }

    /// A step from gradients that you have made yourself: after [`begin`](Self::begin), a forward
    /// and a backward pass, and whatever you do to the gradients, such as clipping them by their
    /// global norm.
    ///
    /// # Errors
    ///
    /// As [`step_with`](Self::step_with); also if there are not as many losses as micro-batches.
    pub fn step_from_gradients<M: Module, I>(
        &mut self,
        options: StepOptions,
        model: M,
        gradients: Gradients,
        batches: &[I],
        losses: impl Fn(&M, &I) -> Tensor<1>,
    ) -> Result<Step<M>, StepError<M>> {
        self.reusable = None;
        let Gradients {
            grads,
            losses: base,
        } = gradients;
        if base.len() != batches.len() || batches.is_empty() {
            let (losses, batches) = (base.len(), batches.len());
            let source = LineSearchError::LossesOfGradients { losses, batches };
            return Err(StepError { model, source });
        }
        let run_seed = self.engine.run_seed(&model);
        let kept = batches.iter().zip(base).enumerate();
        let kept = kept.map(|(index, (item, losses))| MicroBatch {
            item,
            losses: losses.inner(),
            seed: self.engine.batch_seed(run_seed, index),
            device: None,
        });
        let trained = Trained {
            batches: kept.collect(),
            grads,
            run_seed,
            reused: false,
            // Without `begin`, the trials cannot repeat the dropout masks of that forward.
            check: !self.engine.has_begun(batches.len()),
        };
        let options = options.without_reuse();
        let losses = |model: &M, item: &&I| losses(model, item);
        self.finish(options, model, trained, losses)
    }

    /// The training forwards of all micro-batches, with what `forward` keeps of each, and the sum
    /// of their gradients.
    fn train<'a, M: Module, I, K>(
        &mut self,
        model: M,
        batches: &'a [I],
        mut forward: impl FnMut(&M, &'a I, Option<u64>) -> (Tensor<1>, K),
    ) -> Result<(M, Trained<K>), StepError<M>> {
        self.reusable = None;
        let run_seed = self.engine.run_seed(&model);
        let mut kept = Vec::new();
        let (mut grads, mut sum) = (None, GradientsAccumulator::new());
        for (index, item) in batches.iter().enumerate() {
            let turn = self.engine.turn_of_model(&model);
            let seed = match self.engine.prepare(&model, run_seed, index) {
                Ok(seed) => seed,
                Err(source) => return Err(StepError { model, source }),
            };
            let (base, item) = forward(&model, item, seed);
            drop(turn);
            let base = match tracked(base) {
                Ok(base) => base,
                Err(source) => return Err(StepError { model, source }),
            };
            let losses = base.clone().inner();
            kept.push(MicroBatch {
                item,
                losses,
                seed,
                device: None,
            });
            let gradients = GradientsParams::from_grads(base.mean().backward(), &model);
            match batches.len() {
                1 => grads = Some(gradients),
                _ => sum.accumulate(&model, gradients),
            }
        }
        if kept.is_empty() {
            let source = LineSearchError::EmptyLoss;
            return Err(StepError { model, source });
        }
        let trained = Trained {
            batches: kept,
            grads: grads.unwrap_or_else(|| sum.grads()),
            run_seed,
            reused: false,
            check: false,
        };
        Ok((model, trained))
    }

    /// The search, and the move.
    pub(super) fn finish<M: Module, K>(
        &mut self,
        options: StepOptions,
        model: M,
        trained: Trained<K>,
        losses: impl Losses<M, K>,
    ) -> Result<Step<M>, StepError<M>> {
        let request = Request {
            run_seed: trained.run_seed,
            check: options.check || trained.check,
            reused: trained.reused,
            keep: options.same_batch,
        };
        let parameters = trained.grads.len();
        let stepped = self.engine.step(
            &mut self.optim,
            &options.factor,
            model,
            trained.grads,
            &trained.batches,
            losses,
            request,
        )?;
        let seeds = trained.batches.iter().map(|batch| batch.seed).collect();
        self.reusable = stepped.kept.map(|losses| Reusable {
            losses,
            seeds,
            parameters,
        });
        Ok(Step {
            model: stepped.model,
            report: stepped.report,
        })
    }
}
