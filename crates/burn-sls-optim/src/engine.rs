//! One iteration of a line search, the same for both faces.
//!
//! ```text
//! losses, gradient                                        from the training forward
//! d ← search direction                                    the optimizer's state stays
//! read f_k(w_k) and s_u = -⟨g_u, d_u⟩                     one device read
//! η ← a step size for what is searched                    `look.rs`: one forward, one read a trial
//! u ← update direction                                    the optimizer's state advances
//! w_{k+1} = w_k + φ·lr·η^(u)·u                            every unit by its own step size
//! ```
//!
//! `φ` is the product of the factors of [`LineSearchConfig::tail`] and [`LineSearchConfig::ceiling`], 1 without them.
//!
//! Nothing is changed before the search has ended well, so there is nothing to undo when it has
//! not. (The one exception is told at [`Outcome::SkippedAscent`].)

mod look;

use burn::module::{Module, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_sls_core::{Acceptance, Memory, Rhythm, Trial, merge, random};

use crate::buffers::Buffers;
use crate::choice::UnitRule;
use crate::config::{LineSearchConfig, Procedure, Tested};
use crate::displacement::{Proposal, propose, take_step, update_direction};
use crate::error::LineSearchError;
use crate::objective::{Losses, MicroBatch, Objective, seed_devices};
use crate::report::{Outcome, Searched, StepReport};
use crate::state::SearchState;
use crate::units::Assignment;

pub(crate) use look::not_finite;

/// A line search at work on one model: its settings, its state, and the units of its parameters.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) config: LineSearchConfig,
    pub(crate) state: SearchState,
    /// In place of the configuration's choice of units.
    pub(crate) rule: Option<UnitRule>,
    assignment: Assignment,
}

/// The point `w_k` that an iteration starts from, and what is known of the loss there.
pub(crate) struct Start<'a, M> {
    pub(crate) model: &'a M,
    pub(crate) grads: &'a GradientsParams,
    pub(crate) optim: &'a ModuleOptimizer,
    pub(crate) lr: &'a ModuleLearningRate,
    pub(crate) proposal: &'a Proposal,
    /// `f_k(w_k)`
    pub(crate) loss: f64,
    /// `s_u` of every present unit.
    pub(crate) slopes: Vec<f64>,
    /// Whether the optimizer has told the slopes along the last direction.
    pub(crate) told: bool,
    /// The state's, with what those slopes say of the last step.
    pub(crate) rhythms: Vec<Rhythm>,
    /// The parameters with a gradient.
    pub(crate) ids: &'a [ParamId],
}

/// What an iteration has decided.
pub(crate) struct Found {
    pub(crate) searched: Searched,
    pub(crate) tested: Tested,
    pub(crate) slope: f64,
    pub(crate) trials: Vec<Trial>,
    pub(crate) outcome: Outcome,
    /// What the acceptance rule is to remember, if something was searched.
    pub(crate) memory: Option<Memory>,
    /// How many times longer the next search might begin.
    pub(crate) room: f64,
    /// The factor that brings the step below the ceiling.
    pub(crate) cap: f64,
    /// The state's, as they are to be after the iteration.
    pub(crate) step_sizes: Vec<f64>,
    pub(crate) averages: Vec<f64>,
    pub(crate) rhythms: Vec<Rhythm>,
}

impl Engine {
    pub(crate) fn new(config: LineSearchConfig) -> Self {
        let state = SearchState::new(&config.units, config.first_step_size);
        Self {
            config,
            state,
            rule: None,
            assignment: Assignment::default(),
        }
    }

    /// The seed of a micro-batch of the present iteration.
    pub(crate) fn batch_seed(&self, index: usize) -> u64 {
        random::seed(self.config.seed, self.state.step, index as u64)
    }

    /// The step size of every original unit, by name.
    pub(crate) fn step_sizes(&self) -> impl Iterator<Item = (&str, f64)> {
        let state = &self.state;
        let sizes = state.unit_of.iter().map(|&unit| state.step_sizes[unit]);
        self.config.units.names().zip(sizes)
    }

    /// One iteration. `losses` evaluates the loss of a micro-batch without touching gradients.
    pub(crate) fn iterate<M: Module, I>(
        &mut self,
        optim: &mut ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: M,
        grads: GradientsParams,
        batches: &[MicroBatch<I>],
        losses: impl Losses<M, I>,
    ) -> Result<(M, StepReport), LineSearchError> {
        if grads.is_empty() {
            return Err(LineSearchError::NoGradient);
        }
        let value = lr.base();
        if !(value.is_finite() && value >= 0.0) {
            return Err(LineSearchError::LearningRate { value });
        }
        let mut objective = Objective::new(batches, losses, &self.config);
        let along_last = self.config.extrapolate.is_some();
        let proposal = propose(optim, self.config.tested, along_last, &model, &grads)?;

        let buffers = Buffers::keep(&model);
        let found = self.look(&mut objective, optim, lr, &model, &grads, &proposal);
        buffers.restore(&model);
        let after = random::seed(self.config.seed, self.state.step, u64::MAX);
        seed_devices(&model, after);
        let (loss, mut found) = found?;

        let searched = found.searched;
        let (tail, cap) = (self.state.tail.factor, found.cap);
        self.remember(&mut found);
        if found.outcome.moved() || found.outcome.exhausted() {
            self.state.step_sizes = found.step_sizes;
            self.state.averages = found.averages;
            self.state.rhythms = found.rhythms;
        }
        let (mut model, mut merged) = (model, None);
        if found.outcome.moved() {
            let first = !std::mem::replace(&mut self.state.started, true);
            model = self.take_step(optim, lr, model, grads, proposal, tail * cap);
            self.pass_turn(searched);
            merged = self.merge_collapsed(first);
            if let Some(tail) = self.config.tail {
                self.state.tail.tell(tail, loss);
            }
        } else if found.outcome.exhausted() {
            self.pass_turn(searched);
        } else if let (Outcome::SkippedAscent, Some(advanced)) = (found.outcome, proposal.advanced)
        {
            // The model stays; the momentum that points uphill learns from this gradient.
            *optim = advanced;
        }

        let report = StepReport {
            step: self.state.step,
            loss,
            searched,
            tested: found.tested,
            slope: found.slope,
            trials: found.trials,
            outcome: found.outcome,
            step_sizes: self.state.step_sizes.clone(),
            lr: value,
            tail,
            cap,
            merged,
            forwards: objective.forwards,
            saved: objective.saved,
            backwards: batches.len(),
            reads: objective.reads,
        };
        self.state.step += 1;
        self.state.counts.add(&report);
        Ok((model, report))
    }

    /// Keeps what later searches are scheduled and judged by.
    fn remember(&mut self, found: &mut Found) {
        let state = &mut self.state;
        let trials = found.trials.len() as u64;
        if state.started {
            state.later_trials += trials;
        }
        let units = match found.searched {
            Searched::All => 0..state.step_sizes.len(),
            Searched::Unit(unit) => unit..unit + 1,
        };
        for unit in units {
            let rhythm = &mut found.rhythms[unit];
            match found.outcome {
                Outcome::Reused => rhythm.passed(),
                _ if trials == 0 => {}
                // After a failure nothing is known of the magnitude.
                outcome if outcome.exhausted() => *rhythm = Rhythm::default(),
                _ => rhythm.searched(found.step_sizes[unit], found.room),
            }
        }
        if let Some(memory) = found.memory {
            match self.keeper(found.searched) {
                Some(unit) => self.state.memories[unit] = memory,
                None => self.state.joint = memory,
            }
        }
    }

    /// What the acceptance rule remembers of what is searched.
    fn remembered(&self, searched: Searched) -> Memory {
        match self.keeper(searched) {
            Some(unit) => self.state.memories[unit],
            None => self.state.joint,
        }
    }

    /// The unit whose memory that is, or none if it is of all units together: the nonmonotone rule
    /// remembers losses, which are of the whole network.
    fn keeper(&self, searched: Searched) -> Option<usize> {
        match (searched, self.config.acceptance) {
            (_, Acceptance::Nonmonotone { .. }) => None,
            (Searched::Unit(unit), _) => Some(unit),
            (Searched::All, _) => (self.state.memories.len() == 1).then_some(0),
        }
    }

    /// Advances the optimizer and moves every unit by its own step size, made shorter by `factor`.
    fn take_step<M: Module>(
        &mut self,
        optim: &mut ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: M,
        grads: GradientsParams,
        proposal: Proposal,
        factor: f64,
    ) -> M {
        let mut direction = match proposal.advanced {
            Some(advanced) => {
                *optim = advanced;
                proposal.direction
            }
            None => {
                drop(proposal); // before the update direction takes its place in memory
                update_direction(optim, &model, grads)
            }
        };
        take_step(model, &mut direction, |id| {
            Some(self.rate(lr, id) * (factor * self.state.step_sizes[self.unit_of(id)]))
        })
    }

    /// The learning rate of a parameter, which multiplies the step size of its unit.
    pub(crate) fn rate(&self, lr: &ModuleLearningRate, id: ParamId) -> f64 {
        lr.lr_from_param(id, self.assignment.path_of(id))
    }

    /// Passes the turn on to the next unit. A search of all units leaves it where it is.
    fn pass_turn(&mut self, searched: Searched) {
        if let Searched::Unit(unit) = searched {
            self.state.turn = (unit + 1) % self.state.step_sizes.len();
        }
    }

    /// Merges two units if one has collapsed; in the paper, never in the iteration of the first
    /// search.
    fn merge_collapsed(&mut self, first: bool) -> Option<Vec<Vec<usize>>> {
        let threshold = self.config.merge_below?;
        if first && self.config.procedure == Procedure::Paper {
            return None;
        }
        let merge = merge(&mut self.state.step_sizes, threshold)?;
        self.state.merge(merge);
        Some(self.state.groups())
    }

    /// The present unit of a parameter that has a gradient.
    pub(crate) fn unit_of(&self, id: ParamId) -> usize {
        let original = self.assignment.unit_of(id);
        self.state.unit_of[original.expect("every parameter with a gradient has been assigned")]
    }
}
