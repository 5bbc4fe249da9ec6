//! The engine: a line search at work, and what an iteration reads from it.

use burn::module::{Module, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::Device;
use burn_sls_core::{Acceptance, AcceptanceState, random};

use crate::average::Iterates;
use crate::config::{Frequency, Iteration, LineSearchConfig, SelfCheck, TrialMode};
use crate::direction::{self, Proposal, SearchAlong};
use crate::error::LineSearchError;
#[cfg(feature = "learner")]
use crate::objective::seed_device;
use crate::objective::{GeneratorTurn, draw_seed, prepare, seed_devices};
use crate::state::SearchState;
use crate::units::{Assignment, Searched, UnitRule};

/// A model of at least so many parameters is large.
const LARGE: usize = 100_000;

/// A line search at work on one model: its settings, its state, and the units of its parameters.
#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) config: LineSearchConfig,
    pub(crate) state: SearchState,
    /// The steps beside their average, where steps are averaged.
    pub(crate) iterates: Iterates,
    /// In place of the configuration's choice of units.
    pub(crate) rule: Option<UnitRule>,
    /// Whether the directions are the displacements of another Burn optimizer.
    pub(crate) adopted: bool,
    /// Whether the optimizer's state is still to be looked at, since no step was made with it.
    pub(crate) state_is_new: bool,
    /// Whether the optimizer has just been given moments, which must belong to this model.
    pub(crate) expects_moments: bool,
    /// Whether the iterates have just come from a record, and must belong to this model, too.
    pub(crate) expects_iterates: bool,
    /// The step and the number of micro-batches that the user has begun.
    begun: Option<(u64, usize)>,
    pub(in crate::engine) assignment: Assignment,
}

impl Engine {
    pub(crate) fn new(config: LineSearchConfig, adopted: bool) -> Self {
        let state = SearchState::new(&config.units, config.start.initial_step.step_size());
        Self {
            config,
            state,
            iterates: Iterates::default(),
            rule: None,
            adopted,
            state_is_new: true,
            expects_moments: false,
            expects_iterates: false,
            begun: None,
            assignment: Assignment::default(),
        }
    }

    /// `β`, where steps are averaged.
    pub(crate) fn averaging_beta(&self) -> Option<f64> {
        self.config.averaging.map(|averaging| averaging.beta)
    }

    /// Whether devices are seeded.
    pub(in crate::engine) fn seeds(&self) -> bool {
        self.config.search.trial_mode == TrialMode::ReplayDropout
    }

    /// The seed of the run: the configured or recorded one, or else one that is drawn from the
    /// random numbers of the model's device now.
    pub(crate) fn run_seed<M: Module>(&self, model: &M) -> u64 {
        let first = || model.devices().into_iter().next();
        self.run_seed_or(model, || first().map_or(0, |device| draw_seed(&device)))
    }

    /// The same, drawn otherwise.
    pub(crate) fn run_seed_or<M: Module>(&self, model: &M, draw: impl FnOnce() -> u64) -> u64 {
        let known = self.config.seed.or(self.state.seed);
        match (known, self.seeds()) {
            (Some(seed), _) => seed,
            (None, true) => {
                // Lazy parameters come first, so that they are the same as without a line search.
                // A model without a trainable one is refused where it is prepared.
                let _turn = self.turn_of_model(model);
                let _ = prepare(model);
                draw()
            }
            (None, false) => 0,
        }
    }

    /// Makes the model ready for the training forward of a micro-batch: lazy parameters are
    /// initialised, and the devices are seeded. Returns their seed.
    ///
    /// # Errors
    ///
    /// If no parameter asks for a gradient.
    pub(crate) fn prepare<M: Module>(
        &self,
        model: &M,
        run_seed: u64,
        index: usize,
    ) -> Result<Option<u64>, LineSearchError> {
        prepare(model)?;
        let seed = self.batch_seed(run_seed, index);
        seed_devices(model, seed);
        Ok(seed)
    }

    /// The same for a worker, whose device alone is seeded.
    #[cfg(feature = "learner")]
    pub(crate) fn prepare_on<M: Module>(
        &self,
        device: &Device,
        model: &M,
        run_seed: u64,
        index: usize,
    ) -> Result<Option<u64>, LineSearchError> {
        prepare(model)?;
        let seed = self.batch_seed(run_seed, index);
        seed_device(device, seed);
        Ok(seed)
    }

    /// The seed of a micro-batch of the present iteration, if devices are seeded.
    pub(crate) fn batch_seed(&self, run_seed: u64, index: usize) -> Option<u64> {
        let seed = random::seed(run_seed, self.state.step, index as u64);
        self.seeds().then_some(seed)
    }

    /// A turn with the random generators, where a forward pass is going to be replayed.
    pub(crate) fn generator_turn(&self, device: &Device) -> Option<GeneratorTurn> {
        self.seeds().then(|| GeneratorTurn::wait(device)).flatten()
    }

    /// The same on the device of the model.
    pub(crate) fn turn_of_model<M: Module>(&self, model: &M) -> Option<GeneratorTurn> {
        GeneratorTurn::of_model(model, self.seeds())
    }

    /// Notes that the devices have been prepared for a forward of the user's own.
    pub(crate) fn begin(&mut self, run_seed: u64, index: usize) {
        self.remember_seed(run_seed);
        let begun = self.begun.filter(|(step, _)| *step == self.state.step);
        let batches = begun.map_or(0, |(_, batches)| batches);
        self.begun = Some((self.state.step, batches.max(index + 1)));
    }

    /// Whether that was done for every micro-batch of this iteration, or need not be.
    pub(crate) fn has_begun(&self, batches: usize) -> bool {
        !self.seeds() || self.begun == Some((self.state.step, batches))
    }

    /// Records the seed of the run, where devices are seeded.
    pub(crate) fn remember_seed(&mut self, run_seed: u64) {
        if self.seeds() {
            self.state.seed = Some(run_seed);
        }
    }

    /// The step size of every original unit, by name.
    pub(crate) fn step_sizes(&self) -> impl Iterator<Item = (&str, f64)> {
        let state = &self.state;
        let sizes = state
            .unit_of
            .iter()
            .map(|&unit| state.units[unit].step_size);
        self.config.units.names().zip(sizes)
    }

    /// The direction that is searched, leaving `optim` as it is.
    pub(in crate::engine) fn propose<M: Module>(
        &self,
        optim: &ModuleOptimizer,
        along: SearchAlong,
        model: &M,
        grads: &GradientsParams,
    ) -> Result<Proposal, LineSearchError> {
        let along_last = self.config.start.hypergradient.is_some();
        let proposal = direction::propose(optim, self.adopted, along, along_last, model, grads)?;
        match proposal.with_state {
            Some(0) if self.expects_moments => Err(of_another_model("moments")),
            _ => Ok(proposal),
        }
    }

    /// The slopes of the update direction without the direction, where the iteration is likely to
    /// make its step without a search. A large model saves passes over its memory by that, and the
    /// optimizer's state is not held twice. A small one would only be visited once more.
    pub(in crate::engine) fn propose_products<M: Module>(
        &self,
        optim: &ModuleOptimizer,
        model: &M,
        grads: &GradientsParams,
    ) -> Option<Proposal> {
        let config = &self.config;
        let schedule = &config.schedule;
        let rare = config.averaging.is_some()
            || schedule.frequency != Frequency::Always
            || schedule.budget.is_some();
        let of_update = config.search.along == SearchAlong::Update
            && config.search.iteration != Iteration::Published
            && config.start.hypergradient.is_none()
            && !self.adopted;
        let large = self.assignment.numbers() >= LARGE;
        match self.state.started && rare && of_update && large {
            true => direction::propose_products(optim, model, grads),
            false => None,
        }
    }

    /// Refuses iterates from a record that are not this model's.
    ///
    /// # Errors
    ///
    /// If none of them belongs to a parameter that has a gradient.
    pub(in crate::engine) fn check_iterates(&self) -> Result<(), LineSearchError> {
        let known = self.assignment.ids().any(|id| self.iterates.contains(id));
        match self.expects_iterates && !known {
            true => Err(of_another_model("averaged weights")),
            false => Ok(()),
        }
    }

    /// Whether the loss is to be checked for being reproducible.
    pub(in crate::engine) fn is_check_due(&self) -> bool {
        let first = !self.state.started && self.state.failures == 0;
        match self.config.search.self_check {
            SelfCheck::Never => false,
            SelfCheck::FirstSearch => first,
            SelfCheck::Every(steps) => first || self.state.step.is_multiple_of(steps),
        }
    }

    /// The state by which the acceptance rule judges a search.
    pub(in crate::engine) fn acceptance_state(&self, searched: Searched) -> AcceptanceState {
        match self.acceptance_unit(searched) {
            Some(unit) => self.state.units[unit].acceptance,
            None => self.state.joint,
        }
    }

    /// The unit whose acceptance state a search uses, or none for the state of all units together.
    /// The nonmonotone rule keeps losses, and those are of the whole network.
    pub(in crate::engine) fn acceptance_unit(&self, searched: Searched) -> Option<usize> {
        match (searched, self.config.search.acceptance) {
            (_, Acceptance::Nonmonotone { .. }) => None,
            (Searched::Unit(unit), _) => Some(unit),
            (Searched::All, _) => (self.state.units.len() == 1).then_some(0),
        }
    }

    /// `s_u` of every present unit, from the products `⟨g, d⟩` of its parameters.
    pub(in crate::engine) fn slopes(&self, ids: &[ParamId], products: &[f64]) -> Vec<f64> {
        let mut slopes = vec![0.0; self.state.units.len()];
        for (id, product) in ids.iter().zip(products) {
            slopes[self.unit_of(*id)] -= product;
        }
        slopes
    }

    /// The factor of a plateau's rule, where there is one. A record may be of a run that had it.
    pub(in crate::engine) fn plateau_factor(&self) -> f64 {
        match self.config.schedule.reduce_on_plateau {
            Some(_) => self.state.plateau.factor,
            None => 1.0,
        }
    }

    /// The learning rate of a parameter, which multiplies the step size of its unit.
    pub(in crate::engine) fn rate(&self, lr: &ModuleLearningRate, id: ParamId) -> f64 {
        lr.lr_from_param(id, self.assignment.path_of(id))
    }

    /// Whether every parameter has a rate that can multiply a step size.
    pub(in crate::engine) fn check_rates(
        &self,
        lr: &ModuleLearningRate,
    ) -> Result<(), LineSearchError> {
        let mut rates = self.assignment.ids().map(|id| self.rate(lr, id));
        match rates.find(|rate| !(rate.is_finite() && *rate >= 0.0)) {
            Some(value) => Err(LineSearchError::LearningRate { value }),
            None => Ok(()),
        }
    }

    /// Whether an accepted trial may be the point that is moved to: trials go along the update
    /// direction, with dropout as in training, and no factor shortens the step.
    pub(in crate::engine) fn can_keep(&self, lr: &ModuleLearningRate) -> bool {
        let search = &self.config.search;
        (search.along == SearchAlong::Update || self.adopted)
            && self.config.averaging.is_none()
            && search.trial_mode != TrialMode::Deterministic
            && self.plateau_factor() == 1.0
            && self.assignment.ids().all(|id| self.rate(lr, id) == 1.0)
    }

    /// The present unit of a parameter that has a gradient.
    pub(in crate::engine) fn unit_of(&self, id: ParamId) -> usize {
        let original = self.assignment.unit_of(id);
        self.state.unit_of[original.expect("every parameter with a gradient has been assigned")]
    }
}

/// The error of a record that has been loaded without the model's own.
fn of_another_model(what: &str) -> LineSearchError {
    LineSearchError::Record {
        reason: format!(
            "its {what} belong to no parameter of this model that has a gradient: load the model's \
             own record first, which restores the ids of its parameters"
        ),
    }
}
