//! The settings of a line search, in five groups.

use core::fmt;

use burn::config::{Config, config_to_json};
use burn::optim::ModuleOptimizer;
use serde::Serialize;

use super::averaging::Averaging;
use super::direction::DirectionConfig;
use super::preset::Preset;
use super::schedule::ScheduleConfig;
use super::search::{Iteration, SearchConfig};
use super::start::StartConfig;
use crate::units::Units;

/// The settings of a line-search optimizer.
///
/// There are few to look at. A training needs none of them: every setting has a value that its
/// [`Preset`] gives it, and none is a learning rate. Some trainings set the *weight decay*
/// ([`with_weight_decay`](Self::with_weight_decay)), the *units* ([`plasls`](Self::plasls)), or
/// what searches may *cost* ([`with_budget`](Self::with_budget)); a loss that can be negative needs
/// its *lower bound* ([`with_loss_lower_bound`](Self::with_loss_lower_bound)). All others are there
/// so that the algorithms of the literature, and each of their parts, can be compared.
///
/// The defaults below are those of [`Preset::Default`] for Adam; [`Preset`] has the other presets'.
///
/// The direction ([`DirectionConfig`]), the units and the seed:
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `direction.kind` | by algorithm | | Adam or SGD, with their constants |
/// | `direction.clipping` | none | > 0 | gradient clipping |
/// | `units` | by algorithm | at least one | which parameters share a step size |
/// | `seed` | drawn | | seed of the run's random numbers |
///
/// One search, `search` ([`SearchConfig`]):
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `iteration` | `Paper` | | the paper's iteration, or that of its published code |
/// | `along` | `Update` | | the direction that is tested |
/// | `c` | 0.5 | (0, 1) | Armijo's constant |
/// | `acceptance` | `Monotone` | | how much less than Armijo's rule is enough |
/// | `rounding` | 3e-8 | > 0 | rounding error of a loss per example |
/// | `loss_lower_bound` | 0 | finite | the lowest loss there can be |
/// | `shrink` | parabola in 0.1, 0.7 | (0, 1) | what becomes of a rejected step size |
/// | `max_trials` | 8 | >= 1 | trials that a search may spend |
/// | `when_exhausted` | `Stay` | | what to do when they are spent |
/// | `trial_mode` | `ReplayDropout` | | how losses are made comparable |
/// | `self_check` | `FirstSearch` | | when to check that a loss is reproducible |
///
/// Where it begins, `start` ([`StartConfig`]):
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `initial_step` | Polyak's, or 0.1 | > 0 | where a search begins that knows no step size |
/// | `expand` | 2 | > 1 | the factor by which it goes on upwards |
/// | `growth.gamma` | 2 | >= 1 | growth of a step size over an epoch, `γ` |
/// | `growth.batches_per_epoch` | 500 | > 0 | `n`: growth in a step is `γ^(1/n)` |
/// | `extrapolation` | none | > 1 | how much longer it begins where there is room |
/// | `hypergradient` | off | | how the gradients bound where it begins |
/// | `polyak_cap` | 0.7 | > 0 | `c` of the Polyak step that it never begins above |
/// | `max_step_size` | none | > 0 | the longest step size, searched or taken |
/// | `restart_after` | none | >= 1 | unjudged searches before one begins at the initial step again |
///
/// When it is made, `schedule` ([`ScheduleConfig`]):
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `frequency` | `Always` | | how often a step size is searched |
/// | `budget` | 0.03 | > 0 | cost of the later trials, as a fraction of training |
/// | `choice` | `Cyclic` | | which units an iteration searches |
/// | `merge_below` | none | > 0 | step size below which units are merged |
/// | `reduce_on_plateau` | none | | when steps become shorter than those searched |
/// | `longest_wait` | 63 | | iterations before a failed first search is tried again, at most |
///
/// How steps are averaged, and how long they are after the first search, `averaging`
/// ([`Averaging`]):
///
/// | setting | default | range | meaning |
/// |---|---|---|---|
/// | `beta` | 0.8 | (0, 1) | where gradients are taken, between the steps and their average |
/// | `power` | 4 | [0, 30] | how much more later steps count |
/// | `warm_up` | 20 | >= 1 | steps until they have their full length |
/// | `share` | 0.25 | > 0 | the first step size, in units of the searched one |
/// | `until` | 1 | > 0 | the longest, in the same units, before the loss has come down |
/// | `growth` | 2^(1/4) | >= 1 | its growth in a step, up to there |
/// | `slow_growth` | 2^(1/64) | >= 1 | its growth in a step beyond |
/// | `longest` | 16 | > 0 | the longest step size, in the same units |
/// | `threshold` | 0.02 | >= 0 | how far the average has to be behind for it |
/// | `decay` | 0.98 | [0, 1) | decay of the means that say so, and of the mean loss |
/// | `agreement` | 0.08 | >= 0 | below this, successive mini-batches do not agree |
/// | `disagreement` | 1/16 | (0, 1] | how much shorter steps are then |
///
/// # Example
///
/// ```
/// use burn_sls_optim::{LineSearchConfig, Preset};
///
/// let config = LineSearchConfig::adamsls().with_weight_decay(0.01).with_budget(0.05);
/// assert!(config.validate().is_ok());
///
/// let config = Preset::Paper.adamsls().with_batches_per_epoch(15.6).with_shrink(1.5);
/// let error = config.validate().unwrap_err();
/// assert_eq!(error.to_string(), "`search.shrink` is 1.5, and must be in (0, 1)");
/// ```
///
/// # Files
///
/// A configuration is a Burn [`Config`]: it prints, saves and loads as JSON. In a file an absent
/// key has the value of the preset that the file names, or of `default`; `null` unsets what may be
/// unset; an unknown key is an error.
///
/// ```
/// use burn::config::Config;
/// use burn_sls_optim::{LineSearchConfig, Preset, Units};
///
/// let json = br#"{
///     "preset": "paper",
///     "units": [
///         {"name": "embeddings", "members": [{"prefix": "embed"}]},
///         {"name": "rest", "members": [{"pattern": "encoder|head"}]}
///     ],
///     "start": {"initial_step": {"fixed": 0.5}, "growth": {"batches_per_epoch": 115}}
/// }"#;
/// let config = LineSearchConfig::load_binary(json)?;
/// assert_eq!(config.units.len(), 2);
/// assert_eq!(config.start.growth.gamma, 2.0);
/// assert_eq!(config.search, Preset::Paper.adamsls().search);
///
/// let error = LineSearchConfig::load_binary(br#"{"search": {"max_trial": 4}}"#).unwrap_err();
/// assert!(error.to_string().contains("`search.max_trial`"));
/// # Ok::<(), burn::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineSearchConfig {
    /// The preset whose values absent keys of a file have. It is a name alone: to change it changes
    /// no other setting.
    pub preset: Preset,
    /// Search and update direction.
    pub direction: DirectionConfig,
    /// Which parameters share a step size.
    pub units: Units,
    /// One search.
    pub search: SearchConfig,
    /// Where a search begins.
    pub start: StartConfig,
    /// When to search, and what.
    pub schedule: ScheduleConfig,
    /// Averaging of the steps, if there is to be any. It takes the place of a schedule, and of
    /// momentum: Adam's `beta_1` is then 0, whatever its setting says.
    pub averaging: Option<Averaging>,
    /// Seed of the run. In the [trial mode](crate::TrialMode) `ReplayDropout`, and in no other, the
    /// device's random generator is seeded from it in every step. Without one, it is drawn from
    /// that generator in the first step, so that it follows from the seed of your program.
    pub seed: Option<u64>,
}

impl LineSearchConfig {
    /// The Burn optimizer that gives the directions. An average takes the place of momentum.
    pub(crate) fn optimizer(&self) -> ModuleOptimizer {
        self.direction.optimizer(self.averaging.is_none())
    }

    /// The longest step size along a direction whose own is this one: the shorter of it and the
    /// configured one. The published code has no such bound.
    pub(crate) fn longest_step_size(&self, of_direction: Option<f64>) -> Option<f64> {
        if self.search.iteration == Iteration::Published {
            return None;
        }
        let bounds = [self.start.max_step_size, of_direction];
        bounds.into_iter().flatten().reduce(f64::min)
    }
}

impl Config for LineSearchConfig {}

impl fmt::Display for LineSearchConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&config_to_json(self))
    }
}
