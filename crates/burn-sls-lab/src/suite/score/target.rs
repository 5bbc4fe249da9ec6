//! The target of a problem, and when a run has reached it.

use crate::suite::record::Point;

/// The part of the loss at the start, above its lower bound, that is always good enough.
const FLOOR: f64 = 1e-3;

/// The part of the way of the bar that counts as its distance from the lower bound where a loss has
/// none.
const DISTANCE: f64 = 0.2;

/// No ratio counts for more than this, nor for less than one part in it.
const MOST: f64 = 1e3;

/// How losses of a problem are compared with the bar's.
///
/// With `L₀` the loss at the start, `L` the bar's last loss and `b` the lower bound, a loss is
/// within a factor `f` of the bar's where it is at most
///
/// ```text
/// b + f (L − b) + 1e-3 (L₀ − b)
/// ```
///
/// The last term lets a loss that has all but vanished count as one that has vanished. Where the
/// loss has no lower bound, `b = L − 0.2 |L₀ − L|`: a tenth more is then 2 % of the bar's way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    start: f64,
    bar: f64,
    bound: f64,
}

impl Scale {
    /// Of the loss at the start, the bar's last loss, and the lower bound. `None` where there is
    /// nothing to compare with: one of the losses is not finite.
    pub fn new(start: f64, bar: f64, lower_bound: Option<f64>) -> Option<Self> {
        let bound = lower_bound.unwrap_or(bar - DISTANCE * (start - bar).abs());
        let finite = start.is_finite() && bar.is_finite();
        finite.then_some(Self { start, bar, bound })
    }

    fn floor(&self) -> f64 {
        // Above 0, so that two vanished losses have a ratio.
        (FLOOR * (self.start - self.bound)).max(f64::MIN_POSITIVE)
    }

    /// The highest loss that is within a factor of the bar's.
    pub fn within(&self, factor: f64) -> f64 {
        self.bound + factor * (self.bar - self.bound) + self.floor()
    }

    /// The loss that counts as the bar's: within 1.1 times of it.
    pub fn target(&self) -> f64 {
        self.within(1.1)
    }

    /// A loss over the bar's, both above the lower bound and with the floor on top, between 1e-3
    /// and 1e3; 1e3 for one that is not finite.
    pub fn ratio(&self, loss: f64) -> f64 {
        if !loss.is_finite() {
            return MOST;
        }
        let above = |loss: f64| (loss - self.bound).max(0.0) + self.floor();
        (above(loss) / above(self.bar)).clamp(1.0 / MOST, MOST)
    }

    /// Whether a run that ends at this loss has failed: it is above half of the way from the start
    /// to the target, or not finite.
    pub fn failed(&self, loss: f64) -> bool {
        let halfway = match self.start > self.target() {
            true => 0.5 * (self.start + self.target()),
            // The bar has not come down either.
            false => self.target(),
        };
        !loss.is_finite() || loss > halfway
    }
}

/// The costs at which a curve first reaches a target, between two evaluations on a line. Costs grow
/// along the curve.
pub fn reached(curve: &[Point], target: f64, costs: impl Fn(&Point) -> f64) -> Option<f64> {
    let place = curve.iter().position(|point| point.loss <= target)?;
    let there = &curve[place];
    let Some(before) = place.checked_sub(1).map(|place| &curve[place]) else {
        return Some(costs(there));
    };
    let part = match before.loss.is_finite() {
        true => (before.loss - target) / (before.loss - there.loss),
        false => 1.0,
    };
    Some(costs(before) + part * (costs(there) - costs(before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::testing::record;

    #[test]
    fn a_target_is_a_tenth_above_the_bar_and_a_thousandth_of_the_start() {
        let scale = Scale::new(2.0, 0.5, Some(0.0)).expect("finite");
        assert!((scale.target() - (0.55 + 0.002)).abs() < 1e-12);
        assert!((scale.within(2.0) - 1.002).abs() < 1e-12);
        assert_eq!(scale.ratio(0.5), 1.0);
        assert!((scale.ratio(1.002) - 1004.0 / 502.0).abs() < 1e-12);
        assert_eq!(scale.ratio(f64::NAN), 1e3);
    }

    #[test]
    fn a_bar_at_zero_is_met_by_what_has_all_but_vanished() {
        let scale = Scale::new(1.0, 0.0, Some(0.0)).expect("finite");
        assert_eq!(scale.target(), 1e-3);
        assert_eq!(scale.ratio(0.0), 1.0);
        assert_eq!(scale.ratio(1e-3), 2.0);
    }

    #[test]
    fn a_loss_without_a_bound_is_measured_by_the_bars_way() {
        let scale = Scale::new(1.0, -3.0, None).expect("finite");
        // A tenth of a fifth of 4, and a thousandth of what lies above -3.8.
        assert!((scale.target() - (-3.0 + 0.08 + 0.0048)).abs() < 1e-12);
        assert_eq!(scale.ratio(-3.0), 1.0);
        assert!(scale.ratio(-4.0) < 0.01);
    }

    #[test]
    fn above_half_of_the_way_is_a_failure() {
        let scale = Scale::new(2.0, 0.5, Some(0.0)).expect("finite");
        assert!(!scale.failed(1.2));
        assert!(scale.failed(1.3));
        assert!(scale.failed(f64::INFINITY));
        let stuck = Scale::new(2.0, 2.5, Some(0.0)).expect("finite");
        assert!(!stuck.failed(2.4));
        assert!(stuck.failed(3.0));
        assert_eq!(Scale::new(2.0, f64::NAN, Some(0.0)), None);
    }

    #[test]
    fn a_target_is_reached_between_two_evaluations() {
        let curve = record("p", "c", &[2.0, 1.0, 0.5, 0.9]).curve;
        let steps = |target| reached(&curve, target, |point| point.step as f64);
        assert_eq!(steps(2.5), Some(0.0));
        assert_eq!(steps(1.5), Some(5.0));
        assert_eq!(steps(0.5), Some(20.0));
        assert_eq!(steps(0.4), None);
    }
}
