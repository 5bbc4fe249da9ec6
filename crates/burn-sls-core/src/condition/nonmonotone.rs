//! PoNoS's condition: the loss may rise to a mean of the losses so far.

use super::{AcceptanceState, Condition, TrialPoint};

/// The weighted mean `C` of the losses so far, with the sum of weights `Q`, takes in `f_k(w_k)`
/// before the trials of the iteration are judged:
///
/// ```text
/// C ← (ξ·Q·C + f_k(w_k))/(ξ·Q + 1),   Q ← ξ·Q + 1
/// f_k(w_k + η·d) <= max(C, f_k(w_k)) - c·η·s
/// ```
///
/// This is Armijo's condition with the slack `max(C - f_k(w_k), 0)`.
///
/// # References
///
/// H. Zhang, W. Hager: *A Nonmonotone Line Search Technique and Its Application to Unconstrained
/// Optimization*, SIAM Journal on Optimization 14 (2004). L. Galli, H. Rauhut, M. Schmidt: *Don't
/// Be So Monotone: Relaxing Stochastic Line Search in Over-Parameterized Models*, NeurIPS 2023.
pub(super) struct Nonmonotone {
    pub xi: f64,
}

/// `C` and `Q`, which begin at 0.
fn mean(state: &AcceptanceState) -> (f64, f64) {
    match *state {
        AcceptanceState::Nonmonotone { loss, weight } => (loss, weight),
        _ => (0.0, 0.0),
    }
}

impl Condition for Nonmonotone {
    fn begin(&self, state: AcceptanceState, base: f64) -> AcceptanceState {
        let (loss, weight) = mean(&state);
        let weight = self.xi * weight;
        AcceptanceState::Nonmonotone {
            loss: (weight * loss + base) / (weight + 1.0),
            weight: weight + 1.0,
        }
    }

    fn slack(&self, state: &AcceptanceState, point: &TrialPoint) -> f64 {
        (mean(state).0 - point.base).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::tests::assert_limit;

    #[test]
    fn the_limit_is_the_higher_one_of_the_mean_and_the_loss_less_the_demand() {
        // The loss is 1 and the demand 0.25: every number is exact in binary.
        for (xi, loss, weight, limit) in [
            (1.0, 0.0, 0.0, 0.75),    // the first iteration: Armijo's condition
            (1.0, 2.0, 1.0, 1.25),    // C = (2 + 1)/2
            (1.0, 0.5, 1.0, 0.75),    // C = 0.75, below the loss
            (0.5, 2.5, 2.0, 1.5),     // C = (1·2.5 + 1)/2
            (1.0, 1.25, 3.0, 0.9375), // C = (3·1.25 + 1)/4
            (0.0, 2.0, 1.0, 0.75),    // earlier losses have no weight
        ] {
            assert_limit(
                &Nonmonotone { xi },
                AcceptanceState::Nonmonotone { loss, weight },
                0.0,
                limit,
            );
        }
    }

    #[test]
    fn the_state_is_the_weighted_mean_of_the_losses() {
        let mean = |xi: f64, losses: &[f64]| {
            let condition = Nonmonotone { xi };
            let begin = |state, loss: &f64| condition.begin(state, *loss);
            mean(&losses.iter().fold(AcceptanceState::None, begin)).0
        };
        let losses = [3.0, 1.0, 2.0];
        assert_eq!(mean(1.0, &losses), 2.0);
        assert_eq!(mean(0.0, &losses), 2.0); // the last
        assert!((mean(0.5, &losses) - (0.25 * 3.0 + 0.5 + 2.0) / 1.75).abs() < 1e-15);
    }
}
