//! Softmax of scaled scores with a bias, row by row: `y = softmax(scale·x + bias)`.

use super::lanes::{max, sum, sum_of_two};
use super::math::exp_nonpositive;
use super::parallel::{chunk_of_rows, each};

/// `x ← softmax(scale·x + bias)` for rows of `width`. Each row of `bias` belongs to `rows_per_bias`
/// consecutive rows of x.
pub(crate) fn forward(x: &mut [f32], scale: f32, bias: &[f32], width: usize, rows_per_bias: usize) {
    let chunk = chunk_of_rows(width);
    each(
        x,
        chunk,
        #[inline(always)]
        |number, x| {
            let first = number * chunk / width;
            for (row, x) in x.chunks_exact_mut(width).enumerate() {
                let bias = &bias[(first + row) / rows_per_bias * width..][..width];
                for (x, &bias) in x.iter_mut().zip(bias) {
                    *x = *x * scale + bias;
                }
                let largest = max(x);
                for x in x.iter_mut() {
                    *x = exp_nonpositive(*x - largest);
                }
                let factor = 1.0 / sum(x, |x| x);
                for x in x.iter_mut() {
                    *x *= factor;
                }
            }
        },
    );
}

/// Turns the gradient of y into that of x, in place: `grad ← scale·y·(grad - Σ grad·y)`.
pub(crate) fn backward(y: &[f32], grad: &mut [f32], scale: f32, width: usize) {
    let chunk = chunk_of_rows(width);
    each(
        grad,
        chunk,
        #[inline(always)]
        |number, grad| {
            let y = &y[number * chunk..][..grad.len()];
            for (y, grad) in y.chunks_exact(width).zip(grad.chunks_exact_mut(width)) {
                let inner = sum_of_two(grad, y, |g, y| g * y);
                for (grad, &y) in grad.iter_mut().zip(y) {
                    *grad = scale * y * (*grad - inner);
                }
            }
        },
    );
}
