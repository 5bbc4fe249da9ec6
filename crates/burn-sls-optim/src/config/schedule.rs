//! Group 4: when to search, what, and for how much.

use serde::{Deserialize, Serialize};

use crate::units::UnitChoice;

/// When a search is made and of which units, and when steps become shorter than those searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// How often a step size is searched.
    pub frequency: Frequency,
    /// What all trials after the first search may cost, as a fraction of forward and backward
    /// passes, three forward-equivalents an iteration: with 0.05, a trial in every seventh
    /// iteration.
    pub budget: Option<f64>,
    /// Which units an iteration searches.
    pub choice: UnitChoice,
    /// The step size below which a unit is merged with the one of the next lowest step size, if it
    /// is: see [`merge`](burn_sls_core::merge()). The paper's Algorithm 1, with 1e-12.
    pub merge_below: Option<f64>,
    /// When the steps that are taken become shorter than those that are searched, in a training
    /// whose length is not known. Where it is known, a schedule of your own does the same: see
    /// [`StepOptions::with_factor`](crate::StepOptions::with_factor).
    pub reduce_on_plateau: Option<ReduceOnPlateau>,
    /// The most iterations between a first search that failed and the next attempt. The wait is 1,
    /// then 3, 7, … up to this number: 63 in every preset. With 0, every iteration tries again.
    pub longest_wait: u64,
}

/// How often a step size is searched. In between, the one that was found is used again, at no cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Frequency {
    /// In every iteration, as in the paper.
    #[default]
    Always,
    /// The more rarely, the steadier the step size is (SaLSa). With a fast and a slow moving
    /// average of the accepted step sizes, and their ratio
    ///
    /// ```text
    /// r = max(A_fast/A_slow, A_slow/A_fast) >= 1,
    /// ```
    ///
    /// every `L`-th iteration is searched, `L = 1/(r - 1)` rounded, between 1 and `longest`; and
    /// every one of the first ones.
    ///
    /// # References
    ///
    /// P. Kenneweg et al.: *No Learning Rates Needed: Introducing SaLSa*, IJCNN 2024.
    Settling {
        /// The most iterations from one search to the next, at least 1; 10 in SaLSa.
        longest: u32,
        /// Searches in a row before anything is known of how step sizes vary; 10 in SaLSa.
        #[serde(default = "first")]
        first: u64,
        /// Decay of the fast average, in [0, 1); 0.9 in SaLSa.
        #[serde(default = "fast")]
        fast: f64,
        /// Decay of the slow average, in [0, 1); 0.99 in SaLSa.
        #[serde(default = "slow")]
        slow: f64,
    },
}

impl Frequency {
    /// SaLSa's rule with its own constants, and at most `longest` iterations from one search to the
    /// next.
    pub fn settling(longest: u32) -> Self {
        Self::Settling {
            longest,
            first: first(),
            fast: fast(),
            slow: slow(),
        }
    }
}

fn first() -> u64 {
    10
}

fn fast() -> f64 {
    0.9
}

fn slow() -> f64 {
    0.99
}

/// When the steps are to become shorter than those that are searched.
///
/// A search makes a step as long as the loss of its mini-batch allows. Where mini-batches disagree,
/// such steps keep `w` moving around a minimum at a distance that does not become less: the losses
/// of one window of iterations are then as high as those of the windows before. This rule notices
/// it, and multiplies the steps by a factor that falls by `decay` each time. The search knows
/// nothing of the factor: it goes on to find what the loss allows, and the factor makes less of it,
/// as a learning-rate schedule would, but with no horizon to be named.
///
/// With the losses of a window, of mean `μ` and standard error `σ`, and the lowest mean `μ*` (and
/// its `σ*`) of the windows before, the loss still falls if
///
/// ```text
/// μ < μ* - sqrt(σ² + σ*²).
/// ```
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `window` | | >= 2 | iterations whose losses are taken together |
/// | `decay` | 0.5 | (0, 1) | what the factor is multiplied by on a plateau |
/// | `least` | 1e-3 | (0, 1] | the smallest factor |
///
/// # Example
///
/// ```
/// use burn_sls_optim::{LineSearchConfig, ReduceOnPlateau};
///
/// let config = LineSearchConfig::adamsls().with_reduce_on_plateau(ReduceOnPlateau::new(200));
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReduceOnPlateau {
    /// Iterations whose losses are taken together, at least 2: an epoch, or some hundreds.
    pub window: u64,
    /// What the factor is multiplied by when the loss has stopped falling, in (0, 1).
    #[serde(default = "half")]
    pub decay: f64,
    /// The smallest factor, in (0, 1].
    #[serde(default = "least")]
    pub least: f64,
}

fn half() -> f64 {
    0.5
}

fn least() -> f64 {
    1e-3
}

impl ReduceOnPlateau {
    /// Halves the steps whenever the losses of `window` iterations are no lower than before, down
    /// to a thousandth.
    pub fn new(window: u64) -> Self {
        Self {
            window,
            decay: half(),
            least: least(),
        }
    }
}
