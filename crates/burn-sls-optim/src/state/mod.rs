//! What a line search remembers from one iteration to the next.

mod average;
mod fields;
mod plateau;
mod record;
mod search_state;
mod unit;

pub use average::AverageState;
pub use plateau::PlateauState;
pub use search_state::SearchState;
pub use unit::{UnitHistory, UnitState};
