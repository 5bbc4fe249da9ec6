//! The Gaussian error linear unit, `gelu(z) = z·Φ(z)`, on rows with a bias.

use super::lanes::{accumulate, total_of_rows};
use super::math::normal;
use super::parallel::{chunk_of_rows, each, map, map_pair};

/// `z ← z + bias` and `out = gelu(z)`.
pub(crate) fn forward(z: &mut [f32], bias: &[f32], out: &mut [f32]) {
    let width = bias.len();
    map_pair(
        z,
        out,
        chunk_of_rows(width),
        #[inline(always)]
        |_, z, out| {
            for (z, out) in z.chunks_exact_mut(width).zip(out.chunks_exact_mut(width)) {
                for ((z, out), bias) in z.iter_mut().zip(out).zip(bias) {
                    let sum = *z + bias;
                    *z = sum;
                    *out = sum * normal(sum).0;
                }
            }
        },
    );
}

/// Like [`forward`], without keeping z: `x ← gelu(x + bias)`.
pub(crate) fn forward_in_place(x: &mut [f32], bias: &[f32]) {
    let width = bias.len();
    each(
        x,
        chunk_of_rows(width),
        #[inline(always)]
        |_, x| {
            for row in x.chunks_exact_mut(width) {
                for (x, bias) in row.iter_mut().zip(bias) {
                    let sum = *x + bias;
                    *x = sum * normal(sum).0;
                }
            }
        },
    );
}

/// Turns the gradient of the output into that of z, in place: `grad ← grad·(Φ(z) + z·φ(z))`.
///
/// Returns the gradient of the bias, which is the sum of the rows of `grad`.
pub(crate) fn backward(z: &[f32], grad: &mut [f32], width: usize) -> Vec<f32> {
    let chunk = chunk_of_rows(width);
    let parts = map(
        grad,
        chunk,
        #[inline(always)]
        |number, grad| {
            let z = &z[number * chunk..][..grad.len()];
            let mut sum = vec![0.0; width];
            for (z, grad) in z.chunks_exact(width).zip(grad.chunks_exact_mut(width)) {
                for (&z, grad) in z.iter().zip(grad.iter_mut()) {
                    let (phi, density) = normal(z);
                    *grad *= phi + z * density;
                }
                accumulate(&mut sum, grad);
            }
            sum
        },
    );
    total_of_rows(&parts, width)
}
