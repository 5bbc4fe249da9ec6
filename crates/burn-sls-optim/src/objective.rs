//! The loss of an iteration as a function of the model, counting what it costs.

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, DType, Device, Int, Tensor};
use burn_sls_core::{Comparison, Reductions};

use crate::config::{LineSearchConfig, TrialMode};
use crate::error::LineSearchError;

/// A micro-batch whose gradient is part of this iteration's.
#[derive(Clone, Debug)]
pub(crate) struct MicroBatch<I> {
    /// What the trials evaluate the loss on.
    pub(crate) item: I,
    /// The losses of the training forward, off the autodiff graph: `[batch]` or their mean `[1]`.
    pub(crate) losses: Tensor<1>,
    /// The seed that the device had before the training forward.
    pub(crate) seed: u64,
}

/// Makes a model ready for a training forward whose random numbers can be repeated.
///
/// Burn draws a fresh parameter where it is first used. Drawn within the forward, it would take the
/// first of the random numbers that dropout sees again in a trial, where nothing is left to draw; and
/// every model would begin with the numbers of our seed, not those of its user. So they are drawn now.
///
/// # Errors
///
/// If no parameter asks for a gradient.
pub(crate) fn prepare<M: Module>(model: &M, seed: u64) -> Result<(), LineSearchError> {
    #[derive(Default)]
    struct Draw {
        trainable: bool,
    }
    impl ModuleVisitor for Draw {
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
    let mut draw = Draw::default();
    model.visit(&mut draw);
    seed_devices(model, seed);
    match draw.trainable {
        true => Ok(()),
        false => Err(LineSearchError::NoGradient),
    }
}

/// Seeds every device that the model lives on.
pub(crate) fn seed_devices<M: Module>(model: &M, seed: u64) {
    for device in model.devices() {
        Device::seed(&device, seed);
    }
}

/// How the losses of a micro-batch come from a model: by a forward pass, or by the rest of one.
pub(crate) trait Losses<M, I> {
    /// The losses of a micro-batch, from the stage `first` on. The devices are seeded as they were before
    /// the training forward.
    fn losses(&self, model: &M, batch: &MicroBatch<I>, first: usize) -> Tensor<1>;

    /// The first stage that a parameter has a part in.
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

/// The sum over micro-batches of their mean losses, as a function of the model.
pub(crate) struct Objective<'a, I, L> {
    batches: &'a [MicroBatch<I>],
    losses: L,
    /// Whether dropout is off in everything that is compared.
    freeze: bool,
    /// The rounding error of a loss, where losses are compared example by example.
    rounding: Option<f64>,
    /// The losses at `w_k`.
    base: Vec<Vec<f64>>,
    /// Forward passes, those of training included.
    pub(crate) forwards: usize,
    /// Forward passes, in parts, that were not made, since trials began where something had moved.
    pub(crate) saved: f64,
    /// Blocking device reads.
    pub(crate) reads: usize,
}

/// The loss at `w_k`, and the sums that were read along with it.
pub(crate) struct Base {
    pub(crate) loss: f64,
    pub(crate) sums: Vec<f64>,
}

impl<'a, I, L> Objective<'a, I, L> {
    pub(crate) fn new(batches: &'a [MicroBatch<I>], losses: L, config: &LineSearchConfig) -> Self {
        Self {
            batches,
            losses,
            freeze: config.trial_mode == TrialMode::Deterministic,
            rounding: config.compared_by_example(),
            base: Vec::new(),
            forwards: batches.len(),
            saved: 0.0,
            reads: 0,
        }
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
            true => self.evaluate(model.clone().freeze(), 0)?,
            false => self.batches.iter().map(|b| b.losses.clone()).collect(),
        };
        for losses in losses {
            let dtype = losses.dtype();
            if matches!(dtype, DType::F16 | DType::BF16) {
                return Err(LineSearchError::LossPrecision { dtype });
            }
            reductions.values(losses);
        }
        self.reads += 1;
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

    /// More sums at `w_k`, where the loss is known already.
    pub(crate) fn more(&mut self, reductions: Reductions) -> Vec<f64> {
        self.reads += 1;
        reductions.read().sums
    }

    /// The first stage that anything of these parameters has a part in.
    pub(crate) fn first_stage<M>(&self, moved: impl Iterator<Item = ParamId>) -> usize
    where
        L: Losses<M, I>,
    {
        let stages = moved.map(|id| self.losses.stage_of(id));
        stages.min().unwrap_or(0)
    }

    /// The loss at a trial point, beside that at `w_k`, where nothing has moved before the stage `first`.
    pub(crate) fn trial<M: Module>(
        &mut self,
        model: M,
        first: usize,
    ) -> Result<Comparison, LineSearchError>
    where
        L: Losses<M, I>,
    {
        // What was kept of the training forward had dropout on.
        let (model, first) = match self.freeze {
            true => (model.freeze(), 0),
            false => (model, first),
        };
        let mut reductions = Reductions::new();
        for losses in self.evaluate(model, first)? {
            reductions.values(losses);
        }
        self.reads += 1;
        let trial = reductions.read().values;
        Ok(match self.rounding {
            Some(rounding) => Comparison::of_examples(&self.base, &trial, rounding),
            None => Comparison::of_means(total(&self.base), total(&trial)),
        })
    }

    /// The losses of every micro-batch, each with the random numbers of its training forward and
    /// in its shape.
    fn evaluate<M: Module>(
        &mut self,
        model: M,
        first: usize,
    ) -> Result<Vec<Tensor<1>>, LineSearchError>
    where
        L: Losses<M, I>,
    {
        self.forwards += self.batches.len();
        self.saved += self.batches.len() as f64 * self.losses.before(first);
        let evaluate = |batch: &MicroBatch<I>| {
            seed_devices(&model, batch.seed);
            let losses = self.losses.losses(&model, batch, first).inner();
            let (base, trial) = (batch.losses.dims()[0], losses.dims()[0]);
            match (base, trial) {
                _ if base == trial => Ok(losses),
                // The training forward gave their mean: take it by the same arithmetic.
                (1, 2..) => Ok(losses.mean()),
                _ => Err(LineSearchError::LossCount { base, trial }),
            }
        };
        self.batches.iter().map(evaluate).collect()
    }
}

/// The sum over micro-batches of their mean losses, in f64.
fn total(losses: &[Vec<f64>]) -> f64 {
    losses
        .iter()
        .map(|losses| losses.iter().sum::<f64>() / losses.len() as f64)
        .sum()
}
