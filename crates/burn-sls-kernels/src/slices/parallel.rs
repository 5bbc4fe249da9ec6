//! Work on slices in chunks: on all threads with the feature `rayon`, otherwise on the caller's.

#[cfg(feature = "rayon")]
mod threads;

/// The size of a chunk of rows: small enough for the cache of a thread. `threads.rs` says how many
/// chunks are worth another thread.
const CHUNK: usize = 16 * 1024;

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
    shared(out.chunks_mut(chunk).enumerate(), |(number, out)| {
        vectorized(
            #[inline(always)]
            || f(number, out),
        )
    })
}

/// Like [`map`], with the chunks of two slices of the same length.
pub(crate) fn map_pair<T: Send, R: Send>(
    a: &mut [T],
    b: &mut [T],
    chunk: usize,
    f: impl Fn(usize, &mut [T], &mut [T]) -> R + Sync,
) -> Vec<R> {
    let pairs = a.chunks_mut(chunk).zip(b.chunks_mut(chunk));
    shared(pairs.enumerate(), |(number, (a, b))| {
        vectorized(
            #[inline(always)]
            || f(number, a, b),
        )
    })
}

/// Calls `f` with every chunk of the range `0..len`, and returns the results in order.
pub(crate) fn map_range<R: Send>(
    len: usize,
    chunk: usize,
    f: impl Fn(std::ops::Range<usize>) -> R + Sync,
) -> Vec<R> {
    shared(0..len.div_ceil(chunk), |number| {
        let start = number * chunk;
        vectorized(
            #[inline(always)]
            || f(start..(start + chunk).min(len)),
        )
    })
}

/// The results of `run` for all chunks, in order.
fn shared<T: Send, R: Send>(
    chunks: impl ExactSizeIterator<Item = T> + Send,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    #[cfg(feature = "rayon")]
    return threads::shared(chunks, run);
    #[cfg(not(feature = "rayon"))]
    chunks.map(run).collect()
}
