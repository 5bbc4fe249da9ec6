//! Group 5: averaging in the place of a schedule.

use serde::{Deserialize, Serialize};

use super::ranges::{Checked, check, decay, from_1, not_negative, open_unit, positive, up_to_1};

/// Schedule-Free averaging of the steps, in the place of a schedule and of momentum, and how long
/// the steps are.
///
/// A step size that is as long as a mini-batch allows is too long at the end of a training: the
/// steps scatter around a minimum. A schedule would shorten them, and has to know when the training
/// ends. Here the steps stay long, and their average comes to rest. With the direction `u` of the
/// gradient at `y`,
///
/// ```text
/// y = (1 - β)·z + β·x                                        what is trained
/// z ← z + e·u                                                steps of whole length
/// x ← (1 - c)·x + c·z,    c = w/Σ w,  w = k^power·(max e)²   their average: what is used
/// e = η·min(1, k/warm_up)                                    in step k = 1, 2, …
/// ```
///
/// The model of a validation, of a checkpoint and of the end of a training is the one at `x`.
///
/// The step size `η` comes from a line search, once: the first search finds how far the first
/// mini-batch lets a step go, `η_1`, and training begins with `η = share·η_1`. After that, every
/// gradient says whether the steps could be longer. Where the loss falls from the average `x`
/// towards the last step `z`, the average is behind: with decayed means,
///
/// ```text
/// r = mean ⟨g, z - x⟩ / mean (e·s),    s = -⟨g, u⟩
/// η ← min(growth·η, until·η_1)           where r < -threshold and η < until·η_1
/// η ← min(slow_growth·η, longest·η_1)    where r < -threshold and the loss has come down
/// ```
///
/// So `η` grows as long as there is a way to go. Noise and curvature bring `r`
/// up to 0 and above, and end the growth.
///
/// **As long as the loss has not come down**, `η` is at most `until·η_1`. On the plateau where many
/// trainings begin, `r` is of both signs, and steps that grow with it miss the way out. A loss has
/// come down where its decayed mean is below the mean of the first twenty by a tenth of that, or by
/// 3/4 of its standard deviation from step to step, whichever is less.
///
/// **Where mini-batches do not agree**, the first one is no measure for the others. After 60 steps,
/// if the loss has not come down, and the latest losses are not a twentieth below the first ones,
/// with the mean and standard error `σ` of what each step was worth to the next mini-batch, as a
/// part of what it was worth to its own:
///
/// ```text
/// η, η_1 ← disagreement·η, disagreement·η_1    where mean <= σ and |mean| + 2·σ < agreement
/// ```
///
/// If `r < -threshold` in 20 steps in a row with `η` at `until·η_1` or beyond, the loss has not come
/// down and is above its bound, and steps promise less than a thousandth of it, a search like the
/// first begins, as soon as the budget has room for it. Only if it finds a step that is a hundred
/// times longer, training begins again with it: then the first mini-batch was no measure for the
/// rest.
///
/// | parameter | default | range | meaning |
/// |---|---|---|---|
/// | `beta` | 0.8 | (0, 1) | where gradients are taken between `z`, at 0, and `x`, at 1 |
/// | `power` | 4 | [0, 30] | how much more later steps count in the average |
/// | `warm_up` | 20 | >= 1 | steps until `e` is `η` |
/// | `share` | 0.25 | > 0, at most `until` | `η` of the first step, in units of `η_1` |
/// | `until` | 1 | > 0 | the longest `η` before the loss has come down, in units of `η_1` |
/// | `growth` | 2^(1/4) | >= 1 | growth of `η` in a step, up to there |
/// | `slow_growth` | 2^(1/64) | >= 1, at most `growth` | its growth beyond `until·η_1` |
/// | `longest` | 16 | at least `until` | the longest `η`, in units of `η_1` |
/// | `threshold` | 0.02 | >= 0 | how far below 0 `r` has to be for it |
/// | `decay` | 0.98 | [0, 1) | decay of the means of `r` and of the loss |
/// | `agreement` | 0.08 | >= 0 | below this, mini-batches do not agree; 0 never |
/// | `disagreement` | 1/16 | (0, 1] | how much shorter steps are then |
///
/// # References
///
/// A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: *The Road Less Scheduled*,
/// NeurIPS 2024, arXiv:2405.15682. The first search and the growth are this crate's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Averaging {
    /// `β`, the share of the average in the point where gradients are taken.
    pub beta: f64,
    /// The power of the step's number in its weight.
    pub power: f64,
    /// Steps over which their length rises to `η`.
    pub warm_up: u64,
    /// The first step size, in units of the one that the first search finds.
    pub share: f64,
    /// The longest step size before the loss has come down, in the same units. Up to here it grows
    /// fast.
    pub until: f64,
    /// Growth of the step size in one step.
    pub growth: f64,
    /// Its growth in one step beyond that step size.
    pub slow_growth: f64,
    /// The longest step size, in the same units. Where there is nearly nothing left of a loss, no
    /// gradient ends the growth.
    pub longest: f64,
    /// How far below 0 the ratio `r` has to be for growth.
    pub threshold: f64,
    /// Decay of the means in `r`, and of the mean loss.
    pub decay: f64,
    /// What a step has to be worth to the next mini-batch, as a part of what it is worth to its
    /// own. Where it is worth less, the first search was no measure.
    pub agreement: f64,
    /// The factor of the step size, and of the searched one, where mini-batches do not agree.
    pub disagreement: f64,
}

impl Default for Averaging {
    fn default() -> Self {
        Self {
            beta: 0.8,
            power: 4.0,
            warm_up: 20,
            share: 0.25,
            until: 1.0,
            growth: 1.189_207_115_002_721,        // 2^(1/4)
            slow_growth: 1.010_889_286_051_700_5, // 2^(1/64)
            longest: 16.0,
            threshold: 0.02,
            decay: 0.98,
            agreement: 0.08,
            disagreement: 0.0625,
        }
    }
}

impl Averaging {
    /// Checks every setting against its range.
    pub(super) fn validate(&self) -> Checked {
        open_unit("averaging.beta", self.beta)?;
        let in_range = (0.0..=30.0).contains(&self.power);
        check(in_range, "averaging.power", &self.power, "in [0, 30]")?;
        let warm_up = self.warm_up;
        check(warm_up >= 1, "averaging.warm_up", &warm_up, "at least 1")?;
        positive("averaging.share", self.share)?;
        positive("averaging.until", self.until)?;
        check(
            self.share <= self.until,
            "averaging.share",
            &self.share,
            "at most `averaging.until`",
        )?;
        positive("averaging.longest", self.longest)?;
        check(
            self.until <= self.longest,
            "averaging.until",
            &self.until,
            "at most `averaging.longest`",
        )?;
        from_1("averaging.growth", self.growth)?;
        from_1("averaging.slow_growth", self.slow_growth)?;
        check(
            self.slow_growth <= self.growth,
            "averaging.slow_growth",
            &self.slow_growth,
            "at most `averaging.growth`",
        )?;
        not_negative("averaging.threshold", self.threshold)?;
        decay("averaging.decay", self.decay)?;
        not_negative("averaging.agreement", self.agreement)?;
        up_to_1("averaging.disagreement", self.disagreement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Hypergradient, LineSearchConfig, Preset};
    use crate::direction::SearchAlong;

    #[test]
    fn a_value_out_of_range_is_named_with_its_setting() {
        type Change = fn(&mut Averaging);
        let changes: [(Change, &str); 14] = [
            (|a| a.beta = 1.0, "beta"),
            (|a| a.power = -1.0, "power"),
            (|a| a.warm_up = 0, "warm_up"),
            (|a| a.share = 0.0, "share"),
            (|a| a.share = 3.0, "share"),
            (|a| a.until = f64::NAN, "until"),
            (|a| a.growth = 0.9, "growth"),
            (|a| a.slow_growth = 2.0, "slow_growth"),
            (|a| a.longest = 0.9, "longest"),
            (|a| a.threshold = -0.1, "threshold"),
            (|a| a.decay = 1.0, "decay"),
            (|a| a.agreement = -0.1, "agreement"),
            (|a| a.disagreement = 0.0, "disagreement"),
            (|a| a.disagreement = 2.0, "disagreement"),
        ];
        for (change, name) in changes {
            let mut averaging = Averaging::default();
            assert_eq!(averaging.validate(), Ok(()));
            change(&mut averaging);
            let config = LineSearchConfig::adamsls().with_averaging(averaging);
            let error = config.validate().expect_err(name).to_string();
            assert!(error.contains(&format!("`averaging.{name}`")), "{error}");
        }
    }

    #[test]
    fn rules_that_exclude_averaging_are_refused_with_the_reason() {
        let averaging = Averaging::default();
        for config in [
            LineSearchConfig::adamsls().with_search_along(SearchAlong::Gradient),
            LineSearchConfig::adamsls().with_hypergradient(Hypergradient::default()),
            Preset::Amortized.adamsls().with_averaging(averaging),
            Preset::Paper.adamsls().with_averaging(averaging),
            Preset::Reference.adamsls().with_averaging(averaging),
        ] {
            let error = config.validate().expect_err("refused").to_string();
            assert!(error.contains("`averaging`"), "{error}");
        }
    }
}
