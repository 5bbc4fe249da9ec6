//! What a line search remembers from one iteration to the next.

mod agreement;
mod average;
mod fields;
mod plateau;
mod record;
mod search_state;
mod unit;

pub(crate) use agreement::Agreement;
pub use average::AverageState;
pub use plateau::PlateauState;
pub use search_state::SearchState;
pub use unit::{UnitHistory, UnitState};
