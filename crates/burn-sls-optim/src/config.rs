//! The settings of a line search.

mod make;
mod settings;
mod validate;
mod with;

use core::fmt;

use burn::config::{Config, config_to_json};
use burn_sls_core::{Acceptance, Frequency, Shrink, Tail};
use serde::{Deserialize, Serialize};

pub use settings::{Bracket, Clipping, Direction, Procedure, Tested, TrialMode, WhenExhausted};

use crate::choice::UnitChoice;
use crate::direction::{Adam, Sgd};
use crate::presets::Preset;
use crate::units::Units;

/// The settings of a line-search optimizer. Every one has a default, that of [`Preset::Default`]; none is a
/// learning rate.
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `direction` | by algorithm | | where to look and where to go |
/// | `units` | by algorithm | at least one | which parameters share a step size |
/// | `choice` | `Cyclic` | | which units an iteration searches |
/// | `procedure` | `Paper` | | the paper's iteration, or that of its published code |
/// | `c` | 0.7 | (0, 1) | Armijo's constant |
/// | `acceptance` | `Monotone` | | how much less than Armijo's rule is enough |
/// | `rounding` | 3e-8 | > 0 | error of a loss per example: what it hides is neither accepted nor rejected |
/// | `tested` | `Taken` | | the direction that is tested |
/// | `shrink` | a parabola | in (0, 1) | backtracking: a factor `δ`, or a parabola within bounds, 0.1 and 0.7 |
/// | `gamma` | 2 | >= 1 | growth of the step size over an epoch, `γ` |
/// | `batches_per_epoch` | 500 | > 0 | `n`: growth in a step is `γ^(1/n)` |
/// | `first_step_size` | 0.1 (SGD: 1) | > 0, finite | where the first search starts if there is no `bracket` |
/// | `bracket` | Polyak's step, upwards too | | where a search begins that knows no magnitude |
/// | `extrapolate` | 1.5 | > 1, finite | how many times longer a search begins, at most, where the last has seen room |
/// | `ceiling` | 0.7 | > 0 | `c` of the Polyak step that no search begins above, and no untested step goes beyond |
/// | `frequency` | `Always` | | how often a step size is searched |
/// | `budget` | 0.03 | > 0 | trials after the first search, as a fraction of the cost of training |
/// | `tail` | none | | when steps are to become shorter than those that are searched |
/// | `max_trials` | 8 | >= 1 | trials that a search may spend |
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
/// let file = format!("line-search-{}.json", std::process::id());
/// let file = std::env::temp_dir().join(file);
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
    /// The slack that Armijo's rule is granted.
    #[serde(default)]
    pub acceptance: Acceptance,
    /// The rounding error of a loss, of one example or of a mean that comes as one, if the search is to
    /// know of it: some 3e-8 for a cross-entropy in f32. Where neither the decrease nor the demand is
    /// above the noise, the step is taken with the step size as it is, neither shrunk nor grown: see
    /// [`Comparison`](burn_sls_core::Comparison::of_examples).
    #[serde(default)]
    pub rounding: Option<f64>,
    /// The direction that is tested.
    #[serde(default)]
    pub tested: Tested,
    /// What becomes of a rejected step size.
    pub shrink: Shrink,
    /// The growth factor `γ`.
    pub gamma: f64,
    /// Mini-batches per epoch, `n`.
    pub batches_per_epoch: f64,
    /// The step size that the first search starts from (after one growth).
    pub first_step_size: f64,
    /// How a search begins that knows nothing of the magnitude, in place of `first_step_size`.
    #[serde(default)]
    pub bracket: Option<Bracket>,
    /// The largest factor from a step size to the first trial of its next search, as far as the
    /// [parabola](burn_sls_core::Search::room) through the accepted trial of its last one has room for it. Without,
    /// a step size grows by `γ` alone. With [`Tested::Taken`] and [`Adam`], it is shorter by this
    /// factor where the gradients [disagree](burn_sls_core::Rhythm::agreeing) with the steps before them, and
    /// [stays](burn_sls_core::Rhythm::allowed) around what the first search found.
    #[serde(default)]
    pub extrapolate: Option<f64>,
    /// The `c` of the Polyak step `f_k(w_k)/(c·s)` above which no search begins, if one is set: a step
    /// size beyond it could not pass Armijo's rule with that `c`, as no loss is negative. With
    /// [`Tested::Taken`], what moves without having been searched in the iteration is held to it, too: the whole
    /// step is shortened until `c·Σ η^(u)·s_u <= f_k(w_k)`, and the step sizes stay as they are.
    #[serde(default)]
    pub ceiling: Option<f64>,
    /// How often a step size is searched.
    #[serde(default)]
    pub frequency: Frequency,
    /// What all trials after the first search may cost, as a fraction of forward and backward passes,
    /// three forward-equivalents an iteration: with 0.05, a trial in every seventh iteration.
    #[serde(default)]
    pub budget: Option<f64>,
    /// When the steps that are taken become shorter than those that are searched, in a training whose end
    /// is not known. A learning-rate schedule does the same for one whose end is.
    #[serde(default)]
    pub tail: Option<Tail>,
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
            acceptance: Acceptance::Monotone,
            rounding: None,
            tested: Tested::Search,
            shrink: Shrink::Factor(0.9),
            gamma: 2.0,
            batches_per_epoch: 500.0,
            first_step_size,
            bracket: None,
            extrapolate: None,
            ceiling: None,
            frequency: Frequency::Always,
            budget: None,
            tail: None,
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
}
