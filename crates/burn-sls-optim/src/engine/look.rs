//! From a point and a direction to a step size: what is searched, where its search begins, and how it
//! ends. Changes nothing but the assignment of parameters to units.
//!
//! ```text
//! η ← γ^(k/n)·η for what is searched, in the k-th iteration since its last search
//! while Armijo's rule fails at w_k + η·d:  η ← δ·η
//! ```
//!
//! With a search in every turn, `k = 1`, this is the paper's. The settings beyond it have their places here:
//! [`LineSearchConfig::bracket`] and [`extrapolate`](LineSearchConfig::extrapolate) where a search begins,
//! [`ceiling`](LineSearchConfig::ceiling) there and where a step size is used again,
//! [`frequency`](LineSearchConfig::frequency) and [`budget`](LineSearchConfig::budget) whether there is one,
//! [`Tested::Taken`] in its direction.

use burn::module::{Module, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn_sls_core::{Comparison, Conclusion, Reductions, Rhythm, Search, Verdict, polyak};

#[cfg(doc)]
use crate::LineSearchConfig;
use crate::choice::{Turn, UnitChoice};
use crate::config::{Procedure, Tested, WhenExhausted};
use crate::displacement::{Proposal, propose, register_slopes, trial_point};
use crate::engine::{Engine, Found, Start};
use crate::error::LineSearchError;
use crate::objective::{Losses, Objective};
use crate::reference;
use crate::report::{Outcome, Searched};

impl Engine {
    /// Reads the loss at `w_k` and the slopes along the direction that is proposed, and searches.
    pub(super) fn look<M: Module, I, L: Losses<M, I>>(
        &mut self,
        objective: &mut Objective<'_, I, L>,
        optim: &ModuleOptimizer,
        lr: &ModuleLearningRate,
        model: &M,
        grads: &GradientsParams,
        proposal: &Proposal,
    ) -> Result<(f64, Found), LineSearchError> {
        let mut reductions = Reductions::new();
        let ids = register_slopes(model, grads, &proposal.direction, &mut reductions);
        for product in proposal.along_last.iter().flatten() {
            reductions.sum(product.clone());
        }
        self.assignment
            .cover(&self.config.units, model, grads, &ids)?;
        let mut base = objective.reference(model, reductions)?;
        let along_last = base.sums.split_off(ids.len());
        let slopes = self.slopes(&ids, base.sums);
        let told = proposal.along_last.is_some();
        let rhythms = match told {
            true => self.agreeing(&slopes, &self.slopes(&ids, along_last)),
            false => self.state.rhythms.clone(),
        };
        let start = Start {
            model,
            grads,
            optim,
            lr,
            proposal,
            loss: base.loss,
            slopes,
            told,
            rhythms,
            ids: &ids,
        };
        if self.config.procedure == Procedure::Reference {
            return Ok((base.loss, reference::search(self, objective, &start)?));
        }
        let mut found = self.search(objective, &start)?;
        found.cap = self.cap(&start, &found);
        if found.outcome == Outcome::SkippedAscent && self.falls_back(proposal) {
            let gradient = propose(optim, Tested::Search, false, model, grads)?;
            let mut reductions = Reductions::new();
            let ids = register_slopes(model, grads, &gradient.direction, &mut reductions);
            let slopes = self.slopes(&ids, objective.more(reductions));
            let start = Start {
                proposal: &gradient,
                slopes,
                ids: &ids,
                ..start
            };
            found = self.search(objective, &start)?;
        }
        Ok((base.loss, found))
    }

    /// The factor that the whole step is to be multiplied by, so that its length along the direction promises no
    /// more than the rule with the ceiling's `c` could pass: `c·lr·Σ η^(u)·s_u <= f_k(w_k)`, the tail's factor
    /// taken with the learning rate's.
    ///
    /// What a search has accepted as it is taken stays as it is; what is used again, and the units that were not
    /// searched, have been tested on other mini-batches at most.
    fn cap<M>(&self, start: &Start<'_, M>, found: &Found) -> f64 {
        let Some(c) = self.config.ceiling else {
            return 1.0;
        };
        let tested = found.searched == Searched::All && found.outcome == Outcome::Accepted;
        if tested || found.tested == Tested::Search || !found.outcome.moved() {
            return 1.0;
        }
        let slopes = start.slopes.iter().zip(&found.step_sizes);
        let promised: f64 = slopes.map(|(slope, step_size)| slope * step_size).sum();
        let shorter = start.lr.base() * self.state.tail.factor;
        let most = polyak(start.loss, 0.0, c, shorter * promised);
        match most > 0.0 {
            true => most.min(1.0),
            false => 1.0,
        }
    }

    /// Whether there is a search direction to test where the update direction leads uphill.
    fn falls_back(&self, proposal: &Proposal) -> bool {
        self.config.tested == Tested::Taken && proposal.has_search_direction
    }

    /// `s_u` of every present unit, from the products of its parameters.
    fn slopes(&self, ids: &[ParamId], products: Vec<f64>) -> Vec<f64> {
        let mut slopes = vec![0.0; self.state.step_sizes.len()];
        for (id, product) in ids.iter().zip(products) {
            slopes[self.unit_of(*id)] -= product;
        }
        slopes
    }

    /// The rhythms with what this gradient says of the last step, by the slopes along the present direction and
    /// along the last.
    fn agreeing(&self, slopes: &[f64], along_last: &[f64]) -> Vec<Rhythm> {
        let agreeing = |(unit, rhythm): (usize, &Rhythm)| Rhythm {
            agreement: rhythm.agreeing(along_last[unit], slopes[unit]),
            ..*rhythm
        };
        self.state
            .rhythms
            .iter()
            .enumerate()
            .map(agreeing)
            .collect()
    }

    /// Decides what is searched, and searches it.
    fn search<M: Module, I, L: Losses<M, I>>(
        &self,
        objective: &mut Objective<'_, I, L>,
        start: &Start<'_, M>,
    ) -> Result<Found, LineSearchError> {
        let searched = self.choose(start)?;
        let step_sizes = &self.state.step_sizes;
        // What is searched together keeps its proportions: the largest step size is the one that is
        // tried, and the others follow. In the first search they are all equal.
        let (first, slope) = match searched {
            Searched::Unit(unit) => (step_sizes[unit], start.slopes[unit]),
            Searched::All => {
                let largest = step_sizes.iter().copied().fold(0.0, f64::max);
                let slopes = start.slopes.iter().zip(step_sizes);
                (largest, slopes.map(|(s, eta)| s * (eta / largest)).sum())
            }
        };
        let mut found = self.begin(start, searched, slope);
        let due = self.due(searched);
        let gradient = start.slopes.iter().any(|&slope| slope != 0.0);
        if let Some(outcome) = not_finite(start) {
            found.outcome = outcome;
        } else if !gradient {
            found.outcome = Outcome::SkippedZeroGradient;
        } else if slope < 0.0 && (due || !self.falls_back(start.proposal)) {
            found.outcome = Outcome::SkippedAscent;
        } else if slope == 0.0 {
            found.outcome = Outcome::NotSearched;
        } else if !due {
            found.outcome = Outcome::Reused;
        } else {
            let share = |unit: usize| match searched {
                Searched::All => Some(found.step_sizes[unit] / first),
                Searched::Unit(only) => (unit == only).then_some(1.0),
            };
            let shares: Vec<Option<f64>> = (0..found.step_sizes.len()).map(share).collect();
            let search = self.first_trial(start, &found, first);
            let direction = &start.proposal.direction;
            let moved = |id: &ParamId| shares[self.unit_of(*id)].is_some();
            let first_stage = objective.first_stage(start.ids.iter().copied().filter(moved));
            let step_size = self.run(&mut found, search, |step_size| {
                let point = trial_point(start.model, direction, |id| {
                    shares[self.unit_of(id)].map(|share| share * step_size)
                });
                objective.trial(point, first_stage)
            })?;
            // What cannot be told apart is no reason to grow.
            let untold = found.outcome == Outcome::Indistinguishable && found.trials.len() == 1;
            let step_size = if untold {
                first.min(step_size)
            } else {
                step_size
            };
            for (size, share) in found.step_sizes.iter_mut().zip(shares) {
                if let Some(share) = share {
                    *size = (share * step_size).max(f64::MIN_POSITIVE);
                }
            }
        }
        Ok(found)
    }

    /// Whether something is to be searched in this iteration. The first search always is.
    fn due(&self, searched: Searched) -> bool {
        let state = &self.state;
        let frequency = self.config.frequency;
        let due = match searched {
            Searched::Unit(unit) => state.rhythms[unit].due(frequency),
            Searched::All => state.rhythms.iter().any(|rhythm| rhythm.due(frequency)),
        };
        let affordable = self.config.budget.is_none_or(|fraction| {
            let spent = (state.later_trials + 1) as f64;
            spent <= fraction * 3.0 * (state.step + 1) as f64
        });
        !state.started || due && affordable
    }

    /// The search of something that had the step size `last`.
    fn first_trial<M>(&self, start: &Start<'_, M>, found: &Found, last: f64) -> Search {
        let config = &self.config;
        let (loss, slope) = (start.loss, found.slope);
        let units = match found.searched {
            Searched::Unit(unit) => unit..unit + 1,
            Searched::All => 0..found.rhythms.len(),
        };
        let rhythms = &found.rhythms[units.clone()];
        let fresh = rhythms.iter().all(|rhythm| rhythm.searches == 0);
        let usable = |step_size: &f64| step_size.is_finite() && *step_size > 0.0;
        let bracket = config.bracket.filter(|_| fresh);
        let polyak = |c: f64| Some(polyak(loss, 0.0, c, slope)).filter(usable);
        let first = bracket.and_then(|bracket| polyak(bracket.polyak));
        let first = first.unwrap_or_else(|| {
            let longer = self.longer(rhythms, last);
            match config.extrapolate.filter(|_| start.told && !fresh) {
                Some(most) => {
                    let units = rhythms.iter().zip(&self.state.step_sizes[units]);
                    let allowed = units.map(|(rhythm, size)| rhythm.allowed(*size, most));
                    longer.min(allowed.fold(f64::MAX, f64::min) * last)
                }
                None => longer,
            }
        });
        let first = match config.ceiling.and_then(polyak) {
            Some(ceiling) => first.min(ceiling),
            None => first,
        };
        let search = Search::begin(&config.backtracking(), loss, slope, first)
            .remembering(self.remembered(found.searched));
        match bracket.and_then(|bracket| bracket.expand) {
            Some(factor) => search.expanding(factor),
            None => search,
        }
    }

    /// What the step size `last` may become by growth, and by the room that has been seen.
    fn longer(&self, rhythms: &[Rhythm], last: f64) -> f64 {
        let reused = rhythms.iter().map(|rhythm| rhythm.waited).min();
        let grown = self
            .config
            .growth()
            .grow_over(last, reused.unwrap_or(0) + 1);
        let room = rhythms.iter().map(|rhythm| rhythm.room);
        let room = room.fold(self.config.extrapolate.unwrap_or(1.0), f64::min);
        grown.max((room * last).min(f64::MAX))
    }

    /// A decision that has changed nothing yet.
    pub(crate) fn begin<M>(&self, start: &Start<'_, M>, searched: Searched, slope: f64) -> Found {
        Found {
            searched,
            tested: match start.proposal.advanced {
                Some(_) => Tested::Taken,
                None => Tested::Search,
            },
            slope,
            trials: Vec::new(),
            outcome: Outcome::Accepted,
            memory: None,
            room: 1.0,
            cap: 1.0,
            step_sizes: self.state.step_sizes.clone(),
            averages: self.state.averages.clone(),
            rhythms: start.rhythms.clone(),
        }
    }

    /// Runs a search: notes the trials and the outcome, and returns the step size.
    pub(crate) fn run(
        &self,
        found: &mut Found,
        mut search: Search,
        mut look: impl FnMut(f64) -> Result<Comparison, LineSearchError>,
    ) -> Result<f64, LineSearchError> {
        while let Some(step_size) = search.next_trial() {
            search.tell_compared(look(step_size)?);
        }
        found.memory = Some(search.memory());
        found.room = search.room();
        let (trials, conclusion) = search.finish();
        let diverged = matches!(trials.last(), Some(t) if t.verdict == Verdict::NonFinite);
        found.trials = trials;
        Ok(match conclusion {
            Conclusion::Accepted { step_size } => step_size,
            Conclusion::Indistinguishable { step_size } => {
                found.outcome = Outcome::Indistinguishable;
                step_size
            }
            Conclusion::Exhausted { step_size } => {
                let stay = diverged || self.config.when_exhausted == WhenExhausted::Stay;
                found.outcome = match stay {
                    true => Outcome::ExhaustedStayed,
                    false => Outcome::ExhaustedMoved,
                };
                step_size
            }
            _ => unreachable!("a search ends in one of three ways"),
        })
    }

    /// What this iteration searches: at first all units together, then as the rule says.
    fn choose<M>(&self, start: &Start<'_, M>) -> Result<Searched, LineSearchError> {
        let state = &self.state;
        let slopes = &start.slopes;
        let units = state.step_sizes.len();
        if !state.started {
            return Ok(Searched::All);
        }
        let chosen = match (&self.rule, &self.config.choice) {
            (Some(rule), _) => rule(&Turn {
                step: state.step,
                cyclic: state.turn,
                slopes,
                step_sizes: &state.step_sizes,
            }),
            (None, UnitChoice::Cyclic) => {
                let mut cycle = (0..units).map(|i| (state.turn + i) % units);
                let uphill = self.falls_back(start.proposal);
                let has_a_turn =
                    |unit: &usize| slopes[*unit] > 0.0 || uphill && slopes[*unit] < 0.0;
                Searched::Unit(cycle.find(has_a_turn).unwrap_or(state.turn))
            }
            (None, UnitChoice::Fixed(name)) => {
                let original = self.config.units.index_of(name);
                Searched::Unit(state.unit_of[original.expect("validated with the configuration")])
            }
            (None, UnitChoice::Joint) => Searched::All,
        };
        match chosen {
            Searched::Unit(unit) if unit >= units => {
                Err(LineSearchError::NoSuchUnit { unit, units })
            }
            chosen => Ok(chosen),
        }
    }
}

/// Why nothing can be searched from here, if the loss or a slope is NaN or infinite.
pub(crate) fn not_finite<M>(start: &Start<'_, M>) -> Option<Outcome> {
    if !start.loss.is_finite() {
        Some(Outcome::SkippedNonFiniteLoss)
    } else if !start.slopes.iter().sum::<f64>().is_finite() {
        Some(Outcome::SkippedNonFiniteGradient)
    } else {
        None
    }
}
