//! Group 3: where a search begins, and what bounds a step size.

use burn_sls_core::Growth;
use serde::{Deserialize, Serialize};

/// The step size that a search tries first, and the longest that a step size may be.
///
/// With the last step size `η`, `k` iterations after it was last searched:
///
/// ```text
/// η_0 = max(γ^(k/n), min(most, limit))·η      growth and extrapolation
/// η_0 ← min(η_0, a·η)                         a: the hypergradient's factor
/// η_0 ← min(η_0, (f_k(w_k) - f*)/(c·s))       c: polyak_cap
/// η_0 ← min(η_0, max_step_size)
/// ```
///
/// A search that knows no step size begins at the [initial step](InitialStep) instead. The last two
/// bounds hold for it too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartConfig {
    /// Where a search begins that knows no step size.
    pub initial_step: InitialStep,
    /// The factor, above 1, by which a search that begins at the initial step goes on to longer
    /// step sizes while the loss falls, if it does (forward tracking): see
    /// [`Search::expanding`](burn_sls_core::Search::expanding).
    pub expand: Option<f64>,
    /// Growth by `γ^(1/n)` in an iteration, with `n` mini-batches per epoch, so that a step size
    /// recovers from earlier backtracking: the paper's Eq. 4.
    ///
    /// With an [extrapolation](Self::extrapolation), as in [`Preset::Amortized`], that decides, and
    /// growth alone is left where the last search has seen no room for a longer step.
    ///
    /// Without one, `n` decides how fast a step size recovers. The default of 500 is the constant
    /// of the paper's published code, a doubling in 500 steps. The paper itself takes the true
    /// number: with few batches in an epoch a step size then grows by several percent in every
    /// step, and at its limit each growth costs trials to undo (0.41 a step at 16 batches).
    ///
    /// With [averaging](crate::Averaging) there is one search, and this growth has no effect.
    ///
    /// [`Preset::Amortized`]: crate::Preset::Amortized
    pub growth: Growth,
    /// How a search may begin above the last step size, where the last search has seen room for it.
    /// Without, a step size grows by `γ` alone.
    pub extrapolation: Option<Extrapolation>,
    /// How the gradients bound where a search begins, if they do.
    pub hypergradient: Option<Hypergradient>,
    /// The `c` of the Polyak step `(f_k(w_k) - f*)/(c·s)` above which no search begins, if one is
    /// set: no step size beyond it passes Armijo's rule with that `c`, as no loss is below the
    /// [lower bound](super::SearchConfig::loss_lower_bound) `f*`.
    ///
    /// Where the update direction is searched ([`SearchAlong::Update`]), it also bounds what moves
    /// without having been searched in the iteration: the whole step is shortened until
    /// `c·Σ η^(u)·s_u <= f_k(w_k) - f*`, and the step sizes stay as they are.
    ///
    /// [`SearchAlong::Update`]: crate::direction::SearchAlong::Update
    pub polyak_cap: Option<f64>,
    /// The longest step size, searched or taken, if there is to be one. With weight decay `λ` none
    /// is longer than `1/λ` either. A [factor](crate::StepOptions::with_factor) multiplies what
    /// these bounds leave.
    pub max_step_size: Option<f64>,
    /// After how many searches in a row that could not judge the step size a search begins at the
    /// initial step again; never with `None`. A search cannot judge a step size if its only trial
    /// differs from `w_k` by no more than rounding, so this needs
    /// [`SearchConfig::rounding`](crate::SearchConfig::rounding).
    ///
    /// It does so for a step size that has collapsed to less than a thousandth of the longest that
    /// a search has found, and goes back to that one at most; and for one that has been judged at
    /// most once. Near a minimum there is little to judge with any step size, and nothing begins
    /// again.
    ///
    /// Such a search begins at the Polyak step, also with [`InitialStep::Fixed`]; where that is not
    /// usable, at ten times the last step size. If it finds nothing better, everything stays as it
    /// was, and the next attempt waits for twice as many searches. There is none where the loss has
    /// come down to its [lower bound](crate::SearchConfig::loss_lower_bound).
    pub restart_after: Option<u64>,
}

/// Where a search begins that knows no step size: the first one, one after a search that has spent
/// its trials under [`InitialStep::Polyak`], and one that begins again since the step size has
/// become too short to be judged.
///
/// Of several units that are searched together, all begin with the same step size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum InitialStep {
    /// At the [Polyak step](burn_sls_core::polyak) `(f_k(w_k) - f*)/(c·s)`, where the first-order
    /// model of the loss, a fraction `c` of it, has come down to the
    /// [lowest loss](super::SearchConfig::loss_lower_bound) there can be.
    ///
    /// # References
    ///
    /// B. Polyak: *Introduction to Optimization*, 1987; N. Loizou et al.: *Stochastic Polyak
    /// Step-size for SGD*, AISTATS 2021.
    Polyak {
        /// The constant `c`, positive; 1 by default.
        #[serde(default = "one")]
        c: f64,
        /// The step size where that step is not usable: it is not positive or not finite, or the
        /// loss has no lower bound. It is grown once, like a fixed one.
        otherwise: f64,
    },
    /// At this step size, positive, after one growth.
    Fixed(f64),
}

fn one() -> f64 {
    1.0
}

impl InitialStep {
    /// The step size that is there before anything has been searched.
    pub(crate) fn step_size(&self) -> f64 {
        match *self {
            Self::Polyak { otherwise, .. } => otherwise,
            Self::Fixed(step_size) => step_size,
        }
    }
}

/// How much longer than the last step size a search may begin.
///
/// The [parabola](burn_sls_core::parabola) through the loss and the slope at `w_k` and the accepted
/// trial of a search, whose loss has fallen by `Δ` with the standard error `SE`, has its best step
/// size at `limit·η`:
///
/// ```text
/// limit = min(1, 2·(1-c)) · η·s/(2·(η·s - (Δ - z·SE))),    at least 1,
/// ```
///
/// with `z = standard_errors`. The next search begins at `min(most, limit)·η`, or where
/// [growth](StartConfig::growth) leads, if that is longer.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `most` | 1.5 | > 1, finite | the largest factor |
/// | `standard_errors` | 0.5 | >= 0, finite | `z`: how much of the decrease may be luck |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extrapolation {
    /// The largest factor from a step size to the first trial of its next search.
    pub most: f64,
    /// By how many standard errors less the loss is taken to have fallen than it has: on other
    /// examples a longer step may do less well.
    pub standard_errors: f64,
}

impl Default for Extrapolation {
    fn default() -> Self {
        Self {
            most: 1.5,
            standard_errors: 0.5,
        }
    }
}

/// How the gradients bound where a search begins, for [`Adam`](crate::direction::Adam) along the
/// [update direction](crate::direction::SearchAlong::Update).
///
/// Every gradient says how the last step did: with the slope `s = -⟨g_k, u_k⟩` along the present
/// direction, and `s' = -⟨g_k, u_{k-1}⟩` along the last one,
///
/// ```text
/// a ← decay·a + (1-decay)·clamp(s'/|s|, -1, 1).
/// ```
///
/// Where the mean `a` is positive, the loss of the next mini-batch went on falling where a step has
/// ended, in the direction that it took: it could have been longer. Where it is negative, steps go
/// too far, though each was good for the mini-batch that it was made for. `s'` is the derivative of
/// the loss by the last step size, with its sign turned.
///
/// With `η_1`, the step size that the first search found, the next search of `η` begins at most at
///
/// ```text
/// clamp(shortest·η_1/η, 1/factor, 1)·η      where a <= threshold
/// max(longest·η_1/η, 1)·η                   elsewhere.
/// ```
///
/// So step sizes become shorter by `factor` where steps go too far, until they are `shortest` times
/// what was found first, and longer up to `longest` times that. For Adam a step size is a length
/// that each weight moves by, and which length is far for a weight changes little in a training. A
/// search alone would see no such bounds: near 0 a loss has hardly a slope, and any length passes.
/// Nor would the gradients: where nothing is left to learn, or nothing is learnt yet, they
/// contradict each other whatever the step size is.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `decay` | 0.97 | [0, 1) | decay of the mean `a` |
/// | `threshold` | -0.1 | [-1, 1] | the mean from which down steps go too far |
/// | `factor` | 1.5 | > 1, finite | how much shorter a search then begins, at most |
/// | `shortest` | 0.5 | (0, 1] | how short, in units of what was found first |
/// | `longest` | 4 | >= 1, finite | how long, in the same units |
///
/// # References
///
/// A. Baydin, R. Cornish, D. Martínez Rubio, M. Schmidt, F. Wood: *Online Learning Rate Adaptation
/// with Hypergradient Descent*, ICLR 2018.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hypergradient {
    /// Decay of the mean `a`.
    pub decay: f64,
    /// The mean from which down steps go too far.
    pub threshold: f64,
    /// How many times shorter than the last step size a search then begins, at most.
    pub factor: f64,
    /// How short a step size becomes for this reason, in units of what the first search found.
    pub shortest: f64,
    /// Up to what length a search may begin above the last step size, in the same units.
    pub longest: f64,
}

impl Default for Hypergradient {
    fn default() -> Self {
        Self {
            decay: 0.97,
            threshold: -0.1,
            factor: 1.5,
            shortest: 0.5,
            longest: 4.0,
        }
    }
}
