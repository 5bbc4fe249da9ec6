//! A bias that is added to every row, and its gradient.

use super::lanes::{accumulate, total_of_rows};
use super::parallel::{chunk_of_rows, each, map_range};

/// Adds `bias` to every row of `x`.
pub(crate) fn add_bias(x: &mut [f32], bias: &[f32]) {
    let width = bias.len();
    each(
        x,
        chunk_of_rows(width),
        #[inline(always)]
        |_, x| {
            for row in x.chunks_exact_mut(width) {
                accumulate(row, bias);
            }
        },
    );
}

/// The sum of the rows of `x`, each of `width` numbers.
pub(crate) fn sum_of_rows(x: &[f32], width: usize) -> Vec<f32> {
    let parts = map_range(
        x.len(),
        chunk_of_rows(width),
        #[inline(always)]
        |range| {
            let mut sum = vec![0.0; width];
            for row in x[range].chunks_exact(width) {
                accumulate(&mut sum, row);
            }
            sum
        },
    );
    total_of_rows(&parts, width)
}
