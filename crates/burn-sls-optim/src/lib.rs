#![doc = include_str!("../README.md")]
//!
//! ## The method
//!
//! The symbols are those of [`burn_sls_core`].
//!
//! On mini-batch `k`, at the parameters `w_k`, the gradient gives a *search direction* `d` that
//! leads downhill, and a *slope* `s = -⟨g, d⟩ > 0`: along `d`, the loss promises to fall by `η·s`.
//! A step size `η` is accepted where the loss of the same mini-batch, with the same random numbers,
//! keeps a fraction `c` of that promise (the paper, Eq. 3):
//!
//! ```text
//! f_k(w_k + η·d) <= f_k(w_k) - c·η·s
//! ```
//!
//! The first step size of a search is the last one accepted, grown a little, `γ^(1/n)·η` (Eq. 4).
//! As long as the rule fails it shrinks, `η ← δ·η`. Each trial is one more forward pass and no
//! backward pass. Then the step is taken, along the *update direction* `u` (Eq. 5):
//!
//! ```text
//! w_{k+1} = w_k + η·u
//!
//! SGDSLS:   d = u = -g            s = ‖g‖²
//! ADAMSLS:  d = -P·g              s = Σ P·g²           P = 1/(sqrt(v^) + ε)
//!           u = -P·m^
//! ```
//!
//! Adam's momentum may lead uphill on this mini-batch, where no step size could pass. So it is left
//! out of the search direction, and only there.
//!
//! **PLASLS** divides the parameters into [units](Units), each with a step size of its own, since
//! the layers of a network need not agree on one. The first search moves all units together. After
//! that each iteration searches one unit, in turn: only that unit moves in the trials (Eq. 6). Then
//! all units move, each by its own step size (Eq. 7):
//!
//! ```text
//! f_k(w_k + η·d_u) <= f_k(w_k) - c·η·s_u              the unit u whose turn it is
//! w_{k+1}^(u) = w_k^(u) + η^(u)·u^(u)                 every unit u
//! ```
//!
//! A unit whose step size collapses may be *merged* with the next lowest (Algorithm 1).
//!
//! ## The preset `default`
//!
//! It goes beyond the paper. A search of the first step, along `u` from a Polyak step, finds the
//! magnitude `η_1` of the step size. After it there are no trials, but where training has to begin
//! again. Steps `z ← z + η·u` without momentum are averaged, in the place of a schedule:
//!
//! ```text
//! y = 0.2·z + 0.8·x                                   the model that is trained
//! x ← (1 - c)·x + c·z                                 the model to use, an average of the steps
//! ```
//!
//! `η` begins at `η_1/4` and grows as long as the gradients say that the average is behind the
//! steps: up to `η_1`, and up to `16·η_1` once the loss has come down. If after 60 steps it has not,
//! and a step for one mini-batch is worth nothing to the next, `η` becomes shorter. [`Averaging`]
//! has the rules.
//! The model to validate, to save and to use is [`averaged`](LineSearchOptimizer::averaged); under
//! Burn's `Learner` it is what is validated, recorded and returned. [`Preset::Amortized`] averages
//! nothing, and searches through the whole training, as often as 3 % of its cost allow.
//!
//! [`ScheduleFree`] and [`WeightAverage`] are such averages for any optimizer of Burn.
//!
//! ## Settings
//!
//! A [`LineSearchConfig`] has five groups of settings, and says what each is by default. A
//! [`Preset`] has values for all of them:
//!
//! ```
//! use burn_sls_optim::{LineSearchConfig, Preset, UnitChoice, Units};
//!
//! let units = Units::named([("embeddings", vec!["embedding"]), ("rest", vec!["layers", "head"])]);
//! let config = Preset::Paper.plasls(units)
//!     .with_batches_per_epoch(500.0)
//!     .with_weight_decay(0.01)
//!     .with_merging(1e-12)
//!     .with_unit_choice(UnitChoice::Cyclic);
//! println!("{config}"); // as JSON; it can be saved and loaded
//! config.validate()?;
//! # Ok::<(), burn_sls_optim::LineSearchError>(())
//! ```
//!
//! ## When a search fails
//!
//! Nothing is changed before a search has ended well, so there is nothing to undo when it has not.
//! The [`Outcome`] of the report says what happened, and [`Counts`] keeps a tally:
//!
//! | what | outcome | what is done |
//! |---|---|---|
//! | the loss, or a gradient, is NaN or infinite | skipped | nothing |
//! | the loss of a trial is NaN or infinite | | the trial is rejected, `η` shrinks |
//! | the budget of trials is spent | exhausted | by preset: move by the shrunk step size, or stay |
//! | the first search has failed | waiting | nothing; it is tried again later and later |
//! | every gradient is zero | skipped | nothing |
//! | the second moment overflows | skipped | nothing |
//! | an adopted optimizer leads uphill | skipped | its momentum takes the gradient in |
//!
//! A mistake that a user can put right is a [`LineSearchError`]: a model without gradients, an
//! empty loss, a loss that another forward does not repeat, parameters that belong to no unit.
//!
//! ## Costs
//!
//! With `default` there is a search in the first step, and later only where training has to begin
//! again; with `amortized` for 3 % of the cost of training, in about every eleventh step; with
//! `paper` in every step. A trial costs a forward pass and a blocking device read, beside the
//! forward pass, the backward pass and the read (the loss and all slopes in one) that every step
//! has. The first step makes one forward more, to check that the loss is reproducible.
//!
//! Beside the gradients and the optimizer's own state there is a parameter-sized tensor, the
//! direction, and while a search is made a second one, the trial point. With
//! [`SearchAlong::Update`], as in `default` and `amortized`, and with an adopted optimizer, there
//! is a second copy of the state. `default` keeps `z`, of the size of the parameters, and no first
//! moment of Adam's, which is as large.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod average;
mod config;
pub mod direction;
mod engine;
mod error;
mod files;
#[cfg(feature = "learner")]
mod learner;
mod objective;
mod optimizer;
mod params;
mod report;
mod state;
mod units;

pub use average::{ScheduleFree, ScheduleFreeRecord, WeightAverage};
pub use config::{
    Averaging, Direction, DirectionConfig, Extrapolation, Frequency, Hypergradient, InitialStep,
    Iteration, LineSearchConfig, NamedSettings, Preset, ReduceOnPlateau, ScheduleConfig,
    SearchConfig, SelfCheck, StartConfig, TrialMode, WhenExhausted,
};
pub use direction::SearchAlong;
pub use error::{LineSearchError, StepError};
#[cfg(feature = "learner")]
pub use learner::{BatchLoss, Failure, LineSearch, SearchMetric, SearchMetrics, TrainingLoss};
pub use objective::Stages;
pub use optimizer::{
    Gradients, LineSearchOptimizer, LineSearchRecord, Peers, PeersError, Step, StepOptions,
    StepWithAux,
};
pub use report::{Counts, Outcome, StepReport};
pub use state::{AverageState, PlateauState, SearchState, UnitHistory, UnitState};
pub use units::{Searched, Turn, UnitChoice, Units};

// What settings, reports and states are made of.
#[doc(inline)]
pub use burn_sls_core::{Acceptance, Growth, Shrink, Trial, Verdict};
// The search alone, for a trainer of another kind.
#[doc(inline)]
pub use burn_sls_core::{Armijo, Backtracking, Comparison, Conclusion, Search};
