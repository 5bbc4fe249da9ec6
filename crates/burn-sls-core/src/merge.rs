//! Merging of units whose step size has collapsed (the paper's Algorithm 1).

/// Which unit went into which: the merged unit keeps the place of `kept`, and `removed` is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The lower of the two indices, where the merged unit now stands.
    pub kept: usize,
    /// The higher of the two indices; units after it move up by one.
    pub removed: usize,
}

/// Merges the two units of the lowest step sizes when the lowest is below `threshold`.
///
/// ```text
/// if min_u η^(u) < threshold and U > 2:
///     a, b = units of the lowest and the second lowest step size
///     η^(min(a,b)) ← (η^(a) + η^(b))/2, and unit max(a,b) is removed
/// ```
///
/// At most one merge is made. Of equal step sizes the unit of the lower index comes first. Returns
/// what was merged, if anything.
///
/// # Example
///
/// ```
/// use burn_sls_core::{Merge, merge};
///
/// let mut step_sizes = vec![0.5, 1e-13, 0.25, 0.125];
/// assert_eq!(merge(&mut step_sizes, 1e-12), Some(Merge { kept: 1, removed: 3 }));
/// assert_eq!(step_sizes, [0.5, 0.5 * (1e-13 + 0.125), 0.25]);
/// ```
///
/// # References
///
/// The paper, Algorithm 1.
pub fn merge(step_sizes: &mut Vec<f64>, threshold: f64) -> Option<Merge> {
    if step_sizes.len() <= 2 {
        return None;
    }
    let mut order: Vec<usize> = (0..step_sizes.len()).collect();
    order.sort_by(|&a, &b| step_sizes[a].total_cmp(&step_sizes[b]));
    let (lowest, second) = (order[0], order[1]);
    if step_sizes[lowest] >= threshold {
        return None;
    }
    let (kept, removed) = (lowest.min(second), lowest.max(second));
    step_sizes[kept] = 0.5 * (step_sizes[lowest] + step_sizes[second]);
    step_sizes.remove(removed);
    Some(Merge { kept, removed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_merged_above_the_threshold_or_down_to_one_unit() {
        let mut above = vec![0.1, 0.2, 0.3];
        assert_eq!(merge(&mut above, 0.1), None); // at the threshold, not below it
        assert_eq!(above, [0.1, 0.2, 0.3]);

        let mut two = vec![1e-20, 0.2];
        assert_eq!(merge(&mut two, 0.1), None);
        assert_eq!(two, [1e-20, 0.2]);
    }

    #[test]
    fn of_equal_step_sizes_the_earlier_units_are_merged() {
        let mut equal = vec![0.01; 4];
        let merged = merge(&mut equal, 0.1);
        assert_eq!(
            merged,
            Some(Merge {
                kept: 0,
                removed: 1
            })
        );
        assert_eq!(equal, [0.01; 3]);
    }
}
