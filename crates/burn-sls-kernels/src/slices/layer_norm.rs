//! Layer normalisation of a residual sum, row by row.
//!
//! ```text
//! h = x + residual      μ = mean(h)      r = 1/√(mean((h - μ)²) + ε)
//! n = (h - μ)·r         y = γ·n + β
//!
//! ∂h = r·(g - mean(g) - n·mean(g·n))   with g = γ·∂y      ∂γ = Σ ∂y·n      ∂β = Σ ∂y
//! ```

use super::lanes::{accumulate, sum, sum_of_two, total_of_rows};
use super::parallel::{chunk_of_rows, each, map, map_pair};

/// The μ and r of a row.
#[inline(always)]
fn moments(h: &[f32], epsilon: f32) -> (f32, f32) {
    let scale = 1.0 / h.len() as f32;
    let mean = sum(h, |x| x) * scale;
    let variance = sum(h, |x| (x - mean) * (x - mean)) * scale;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// `h ← x + residual`, in place of x, and `out = y`.
pub(crate) fn forward(
    x: &mut [f32],
    residual: &[f32],
    [gamma, beta]: [&[f32]; 2],
    epsilon: f32,
    out: &mut [f32],
) {
    let width = gamma.len();
    let chunk = chunk_of_rows(width);
    map_pair(
        x,
        out,
        chunk,
        #[inline(always)]
        |number, x, out| {
            let residual = &residual[number * chunk..][..x.len()];
            let rows = x
                .chunks_exact_mut(width)
                .zip(residual.chunks_exact(width))
                .zip(out.chunks_exact_mut(width));
            for ((h, residual), out) in rows {
                accumulate(h, residual);
                let (mean, r) = moments(h, epsilon);
                for (((out, &h), &gamma), &beta) in out.iter_mut().zip(&*h).zip(gamma).zip(beta) {
                    *out = gamma * ((h - mean) * r) + beta;
                }
            }
        },
    );
}

/// Like [`forward`], without keeping h: y in place of x.
pub(crate) fn forward_in_place(
    x: &mut [f32],
    residual: &[f32],
    [gamma, beta]: [&[f32]; 2],
    epsilon: f32,
) {
    let width = gamma.len();
    let chunk = chunk_of_rows(width);
    each(
        x,
        chunk,
        #[inline(always)]
        |number, x| {
            let residual = &residual[number * chunk..][..x.len()];
            let rows = x.chunks_exact_mut(width).zip(residual.chunks_exact(width));
            for (h, residual) in rows {
                accumulate(h, residual);
                let (mean, r) = moments(h, epsilon);
                for ((h, &gamma), &beta) in h.iter_mut().zip(gamma).zip(beta) {
                    *h = gamma * ((*h - mean) * r) + beta;
                }
            }
        },
    );
}

/// Turns ∂y into ∂h, in place. Returns ∂γ and ∂β.
pub(crate) fn backward(h: &[f32], gamma: &[f32], epsilon: f32, grad: &mut [f32]) -> [Vec<f32>; 2] {
    let width = gamma.len();
    let chunk = chunk_of_rows(width);
    let scale = 1.0 / width as f32;
    let parts = map(
        grad,
        chunk,
        #[inline(always)]
        |number, grad| {
            let h = &h[number * chunk..][..grad.len()];
            let (mut of_gamma, mut of_beta) = (vec![0.0f32; width], vec![0.0f32; width]);
            let mut normalised = vec![0.0f32; width];
            for (h, grad) in h.chunks_exact(width).zip(grad.chunks_exact_mut(width)) {
                let (mean, r) = moments(h, epsilon);
                for (n, &h) in normalised.iter_mut().zip(h) {
                    *n = (h - mean) * r;
                }
                accumulate(&mut of_beta, grad);
                let rows = of_gamma.iter_mut().zip(grad.iter_mut()).zip(&normalised);
                for (((of_gamma, grad), &n), &gamma) in rows.zip(gamma) {
                    *of_gamma += *grad * n;
                    *grad *= gamma;
                }
                let mean_g = sum(grad, |g| g) * scale;
                let mean_gn = sum_of_two(grad, &normalised, |g, n| g * n) * scale;
                for (grad, &n) in grad.iter_mut().zip(&normalised) {
                    *grad = r * (*grad - mean_g - n * mean_gn);
                }
            }
            (of_gamma, of_beta)
        },
    );
    let (of_gamma, of_beta): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    [of_gamma, of_beta].map(|parts| total_of_rows(&parts, width))
}
