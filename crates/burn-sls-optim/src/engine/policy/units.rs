//! Which units an iteration searches: at first all together, then as the configuration or the
//! user's rule says.

use crate::engine::context::StepContext;
use crate::engine::machine::Engine;
use crate::error::LineSearchError;
use crate::state::UnitState;
use crate::units::{Searched, Turn, UnitChoice};

/// Chooses the units. With `fallback`, a unit whose direction leads uphill has its turn too.
pub(super) fn choose<M>(
    engine: &Engine,
    point: &StepContext<'_, M>,
    fallback: bool,
) -> Result<Searched, LineSearchError> {
    let state = &engine.state;
    let slopes = &point.slopes;
    let units = state.units.len();
    // A record of a preset without averaging has no first search for it.
    let without = |unit: &UnitState| unit.average.searched == 0.0;
    let averages = engine.config.averaging.is_some();
    if !state.started || averages && state.units.iter().all(without) {
        return Ok(Searched::All);
    }
    let chosen = match (&engine.rule, &engine.config.schedule.choice) {
        (Some(rule), _) => rule(&Turn {
            step: state.step,
            cyclic: state.turn,
            slopes,
            step_sizes: &state.step_sizes(),
        }),
        (None, UnitChoice::Cyclic) => {
            let mut cycle = (0..units).map(|i| (state.turn + i) % units);
            let has_a_turn = |unit: &usize| slopes[*unit] > 0.0 || fallback && slopes[*unit] < 0.0;
            Searched::Unit(cycle.find(has_a_turn).unwrap_or(state.turn))
        }
        (None, UnitChoice::Fixed(name)) => {
            let original = engine.config.units.index_of(name);
            Searched::Unit(state.unit_of[original.expect("validated with the configuration")])
        }
        (None, UnitChoice::Joint) => Searched::All,
    };
    match chosen {
        Searched::Unit(unit) if unit >= units => Err(LineSearchError::NoSuchUnit { unit, units }),
        chosen => Ok(chosen),
    }
}
