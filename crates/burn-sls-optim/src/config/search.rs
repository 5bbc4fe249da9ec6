//! Group 2: one search, from the loss at `w_k` to an accepted step size.

use burn_sls_core::{Acceptance, Armijo, Backtracking, Shrink};
use serde::{Deserialize, Serialize};

use crate::direction::SearchAlong;

/// Which direction is tested, which step size is accepted, and how a rejected one shrinks.
///
/// ```text
/// while f_k(w_k + η·d) > f_k(w_k) - c·η·s:  η ← δ·η
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// The steps of an iteration.
    pub iteration: Iteration,
    /// The direction that a search tests.
    pub along: SearchAlong,
    /// Armijo's constant `c`: the fraction of the decrease promised by the slope that the loss must
    /// keep.
    pub c: f64,
    /// The slack that Armijo's rule is granted.
    pub acceptance: Acceptance,
    /// The rounding error of a loss, of one example or of a mean that comes as one, if the search
    /// is to reckon with it: some 3e-8 for a cross-entropy in f32. Where neither the decrease nor
    /// the demand is above the noise, the step is taken with the step size as it is, neither shrunk
    /// nor grown: see [`Comparison`](burn_sls_core::Comparison::of_examples).
    pub rounding: Option<f64>,
    /// The lowest loss there can be of a micro-batch, `f*`: 0 for a cross-entropy or a squared error.
    /// Of several micro-batches, whose losses are added up, it is as many times that. Polyak's step
    /// `(f_k(w_k) - f*)/(c·s)` needs it. Without one no search begins at a Polyak step, and
    /// [`polyak_cap`](super::StartConfig::polyak_cap) is off. The same holds after the first
    /// iteration whose loss is below the bound by more than rounding: the
    /// [report](crate::StepReport::below_bound) says so.
    pub loss_lower_bound: Option<f64>,
    /// What becomes of a rejected step size: a factor `δ`, or a parabola within bounds.
    pub shrink: Shrink,
    /// Trials that a search may spend.
    pub max_trials: usize,
    /// What happens when they are spent.
    pub when_exhausted: WhenExhausted,
    /// How the losses that are compared are made comparable.
    pub trial_mode: TrialMode,
    /// When to check that a loss can be computed twice with the same result.
    pub self_check: SelfCheck,
}

/// The steps of an iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Iteration {
    /// As in the paper: one first search of all units together, then each unit searched from `w_k`.
    #[default]
    Paper,
    /// As in the paper's published code, its departures from the paper included: see
    /// [`Preset::Reference`](crate::Preset::Reference).
    Published,
}

/// What to do when a search has spent its trials.
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
    /// before every trial, so that all draw the same masks. A model without random numbers is
    /// searched exactly. No other mode seeds a device.
    ///
    /// Burn has one generator for each device, and a seed is for the whole device:
    ///
    /// - Whatever else draws on the device between steps (noise, sampling, another network) follows
    ///   from the seed of this search, since the device is seeded after a step as well.
    /// - Two optimizers may take turns on one thread, as for a generator and a discriminator.
    ///   Without a configured seed each draws its own. If you configure their
    ///   [seeds](super::LineSearchConfig::seed), choose different ones, or their masks are the
    ///   same.
    /// - Two threads that draw on one device at the same time take numbers from each other, so that
    ///   the masks of a trial are not those of the training forward. Use one of the other modes.
    ReplayDropout,
    /// Dropout is off in the trials, and `f_k(w_k)` is evaluated again with dropout off, at the
    /// cost of one more forward pass per step. For several threads on one device, or where replay
    /// does not hold.
    ///
    /// The gradient is still that of the training forward, so the slope is of another function than
    /// the losses: close where dropout is all that differs. Batch normalisation uses its running
    /// statistics in what is compared, which early in training are far from those of the batch;
    /// prefer [`ReplayDropout`](Self::ReplayDropout) there. No device is seeded: the dropout masks
    /// of training are the device's own, and a run repeats itself if your program seeds the device.
    Deterministic,
    /// The forward pass draws no random numbers, so no device is seeded, and the random numbers of
    /// the rest of the program stay as they are. If it does draw some, the losses of a search are
    /// not comparable: the [self-check](SelfCheck) finds that.
    NoRandomNumbers,
}

/// When the loss at `w_k` is computed once more, to check that it comes out the same. If it does
/// not, no trial says anything about the step, and the step is
/// [`LineSearchError::NotReproducible`](crate::LineSearchError::NotReproducible). A check costs one
/// forward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SelfCheck {
    /// Never.
    Never,
    /// In the first search.
    FirstSearch,
    /// In the first search, and once in so many steps, at least 1.
    Every(u64),
}

impl SearchConfig {
    /// The search of core, as these settings have it.
    pub(crate) fn backtracking(&self) -> Backtracking {
        Backtracking {
            rule: match self.iteration {
                Iteration::Paper => Armijo::new(self.c),
                Iteration::Published => Armijo::strict(self.c),
            },
            acceptance: self.acceptance,
            shrink: self.shrink,
            max_trials: self.max_trials,
        }
    }

    /// The rounding error of a loss, if losses are to be compared example by example.
    pub(crate) fn compared_by_example(&self) -> Option<f64> {
        match self.acceptance {
            Acceptance::Paired { .. } => Some(self.rounding.unwrap_or(0.0)),
            _ => self.rounding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn only_the_published_iteration_rejects_an_equal_loss() {
        for (preset, accepted) in [(Preset::Reference, false), (Preset::Paper, true)] {
            let backtracking = preset.adamsls().search.backtracking();
            assert_eq!(backtracking.rule.accept_equal, accepted, "{preset:?}");
            assert_eq!((backtracking.rule.c, backtracking.max_trials), (0.1, 100));
        }
    }

    #[test]
    fn paired_losses_are_compared_by_example_with_or_without_a_rounding_error() {
        let paired = Preset::Paper.adamsls();
        assert_eq!(paired.search.compared_by_example(), None);
        let paired = paired.with_acceptance(Acceptance::Paired { z: 1.0 });
        assert_eq!(paired.search.compared_by_example(), Some(0.0));
        let paired = paired.with_rounding(1e-7);
        assert_eq!(paired.search.compared_by_example(), Some(1e-7));
    }
}
