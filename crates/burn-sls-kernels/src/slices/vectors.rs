//! Sums and products of whole tensors.

use super::lanes;
use super::parallel::{each, map_range};

/// The size of a chunk of work.
pub(super) const CHUNK: usize = 64 * 1024;

/// `out = w + a·d`.
pub(crate) fn add_scaled(w: &[f32], a: f32, d: &[f32], out: &mut [f32]) {
    each(
        out,
        CHUNK,
        #[inline(always)]
        |number, out| {
            let place = number * CHUNK;
            let (w, d) = (&w[place..][..out.len()], &d[place..][..out.len()]);
            for ((out, &w), &d) in out.iter_mut().zip(w).zip(d) {
                *out = w + a * d;
            }
        },
    );
}

/// `w ← w + a·d`.
pub(crate) fn add_scaled_in_place(w: &mut [f32], a: f32, d: &[f32]) {
    each(
        w,
        CHUNK,
        #[inline(always)]
        |number, w| {
            let d = &d[number * CHUNK..][..w.len()];
            for (w, &d) in w.iter_mut().zip(d) {
                *w += a * d;
            }
        },
    );
}

/// `d ← w + a·d`.
pub(crate) fn add_to_scaled(d: &mut [f32], a: f32, w: &[f32]) {
    each(
        d,
        CHUNK,
        #[inline(always)]
        |number, d| {
            let w = &w[number * CHUNK..][..d.len()];
            for (d, &w) in d.iter_mut().zip(w) {
                *d = w + a * *d;
            }
        },
    );
}

/// `⟨a, b⟩` in f64.
pub(crate) fn inner_product(a: &[f32], b: &[f32]) -> f64 {
    let parts = map_range(
        a.len(),
        CHUNK,
        #[inline(always)]
        |range| lanes::dot(&a[range.clone()], &b[range]),
    );
    parts.iter().sum()
}

/// `⟨a, b - c⟩` in f64, with the bits of [`inner_product`] with `b - c` in f32.
pub(crate) fn inner_product_with_difference(a: &[f32], b: &[f32], c: &[f32]) -> f64 {
    let parts = map_range(
        a.len(),
        CHUNK,
        #[inline(always)]
        |range| {
            let [a, b, c] = [a, b, c].map(|numbers| &numbers[range.clone()]);
            lanes::dot_of([a, b, c, a], |_, b, c, _| b - c)
        },
    );
    parts.iter().sum()
}
