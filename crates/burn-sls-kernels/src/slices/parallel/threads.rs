//! How many threads take part, and which.
//!
//! The threads of the pool sleep while there is nothing to do. To wake them, and to be woken by
//! them, takes about as long as a few chunks do. `docs/benchmarks.md` has what that costs.

use std::sync::Mutex;

use rayon::Scope;
use rayon::prelude::*;

/// Fewer chunks than this are left to the thread that asks for them. Kernels that do little with a
/// number have longer chunks.
const FEW: usize = 4;

/// This many chunks or more are left to the pool. Its threads are as many as the processor has. If
/// the one that asks took part, it would take the place of one of them.
const MANY: usize = 16;

/// The results of `run` for all chunks, in order.
pub(super) fn shared<T: Send, R: Send>(
    chunks: impl ExactSizeIterator<Item = T> + Send,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    match chunks.len() {
        0..FEW => chunks.map(run).collect(),
        FEW..MANY => with_helpers(chunks, run),
        MANY.. => {
            let chunks: Vec<T> = chunks.collect();
            let run = &run;
            chunks.into_par_iter().map(run).collect()
        }
    }
}

/// Like [`shared`]: the thread that asks begins at once, and those of the pool help as soon as they
/// are awake. Each takes the next chunk until there is none.
fn with_helpers<T: Send, R: Send>(
    chunks: impl ExactSizeIterator<Item = T> + Send,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = (0..chunks.len()).map(|_| None).collect();
    let helpers = rayon::current_num_threads().min(chunks.len()) - 1;
    let queue = Mutex::new(chunks.zip(&mut results));
    let next = || queue.lock().expect("nothing panics under the lock").next();
    let work = || {
        while let Some((chunk, result)) = next() {
            *result = Some(run(chunk));
        }
    };
    rayon::in_place_scope(|scope| work_with(scope, helpers, &work));
    drop(queue);
    let results = results.into_iter();
    results
        .map(|result| result.expect("every chunk was taken"))
        .collect()
}

/// Calls a helper, which calls the next one, and works: nobody wakes more than one thread.
fn work_with<'a>(scope: &Scope<'a>, helpers: usize, work: &'a (impl Fn() + Sync)) {
    if helpers > 0 {
        scope.spawn(move |scope| work_with(scope, helpers - 1, work));
    }
    work();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The one that asks alone, with helpers, and the pool; and more threads than chunks.
    #[test]
    fn every_chunk_is_worked_on_once_and_results_are_in_order() {
        for threads in [1, 3, 32] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let pool = pool.expect("threads");
            for chunks in 0..=2 * MANY {
                let results = || shared(0..chunks, |chunk| chunk * chunk);
                let expected: Vec<usize> = (0..chunks).map(|chunk| chunk * chunk).collect();
                assert_eq!(results(), expected);
                assert_eq!(pool.install(results), expected);
            }
        }
    }

    #[test]
    fn a_panic_of_a_chunk_reaches_the_caller() {
        for chunks in [1, FEW, MANY] {
            let panics = || {
                shared(0..chunks, |chunk| {
                    assert!(chunk + 1 < chunks, "the last one");
                })
            };
            assert!(std::panic::catch_unwind(panics).is_err());
            // And the next call is none the worse for it.
            assert_eq!(shared(0..chunks, |chunk| chunk).len(), chunks);
        }
    }
}
