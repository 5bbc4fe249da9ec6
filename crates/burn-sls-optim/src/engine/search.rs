//! Runs a search on the objective, and turns its result into a decision.

use burn::module::{Module, ParamId};
use burn_sls_core::{AcceptanceState, Comparison, Conclusion, Search, Trial, Verdict};

use crate::config::WhenExhausted;
use crate::engine::context::StepContext;
use crate::engine::decision::{Action, Decision, KeptTrial, Plan, SearchPlan};
use crate::engine::machine::Engine;
use crate::engine::policy::{averaging, schedule};
use crate::error::LineSearchError;
use crate::objective::{Losses, Objective};
use crate::params::trial_point;
use crate::report::Outcome;
use crate::state::UnitState;
use crate::units::Searched;

/// How a search ended.
pub(crate) struct Found<K> {
    pub(crate) trials: Vec<Trial>,
    pub(crate) outcome: Outcome,
    pub(crate) step_size: f64,
    pub(crate) acceptance: AcceptanceState,
    pub(crate) extrapolation_limit: f64,
    /// Whether the search stopped at the longest step size.
    pub(crate) capped: bool,
    /// Whether the last trial differs from `w_k` by no more than the arithmetic's noise.
    pub(crate) within_noise: bool,
    /// What was kept of the last trial, if it is the accepted one.
    pub(crate) kept: Option<K>,
}

/// Tries step sizes along a direction of this slope, none of them longer than `longest`, until the
/// search is over. `look` evaluates a trial.
pub(crate) fn run<K>(
    engine: &Engine,
    mut search: Search,
    slope: f64,
    longest: Option<f64>,
    mut look: impl FnMut(f64) -> Result<(Comparison, Option<K>), LineSearchError>,
) -> Result<Found<K>, LineSearchError> {
    let longest = longest.unwrap_or(f64::INFINITY);
    let (mut last, mut capped, mut within_noise) = (None, false, false);
    while let Some(step_size) = search.next_trial() {
        capped = step_size > longest;
        if capped {
            break;
        }
        drop(last.take()); // its graph, before the next one is made
        let (comparison, kept) = look(step_size)?;
        search.tell_compared(comparison);
        let demand = engine.config.search.c * step_size * slope;
        within_noise = comparison.decrease.abs().max(demand) <= comparison.noise;
        last = kept.map(|kept| (step_size, kept));
    }
    let standard_errors = engine.config.start.extrapolation.map(|e| e.standard_errors);
    let extrapolation_limit = search.extrapolation_limit(standard_errors.unwrap_or(0.0));
    let acceptance = search.acceptance_state();
    let (trials, conclusion) = search.finish();
    let diverged = matches!(trials.last(), Some(t) if t.verdict == Verdict::NonFinite);
    let stay = diverged || engine.config.search.when_exhausted == WhenExhausted::Stay;
    let (outcome, step_size) = match conclusion {
        Conclusion::Accepted { step_size } => (Outcome::Accepted, step_size),
        Conclusion::Indistinguishable { step_size } => (Outcome::Indistinguishable, step_size),
        Conclusion::Exhausted { step_size } if stay => (Outcome::ExhaustedStayed, step_size),
        Conclusion::Exhausted { step_size } => (Outcome::ExhaustedMoved, step_size),
        _ => unreachable!("a search ends in one of three ways"),
    };
    let kept = last.filter(|(tried, _)| outcome == Outcome::Accepted && *tried == step_size);
    Ok(Found {
        trials,
        outcome,
        step_size,
        acceptance,
        extrapolation_limit,
        capped,
        within_noise,
        kept: kept.map(|(_, kept)| kept),
    })
}

/// Carries out a plan's search, if it has one. With `keep`, trials keep a graph of gradients, so
/// that the accepted one can be used again.
pub(crate) fn decide<M: Module, I, L: Losses<M, I>>(
    engine: &Engine,
    objective: &mut Objective<'_, I, L>,
    point: &StepContext<'_, M>,
    plan: Plan,
    keep: bool,
) -> Result<Decision<M>, LineSearchError> {
    let mut decision = Decision {
        searched: plan.searched,
        along: point.proposal.along,
        slope: plan.slope,
        trials: Vec::new(),
        outcome: Outcome::Accepted,
        capped: false,
        restarted: false,
        units: plan.units,
        joint: None,
        slope_averages: None,
        kept: None,
    };
    match plan.action {
        Action::Without(outcome) => {
            decision.outcome = outcome;
            if outcome == Outcome::Reused {
                for unit in members(plan.searched, &mut decision.units) {
                    unit.history.record_reuse();
                }
            }
        }
        Action::Search(plan) => {
            let mut found = try_on(engine, objective, point, &plan, keep)?;
            let averages = engine.config.averaging.is_some();
            let longer = found.step_size >= averaging::FAR * plan.last;
            let too_near = averages && !longer && !found.outcome.exhausted();
            if plan.restarted && (found.is_unjudged() || too_near) {
                // Accepted by chance, or for a while: the step size stays as it was.
                found.outcome = Outcome::Indistinguishable;
                found.kept = None;
            }
            record(engine, &plan, &found, &mut decision);
            decision.trials = found.trials;
            decision.outcome = found.outcome;
            decision.capped = found.capped || plan.capped;
            decision.restarted = plan.restarted;
            decision.kept = found.kept;
        }
    }
    Ok(decision)
}

/// The search itself, on the mini-batch.
fn try_on<M: Module, I, L: Losses<M, I>>(
    engine: &Engine,
    objective: &mut Objective<'_, I, L>,
    point: &StepContext<'_, M>,
    plan: &SearchPlan,
    keep: bool,
) -> Result<Found<KeptTrial<M>>, LineSearchError> {
    let share = |id: ParamId| plan.shares[engine.unit_of(id)];
    let moved = |id: &ParamId| share(*id).is_some();
    let first_stage = objective.first_stage(point.ids.iter().copied().filter(moved));
    let direction = &point.proposal.direction;
    let longest = engine.config.longest_step_size(point.proposal.longest);
    run(
        engine,
        plan.search.clone(),
        plan.slope,
        longest,
        |step_size| {
            let model = trial_point(point.model, direction, keep, |id| {
                share(id).map(|share| share * step_size)
            });
            let tried = objective.trial(&model, first_stage)?;
            let kept = keep.then_some(KeptTrial {
                model,
                losses: tried.losses,
            });
            Ok((tried.comparison, kept))
        },
    )
}

impl<K> Found<K> {
    /// Whether the search says nothing: its only trial differs from `w_k` by no more than noise.
    /// Such a trial may be accepted, too, by chance or in exact arithmetic.
    fn is_unjudged(&self) -> bool {
        self.within_noise && self.trials.len() == 1 && !self.outcome.exhausted()
    }
}

/// The step sizes and histories after a search.
fn record<M, K>(engine: &Engine, plan: &SearchPlan, found: &Found<K>, into: &mut Decision<M>) {
    let outcome = found.outcome;
    let first = found.trials.len() == 1;
    let unknown = outcome == Outcome::Indistinguishable && first;
    let step_size = match unknown || outcome == Outcome::ExhaustedStayed {
        // A step size that was not accepted is no reason to grow.
        true => plan.last.min(found.step_size),
        false => found.step_size,
    };
    let decays = schedule::decays(engine.config.schedule.frequency);
    for (unit, share) in into.units.iter_mut().zip(&plan.shares) {
        let Some(share) = share else { continue };
        let history = &mut unit.history;
        if plan.restarted && outcome != Outcome::Accepted {
            // There was nothing better to find: the step size stays as it was.
            history.indistinguishable = 0;
            history.failed_restarts += 1;
            history.reuses = 0;
            unit.average.at_bound = 0;
            continue;
        }
        unit.step_size = (share * step_size).max(f64::MIN_POSITIVE);
        if outcome.exhausted() || plan.restarted {
            // The step sizes of earlier searches no longer say anything about the magnitude.
            history.forget();
        }
        if outcome.exhausted() {
            continue;
        }
        history.record_search(unit.step_size, found.extrapolation_limit, decays);
        if found.is_unjudged() {
            history.indistinguishable += 1;
        } else {
            history.indistinguishable = 0;
            history.failed_restarts = 0;
            if outcome == Outcome::Accepted {
                history.judged += 1;
                history.longest = history.longest.max(unit.step_size);
            }
        }
        if let Some(rule) = &engine.config.averaging {
            averaging::begin(rule, unit);
        }
    }
    match engine.acceptance_unit(into.searched) {
        Some(unit) => into.units[unit].acceptance = found.acceptance,
        None => into.joint = Some(found.acceptance),
    }
}

/// The units that are searched.
fn members(searched: Searched, units: &mut [UnitState]) -> &mut [UnitState] {
    match searched {
        Searched::All => units,
        Searched::Unit(unit) => &mut units[unit..=unit],
    }
}
