//! Slices in chunks: on all threads with the feature `rayon`, on this one without it.

#[cfg(feature = "rayon")]
use rayon::prelude::*;

/// Numbers in a chunk: enough to be worth another thread's attention, and few enough for its cache.
const CHUNK: usize = 16 * 1024;

/// The numbers of a chunk that holds whole rows of `width`.
pub(crate) fn chunk_of_rows(width: usize) -> usize {
    (CHUNK / width.max(1)).max(1) * width
}

/// Runs a loop in code for the widest vectors of this processor.
#[inline(always)]
pub(crate) fn vectorized<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

/// Calls `f` for every chunk of `out` with its number.
pub(crate) fn each<T: Send>(out: &mut [T], chunk: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    map(out, chunk, f);
}

/// What `f` makes of every chunk of `out` and its number, in their order.
pub(crate) fn map<T: Send, R: Send>(
    out: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T]) -> R + Sync,
) -> Vec<R> {
    let call = |(number, out): (usize, &mut [T])| vectorized(|| f(number, out));
    #[cfg(feature = "rayon")]
    if out.len() > chunk {
        return out.par_chunks_mut(chunk).enumerate().map(call).collect();
    }
    out.chunks_mut(chunk).enumerate().map(call).collect()
}

/// As [`map`], of two slices in chunks that go together.
pub(crate) fn map_pair<T: Send, R: Send>(
    a: &mut [T],
    b: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T], &mut [T]) -> R + Sync,
) -> Vec<R> {
    let call = |(number, (a, b)): (usize, (&mut [T], &mut [T]))| vectorized(|| f(number, a, b));
    #[cfg(feature = "rayon")]
    if a.len() > chunk {
        let pairs = a.par_chunks_mut(chunk).zip(b.par_chunks_mut(chunk));
        return pairs.enumerate().map(call).collect();
    }
    let pairs = a.chunks_mut(chunk).zip(b.chunks_mut(chunk));
    pairs.enumerate().map(call).collect()
}

/// What `f` makes of every chunk of a range, in their order.
pub(crate) fn map_range<R: Send>(
    len: usize,
    chunk: usize,
    f: impl Fn(std::ops::Range<usize>) -> R + Sync,
) -> Vec<R> {
    let count = len.div_ceil(chunk);
    let call = |number: usize| {
        let start = number * chunk;
        vectorized(|| f(start..(start + chunk).min(len)))
    };
    #[cfg(feature = "rayon")]
    if count > 1 {
        return (0..count).into_par_iter().map(call).collect();
    }
    (0..count).map(call).collect()
}
