//! What the stages of an iteration pass on: `Request`, `Plan`, `Decision`, `Decided`, `Stepped`.

use burn::tensor::Tensor;
use burn_sls_core::{AcceptanceState, Search, Trial};

use crate::direction::{Proposal, SearchAlong};
use crate::report::{Outcome, StepReport};
use crate::state::UnitState;
use crate::units::Searched;

/// Options of one iteration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request {
    /// The seed of the run, from [`run_seed`](super::Engine::run_seed).
    pub(crate) run_seed: u64,
    /// Whether to check that the loss is reproducible.
    pub(crate) check: bool,
    /// Whether the losses and gradients are those of an accepted trial, and not of a forward.
    pub(crate) reused: bool,
    /// Whether an accepted trial is to be used again.
    pub(crate) keep: bool,
}

/// What an iteration is going to do.
pub(crate) struct Plan {
    /// What is searched, or would be.
    pub(crate) searched: Searched,
    /// Its slope.
    pub(crate) slope: f64,
    /// The units, with what this gradient says of the last step.
    pub(crate) units: Vec<UnitState>,
    pub(crate) action: Action,
}

pub(crate) enum Action {
    /// Nothing is searched. The outcome says whether anything moves.
    Without(Outcome),
    Search(Box<SearchPlan>),
}

/// A search that is going to be made.
pub(crate) struct SearchPlan {
    pub(crate) search: Search,
    /// The slope along its direction.
    pub(crate) slope: f64,
    /// How far each unit moves where the search moves by 1; none where it stays.
    pub(crate) shares: Vec<Option<f64>>,
    /// The step size before the search.
    pub(crate) last: f64,
    /// Whether the longest step size bounded the first trial.
    pub(crate) capped: bool,
    /// Whether the search begins from the initial step again.
    pub(crate) restarted: bool,
}

/// What an iteration has decided. Made once; [`commit`](super::commit) carries it out.
pub(crate) struct Decision<M> {
    pub(crate) searched: Searched,
    pub(crate) along: SearchAlong,
    pub(crate) slope: f64,
    pub(crate) trials: Vec<Trial>,
    pub(crate) outcome: Outcome,
    pub(crate) capped: bool,
    pub(crate) restarted: bool,
    /// The units after the iteration.
    pub(crate) units: Vec<UnitState>,
    /// The acceptance rule's state for all units together, if it has changed.
    pub(crate) joint: Option<AcceptanceState>,
    /// The published code's averages, if it is its iteration.
    pub(crate) slope_averages: Option<Vec<f64>>,
    /// The accepted trial, where it is to be used again.
    pub(crate) kept: Option<KeptTrial<M>>,
}

/// A trial that was made with a graph of gradients: its point, and its losses by micro-batch.
pub(crate) struct KeptTrial<M> {
    pub(crate) model: M,
    pub(crate) losses: Vec<Tensor<1>>,
}

/// The factors by which the step is shorter than its step sizes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// By [`ReduceOnPlateau`](crate::ReduceOnPlateau).
    pub(crate) plateau: f64,
    /// By the Polyak cap.
    pub(crate) polyak: f64,
}

/// An iteration whose decision is made. It has changed nothing yet.
pub(crate) struct Decided<M> {
    pub(crate) loss: f64,
    /// The largest mean size of a loss so far.
    pub(crate) loss_scale: f64,
    pub(crate) decision: Decision<M>,
    pub(crate) scale: Scale,
    /// What the optimizer proposed: the step's direction, and the optimizer after it.
    pub(crate) proposal: Proposal,
    pub(crate) checked: bool,
}

/// A step that was made.
pub(crate) struct Stepped<M> {
    pub(crate) model: M,
    pub(crate) report: StepReport,
    /// The losses of the accepted trial, with their graph, if the model now is its point.
    pub(crate) kept: Option<Vec<Tensor<1>>>,
}
