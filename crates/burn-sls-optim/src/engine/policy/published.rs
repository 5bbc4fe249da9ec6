//! The iteration of the paper's published code, its departures from the paper included.
//!
//! For comparison with results that were made by that code, and to see what the departures cost;
//! not for training. It decides what the published code decides, from the same numbers, in every
//! iteration whose numbers are finite:
//!
//! ```text
//! η^(u) ← γ^(1/n)·η^(u), every u                                  n = 500 whatever the data
//! A_turn ← 0.999·A_turn + 0.001·s_turn                            s = ‖g‖, not ‖g‖², for SGD
//! k < 6:   gate = Σ A/(1-0.999^t), R = s of the LAST unit, e = η of unit 0
//!          if f_k != 0 and gate >= 1e-8:  search e on all units with slope R;  A_last = R
//!          η^(u) ← e, every u;  after k = 5:  A_u ← A_0, every u
//! k >= 6:  gate = A_turn/(1-0.999^t), R = s_turn, e = η^(turn)
//!          if f_k != 0 and gate >= 1e-8:  search e on the unit, the lower ones moved already,
//!          against f_k(w_k);  A_turn = R;  η^(turn) ← e
//! w ← w + η^(u)·u^(u), every u;  turn ← turn + 1 if k >= 6, 0 before
//! ```
//!
//! The lower units' change of the loss is credited to the unit that is searched: this is what makes
//! step sizes collapse. A trial loss equal to `f_k(w_k)` is rejected, as the inequality says. Where
//! the gate is closed there is no search, and the step is taken all the same.
//!
//! Where the published code would go on with NaN or infinity (in the loss, a gradient, or the last
//! trial of a budget), this one does not: there would be nothing left to compare.

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn_sls_core::Search;

use crate::config::Direction;
use crate::direction::update_direction;
use crate::engine::context::StepContext;
use crate::engine::decision::Decision;
use crate::engine::machine::Engine;
use crate::engine::search::run;
use crate::error::LineSearchError;
use crate::objective::{Losses, Objective};
use crate::params::{copy, take_step, trial_point};
use crate::report::Outcome;
use crate::units::Searched;

/// Iterations that search all units together.
const JOINT: u64 = 6;

/// Decay of the moving averages of slopes.
const DECAY: f64 = 0.999;

/// The moving average below which there is no search.
const GATE: f64 = 1e-8;

/// Decides what is searched, and searches it.
pub(crate) fn decide<M: Module, I, L: Losses<M, I>>(
    engine: &Engine,
    objective: &mut Objective<'_, I, L>,
    point: &StepContext<'_, M>,
    optim: &ModuleOptimizer,
    lr: &ModuleLearningRate,
) -> Result<Decision<M>, LineSearchError> {
    if engine.rule.is_some() || engine.adopted {
        return Err(LineSearchError::Settings {
            reason: "the published code knows SGD and Adam, and searches its units in turn: your \
                     own rule for the choice of units, or an adopted optimizer, needs \
                     `Iteration::Paper`",
        });
    }
    let state = &engine.state;
    let turn = state.turn;
    let slopes: Vec<f64> = match engine.config.direction.kind {
        Direction::Sgd(_) => point.slopes.iter().map(|square| square.sqrt()).collect(),
        Direction::Adam(_) => point.slopes.clone(),
    };
    let joint = state.step < JOINT;
    let (searched, slope) = match joint {
        true => (Searched::All, slopes[slopes.len() - 1]),
        false => (Searched::Unit(turn), slopes[turn]),
    };
    let mut decision = Decision {
        searched,
        along: point.proposal.along,
        slope,
        trials: Vec::new(),
        outcome: Outcome::NotSearched,
        capped: false,
        restarted: false,
        units: state.units.clone(),
        joint: None,
        slope_averages: None,
        kept: None,
    };
    if let Some(outcome) = point.not_finite() {
        decision.outcome = outcome;
        return Ok(decision);
    }

    for unit in &mut decision.units {
        unit.step_size = engine.config.start.growth.grow(unit.step_size);
    }
    let averages = state.slope_averages.clone();
    let mut averages = averages.unwrap_or_else(|| vec![0.0; state.unit_of.len()]);
    averages[turn] = DECAY * averages[turn] + (1.0 - DECAY) * slopes[turn];
    let correction = 1.0 - DECAY.powf((state.step + 1) as f64);
    let gate = match joint {
        true => averages.iter().sum::<f64>() / correction,
        false => averages[turn] / correction,
    };
    if point.loss != 0.0 && gate >= GATE {
        let first = decision.units[if joint { 0 } else { turn }].step_size;
        let rule = engine.config.search.backtracking();
        let search = Search::begin(&rule, point.loss, slope, first);
        let from = match joint {
            true => point.model.clone(),
            false => lower_units_moved(engine, point, optim, lr, turn, &decision),
        };
        let direction = &point.proposal.direction;
        let found = run(engine, search, slope, None, |step_size| {
            let trial = trial_point(&from, direction, false, |id| {
                (joint || engine.unit_of(id) == turn).then_some(step_size)
            });
            // Lower units have moved, so it is a whole forward pass.
            Ok((objective.trial(&trial, 0)?.comparison, None::<()>))
        })?;
        decision.outcome = found.outcome;
        decision.trials = found.trials;
        if joint {
            *averages.last_mut().expect("a unit") = slope;
            let units = decision.units.iter_mut();
            units.for_each(|unit| unit.step_size = found.step_size);
        } else {
            averages[turn] = slope;
            decision.units[turn].step_size = found.step_size;
        }
    }
    if joint && state.step + 1 == JOINT {
        let first = averages[0];
        averages.fill(first);
    }
    decision.slope_averages = Some(averages);
    Ok(decision)
}

/// The model when all units below `turn` have moved, and the others have not.
fn lower_units_moved<M: Module>(
    engine: &Engine,
    point: &StepContext<'_, M>,
    optim: &ModuleOptimizer,
    lr: &ModuleLearningRate,
    turn: usize,
    decision: &Decision<M>,
) -> M {
    if turn == 0 {
        return point.model.clone();
    }
    let grads = copy(point.model, point.grads);
    let mut update = update_direction(&mut optim.clone(), point.model, grads);
    take_step(point.model.clone(), &mut update, |id| {
        let unit = engine.unit_of(id);
        (unit < turn).then(|| engine.rate(lr, id) * decision.units[unit].step_size)
    })
}
