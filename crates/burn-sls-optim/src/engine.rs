//! One iteration of a line search, the same for both faces.
//!
//! ```text
//! losses, gradient                                        from the training forward
//! d ← search direction                                    the optimizer's state stays
//! read f_k(w_k) and s_u = -⟨g_u, d_u⟩                     one device read
//! η ← γ^(1/n)·η for the unit whose turn it is
//! while Armijo's rule fails at w_k + η·d:  η ← δ·η        one forward, one device read a trial
//! u ← update direction                                    the optimizer's state advances
//! w_{k+1} = w_k + lr·η^(u)·u                              every unit by its own step size
//! ```
//!
//! Nothing is changed before the search has ended well, so there is nothing to undo when it has
//! not.

use burn::module::{Module, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use burn_sls_core::{Conclusion, Reductions, Search, Trial, Verdict, merge, random};

use crate::config::{LineSearchConfig, TrialMode, WhenExhausted};
use crate::displacement::{
    Proposal, register_slopes, search_direction, take_step, trial_point, update_direction,
};
use crate::error::LineSearchError;
use crate::report::{Outcome, Searched, StepReport};
use crate::state::SearchState;
use crate::units::UnitMap;

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

/// The seed of a micro-batch of the iteration that `state` is in.
pub(crate) fn batch_seed(config: &LineSearchConfig, state: &SearchState, index: usize) -> u64 {
    random::seed(config.seed, state.step, index as u64)
}

/// Seeds every device that the model lives on.
pub(crate) fn seed_devices<M: Module>(model: &M, seed: u64) {
    for device in model.devices() {
        Device::seed(&device, seed);
    }
}

/// A line search at work on one model: its settings, its state, and the units of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) config: LineSearchConfig,
    pub(crate) state: SearchState,
    units: UnitMap,
}

impl Engine {
    pub(crate) fn new(config: LineSearchConfig) -> Self {
        let state = SearchState::new(config.units.len(), config.first_step_size);
        Self {
            config,
            state,
            units: UnitMap::default(),
        }
    }

    /// One iteration. `losses` evaluates the loss of a micro-batch without touching gradients.
    pub(crate) fn iterate<M: Module, I>(
        &mut self,
        optim: &mut ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: M,
        grads: GradientsParams,
        batches: &[MicroBatch<I>],
        losses: impl Fn(&M, &I) -> Tensor<1>,
    ) -> Result<(M, StepReport), LineSearchError> {
        if grads.is_empty() {
            return Err(LineSearchError::NoGradient);
        }
        self.units.cover(&self.config.units, &model, &grads)?;

        let mut objective = Objective {
            batches,
            losses,
            freeze: self.config.trial_mode == TrialMode::Deterministic,
            forwards: batches.len(),
            reads: 0,
        };
        let proposal = search_direction(optim, &model, &grads)?;
        let (base, slopes) = self.read(&mut objective, &model, &grads, &proposal)?;
        let search = self.search(&mut objective, &model, &proposal, base, slopes);
        seed_devices(
            &model,
            random::seed(self.config.seed, self.state.step, u64::MAX),
        );
        let search = search?;

        let (model, merged) = if search.outcome.moved() {
            self.state.step_sizes = search.step_sizes;
            self.state.started = true;
            let model = self.take_step(optim, lr, model, grads, proposal);
            self.pass_turn(search.searched);
            (model, self.merge_collapsed(search.searched))
        } else {
            if search.outcome == Outcome::ExhaustedStayed {
                self.state.step_sizes = search.step_sizes;
                self.pass_turn(search.searched);
            }
            (model, None)
        };

        let report = StepReport {
            step: self.state.step,
            loss: base,
            searched: search.searched,
            slope: search.slope,
            trials: search.trials,
            outcome: search.outcome,
            step_sizes: self.state.step_sizes.clone(),
            merged,
            forwards: objective.forwards,
            backwards: batches.len(),
            reads: objective.reads,
        };
        self.state.step += 1;
        self.state.counts.add(&report);
        Ok((model, report))
    }

    /// The base loss and the slope of every present unit, in one device read.
    fn read<M: Module, I, F: Fn(&M, &I) -> Tensor<1>>(
        &self,
        objective: &mut Objective<'_, I, F>,
        model: &M,
        grads: &GradientsParams,
        proposal: &Proposal,
    ) -> Result<(f64, Vec<f64>), LineSearchError> {
        let mut reductions = Reductions::new();
        let ids = register_slopes(model, grads, &proposal.direction, &mut reductions);
        let base = objective.reference(model, reductions)?;
        let mut slopes = vec![0.0; self.state.step_sizes.len()];
        for (id, product) in ids.into_iter().zip(base.sums) {
            slopes[self.unit_of(id)] -= product;
        }
        Ok((base.loss, slopes))
    }

    /// Decides what is searched, and searches it.
    fn search<M: Module, I, F: Fn(&M, &I) -> Tensor<1>>(
        &self,
        objective: &mut Objective<'_, I, F>,
        model: &M,
        proposal: &Proposal,
        base: f64,
        slopes: Vec<f64>,
    ) -> Result<Searching, LineSearchError> {
        let state = &self.state;
        let total: f64 = slopes.iter().sum();
        // The first search is of all units together; later ones are of one unit, in turn.
        let (searched, slope) = match state.started {
            false => (Searched::All, total),
            true => (Searched::Unit(state.turn), slopes[state.turn]),
        };
        let mut searching = Searching {
            searched,
            slope,
            trials: Vec::new(),
            outcome: Outcome::Accepted,
            step_sizes: state.step_sizes.clone(),
        };
        let skip = if !base.is_finite() {
            Some(Outcome::SkippedNonFiniteLoss)
        } else if !total.is_finite() {
            Some(Outcome::SkippedNonFiniteGradient)
        } else if slopes.iter().all(|&slope| slope == 0.0) {
            Some(Outcome::SkippedZeroGradient)
        } else if slope == 0.0 {
            Some(Outcome::NotSearched)
        } else if slope < 0.0 {
            Some(Outcome::SkippedAscent)
        } else {
            None
        };
        if let Some(outcome) = skip {
            searching.outcome = outcome;
            return Ok(searching);
        }

        let moves = |unit: usize| searched == Searched::All || searched == Searched::Unit(unit);
        let first = match searched {
            Searched::All => state.step_sizes[0],
            Searched::Unit(unit) => state.step_sizes[unit],
        };
        let first = self.config.growth().grow(first);
        let mut search = Search::begin(&self.config.backtracking(), base, slope, first);
        while let Some(step_size) = search.next_trial() {
            let point = trial_point(model, &proposal.direction, |id| {
                moves(self.unit_of(id)).then_some(step_size)
            });
            search.tell(objective.trial(point)?);
        }
        let (trials, conclusion) = search.finish();
        let diverged = matches!(trials.last(), Some(t) if t.verdict == Verdict::NonFinite);
        searching.trials = trials;
        let step_size = match conclusion {
            Conclusion::Accepted { step_size } => step_size,
            Conclusion::Exhausted { step_size } => {
                let stay = diverged || self.config.when_exhausted == WhenExhausted::Stay;
                searching.outcome = match stay {
                    true => Outcome::ExhaustedStayed,
                    false => Outcome::ExhaustedMoved,
                };
                step_size
            }
            _ => unreachable!("a search ends accepted or exhausted"),
        };
        for (unit, size) in searching.step_sizes.iter_mut().enumerate() {
            if moves(unit) {
                *size = step_size;
            }
        }
        Ok(searching)
    }

    /// Advances the optimizer and moves every unit by its own step size.
    fn take_step<M: Module>(
        &mut self,
        optim: &mut ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: M,
        grads: GradientsParams,
        proposal: Proposal,
    ) -> M {
        let direction = match proposal.advanced {
            Some(advanced) => {
                *optim = advanced;
                proposal.direction
            }
            None => {
                drop(proposal); // before the update direction takes its place in memory
                update_direction(optim, &model, grads)
            }
        };
        take_step(model, direction, lr, |id| {
            self.state.step_sizes[self.unit_of(id)]
        })
    }

    /// Passes the turn on to the next unit. The first search, of all units, leaves it with the first.
    fn pass_turn(&mut self, searched: Searched) {
        if let Searched::Unit(unit) = searched {
            self.state.turn = (unit + 1) % self.state.step_sizes.len();
        }
    }

    /// Merges two units if one has collapsed; never in the iteration of the first search.
    fn merge_collapsed(&mut self, searched: Searched) -> Option<Vec<Vec<usize>>> {
        let threshold = self.config.merge_below?;
        if searched == Searched::All {
            return None;
        }
        let merge = merge::merge(&mut self.state.step_sizes, threshold)?;
        self.state.merge(merge);
        Some(self.state.groups())
    }

    /// The present unit of a parameter that has a gradient.
    fn unit_of(&self, id: ParamId) -> usize {
        let original = self.units.unit_of(id);
        self.state.unit_of[original.expect("every parameter with a gradient has been assigned")]
    }
}

/// What a search found.
struct Searching {
    searched: Searched,
    slope: f64,
    trials: Vec<Trial>,
    outcome: Outcome,
    step_sizes: Vec<f64>,
}

/// The loss of this iteration as a function of the model, counting what it costs.
struct Objective<'a, I, F> {
    batches: &'a [MicroBatch<I>],
    losses: F,
    /// Whether dropout is off in everything that is compared.
    freeze: bool,
    forwards: usize,
    reads: usize,
}

/// The loss at `w_k`, and the sums that were read along with it.
struct Base {
    loss: f64,
    sums: Vec<f64>,
}

impl<I, F> Objective<'_, I, F> {
    /// The loss at `w_k`, read together with `reductions`.
    fn reference<M: Module>(
        &mut self,
        model: &M,
        mut reductions: Reductions,
    ) -> Result<Base, LineSearchError>
    where
        F: Fn(&M, &I) -> Tensor<1>,
    {
        let losses = match self.freeze {
            true => self.evaluate(model.clone().freeze())?,
            false => self.batches.iter().map(|b| b.losses.clone()).collect(),
        };
        for losses in losses {
            reductions.values(losses);
        }
        self.reads += 1;
        let read = reductions.read();
        if read.values.iter().any(Vec::is_empty) {
            return Err(LineSearchError::EmptyLoss);
        }
        Ok(Base {
            loss: total(&read.values),
            sums: read.sums,
        })
    }

    /// The loss at a trial point.
    fn trial<M: Module>(&mut self, model: M) -> Result<f64, LineSearchError>
    where
        F: Fn(&M, &I) -> Tensor<1>,
    {
        let model = match self.freeze {
            true => model.freeze(),
            false => model,
        };
        let mut reductions = Reductions::new();
        for losses in self.evaluate(model)? {
            reductions.values(losses);
        }
        self.reads += 1;
        Ok(total(&reductions.read().values))
    }

    /// The losses of every micro-batch, each with the random numbers of its training forward and
    /// in its shape.
    fn evaluate<M: Module>(&mut self, model: M) -> Result<Vec<Tensor<1>>, LineSearchError>
    where
        F: Fn(&M, &I) -> Tensor<1>,
    {
        self.forwards += self.batches.len();
        let evaluate = |batch: &MicroBatch<I>| {
            seed_devices(&model, batch.seed);
            let losses = (self.losses)(&model, &batch.item).inner();
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
