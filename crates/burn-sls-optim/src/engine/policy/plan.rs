//! The plan of an iteration: the rules of the configuration, asked in order.

use burn::module::Module;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn_sls_core::Search;

use super::agreement;
use super::averaging::{self, Lengthening, is_hopeless};
use super::cap::{MaxStepSize, PolyakCap, polyak_factor};
use super::losses::{has_fallen, note_loss};
use super::rule::{Candidate, Rule, Start};
use super::schedule::Budget;
use super::start::{Initial, can_be_judged, is_unjudged};
use super::units;
use crate::config::LineSearchConfig;
use crate::direction::SearchAlong;
use crate::engine::context::StepContext;
use crate::engine::decision::{Action, Decision, Plan, Scale, SearchPlan};
use crate::engine::machine::Engine;
use crate::error::LineSearchError;
use crate::report::Outcome;
use crate::state::UnitState;
use crate::units::Searched;

/// The rules of an engine, in order, for directions that have a longest step size of their own.
fn rules(engine: &Engine, of_direction: Option<f64>) -> Vec<Box<dyn Rule>> {
    fn boxed<R: Rule + 'static>(rule: Option<R>) -> Option<Box<dyn Rule>> {
        rule.map(|rule| Box::new(rule) as Box<dyn Rule>)
    }
    let config = &engine.config;
    let (start, schedule) = (&config.start, &config.schedule);
    let longest = config.longest_step_size(of_direction);
    let averaging = config.averaging.map(|averaging| {
        Lengthening::new(averaging, longest.unwrap_or(f64::INFINITY), engine.adopted)
    });
    let rules = [
        boxed(Some(schedule.frequency)),
        boxed(schedule.budget.map(Budget)),
        boxed(Some(start.growth)),
        boxed(start.extrapolation),
        boxed(start.hypergradient),
        boxed(Some(Initial(start.initial_step, start.expand))),
        boxed(start.polyak_cap.map(PolyakCap)),
        boxed(longest.map(MaxStepSize)),
        boxed(averaging),
    ];
    rules.into_iter().flatten().collect()
}

/// The units, after every rule has seen what this gradient says about the last step.
pub(crate) fn observe<M>(engine: &Engine, point: &StepContext<'_, M>) -> Vec<UnitState> {
    let rules = rules(engine, point.proposal.longest);
    let mut units = engine.state.units.clone();
    let mut seen = Vec::with_capacity(units.len());
    for (index, unit) in units.iter_mut().enumerate() {
        let along_last = point.along_last.as_ref().map(|slopes| slopes[index]);
        if let Some(averaging) = &engine.config.averaging {
            note_loss(averaging, unit, point.loss);
        }
        let along_last = match promises_enough(engine, point, unit, index) {
            true => along_last.unwrap_or(f64::NAN),
            false => f64::NAN,
        };
        seen.push((point.slopes[index], along_last));
    }
    // Momentum would have made successive displacements agree.
    if let Some(averaging) = engine.config.averaging.filter(|_| !engine.adopted) {
        agreement::observe(&averaging, &mut units, &seen);
    }
    for (unit, (slope, along_last)) in units.iter_mut().zip(seen) {
        for rule in &rules {
            rule.observe(unit, slope, along_last);
        }
    }
    units
}

/// Whether no search says anything of a unit's magnitude. A record of a preset without averaging
/// has no first search for it, and a merged unit goes on with the average that it has.
fn is_fresh(config: &LineSearchConfig, unit: &UnitState) -> bool {
    match config.averaging {
        Some(_) => unit.average.searched == 0.0,
        None => unit.history.searches == 0,
    }
}

/// Whether a step of a unit promises more than the rounding error of the loss. Where steps are
/// averaged, and the loss has come down, a gradient that promises less says nothing.
fn promises_enough<M>(
    engine: &Engine,
    point: &StepContext<'_, M>,
    unit: &UnitState,
    index: usize,
) -> bool {
    let rounding = engine.config.search.rounding;
    let Some(rounding) = rounding.filter(|_| engine.config.averaging.is_some()) else {
        return true;
    };
    let noise = rounding * point.loss.abs().max(point.loss_scale);
    unit.step_size * point.slopes[index] > noise || !has_fallen(unit)
}

/// What this iteration is going to do. `fallback` says that there is another direction to search
/// along, should this one lead uphill.
pub(crate) fn plan<M>(
    engine: &Engine,
    point: &StepContext<'_, M>,
    units: Vec<UnitState>,
    fallback: bool,
) -> Result<Plan, LineSearchError> {
    let (config, state) = (&engine.config, &engine.state);
    let rules = rules(engine, point.proposal.longest);
    let searched = units::choose(engine, point, fallback)?;
    let (last, slope) = step_size_and_slope(searched, point, &units);
    let members = match searched {
        Searched::Unit(unit) => &units[unit..=unit],
        Searched::All => &units[..],
    };
    let restart_after = config.start.restart_after;
    let bound = engine.lower_bound(point.batches);
    let rounding = config.search.rounding.unwrap_or(0.0);
    let candidate = Candidate {
        state,
        units: members,
        loss: point.loss,
        lower_bound: bound,
        slope,
        last,
        fresh: members.iter().all(|unit| is_fresh(config, unit)),
        unjudged: can_be_judged(point.loss, bound, rounding, point.loss_scale)
            && members
                .iter()
                .all(|unit| is_unjudged(unit, restart_after) || is_hopeless(unit, units.len())),
        has_hypergradient: point.along_last.is_some(),
    };
    let due = !state.started || rules.iter().all(|rule| rule.is_due(&candidate));
    let without = if let Some(outcome) = point.not_finite() {
        Some(outcome)
    } else if point.slopes.iter().all(|&slope| slope == 0.0) {
        Some(Outcome::SkippedZeroGradient)
    } else if !state.started && state.waiting > 0 {
        Some(Outcome::WaitingAfterFailure)
    } else if slope < 0.0 && (due || !fallback && config.averaging.is_none()) {
        Some(Outcome::SkippedAscent)
    } else if slope == 0.0 {
        Some(Outcome::NotSearched)
    } else {
        (!due).then_some(Outcome::Reused)
    };
    let action = match without {
        Some(outcome) => Action::Without(outcome),
        None => Action::Search(Box::new(search(
            engine, &rules, &candidate, searched, &units,
        ))),
    };
    Ok(Plan {
        searched,
        slope,
        units,
        action,
    })
}

/// The step size and the slope of what is searched. Units that are searched together keep the
/// proportions of their step sizes: the largest is tried, and the others follow. In the first
/// search they are all equal.
fn step_size_and_slope<M>(
    searched: Searched,
    point: &StepContext<'_, M>,
    units: &[UnitState],
) -> (f64, f64) {
    match searched {
        Searched::Unit(unit) => (units[unit].step_size, point.slopes[unit]),
        Searched::All => {
            let largest = units.iter().map(|unit| unit.step_size).fold(0.0, f64::max);
            let slopes = point.slopes.iter().zip(units);
            let slope = slopes.map(|(s, unit)| s * (unit.step_size / largest)).sum();
            (largest, slope)
        }
    }
}

/// The search, from where the rules begin it.
fn search(
    engine: &Engine,
    rules: &[Box<dyn Rule>],
    candidate: &Candidate<'_>,
    searched: Searched,
    units: &[UnitState],
) -> SearchPlan {
    let &Candidate {
        loss, slope, last, ..
    } = candidate;
    let start = Start {
        step_size: last,
        expand: None,
        capped: false,
    };
    let start = rules
        .iter()
        .fold(start, |start, rule| rule.first_trial(candidate, start));
    let rule = engine.config.search.backtracking();
    let search = Search::begin(&rule, loss, slope, start.step_size);
    let search = search.with_state(engine.acceptance_state(searched));
    let share = |(index, unit): (usize, &UnitState)| match searched {
        Searched::All => Some(unit.step_size / last),
        Searched::Unit(only) => (index == only).then_some(1.0),
    };
    SearchPlan {
        search: match start.expand {
            Some(factor) => search.expanding(factor),
            None => search,
        },
        slope,
        shares: units.iter().enumerate().map(share).collect(),
        last,
        capped: start.capped,
        restarted: candidate.unjudged,
    }
}

/// The factors that shorten the step after a decision.
pub(crate) fn scale<M: Module>(
    engine: &Engine,
    point: &StepContext<'_, M>,
    decision: &Decision<M>,
    lr: &ModuleLearningRate,
) -> Scale {
    let plateau = engine.plateau_factor();
    // A step of all units that was tried as it is taken is known to be short enough.
    let tried = decision.searched == Searched::All && decision.outcome == Outcome::Accepted;
    let capped = !tried && decision.along == SearchAlong::Update && decision.outcome.moved();
    let polyak = match engine.config.start.polyak_cap.filter(|_| capped) {
        Some(c) => {
            let moves = |unit: &UnitState, rate: f64| match &engine.config.averaging {
                Some(rule) => averaging::next_move(rule, unit, rate * plateau),
                None => rate * plateau * unit.step_size,
            };
            let units = point.rated(engine, lr).into_iter().zip(&decision.units);
            let promised: f64 = units
                .map(|((rate, slope), unit)| slope * moves(unit, rate))
                .sum();
            // A loss below the bound says that it is none.
            let below = engine.is_below_bound(point.loss, point.batches, point.loss_scale);
            let bound = engine.lower_bound(point.batches).filter(|_| !below);
            polyak_factor(c, point.loss, bound, promised)
        }
        None => 1.0,
    };
    Scale { plateau, polyak }
}
