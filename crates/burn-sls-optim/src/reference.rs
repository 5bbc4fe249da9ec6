//! The iteration of the paper's published code, its departures from the paper included.
//!
//! For comparison with results that were made by that code, and to see what the departures cost;
//! not for training. It decides what the published code decides, from the same numbers, in every
//! iteration whose numbers are finite. Where it differs from the paper:
//!
//! - The first six iterations search all units together. The rule then uses the slope of the *last*
//!   unit alone, and the first unit's step size.
//! - Later, units move *in order*, and the unit whose turn it is is searched from where the lower
//!   ones have already moved to, yet compared with the loss at `w_k`: their change of the loss is
//!   credited to it. This is what makes step sizes collapse.
//! - All step sizes grow in every iteration, by `γ^(1/n)`; `n` is 500 whatever the data, which the
//!   preset sets.
//! - SGDSLS tests with the norm of the gradient in place of its square.
//! - A trial loss equal to `f_k(w_k)` is rejected, as the inequality says.
//! - There is no search where the loss is zero, or a moving average of slopes, corrected for its bias,
//!   is below 1e-8; the step is taken all the same.
//!
//! Where the published code would go on with NaN or infinity (in the loss, a gradient, or the last
//! trial of a budget), this one does not: there would be nothing left to compare.

use burn::module::Module;
use burn_sls_core::Search;

use crate::config::Direction;
use crate::displacement::{copy, take_step, trial_point, update_direction};
use crate::engine::{Engine, Found, Start, not_finite};
use crate::error::LineSearchError;
use crate::objective::{Losses, Objective};
use crate::report::{Outcome, Searched};

/// Iterations that search all units together.
const JOINT: u64 = 6;

/// Decay of the moving averages of slopes.
const DECAY: f64 = 0.999;

/// The moving average below which there is no search.
const GATE: f64 = 1e-8;

/// Decides what is searched, and searches it.
pub(crate) fn search<M: Module, I, L: Losses<M, I>>(
    engine: &Engine,
    objective: &mut Objective<'_, I, L>,
    start: &Start<'_, M>,
) -> Result<Found, LineSearchError> {
    if engine.rule.is_some() {
        return Err(LineSearchError::Settings {
            reason: "the reference code searches its units in turn: a rule of one's own needs \
                     `Procedure::Paper`",
        });
    }
    if start.proposal.advanced.is_some() {
        return Err(LineSearchError::Settings {
            reason: "the reference code knows SGD and Adam: search along another optimizer's \
                     displacement with `Procedure::Paper`",
        });
    }
    let state = &engine.state;
    let turn = state.turn;
    let slopes: Vec<f64> = match engine.config.direction {
        Direction::Sgd(_) => start.slopes.iter().map(|square| square.sqrt()).collect(),
        Direction::Adam(_) => start.slopes.clone(),
    };
    let joint = state.step < JOINT;
    let (searched, slope) = match joint {
        true => (Searched::All, slopes[slopes.len() - 1]),
        false => (Searched::Unit(turn), slopes[turn]),
    };
    let mut found = engine.begin(start, searched, slope);
    if let Some(outcome) = not_finite(start) {
        found.outcome = outcome;
        return Ok(found);
    }

    for step_size in &mut found.step_sizes {
        *step_size = engine.config.growth().grow(*step_size);
    }
    found.averages[turn] = DECAY * found.averages[turn] + (1.0 - DECAY) * slopes[turn];
    let correction = 1.0 - DECAY.powf((state.step + 1) as f64);
    let gate = match joint {
        true => found.averages.iter().sum::<f64>() / correction,
        false => found.averages[turn] / correction,
    };

    let rule = engine.config.backtracking();
    let search = |first: f64| Search::begin(&rule, start.loss, slope, first);
    if start.loss == 0.0 || gate < GATE {
        found.outcome = Outcome::NotSearched;
    } else if joint {
        let first = found.step_sizes[0];
        let direction = &start.proposal.direction;
        let step_size = engine.run(&mut found, search(first), |step_size| {
            let point = trial_point(start.model, direction, |_| Some(step_size));
            objective.trial(point, 0)
        })?;
        *found.averages.last_mut().expect("a unit") = slope;
        found.step_sizes.fill(step_size);
    } else {
        let lower = lower_units_moved(engine, start, turn, &found.step_sizes);
        let first = found.step_sizes[turn];
        let direction = &start.proposal.direction;
        let step_size = engine.run(&mut found, search(first), |step_size| {
            // Lower units have moved, so it is a whole forward pass.
            let point = trial_point(&lower, direction, |id| {
                (engine.unit_of(id) == turn).then_some(step_size)
            });
            objective.trial(point, 0)
        })?;
        found.averages[turn] = slope;
        found.step_sizes[turn] = step_size;
    }
    if joint && state.step + 1 == JOINT {
        let first = found.averages[0];
        found.averages.fill(first);
    }
    Ok(found)
}

/// The model when all units below `turn` have moved, and the others have not.
fn lower_units_moved<M: Module>(
    engine: &Engine,
    start: &Start<'_, M>,
    turn: usize,
    step_sizes: &[f64],
) -> M {
    if turn == 0 {
        return start.model.clone();
    }
    let grads = copy(start.model, start.grads);
    let mut update = update_direction(&mut start.optim.clone(), start.model, grads);
    take_step(start.model.clone(), &mut update, |id| {
        let unit = engine.unit_of(id);
        (unit < turn).then(|| engine.rate(start.lr, id) * step_sizes[unit])
    })
}
