//! Curves made smoother and thinner.

use super::Points;

/// The exponential moving average of a curve, corrected for its start.
///
/// With `f` the factor, the value after the points `y_1 … y_t` is
///
/// ```text
/// m_t = f · m_(t−1) + (1 − f) · y_t,   m_0 = 0
/// smoothed_t = m_t / (1 − f^t)
/// ```
///
/// so that the first value is `y_1` itself and the early ones are not drawn towards 0. Points
/// whose value is not finite are left out.
///
/// # Panics
///
/// If `factor` is outside `0.0..1.0`.
#[must_use]
pub fn smooth(points: &[(f64, f64)], factor: f64) -> Points {
    assert!(
        (0.0..1.0).contains(&factor),
        "the smoothing factor {factor} must be in 0.0..1.0"
    );
    let (mut average, mut weight) = (0.0, 0.0);
    let finite = points.iter().filter(|(_, value)| value.is_finite());
    finite
        .map(|&(epoch, value)| {
            average = factor * average + (1.0 - factor) * value;
            weight = factor * weight + (1.0 - factor);
            (epoch, average / weight)
        })
        .collect()
}

/// The factor of an average over about a fiftieth of a curve of `count` points.
pub(super) fn smoothing(count: usize) -> f64 {
    (1.0 - 50.0 / count.max(1) as f64).clamp(0.6, 0.9999)
}

/// Thins a curve out to at most `most` points and keeps the extremes: of every stretch of points
/// the least and the largest stay, in their order.
pub(super) fn decimate(points: &[(f64, f64)], most: usize) -> Points {
    if points.len() <= most {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(most / 2);
    let mut kept = Vec::with_capacity(most);
    for stretch in points.chunks(stretch) {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let extremes = stretch
            .iter()
            .min_by(by_value)
            .zip(stretch.iter().max_by(by_value));
        let Some((&least, &largest)) = extremes else {
            continue;
        };
        let (first, second) = if least.0 <= largest.0 {
            (least, largest)
        } else {
            (largest, least)
        };
        kept.push(first);
        if second != first {
            kept.push(second);
        }
    }
    kept
}
