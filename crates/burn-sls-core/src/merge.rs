//! Merging of units whose step sizes have collapsed (the paper's Algorithm 1).

/// The two units that were merged. The merged unit is at `kept`, and `removed` no longer exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The lower of the two indices, which the merged unit keeps.
    pub kept: usize,
    /// The higher of the two indices. Later units move down by one index.
    pub removed: usize,
}

/// Merges the two units with the lowest step sizes if the lowest is below `threshold`.
///
/// ```text
/// if min_u η^(u) < threshold and U > 2:
///     a, b = units of the lowest and the second lowest step size
///     η^(min(a,b)) ← (η^(a) + η^(b))/2, and unit max(a,b) is removed
/// ```
///
/// At most two units are merged per call. Among equal step sizes, the unit with the lower index
/// comes first. Returns the merge, or `None` if nothing was merged.
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
