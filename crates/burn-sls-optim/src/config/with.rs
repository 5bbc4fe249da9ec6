//! Settings, one by one.

use burn_sls_core::{Acceptance, Frequency, Shrink, Tail};

use super::{Bracket, Clipping, Direction, LineSearchConfig, Tested, TrialMode, WhenExhausted};
use crate::choice::UnitChoice;

impl LineSearchConfig {
    /// Sets which units an iteration searches.
    #[must_use]
    pub fn with_unit_choice(mut self, choice: UnitChoice) -> Self {
        self.choice = choice;
        self
    }

    /// Sets the decoupled weight decay `λ` of the direction.
    #[must_use]
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        match &mut self.direction {
            Direction::Sgd(sgd) => sgd.weight_decay = weight_decay,
            Direction::Adam(adam) => adam.weight_decay = weight_decay,
        }
        self
    }

    /// Clips gradients before a direction is made of them.
    #[must_use]
    pub fn with_clipping(mut self, clipping: Clipping) -> Self {
        self.clipping = Some(clipping);
        self
    }

    /// Sets Armijo's constant `c`.
    #[must_use]
    pub fn with_c(mut self, c: f64) -> Self {
        self.c = c;
        self
    }

    /// Sets the slack that Armijo's rule is granted.
    #[must_use]
    pub fn with_acceptance(mut self, acceptance: Acceptance) -> Self {
        self.acceptance = acceptance;
        self
    }

    /// Tells the search the rounding error of a loss, or nothing of it.
    #[must_use]
    pub fn with_rounding(mut self, rounding: impl Into<Option<f64>>) -> Self {
        self.rounding = rounding.into();
        self
    }

    /// Sets the direction that is tested.
    #[must_use]
    pub fn with_tested(mut self, tested: Tested) -> Self {
        self.tested = tested;
        self
    }

    /// Sets what becomes of a rejected step size: a number is the factor `δ`.
    #[must_use]
    pub fn with_shrink(mut self, shrink: impl Into<Shrink>) -> Self {
        self.shrink = shrink.into();
        self
    }

    /// Sets the growth factor `γ`.
    #[must_use]
    pub fn with_gamma(mut self, gamma: f64) -> Self {
        self.gamma = gamma;
        self
    }

    /// Sets the number of mini-batches per epoch `n` (examples divided by batch size).
    #[must_use]
    pub fn with_batches_per_epoch(mut self, batches: f64) -> Self {
        self.batches_per_epoch = batches;
        self
    }

    /// Sets the step size that the first search starts from, which leaves nothing for a
    /// [bracket](Self::with_bracket) to look for: there is none then.
    #[must_use]
    pub fn with_first_step_size(mut self, step_size: f64) -> Self {
        self.first_step_size = step_size;
        self.bracket = None;
        self
    }

    /// Sets how a search begins that knows nothing of the magnitude; without, at the first step size.
    #[must_use]
    pub fn with_bracket(mut self, bracket: impl Into<Option<Bracket>>) -> Self {
        self.bracket = bracket.into();
        self
    }

    /// Lets a search begin above the last step size by up to this factor, where the last search has seen room
    /// for it; or by growth alone.
    #[must_use]
    pub fn with_extrapolation(mut self, most: impl Into<Option<f64>>) -> Self {
        self.extrapolate = most.into();
        self
    }

    /// Lets no search begin above the Polyak step with this `c`, or any.
    #[must_use]
    pub fn with_ceiling(mut self, c: impl Into<Option<f64>>) -> Self {
        self.ceiling = c.into();
        self
    }

    /// Sets how often a step size is searched.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.frequency = frequency;
        self
    }

    /// Bounds what all trials after the first search may cost, as a fraction of training, or does not.
    #[must_use]
    pub fn with_budget(mut self, fraction: impl Into<Option<f64>>) -> Self {
        self.budget = fraction.into();
        self
    }

    /// Makes the steps shorter than those that are searched when the loss has stopped falling, or does not.
    #[must_use]
    pub fn with_tail(mut self, tail: impl Into<Option<Tail>>) -> Self {
        self.tail = tail.into();
        self
    }

    /// Sets the number of trials that a search may spend.
    #[must_use]
    pub fn with_max_trials(mut self, trials: usize) -> Self {
        self.max_trials = trials;
        self
    }

    /// Sets what happens when a search has used up its budget.
    #[must_use]
    pub fn with_when_exhausted(mut self, when: WhenExhausted) -> Self {
        self.when_exhausted = when;
        self
    }

    /// Merges units whose step size falls below `threshold` (the paper: 1e-12).
    #[must_use]
    pub fn with_merging(mut self, threshold: f64) -> Self {
        self.merge_below = Some(threshold);
        self
    }

    /// Sets how losses are made comparable.
    #[must_use]
    pub fn with_trial_mode(mut self, mode: TrialMode) -> Self {
        self.trial_mode = mode;
        self
    }

    /// Sets the seed of the run.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}
