//! SaLSa's condition: decrease and demand are smoothed over iterations.

use super::{AcceptanceState, Condition, TrialPoint};

/// With the moving averages `H` of accepted decreases and `S` of their slopes,
///
/// ```text
/// β·H + (1-β)·Δ >= c·η·(β·S + (1-β)·s)
/// ```
///
/// is Armijo's condition with the slack `β/(1-β)·(H - c·η·S)`. An accepted trial enters both:
///
/// ```text
/// H ← β·H + (1-β)·Δ,   S ← β·S + (1-β)·s
/// ```
///
/// # References
///
/// P. Kenneweg, T. Kenneweg, F. Fumagalli, B. Hammer: *No Learning Rates Needed: Introducing
/// SaLSa*, IJCNN 2024.
pub(super) struct Smoothed {
    pub beta: f64,
}

/// `H` and `S`, which begin at 0.
fn averages(state: &AcceptanceState) -> (f64, f64) {
    match *state {
        AcceptanceState::Smoothed { decrease, slope } => (decrease, slope),
        _ => (0.0, 0.0),
    }
}

impl Condition for Smoothed {
    fn slack(&self, state: &AcceptanceState, point: &TrialPoint) -> f64 {
        let (decrease, slope) = averages(state);
        let demand = point.c * point.step_size * slope;
        self.beta / (1.0 - self.beta) * (decrease - demand)
    }

    fn update(&self, state: AcceptanceState, point: &TrialPoint) -> AcceptanceState {
        let beta = self.beta;
        let (decrease, slope) = averages(&state);
        AcceptanceState::Smoothed {
            decrease: beta * decrease + (1.0 - beta) * point.compared.decrease,
            slope: beta * slope + (1.0 - beta) * point.slope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::tests::assert_limit;
    use crate::sample::Comparison;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn the_limit_moves_with_the_decreases_so_far() {
        // The smoothed demand is c·η·S = 0.125·S: every number is exact in binary.
        for (beta, decrease, slope, limit) in [
            (0.5, 0.0, 0.0, 0.75),      // the first iteration: Armijo's condition
            (0.5, 0.125, 1.0, 0.75),    // so far as much as demanded
            (0.5, 0.1875, 1.0, 0.8125), // so far more
            (0.5, 0.0625, 1.0, 0.6875), // so far less
            (0.75, 0.1875, 1.0, 0.9375),
            (0.0, 0.1875, 1.0, 0.75), // nothing is smoothed
        ] {
            assert_limit(
                &Smoothed { beta },
                AcceptanceState::Smoothed { decrease, slope },
                0.0,
                limit,
            );
        }
    }

    proptest! {
        /// SaLSa's criterion as it is published, beside Armijo's condition with our slack.
        #[test]
        fn the_condition_is_the_published_one(
            beta in 0.0..0.995f64, c in 0.01..0.9f64,
            steps in vec((1e-4..1.0f64, -0.5..1.0f64, 0.1..10.0f64), 1..20),
        ) {
            let condition = Smoothed { beta };
            let mut state = AcceptanceState::default();
            let (mut smoothed_decrease, mut smoothed_slope) = (0.0, 0.0);
            for (step_size, decrease, slope) in steps {
                let compared = &Comparison::of_means(1.0, 1.0 - decrease);
                let h = beta * smoothed_decrease + (1.0 - beta) * compared.decrease;
                let s = beta * smoothed_slope + (1.0 - beta) * slope;
                let published = h - c * step_size * s;
                let point = TrialPoint { c, base: 1.0, slope, step_size, compared };
                let slack = condition.slack(&state, &point);
                let ours = (1.0 - beta) * (compared.decrease + slack - c * step_size * slope);
                prop_assert!((ours - published).abs() < 1e-12, "{ours} beside {published}");
                (smoothed_decrease, smoothed_slope) = (h, s);
                state = condition.update(state, &point);
            }
        }
    }
}
