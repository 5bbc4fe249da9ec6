//! The paired condition: a decrease may fall short of the demand by a few standard errors.

use super::{AcceptanceState, Condition, TrialPoint};

/// With the [standard error](crate::Comparison::standard_error) of the paired differences of
/// losses,
///
/// ```text
/// Δ + z·SE(Δ) >= c·η·s
/// ```
///
/// is Armijo's condition with the slack `z·SE(Δ)`. It has no state.
pub(super) struct Paired {
    pub z: f64,
}

impl Condition for Paired {
    fn slack(&self, _state: &AcceptanceState, point: &TrialPoint) -> f64 {
        self.z * point.compared.standard_error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::tests::assert_limit;

    #[test]
    fn the_limit_is_raised_by_the_standard_errors() {
        for (z, standard_error, limit) in [
            (0.0, 0.0625, 0.75),
            (1.0, 0.0, 0.75), // a mean alone: Armijo's condition
            (1.0, 0.0625, 0.8125),
            (2.0, 0.0625, 0.875),
            (2.0, 0.25, 1.25), // an increase, but too uncertain to reject
        ] {
            let state = AcceptanceState::default();
            assert_limit(&Paired { z }, state, standard_error, limit);
        }
    }
}
