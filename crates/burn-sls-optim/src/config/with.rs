//! Settings, one by one. Each method sets one value and no other, so that their order never
//! matters; what may be unset takes `None`.

use burn::grad_clipping::GradientClippingConfig;
use burn_sls_core::{Acceptance, Shrink};

use super::{
    Averaging, Direction, Extrapolation, Frequency, Hypergradient, InitialStep, LineSearchConfig,
    ReduceOnPlateau, SelfCheck, TrialMode, WhenExhausted,
};
use crate::direction::SearchAlong;
use crate::units::UnitChoice;

/// The direction.
impl LineSearchConfig {
    /// Sets the decoupled weight decay `λ` of the direction.
    #[must_use]
    pub fn with_weight_decay(mut self, weight_decay: f64) -> Self {
        match &mut self.direction.kind {
            Direction::Sgd(sgd) => sgd.weight_decay = weight_decay,
            Direction::Adam(adam) => adam.weight_decay = weight_decay,
        }
        self
    }

    /// Sets how gradients are clipped before a direction is made of them.
    #[must_use]
    pub fn with_clipping(mut self, clipping: impl Into<Option<GradientClippingConfig>>) -> Self {
        self.direction.clipping = clipping.into();
        self
    }

    /// Sets the seed of the run, which matters in the trial mode `ReplayDropout` alone.
    #[must_use]
    pub fn with_seed(mut self, seed: impl Into<Option<u64>>) -> Self {
        self.seed = seed.into();
        self
    }
}

/// Averaging.
impl LineSearchConfig {
    /// Sets how the steps are averaged, or that they are not.
    #[must_use]
    pub fn with_averaging(mut self, averaging: impl Into<Option<Averaging>>) -> Self {
        self.averaging = averaging.into();
        self
    }
}

/// One search.
impl LineSearchConfig {
    /// Sets the direction that a search tests.
    #[must_use]
    pub fn with_search_along(mut self, along: SearchAlong) -> Self {
        self.search.along = along;
        self
    }

    /// Sets Armijo's constant `c`.
    #[must_use]
    pub fn with_c(mut self, c: f64) -> Self {
        self.search.c = c;
        self
    }

    /// Sets the slack that Armijo's rule is granted.
    #[must_use]
    pub fn with_acceptance(mut self, acceptance: Acceptance) -> Self {
        self.search.acceptance = acceptance;
        self
    }

    /// Sets the rounding error of a loss that the search reckons with.
    #[must_use]
    pub fn with_rounding(mut self, rounding: impl Into<Option<f64>>) -> Self {
        self.search.rounding = rounding.into();
        self
    }

    /// Sets the lowest loss there can be, `f*`.
    #[must_use]
    pub fn with_loss_lower_bound(mut self, bound: impl Into<Option<f64>>) -> Self {
        self.search.loss_lower_bound = bound.into();
        self
    }

    /// Sets what becomes of a rejected step size: a number is the factor `δ`.
    #[must_use]
    pub fn with_shrink(mut self, shrink: impl Into<Shrink>) -> Self {
        self.search.shrink = shrink.into();
        self
    }

    /// Sets the number of trials that a search may spend.
    #[must_use]
    pub fn with_max_trials(mut self, trials: usize) -> Self {
        self.search.max_trials = trials;
        self
    }

    /// Sets what happens when a search has spent its trials.
    #[must_use]
    pub fn with_when_exhausted(mut self, when: WhenExhausted) -> Self {
        self.search.when_exhausted = when;
        self
    }

    /// Sets how losses are made comparable.
    #[must_use]
    pub fn with_trial_mode(mut self, mode: TrialMode) -> Self {
        self.search.trial_mode = mode;
        self
    }

    /// Sets when to check that a loss can be computed twice with the same result.
    #[must_use]
    pub fn with_self_check(mut self, check: SelfCheck) -> Self {
        self.search.self_check = check;
        self
    }
}

/// Where a search begins.
impl LineSearchConfig {
    /// Sets where a search begins that knows no step size.
    #[must_use]
    pub fn with_initial_step(mut self, step: InitialStep) -> Self {
        self.start.initial_step = step;
        self
    }

    /// Sets the factor by which a search that begins at the initial step goes on to longer ones.
    #[must_use]
    pub fn with_expansion(mut self, factor: impl Into<Option<f64>>) -> Self {
        self.start.expand = factor.into();
        self
    }

    /// Sets the growth factor `γ`.
    #[must_use]
    pub fn with_gamma(mut self, gamma: f64) -> Self {
        self.start.growth.gamma = gamma;
        self
    }

    /// Sets the number of mini-batches per epoch `n` (examples divided by batch size), over which a
    /// step size grows by `γ`.
    ///
    /// This is the paper's setting. With [`Preset::Amortized`](crate::Preset::Amortized) it changes
    /// little: there the extrapolation decides where a search begins, and growth alone is left
    /// where the last search has seen no room for a longer step. With
    /// [`Preset::Default`](crate::Preset::Default), where there is one search, it changes nothing.
    #[must_use]
    pub fn with_batches_per_epoch(mut self, batches: f64) -> Self {
        self.start.growth.batches_per_epoch = batches;
        self
    }

    /// Sets how far a search may begin above the last step size, where the last search has seen
    /// room for it; without, growth alone decides.
    #[must_use]
    pub fn with_extrapolation(mut self, room: impl Into<Option<Extrapolation>>) -> Self {
        self.start.extrapolation = room.into();
        self
    }

    /// Sets how the gradients bound where a search begins.
    #[must_use]
    pub fn with_hypergradient(mut self, bounds: impl Into<Option<Hypergradient>>) -> Self {
        self.start.hypergradient = bounds.into();
        self
    }

    /// Sets the `c` of the Polyak step above which no search begins.
    #[must_use]
    pub fn with_polyak_cap(mut self, c: impl Into<Option<f64>>) -> Self {
        self.start.polyak_cap = c.into();
        self
    }

    /// Sets the longest step size, searched or taken.
    #[must_use]
    pub fn with_max_step_size(mut self, step_size: impl Into<Option<f64>>) -> Self {
        self.start.max_step_size = step_size.into();
        self
    }

    /// Sets after how many searches in a row that could not judge the step size a search begins at
    /// the initial step again.
    #[must_use]
    pub fn with_restart_after(mut self, searches: impl Into<Option<u64>>) -> Self {
        self.start.restart_after = searches.into();
        self
    }
}

/// When to search.
impl LineSearchConfig {
    /// Sets how often a step size is searched.
    #[must_use]
    pub fn with_frequency(mut self, frequency: Frequency) -> Self {
        self.schedule.frequency = frequency;
        self
    }

    /// Sets what all trials after the first search may cost, as a fraction of training.
    #[must_use]
    pub fn with_budget(mut self, fraction: impl Into<Option<f64>>) -> Self {
        self.schedule.budget = fraction.into();
        self
    }

    /// Sets which units an iteration searches.
    #[must_use]
    pub fn with_unit_choice(mut self, choice: UnitChoice) -> Self {
        self.schedule.choice = choice;
        self
    }

    /// Sets the step size below which units are merged (the paper: 1e-12).
    #[must_use]
    pub fn with_merging(mut self, threshold: impl Into<Option<f64>>) -> Self {
        self.schedule.merge_below = threshold.into();
        self
    }

    /// Sets when the steps become shorter than those that are searched.
    #[must_use]
    pub fn with_reduce_on_plateau(mut self, rule: impl Into<Option<ReduceOnPlateau>>) -> Self {
        self.schedule.reduce_on_plateau = rule.into();
        self
    }

    /// Sets the most iterations between a first search that failed and the next attempt.
    #[must_use]
    pub fn with_longest_wait(mut self, iterations: u64) -> Self {
        self.schedule.longest_wait = iterations;
        self
    }
}
