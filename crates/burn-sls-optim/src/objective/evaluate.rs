//! The loss of an iteration as a function of the model, with a count of its costs.

use burn::module::{Module, ParamId};
use burn::tensor::{DType, Tensor};
use burn_sls_core::{Comparison, Reductions};

use super::losses::{Losses, MicroBatch};
use crate::config::{LineSearchConfig, TrialMode};
use crate::error::LineSearchError;

/// The sum over micro-batches of their mean losses, as a function of the model.
pub(crate) struct Objective<'a, I, L> {
    batches: &'a [MicroBatch<I>],
    losses: L,
    /// Whether dropout is off in everything that is compared.
    pub(super) freeze: bool,
    /// The rounding error of a loss, where losses are compared example by example.
    rounding: Option<f64>,
    /// The size of a loss below which its rounding error does not become smaller.
    pub(crate) loss_scale: f64,
    /// The losses at `w_k`.
    pub(super) base: Vec<Vec<f64>>,
    costs: Costs,
    /// Whether any forward was made here.
    evaluated: bool,
}

/// The costs of an iteration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Costs {
    /// Forward passes, those of training included.
    pub(crate) forwards: usize,
    /// Forward passes, in parts, that were not made, since trials began where something had moved.
    pub(crate) saved: f64,
    pub(crate) backwards: usize,
    /// Blocking device reads.
    pub(crate) reads: usize,
}

/// The loss at `w_k`, and the sums that were read along with it.
pub(crate) struct Base {
    pub(crate) loss: f64,
    pub(crate) sums: Vec<f64>,
}

/// What a trial showed: the comparison with `w_k`, and the losses as tensors.
pub(crate) struct Tried {
    pub(crate) comparison: Comparison,
    pub(crate) losses: Vec<Tensor<1>>,
}

impl<'a, I, L> Objective<'a, I, L> {
    /// `trained` says whether the forward of training was part of this iteration.
    pub(crate) fn new(
        batches: &'a [MicroBatch<I>],
        losses: L,
        config: &LineSearchConfig,
        trained: bool,
    ) -> Self {
        Self {
            batches,
            losses,
            freeze: config.search.trial_mode == TrialMode::Deterministic,
            rounding: config.search.compared_by_example(),
            loss_scale: 1.0,
            base: Vec::new(),
            costs: Costs {
                forwards: if trained { batches.len() } else { 0 },
                backwards: batches.len(),
                ..Costs::default()
            },
            evaluated: false,
        }
    }

    /// How many micro-batches there are.
    pub(crate) fn batches(&self) -> usize {
        self.batches.len()
    }

    pub(crate) fn costs(&self) -> Costs {
        self.costs
    }

    /// Whether any forward was made beside those of training.
    pub(crate) fn has_evaluated(&self) -> bool {
        self.evaluated
    }

    /// Counts a device read that was made elsewhere.
    pub(crate) fn count_read(&mut self) {
        self.costs.reads += 1;
    }

    /// The loss at `w_k`, read together with `reductions`.
    pub(crate) fn reference<M: Module>(
        &mut self,
        model: &M,
        mut reductions: Reductions,
    ) -> Result<Base, LineSearchError>
    where
        L: Losses<M, I>,
    {
        let losses = match self.freeze {
            true => self.evaluate(&model.clone().freeze(), 0)?,
            false => self.batches.iter().map(|b| b.losses.clone()).collect(),
        };
        for losses in losses {
            let dtype = losses.dtype();
            if matches!(dtype, DType::F16 | DType::BF16) {
                return Err(LineSearchError::LossPrecision { dtype });
            }
            reductions.values(losses.inner());
        }
        self.costs.reads += 1;
        let read = reductions.read();
        if read.values.iter().any(Vec::is_empty) {
            return Err(LineSearchError::EmptyLoss);
        }
        self.base = read.values;
        Ok(Base {
            loss: total(&self.base),
            sums: read.sums,
        })
    }

    /// The mean size of a loss at `w_k`.
    pub(crate) fn magnitude(&self) -> f64 {
        let sizes = self
            .base
            .iter()
            .map(|losses| losses.iter().map(|loss| loss.abs()).sum::<f64>() / losses.len() as f64);
        sizes.sum::<f64>() / self.base.len() as f64
    }

    /// More sums at `w_k`, where the loss is known already.
    pub(crate) fn more(&mut self, reductions: Reductions) -> Vec<f64> {
        self.costs.reads += 1;
        reductions.read().sums
    }

    /// The first stage that uses any of these parameters.
    pub(crate) fn first_stage<M: Module>(&self, moved: impl Iterator<Item = ParamId>) -> usize
    where
        L: Losses<M, I>,
    {
        let stages = moved.map(|id| self.losses.stage_of(id));
        stages.min().unwrap_or(0)
    }

    /// The loss at a trial point, beside that at `w_k`, where nothing has moved before the stage
    /// `first`.
    pub(crate) fn trial<M: Module>(
        &mut self,
        model: &M,
        first: usize,
    ) -> Result<Tried, LineSearchError>
    where
        L: Losses<M, I>,
    {
        let losses = match self.freeze {
            // The hidden states that were kept of the training forward had dropout on.
            true => self.evaluate(&model.clone().freeze(), 0)?,
            false => self.evaluate(model, first)?,
        };
        let trial = self.read(&losses);
        let comparison = match self.rounding {
            Some(rounding) => {
                Comparison::of_examples(&self.base, &trial, rounding, self.loss_scale)
            }
            None => Comparison::of_means(total(&self.base), total(&trial)),
        };
        Ok(Tried { comparison, losses })
    }

    pub(super) fn read(&mut self, losses: &[Tensor<1>]) -> Vec<Vec<f64>> {
        let mut reductions = Reductions::new();
        for losses in losses {
            reductions.values(losses.clone().inner());
        }
        self.costs.reads += 1;
        reductions.read().values
    }

    /// The losses of every micro-batch, each with the random numbers of its training forward and
    /// in its shape.
    pub(super) fn evaluate<M: Module>(
        &mut self,
        model: &M,
        first: usize,
    ) -> Result<Vec<Tensor<1>>, LineSearchError>
    where
        L: Losses<M, I>,
    {
        self.evaluated = true;
        self.costs.forwards += self.batches.len();
        self.costs.saved += self.batches.len() as f64 * self.losses.before(first);
        let of_all = self.losses.of_all(model, self.batches, first)?;
        let in_shape = |(batch, losses): (&MicroBatch<I>, Tensor<1>)| {
            let (base, trial) = (batch.losses.dims()[0], losses.dims()[0]);
            match (base, trial) {
                _ if base == trial => Ok(losses),
                // The training forward gave their mean: take it by the same arithmetic.
                (1, 2..) => Ok(losses.mean()),
                _ => Err(LineSearchError::LossCount { base, trial }),
            }
        };
        self.batches.iter().zip(of_all).map(in_shape).collect()
    }
}

/// The sum over micro-batches of their mean losses, in f64.
pub(super) fn total(losses: &[Vec<f64>]) -> f64 {
    losses
        .iter()
        .map(|losses| losses.iter().sum::<f64>() / losses.len() as f64)
        .sum()
}
