//! The settings of a line search.

mod make;
mod settings;
mod validate;

use core::fmt;

use burn::config::{Config, config_to_json};
use serde::{Deserialize, Serialize};

pub use settings::{Clipping, Direction, Procedure, TrialMode, WhenExhausted};

use crate::choice::UnitChoice;
use crate::direction::{Adam, Sgd};
use crate::presets::Preset;
use crate::units::Units;

/// The settings of a line-search optimizer. Every one has a default; none is a learning rate.
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `direction` | by algorithm | | where to look and where to go |
/// | `units` | by algorithm | at least one | which parameters share a step size |
/// | `choice` | `Cyclic` | | which units an iteration searches |
/// | `procedure` | `Paper` | | the paper's iteration, or that of its published code |
/// | `c` | 0.1 | (0, 1) | Armijo's constant |
/// | `shrink` | 0.9 | (0, 1) | backtracking factor `δ` |
/// | `gamma` | 2 | >= 1 | growth of the step size over an epoch, `γ` |
/// | `batches_per_epoch` | 500 | > 0 | `n`: growth in a step is `γ^(1/n)` |
/// | `first_step_size` | 0.1 (SGD: 1) | > 0, finite | where the first search starts |
/// | `max_trials` | 100 | >= 1 | budget of a search |
/// | `when_exhausted` | `Stay` | | what to do when it is spent |
/// | `merge_below` | none | > 0 | step size below which units are merged |
/// | `trial_mode` | `ReplayDropout` | | how losses are made comparable |
/// | `clipping` | none | > 0 | gradient clipping |
/// | `seed` | 0 | | seed of the run's random numbers |
///
/// `batches_per_epoch` decides how fast a step size recovers. The default is the constant of the paper's
/// published code, a doubling in 500 steps. The paper itself takes the true number: with few batches in an
/// epoch a step size then grows by several percent in every step, and at its limit each growth costs
/// trials to undo (0.41 a step at 16 batches).
///
/// # Example
///
/// ```
/// use burn_sls_optim::{LineSearchConfig, Preset};
///
/// let config = LineSearchConfig::adamsls().with_batches_per_epoch(15.6).with_seed(1);
/// assert!(config.validate().is_ok());
/// assert_eq!(config, Preset::Default.apply(config.clone()));
///
/// let error = config.with_shrink(1.5).validate().unwrap_err();
/// assert_eq!(error.to_string(), "`shrink` is 1.5, and must be in (0, 1)");
/// ```
///
/// A configuration is a Burn [`Config`]: it prints, saves and loads as JSON.
///
/// ```
/// use burn::config::Config;
/// use burn_sls_optim::{LineSearchConfig, Preset, Units};
///
/// let units = Units::matching([("embeddings", "embed"), ("rest", "encoder|head")]);
/// let config = Preset::Reference.apply(LineSearchConfig::plasls(units));
/// let file = std::env::temp_dir().join("burn-sls-config-example.json");
/// config.save(&file)?;
/// assert_eq!(LineSearchConfig::load(&file)?, config);
/// # std::fs::remove_file(&file)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSearchConfig {
    /// Search and update direction.
    pub direction: Direction,
    /// The units.
    pub units: Units,
    /// Which units an iteration searches.
    #[serde(default)]
    pub choice: UnitChoice,
    /// The steps of an iteration.
    #[serde(default)]
    pub procedure: Procedure,
    /// Armijo's constant `c`.
    pub c: f64,
    /// The backtracking factor `δ`.
    pub shrink: f64,
    /// The growth factor `γ`.
    pub gamma: f64,
    /// Mini-batches per epoch, `n`.
    pub batches_per_epoch: f64,
    /// The step size that the first search starts from (after one growth).
    pub first_step_size: f64,
    /// Trials that a search may spend.
    pub max_trials: usize,
    /// What happens when they are spent.
    pub when_exhausted: WhenExhausted,
    /// The step size below which two units are merged, if they are.
    pub merge_below: Option<f64>,
    /// How the losses that are compared are made comparable.
    pub trial_mode: TrialMode,
    /// How gradients are clipped, if they are.
    #[serde(default)]
    pub clipping: Option<Clipping>,
    /// Seed of the run. The device's random generator is seeded from it at every step.
    pub seed: u64,
}

impl Config for LineSearchConfig {}

impl fmt::Display for LineSearchConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&config_to_json(self))
    }
}

impl LineSearchConfig {
    fn new(direction: Direction, units: Units, first_step_size: f64) -> Self {
        Preset::Default.apply(Self {
            direction,
            units,
            choice: UnitChoice::Cyclic,
            procedure: Procedure::Paper,
            c: 0.1,
            shrink: 0.9,
            gamma: 2.0,
            batches_per_epoch: 500.0,
            first_step_size,
            max_trials: 100,
            when_exhausted: WhenExhausted::Stay,
            merge_below: None,
            trial_mode: TrialMode::ReplayDropout,
            clipping: None,
            seed: 0,
        })
    }

    /// ADAMSLS: Adam's direction, one step size for the whole network.
    pub fn adamsls() -> Self {
        Self::new(Direction::Adam(Adam::default()), Units::one(), 0.1)
    }

    /// SGDSLS: steepest descent, one step size for the whole network.
    pub fn sgdsls() -> Self {
        Self::new(Direction::Sgd(Sgd::default()), Units::one(), 1.0)
    }

    /// PLASLS: Adam's direction, one step size per unit. After a first search of all units
    /// together, each iteration searches one of them, in turn.
    pub fn plasls(units: Units) -> Self {
        Self::new(Direction::Adam(Adam::default()), units, 0.1)
    }

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

    /// Sets the backtracking factor `δ`.
    #[must_use]
    pub fn with_shrink(mut self, shrink: f64) -> Self {
        self.shrink = shrink;
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

    /// Sets the step size that the first search starts from.
    #[must_use]
    pub fn with_first_step_size(mut self, step_size: f64) -> Self {
        self.first_step_size = step_size;
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
