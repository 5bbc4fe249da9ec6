//! The search itself, as a state machine that is asked for a step size and told a loss.

use serde::{Deserialize, Serialize};

use crate::acceptance::{Acceptance, Memory};
use crate::armijo::{Armijo, Verdict};
use crate::comparison::Comparison;
use crate::step_size::{Shrink, parabola};

/// How a step size is looked for: Armijo's rule, and backtracking where it fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Backtracking {
    /// The rule of sufficient decrease.
    pub rule: Armijo,
    /// The slack that it is granted.
    pub acceptance: Acceptance,
    /// What becomes of a rejected step size.
    pub shrink: Shrink,
    /// Trials that a search may spend, at least 1.
    pub max_trials: usize,
}

impl Backtracking {
    /// Armijo's rule with constant `c`, a rejected step size times `shrink`, and at most `max_trials`
    /// trials.
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
    /// What the rule said of it.
    pub verdict: Verdict,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Conclusion {
    /// The rule held at this step size. It was the last one tried, unless the search was
    /// [expanding](Search::expanding).
    Accepted {
        /// The accepted step size.
        step_size: f64,
    },
    /// The last point that was tried cannot be told from `w_k`: neither a longer nor a shorter step
    /// would be known to be better.
    Indistinguishable {
        /// Its step size.
        step_size: f64,
    },
    /// The trials were used up before the rule held.
    Exhausted {
        /// The step size after the last shrink, which has not been tried.
        step_size: f64,
    },
}

/// A backtracking line search, driven from outside.
///
/// ```text
/// η ← first step size
/// while f_k(w_k + η·d) > f_k(w_k) - c·η·s:  η ← δ·η
/// ```
///
/// The caller evaluates the losses, so a trainer, a loss scaler or a remote device can be behind
/// it. The trial step sizes decrease strictly down to the smallest positive number, and stay there.
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
    memory: Memory,
    expand: Option<f64>,
    step_size: f64,
    /// The best that was accepted.
    best: Option<(f64, Comparison)>,
    over: bool,
    trials: Vec<Trial>,
}

impl Search {
    /// Begins a search.
    ///
    /// `base` is `f_k(w_k)`, `slope` is `s = -⟨g, d⟩ > 0`, and `first_step_size > 0` is the step
    /// size that is tried first.
    pub fn begin(rule: &Backtracking, base: f64, slope: f64, first_step_size: f64) -> Self {
        Self {
            rule: *rule,
            base,
            slope,
            memory: rule.acceptance.enter(Memory::default(), base),
            expand: None,
            step_size: first_step_size,
            best: None,
            over: false,
            trials: Vec::new(),
        }
    }

    /// Judges by what the acceptance rule remembers of earlier searches.
    #[must_use]
    pub fn remembering(mut self, memory: Memory) -> Self {
        self.memory = self.rule.acceptance.enter(memory, self.base);
        self
    }

    /// Goes on after a first trial that is accepted, with step sizes longer by `factor > 1`, as long as
    /// they are accepted and the loss becomes lower. The best one is then the accepted one. It costs at
    /// least one trial more, and finds the right magnitude from below.
    #[must_use]
    pub fn expanding(mut self, factor: f64) -> Self {
        self.expand = Some(factor);
        self
    }

    /// The step size to try next, or `None` when the search is over.
    pub fn next_trial(&self) -> Option<f64> {
        let spent = self.trials.len() >= self.rule.max_trials;
        (!self.over && !spent).then_some(self.step_size)
    }

    /// Takes in the loss found at the step size that [`next_trial`](Self::next_trial) proposed.
    pub fn tell(&mut self, loss: f64) -> Verdict {
        self.tell_compared(Comparison::of_means(self.base, loss))
    }

    /// Takes in what was found there, of which more is known than the loss.
    pub fn tell_compared(&mut self, trial: Comparison) -> Verdict {
        let Backtracking {
            rule,
            acceptance,
            shrink,
            ..
        } = self.rule;
        let step_size = self.step_size;
        let slack = acceptance.slack(&self.memory, rule.c, self.base, step_size, &trial);
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

    /// How many times longer than the accepted step size the best one is, on the
    /// [parabola] through its trial; 1 if none is, or nothing was accepted.
    ///
    /// The loss is taken to have fallen by half a standard error less than it has: on other examples a longer
    /// step is known to do well only as far as this one is.
    pub fn room(&self) -> f64 {
        let Some((step_size, trial)) = self.best else {
            return 1.0;
        };
        let decrease = trial.decrease - 0.5 * trial.standard_error;
        let factor = parabola(step_size, self.rule.rule.c, self.slope, decrease);
        match factor > 0.0 {
            true => factor.clamp(1.0, f64::MAX),
            // As much as was promised, or more: no curvature holds it back.
            false => f64::MAX,
        }
    }

    /// What the acceptance rule remembers after this search.
    pub fn memory(&self) -> Memory {
        match &self.best {
            Some((_, trial)) => self.rule.acceptance.leave(self.memory, trial, self.slope),
            None => self.memory,
        }
    }

    /// Ends the search: every trial in order, and how it ended.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAPER: Backtracking = Backtracking::new(0.1, 0.9, 100);

    fn run(
        rule: &Backtracking,
        first: f64,
        slope: f64,
        f: impl Fn(f64) -> f64,
    ) -> (Vec<Trial>, Conclusion) {
        let mut search = Search::begin(rule, f(0.0), slope, first);
        while let Some(step_size) = search.next_trial() {
            search.tell(f(step_size));
        }
        search.finish()
    }

    #[test]
    fn a_search_without_success_ends_after_its_budget_with_the_shrunk_step() {
        let (trials, conclusion) = run(&PAPER, 1.0, 1.0, |step| step); // uphill
        assert_eq!(trials.len(), 100);
        let Conclusion::Exhausted { step_size } = conclusion else {
            panic!("{conclusion:?}");
        };
        assert!((step_size - 0.9f64.powi(100)).abs() < 1e-15);
    }

    #[test]
    fn the_room_beyond_an_accepted_step_is_that_of_the_parabola_less_what_is_not_known() {
        // f(η) = -η + K·η²/2 with K = 1: the rule with c = 0.8 holds up to 2·(1-c)/K = 0.4.
        let rule = Backtracking::new(0.8, 0.5, 10);
        let told = |step: f64, standard_error: f64| {
            let mut search = Search::begin(&rule, 0.0, 1.0, step);
            search.tell_compared(Comparison {
                standard_error,
                ..Comparison::of_means(0.0, step * step / 2.0 - step)
            });
            search.room()
        };
        assert!((told(0.1, 0.0) - 4.0).abs() < 1e-12);
        assert!((told(0.4, 0.0) - 1.0).abs() < 1e-12);
        // A decrease of 0.095 ± 0.01, read as 0.09, of 0.1 that were promised.
        assert!((told(0.1, 0.01) - 2.0).abs() < 1e-12);
        assert_eq!(told(0.1, 0.1), 1.0, "nothing is known");
        assert_eq!(told(1.0, 0.0), 1.0, "nothing is accepted");
        let mut steep = Search::begin(&rule, 0.0, 1.0, 0.1);
        steep.tell(-0.2);
        assert_eq!(steep.room(), f64::MAX, "it fell by more than was promised");
    }

    #[test]
    fn a_non_finite_trial_is_backtracked_from() {
        let f = |step: f64| if step > 0.5 { f64::NAN } else { 1.0 - step };
        let (trials, conclusion) = run(&PAPER, 1.0, 1.0, f);
        assert_eq!(trials[0].verdict, Verdict::NonFinite);
        let Conclusion::Accepted { step_size } = conclusion else {
            panic!("{conclusion:?}");
        };
        assert!(step_size <= 0.5 && step_size > 0.45);
    }

    #[test]
    fn an_expanding_search_stops_behind_the_best_step_size() {
        // The minimum is at 5: of 1, 2, 4, 8 the third is lowest.
        let f = |step: f64| (step - 5.0).powi(2);
        let expanding = |first: f64| {
            let mut search = Search::begin(&PAPER, f(0.0), 10.0, first).expanding(2.0);
            while let Some(step_size) = search.next_trial() {
                search.tell(f(step_size));
            }
            search.finish()
        };
        let (trials, conclusion) = expanding(1.0);
        assert_eq!(conclusion, Conclusion::Accepted { step_size: 4.0 });
        let tried: Vec<f64> = trials.iter().map(|trial| trial.step_size).collect();
        assert_eq!(tried, [1.0, 2.0, 4.0, 8.0]);
        // What had to be shrunk is not expanded again.
        let (trials, conclusion) = expanding(12.0);
        let Conclusion::Accepted { step_size } = conclusion else {
            panic!("{conclusion:?}");
        };
        assert!((step_size - 12.0 * 0.9f64.powi(3)).abs() < 1e-12);
        assert_eq!(trials.len(), 4);
        // A budget that ends while the search expands leaves the best.
        let rule = Backtracking {
            max_trials: 2,
            ..PAPER
        };
        let mut search = Search::begin(&rule, f(0.0), 10.0, 1.0).expanding(2.0);
        while let Some(step_size) = search.next_trial() {
            search.tell(f(step_size));
        }
        let accepted = Conclusion::Accepted { step_size: 2.0 };
        assert_eq!(search.finish().1, accepted);
    }

    #[test]
    fn points_that_cannot_be_told_apart_end_a_search_where_it_stands() {
        let mut search = Search::begin(&PAPER, 1.0, 1.0, 1e-6);
        let trial = Comparison {
            noise: 1e-6,
            ..Comparison::of_means(1.0, 1.0 + 1e-9)
        };
        assert_eq!(search.tell_compared(trial), Verdict::Indistinguishable);
        assert_eq!(search.next_trial(), None);
        let stands = Conclusion::Indistinguishable { step_size: 1e-6 };
        assert_eq!(search.finish().1, stands);
    }

    proptest! {
        // f(η) = -s·η + a·η²/2 + b: any slope, curvature and first step.
        #[test]
        fn trials_decrease_strictly_and_what_is_accepted_satisfies_the_rule(
            slope in 1e-6..1e6f64, curvature in -1e3..1e9f64, first in 1e-12..1e12f64,
        ) {
            let f = |step: f64| 1.0 - slope * step + 0.5 * curvature * step * step;
            let (trials, conclusion) = run(&PAPER, first, slope, f);
            for pair in trials.windows(2) {
                prop_assert!(pair[1].step_size < pair[0].step_size);
            }
            for trial in &trials {
                prop_assert!(trial.step_size > 0.0 && trial.step_size.is_finite());
            }
            if let Conclusion::Accepted { step_size } = conclusion {
                let last = trials.last().unwrap();
                prop_assert_eq!(last.step_size, step_size);
                prop_assert!(
                    last.loss == 1.0
                        || PAPER.rule.decrease_error(1.0, slope, step_size, last.loss) <= 0.0
                );
            }
        }
    }
}
