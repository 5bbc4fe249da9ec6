//! The settings of a line search, and the presets.

use burn::optim::ModuleOptimizer;
use burn_sls_core::{Armijo, Backtracking, Growth};
use serde::{Deserialize, Serialize};

use crate::direction::{Adam, Sgd};
use crate::error::LineSearchError;
use crate::optimizer::LineSearchOptimizer;
use crate::units::Units;

/// The settings of a line-search optimizer. Every one has a default; none is a learning rate.
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `direction` | by algorithm | | where to look and where to go |
/// | `units` | by algorithm | at least one | which parameters share a step size |
/// | `c` | 0.1 | (0, 1) | Armijo's constant |
/// | `shrink` | 0.9 | (0, 1) | backtracking factor `δ` |
/// | `gamma` | 2 | >= 1 | growth of the step size over an epoch, `γ` |
/// | `batches_per_epoch` | 500 | > 0 | `n`: growth in a step is `γ^(1/n)` |
/// | `first_step_size` | 0.1 (SGD: 1) | > 0, finite | where the first search starts |
/// | `max_trials` | 100 | >= 1 | budget of a search |
/// | `when_exhausted` | by preset | | what to do when it is spent |
/// | `merge_below` | none | > 0 | step size below which units are merged |
/// | `trial_mode` | `ReplayDropout` | | how losses are made comparable |
/// | `seed` | 0 | | seed of the run's random numbers |
///
/// Tell it `batches_per_epoch`: the default is the constant of the paper's published code, which
/// lets the step size of a small data set recover too slowly.
///
/// # Example
///
/// ```
/// use burn_sls_optim::{LineSearchConfig, Preset};
///
/// let config = LineSearchConfig::adamsls().with_batches_per_epoch(15.6).with_seed(1);
/// assert!(config.validate().is_ok());
/// assert_eq!(config, Preset::Paper.apply(config.clone())); // the paper's is the default for now
///
/// let error = config.with_shrink(1.5).validate().unwrap_err();
/// assert_eq!(error.to_string(), "`shrink` is 1.5, and must be in (0, 1)");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineSearchConfig {
    /// Search and update direction.
    pub direction: Direction,
    /// The units.
    pub units: Units,
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
    /// Seed of the run. The device's random generator is seeded from it at every step.
    pub seed: u64,
}

/// Search direction `d` and update direction `u`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Direction {
    /// [`Sgd`]: `d = u = -g`.
    Sgd,
    /// [`Adam`]: `d = -P·g`, `u = -P·m^`.
    Adam(Adam),
}

/// What to do when a search has used up its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WhenExhausted {
    /// Take the step with the step size after the last shrink, unless the last trial's loss was
    /// not finite.
    Move,
    /// Leave the model and the optimizer's state as they were.
    Stay,
}

/// How the losses that a search compares are made comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrialMode {
    /// Dropout stays on. The device is seeded with the same number before the training forward and
    /// before every trial, so that all draw the same masks. For one thread drawing random numbers.
    /// A model without random numbers is searched exactly, whatever the mode.
    ReplayDropout,
    /// Dropout is off in the trials, and `f_k(w_k)` is evaluated again with dropout off, at the
    /// cost of one more forward pass per step. For several workers, or where replay does not hold.
    Deterministic,
}

/// A named set of values for the settings that make an algorithm faithful or safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Preset {
    /// The paper's algorithms, exactly. A search whose budget ends moves by the shrunk step size.
    Paper,
    /// What we recommend. For now the paper's, except that a search that fails leaves everything as
    /// it was.
    Default,
}

impl Preset {
    /// The configuration with this preset's values for `c`, `shrink`, `gamma`, `max_trials` and
    /// `when_exhausted`; everything else stays.
    pub fn apply(self, config: LineSearchConfig) -> LineSearchConfig {
        LineSearchConfig {
            c: 0.1,
            shrink: 0.9,
            gamma: 2.0,
            max_trials: 100,
            when_exhausted: match self {
                Self::Paper => WhenExhausted::Move,
                Self::Default => WhenExhausted::Stay,
            },
            ..config
        }
    }
}

impl LineSearchConfig {
    fn new(direction: Direction, units: Units, first_step_size: f64) -> Self {
        Preset::Paper.apply(Self {
            direction,
            units,
            c: 0.0,
            shrink: 0.0,
            gamma: 0.0,
            batches_per_epoch: 500.0,
            first_step_size,
            max_trials: 0,
            when_exhausted: WhenExhausted::Move,
            merge_below: None,
            trial_mode: TrialMode::ReplayDropout,
            seed: 0,
        })
    }

    /// ADAMSLS: Adam's direction, one step size for the whole network.
    pub fn adamsls() -> Self {
        Self::new(Direction::Adam(Adam::default()), Units::one(), 0.1)
    }

    /// SGDSLS: steepest descent, one step size for the whole network.
    pub fn sgdsls() -> Self {
        Self::new(Direction::Sgd, Units::one(), 1.0)
    }

    /// PLASLS: Adam's direction, one step size per unit. After a first search of all units
    /// together, each iteration searches one of them, in turn.
    pub fn plasls(units: Units) -> Self {
        Self::new(Direction::Adam(Adam::default()), units, 0.1)
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

    /// Checks every setting against its range.
    ///
    /// # Errors
    ///
    /// [`LineSearchError::Setting`] with the first value that is out of range.
    pub fn validate(&self) -> Result<(), LineSearchError> {
        let open_unit = |x: f64| x > 0.0 && x < 1.0;
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let check = |ok: bool, name, value: &dyn std::fmt::Debug, expected| match ok {
            true => Ok(()),
            false => Err(LineSearchError::Setting {
                name,
                value: format!("{value:?}"),
                expected,
            }),
        };
        check(open_unit(self.c), "c", &self.c, "in (0, 1)")?;
        check(open_unit(self.shrink), "shrink", &self.shrink, "in (0, 1)")?;
        let gamma = self.gamma;
        check(
            gamma >= 1.0 && gamma.is_finite(),
            "gamma",
            &gamma,
            "at least 1 and finite",
        )?;
        let n = self.batches_per_epoch;
        check(positive(n), "batches_per_epoch", &n, "positive and finite")?;
        let first = self.first_step_size;
        check(
            positive(first),
            "first_step_size",
            &first,
            "positive and finite",
        )?;
        let trials = self.max_trials;
        check(trials >= 1, "max_trials", &trials, "at least 1")?;
        let merge = self.merge_below.unwrap_or(1.0);
        check(
            positive(merge),
            "merge_below",
            &merge,
            "positive and finite",
        )?;
        check(
            self.units.len() > 0,
            "units",
            &self.units.len(),
            "at least one",
        )?;
        if let Direction::Adam(adam) = self.direction {
            let decay = |x: f64| (0.0..1.0).contains(&x);
            check(decay(adam.beta_1), "beta_1", &adam.beta_1, "in [0, 1)")?;
            check(decay(adam.beta_2), "beta_2", &adam.beta_2, "in [0, 1)")?;
            let epsilon = adam.epsilon;
            check(
                positive(epsilon),
                "epsilon",
                &epsilon,
                "positive and finite",
            )?;
        }
        Ok(())
    }

    /// Makes the optimizer for a training loop of one's own.
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    pub fn init(self) -> LineSearchOptimizer {
        self.try_init().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes the optimizer for a training loop of one's own.
    ///
    /// # Errors
    ///
    /// If a setting is out of range.
    pub fn try_init(self) -> Result<LineSearchOptimizer, LineSearchError> {
        let optimizer = self.optimizer();
        self.try_init_with(optimizer)
    }

    /// Makes an optimizer that searches along the displacement that another Burn optimizer proposes
    /// for a learning rate of 1, in place of this configuration's direction.
    ///
    /// # Errors
    ///
    /// If a setting is out of range.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::optim::RmsPropConfig;
    /// use burn_sls_optim::LineSearchConfig;
    ///
    /// let config = LineSearchConfig::adamsls();
    /// let optim = config.try_init_with(RmsPropConfig::new().init())?;
    /// # Ok::<(), burn_sls_optim::LineSearchError>(())
    /// ```
    pub fn try_init_with(
        self,
        optimizer: ModuleOptimizer,
    ) -> Result<LineSearchOptimizer, LineSearchError> {
        self.validate()?;
        Ok(LineSearchOptimizer::new(self, optimizer))
    }

    /// Wraps a model for Burn's `Learner`, and makes the optimizer that belongs beside it.
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    ///
    /// See [`LineSearch`](crate::LineSearch) for an example.
    #[cfg(feature = "learner")]
    pub fn for_learner<M: crate::learner::BatchLoss>(
        self,
        model: M,
    ) -> (crate::learner::LineSearch<M>, ModuleOptimizer) {
        if let Err(error) = self.validate() {
            panic!("{error}");
        }
        let optimizer = self.optimizer();
        (crate::learner::LineSearch::new(model, self), optimizer)
    }

    /// The Burn optimizer that gives the directions.
    pub(crate) fn optimizer(&self) -> ModuleOptimizer {
        match self.direction {
            Direction::Sgd => Sgd.into(),
            Direction::Adam(adam) => adam.into(),
        }
    }

    pub(crate) fn backtracking(&self) -> Backtracking {
        Backtracking {
            rule: Armijo::new(self.c),
            shrink: self.shrink,
            max_trials: self.max_trials,
        }
    }

    pub(crate) fn growth(&self) -> Growth {
        Growth {
            gamma: self.gamma,
            batches_per_epoch: self.batches_per_epoch,
        }
    }
}
