//! The backtracking search, as a state machine with an ask/tell interface.

use serde::{Deserialize, Serialize};

use crate::condition::{Acceptance, AcceptanceState, Armijo, Condition, TrialPoint, Verdict};
use crate::interpolation::parabola;
use crate::sample::Comparison;
use crate::step_size::Shrink;

/// The settings of a search: Armijo's condition, and backtracking where it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backtracking {
    /// The condition of sufficient decrease.
    pub rule: Armijo,
    /// The slack that is added to it.
    pub acceptance: Acceptance,
    /// How a rejected step size is shortened.
    pub shrink: Shrink,
    /// The most trials of a search, at least 1.
    pub max_trials: usize,
}

impl Backtracking {
    /// Armijo's condition with the constant `c`. A rejected step size is multiplied by `shrink`,
    /// and a search makes at most `max_trials` trials.
    pub const fn new(c: f64, shrink: f64, max_trials: usize) -> Self {
        Self {
            rule: Armijo::new(c),
            acceptance: Acceptance::Monotone,
            shrink: Shrink::Factor(shrink),
            max_trials,
        }
    }
}

/// One step size that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The step size `η`.
    pub step_size: f64,
    /// The loss `f_k(w_k + η·d)`.
    pub loss: f64,
    /// How the acceptance condition judged it.
    pub verdict: Verdict,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Conclusion {
    /// The condition holds at this step size. It is the last one tried, unless the search was
    /// [expanding](Search::expanding).
    Accepted {
        /// The accepted step size.
        step_size: f64,
    },
    /// The last trial point cannot be told apart from `w_k`, so the losses do not say whether a
    /// longer or a shorter step would be better.
    Indistinguishable {
        /// The step size of that trial.
        step_size: f64,
    },
    /// The condition did not hold at any of the trials, and no trial is left.
    Exhausted {
        /// The step size after the last trial was shortened. It has not been tried.
        step_size: f64,
    },
}

/// A backtracking line search with an ask/tell interface.
///
/// ```text
/// η ← first step size
/// while f_k(w_k + η·d) > f_k(w_k) - c·η·s:  η ← δ·η
/// ```
///
/// The caller evaluates the losses, so they may come from a trainer, a loss scaler or a remote
/// device. Unless the search is [expanding](Self::expanding), the trial step sizes decrease
/// strictly until they reach the smallest positive number, and stay there.
///
/// # Example
///
/// Minimising `f(w) = w²` from `w = 1` along `d = -f'(1) = -2`, so `s = 4`:
///
/// ```
/// use burn_sls_core::{Backtracking, Conclusion, Search};
///
/// let rule = Backtracking::new(0.1, 0.5, 10); // c, δ, trials
/// let f = |w: f64| w * w;
///
/// let mut search = Search::begin(&rule, f(1.0), 4.0, 3.0);
/// while let Some(step_size) = search.next_trial() {
///     search.tell(f(1.0 - 2.0 * step_size));
/// }
/// let (trials, conclusion) = search.finish();
///
/// assert_eq!(trials.len(), 3); // η = 3 and 1.5 overshoot the minimum and lead uphill
/// assert_eq!(conclusion, Conclusion::Accepted { step_size: 0.75 });
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    rule: Backtracking,
    base: f64,
    slope: f64,
    /// The state that trials are judged with.
    state: AcceptanceState,
    expand: Option<f64>,
    step_size: f64,
    /// The best accepted trial.
    best: Option<(f64, Comparison)>,
    over: bool,
    trials: Vec<Trial>,
}

impl Search {
    /// Begins a search.
    ///
    /// `base` is `f_k(w_k)`, `slope` is `s = -⟨g, d⟩ > 0`, and `first_step_size > 0` is the step
    /// size of the first trial.
    pub fn begin(rule: &Backtracking, base: f64, slope: f64, first_step_size: f64) -> Self {
        Self {
            rule: *rule,
            base,
            slope,
            state: rule.acceptance.begin(AcceptanceState::default(), base),
            expand: None,
            step_size: first_step_size,
            best: None,
            over: false,
            trials: Vec::new(),
        }
    }

    /// Continues from the [state](Self::acceptance_state) of the acceptance condition after the
    /// search before this one.
    #[must_use]
    pub fn with_state(mut self, state: AcceptanceState) -> Self {
        self.state = self.rule.acceptance.begin(state, self.base);
        self
    }

    /// Tries longer step sizes after a first trial that is accepted: each is `factor > 1` times the
    /// one before, as long as they are accepted and the loss becomes lower. The best of them is the
    /// accepted step size. This costs at least one more trial, and finds the right magnitude from
    /// below.
    #[must_use]
    pub fn expanding(mut self, factor: f64) -> Self {
        self.expand = Some(factor);
        self
    }

    /// Asks for the step size to try next: `None` when the search is over.
    pub fn next_trial(&self) -> Option<f64> {
        let spent = self.trials.len() >= self.rule.max_trials;
        (!self.over && !spent).then_some(self.step_size)
    }

    /// Tells the search the loss at the step size of [`next_trial`](Self::next_trial).
    pub fn tell(&mut self, loss: f64) -> Verdict {
        self.tell_compared(Comparison::of_means(self.base, loss))
    }

    /// Tells the search the loss there together with its noise and standard error.
    pub fn tell_compared(&mut self, trial: Comparison) -> Verdict {
        let Backtracking {
            rule,
            acceptance,
            shrink,
            ..
        } = self.rule;
        let step_size = self.step_size;
        let slack = acceptance.slack(&self.state, &self.point(step_size, &trial));
        let verdict = rule.judge_with_slack(self.slope, step_size, &trial, slack);
        self.trials.push(Trial {
            step_size,
            loss: trial.loss,
            verdict,
        });
        match (verdict, self.best) {
            (Verdict::Accepted, best) => {
                let shrunk = best.is_none() && self.trials.len() > 1;
                let better = best.is_none_or(|(_, best)| trial.decrease > best.decrease);
                if better {
                    self.best = Some((step_size, trial));
                }
                match self.expand {
                    Some(factor) if better && !shrunk => {
                        self.step_size = (factor * step_size).min(f64::MAX);
                    }
                    _ => self.over = true,
                }
            }
            (Verdict::Indistinguishable, _) | (_, Some(_)) => self.over = true,
            (_, None) => {
                self.step_size = shrink.shrink(step_size, rule.c, self.slope, trial.decrease)
            }
        }
        verdict
    }

    /// How many times longer than the accepted step size the best one is, on the [parabola] through
    /// the accepted trial: at least 1, and 1 if no trial was accepted.
    ///
    /// The decrease of the trial is first reduced by `standard_errors >= 0` of its [standard
    /// errors](Comparison::standard_error), since a longer step can be trusted only as far as the
    /// mini-batch is a good sample. Where the loss has still fallen by as much as the slope
    /// promised, or more, there is no limit: [`f64::MAX`].
    pub fn extrapolation_limit(&self, standard_errors: f64) -> f64 {
        let Some((step_size, trial)) = self.best else {
            return 1.0;
        };
        let decrease = trial.decrease - standard_errors * trial.standard_error;
        let factor = parabola(step_size, self.rule.rule.c, self.slope, decrease);
        match factor > 0.0 {
            true => factor.clamp(1.0, f64::MAX),
            // As much as promised, or more: no curvature holds the loss back.
            false => f64::MAX,
        }
    }

    /// The state of the acceptance condition after this search, for
    /// [`with_state`](Self::with_state) of the next one.
    pub fn acceptance_state(&self) -> AcceptanceState {
        match &self.best {
            Some((step_size, trial)) => {
                let point = self.point(*step_size, trial);
                self.rule.acceptance.update(self.state, &point)
            }
            None => self.state,
        }
    }

    /// Ends the search. Returns every trial, in order, and how the search ended.
    pub fn finish(self) -> (Vec<Trial>, Conclusion) {
        let conclusion = match (self.best, self.over) {
            (Some((step_size, _)), _) => Conclusion::Accepted { step_size },
            (None, true) => Conclusion::Indistinguishable {
                step_size: self.step_size,
            },
            (None, false) => Conclusion::Exhausted {
                step_size: self.step_size,
            },
        };
        (self.trials, conclusion)
    }

    fn point<'a>(&self, step_size: f64, compared: &'a Comparison) -> TrialPoint<'a> {
        TrialPoint {
            c: self.rule.rule.c,
            base: self.base,
            slope: self.slope,
            step_size,
            compared,
        }
    }
}

#[cfg(test)]
mod tests;
