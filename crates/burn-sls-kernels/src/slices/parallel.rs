//! Work on slices in chunks: on all threads with the feature `rayon`, otherwise on the caller's.

#[cfg(feature = "rayon")]
use rayon::prelude::*;

/// The size of a chunk: large enough to be worth another thread, small enough for its cache.
const CHUNK: usize = 16 * 1024;

/// Less work than this is done by the thread that asks for it: to wake another takes as long.
#[cfg(feature = "rayon")]
const WORTH_A_THREAD: usize = 128 * 1024;

/// The size of a chunk of whole rows of `width` numbers.
pub(crate) fn chunk_of_rows(width: usize) -> usize {
    (CHUNK / width.max(1)).max(1) * width
}

/// Runs a loop with the widest vectors of this processor.
///
/// They are switched on for a function of `pulp`, and for what is inlined there. So `run` has to be
/// `#[inline(always)]`, and so has every function or closure with a loop that it calls. Otherwise
/// the compiler makes them functions of their own, for the oldest processors.
#[inline(always)]
pub(crate) fn vectorized<R>(run: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(run)
}

/// Calls `f` with the number of every chunk of `out` and the chunk.
pub(crate) fn each<T: Send>(out: &mut [T], chunk: usize, f: impl Fn(usize, &mut [T]) + Sync) {
    map(out, chunk, f);
}

/// Like [`each`], and returns the results of `f` in the order of the chunks.
pub(crate) fn map<T: Send, R: Send>(
    out: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T]) -> R + Sync,
) -> Vec<R> {
    let call = |(number, out): (usize, &mut [T])| {
        vectorized(
            #[inline(always)]
            || f(number, out),
        )
    };
    #[cfg(feature = "rayon")]
    if out.len() > chunk {
        return out.par_chunks_mut(chunk).enumerate().map(call).collect();
    }
    out.chunks_mut(chunk).enumerate().map(call).collect()
}

/// Like [`map`], with the chunks of two slices of the same length.
pub(crate) fn map_pair<T: Send, R: Send>(
    a: &mut [T],
    b: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T], &mut [T]) -> R + Sync,
) -> Vec<R> {
    let call = |(number, (a, b)): (usize, (&mut [T], &mut [T]))| {
        vectorized(
            #[inline(always)]
            || f(number, a, b),
        )
    };
    #[cfg(feature = "rayon")]
    if a.len() > chunk.max(WORTH_A_THREAD) {
        let pairs = a.par_chunks_mut(chunk).zip(b.par_chunks_mut(chunk));
        return pairs.enumerate().map(call).collect();
    }
    let pairs = a.chunks_mut(chunk).zip(b.chunks_mut(chunk));
    pairs.enumerate().map(call).collect()
}

/// Calls `f` with every chunk of the range `0..len`, and returns the results in order.
pub(crate) fn map_range<R: Send>(
    len: usize,
    chunk: usize,
    f: impl Fn(std::ops::Range<usize>) -> R + Sync,
) -> Vec<R> {
    let count = len.div_ceil(chunk);
    let call = |number: usize| {
        let start = number * chunk;
        vectorized(
            #[inline(always)]
            || f(start..(start + chunk).min(len)),
        )
    };
    #[cfg(feature = "rayon")]
    if len > chunk.max(WORTH_A_THREAD) {
        return (0..count).into_par_iter().map(call).collect();
    }
    (0..count).map(call).collect()
}
