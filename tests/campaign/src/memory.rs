//! The memory that a call takes.

use peak_alloc::PeakAlloc;

/// Counts the bytes of all threads.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// What a call returns, and the most bytes it held beyond those of before.
pub fn peak<T>(call: impl FnOnce() -> T) -> (T, usize) {
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let out = call();
    (out, MEMORY.peak_usage().saturating_sub(before))
}

/// The bytes that are held now.
pub fn held() -> usize {
    MEMORY.current_usage()
}
