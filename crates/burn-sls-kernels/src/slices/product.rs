//! Products of matrices.
//!
//! The arithmetic is that of the crate `gemm`, which Burn's flex backend calls, too. What is left
//! out is what the backend does to the output before: it fills it with zeros and copies it, both on
//! one thread. `docs/benchmarks.md` has what that costs. `gemm` takes pointers, and the output need
//! not hold numbers before it is written, so this file, alone in the project, has unsafe code.
#![allow(unsafe_code)]

#[cfg(feature = "rayon")]
use std::mem;
use std::mem::MaybeUninit;
#[cfg(feature = "rayon")]
use std::ops::Range;

use gemm::Parallelism;
#[cfg(feature = "rayon")]
use rayon::prelude::*;

/// A product of at least so many multiplications is made on all threads. The backend's number.
#[cfg(feature = "rayon")]
const WORTH_ALL_THREADS: usize = 192 * 192 * 192;

/// Several products of so many multiplications in all are shared among the threads, one each. The
/// backend's number.
#[cfg(feature = "rayon")]
const WORTH_SHARING: usize = 128 * 128 * 128;

/// A product is cut into parts only if it has more rows and more columns. `gemm` adds up one of at
/// most so many rows and columns in another order.
#[cfg(feature = "rayon")]
const SMALL: usize = 64;

/// Parts but the last have a multiple of so many rows or columns, the tiles of `gemm`.
#[cfg(feature = "rayon")]
const ROWS: usize = 6;
#[cfg(feature = "rayon")]
const COLUMNS: usize = 16;

/// A matrix of numbers that lie at regular distances.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a> {
    numbers: &'a [f32],
    shape: [usize; 2],
    strides: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// The matrix that begins with the first of the numbers. `strides` are the distances of two
    /// rows and of two columns.
    ///
    /// # Panics
    ///
    /// If it is empty or a number of it lies beyond the slice.
    pub(crate) fn new(numbers: &'a [f32], shape: [usize; 2], strides: [usize; 2]) -> Self {
        let last = |i: usize| shape[i].checked_sub(1)?.checked_mul(strides[i]);
        let last = last(0).zip(last(1)).and_then(|(r, c)| r.checked_add(c));
        assert!(
            last.is_some_and(|last| last < numbers.len()),
            "a matrix of {shape:?} numbers at distances of {strides:?} is not in {} numbers",
            numbers.len()
        );
        Self {
            numbers,
            shape,
            strides,
        }
    }

    /// The distances of two rows and of two columns, for `gemm`.
    fn distances(&self) -> [isize; 2] {
        self.strides.map(|stride| stride as isize)
    }

    /// Some of its rows.
    #[cfg(feature = "rayon")]
    fn rows(self, rows: Range<usize>) -> Self {
        let numbers = &self.numbers[rows.start * self.strides[0]..];
        Self::new(numbers, [rows.len(), self.shape[1]], self.strides)
    }

    /// Some of its columns.
    #[cfg(feature = "rayon")]
    fn columns(self, columns: Range<usize>) -> Self {
        let numbers = &self.numbers[columns.start * self.strides[1]..];
        Self::new(numbers, [self.shape[0], columns.len()], self.strides)
    }
}

/// `a(i)·b(i)` for every i below `count`, row by row and one product after the other.
///
/// # Panics
///
/// If the matrices are not all of the shapes of the first two, these do not match, or the output is
/// larger than any memory.
pub(crate) fn products<'a>(
    count: usize,
    a: impl Fn(usize) -> Matrix<'a> + Sync,
    b: impl Fn(usize) -> Matrix<'a> + Sync,
) -> Vec<f32> {
    if count == 0 {
        return Vec::new();
    }
    let ([m, k], [_, n]) = (a(0).shape, b(0).shape);
    let size = m.checked_mul(n).expect("a product that fits in memory");
    let length = count
        .checked_mul(size)
        .expect("products that fit in memory");
    let mut out = Vec::with_capacity(length);
    let room = &mut out.spare_capacity_mut()[..length];
    let one = |(i, out): (usize, &mut [MaybeUninit<f32>])| {
        write_product(out, [m, k, n], a(i), b(i), Parallelism::None);
    };
    match Sharing::of(count, size.saturating_mul(k)) {
        Sharing::None => room.chunks_exact_mut(size).enumerate().for_each(one),
        #[cfg(feature = "rayon")]
        Sharing::Within => {
            for (i, out) in room.chunks_exact_mut(size).enumerate() {
                write_on_all_threads(out, [m, k, n], a(i), b(i));
            }
        }
        #[cfg(feature = "rayon")]
        Sharing::Among => room.par_chunks_exact_mut(size).enumerate().for_each(one),
    }
    // SAFETY: the capacity is at least that, and every number of each product is written.
    unsafe { out.set_len(length) };
    out
}

/// How products are shared among threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// They are not.
    None,
    /// One after the other, each on all threads.
    #[cfg(feature = "rayon")]
    Within,
    /// Each on a thread of its own.
    #[cfg(feature = "rayon")]
    Among,
}

impl Sharing {
    /// That of `count` products of so many multiplications each.
    #[cfg(feature = "rayon")]
    fn of(count: usize, each: usize) -> Self {
        let all = count.saturating_mul(each);
        match () {
            () if count >= 4 && all >= WORTH_SHARING => Self::Among,
            () if each >= WORTH_ALL_THREADS => Self::Within,
            () if count > 1 && all >= WORTH_SHARING => Self::Among,
            () => Self::None,
        }
    }

    /// That of a single thread.
    #[cfg(not(feature = "rayon"))]
    fn of(_count: usize, _each: usize) -> Self {
        Self::None
    }
}

/// Writes `a·b` over all of `out`, row by row, on all threads.
///
/// `gemm` shares a product itself. But if the columns of `b` lie apart and are not very many, one
/// thread packs all of `b` while the others wait. If those of `a` do, every thread packs a part of
/// `a`, and waits for the parts of the others. These are the products of a backward pass. So they
/// are cut here into parts, of columns or of rows, that depend on nothing of each other. The bits
/// are the same, on any number of threads.
///
/// # Panics
///
/// As [`write_product`].
#[cfg(feature = "rayon")]
fn write_on_all_threads(out: &mut [MaybeUninit<f32>], [m, k, n]: [usize; 3], a: Matrix, b: Matrix) {
    let large = m > SMALL && n > SMALL;
    if large
        && b.strides[1] != 1
        && let Some(parts) = parts(n, COLUMNS)
    {
        write_columns(out, [m, k, n], a, b, parts);
    } else if large
        && a.strides[1] != 1
        && let Some(parts) = parts(m, ROWS)
    {
        write_rows(out, [m, k, n], a, b, parts);
    } else {
        write_product(out, [m, k, n], a, b, Parallelism::Rayon(0));
    }
}

/// As many parts as there are threads, each of a multiple of so many, and the last with the rest;
/// `None` if the parts would be too unequal.
#[cfg(feature = "rayon")]
fn parts(length: usize, multiple: usize) -> Option<Vec<Range<usize>>> {
    let (threads, blocks) = (rayon::current_num_threads(), length / multiple);
    let equal = blocks >= threads && blocks.is_multiple_of(threads);
    let begin = |part: usize| match part == threads {
        true => length,
        false => part * blocks / threads * multiple,
    };
    let parts = (0..threads).map(|i| begin(i)..begin(i + 1));
    (equal || blocks >= 4 * threads).then(|| parts.collect())
}

/// Writes `a·b` over all of `out`, in parts of rows, each on a thread.
///
/// # Panics
///
/// As [`write_product`].
#[cfg(feature = "rayon")]
fn write_rows(
    out: &mut [MaybeUninit<f32>],
    [m, k, n]: [usize; 3],
    a: Matrix,
    b: Matrix,
    parts: Vec<Range<usize>>,
) {
    check(out, [m, k, n], a, b);
    let mut rest = out;
    let cut = parts.into_iter().map(|part| {
        let (out, after) = mem::take(&mut rest).split_at_mut(part.len() * n);
        rest = after;
        (part, out)
    });
    let parts: Vec<_> = cut.collect();
    parts.into_par_iter().for_each(|(part, out)| {
        let shape = [part.len(), k, n];
        write_product(out, shape, a.rows(part), b, Parallelism::None);
    });
}

/// Writes `a·b` over all of `out`, in parts of columns, each on a thread.
///
/// # Panics
///
/// As [`write_product`].
#[cfg(feature = "rayon")]
fn write_columns(
    out: &mut [MaybeUninit<f32>],
    [m, k, n]: [usize; 3],
    a: Matrix,
    b: Matrix,
    parts: Vec<Range<usize>>,
) {
    /// Where the output begins, for all threads.
    struct Start(*mut f32);

    // SAFETY: every thread writes columns that no other one writes.
    unsafe impl Sync for Start {}

    impl Start {
        fn column(&self, column: usize) -> *mut f32 {
            self.0.wrapping_add(column)
        }
    }

    check(out, [m, k, n], a, b);
    let apart = |pair: &[Range<usize>]| pair[0].end <= pair[1].start;
    let inside = parts.iter().all(|part| part.end <= n);
    assert!(parts.windows(2).all(apart) && inside, "parts of a product");
    // As in `write_product`; a part has more than one column.
    if cfg!(all(target_arch = "aarch64", target_vendor = "apple")) {
        out.fill(MaybeUninit::new(0.0));
    }
    let start = Start(out.as_mut_ptr().cast());
    parts.into_par_iter().for_each(|part| {
        let start = start.column(part.start);
        // SAFETY: the part lies in `out`, which has room for m rows of n numbers, and is borrowed
        // mutably until all parts are written. They have no number in common.
        unsafe { multiply(start, n, a, b.columns(part), Parallelism::None) };
    });
}

/// Writes `a·b` over all of `out`, row by row.
///
/// # Panics
///
/// If `a` is not `[m, k]`, `b` not `[k, n]`, or `out` does not have m·n numbers.
fn write_product(
    out: &mut [MaybeUninit<f32>],
    [m, k, n]: [usize; 3],
    a: Matrix,
    b: Matrix,
    parallelism: Parallelism,
) {
    check(out, [m, k, n], a, b);
    // Where the output is a vector, `gemm` makes a slice of numbers of it, and on Apple's
    // processors it may read what it then multiplies by zero.
    if m == 1 || n == 1 || cfg!(all(target_arch = "aarch64", target_vendor = "apple")) {
        out.fill(MaybeUninit::new(0.0));
    }
    // SAFETY: `out` has room for m rows of n numbers, and is borrowed mutably.
    unsafe { multiply(out.as_mut_ptr().cast(), n, a, b, parallelism) };
}

/// # Panics
///
/// As [`write_product`].
fn check(out: &[MaybeUninit<f32>], [m, k, n]: [usize; 3], a: Matrix, b: Matrix) {
    assert_eq!(
        (a.shape, b.shape),
        ([m, k], [k, n]),
        "the shapes of a product"
    );
    assert_eq!(Some(out.len()), m.checked_mul(n), "the room for a product");
}

/// Writes `a·b`, whose rows begin at distances of `stride`.
///
/// # Safety
///
/// `a` has as many columns as `b` has rows. The places of all numbers of the product lie in one
/// allocation, no two are the same, and nobody else has access to them meanwhile. They hold numbers
/// if the product has one row or one column, and on Apple's processors.
unsafe fn multiply(out: *mut f32, stride: usize, a: Matrix, b: Matrix, parallelism: Parallelism) {
    let ([m, k], [_, n]) = (a.shape, b.shape);
    let ([a_row, a_column], [b_row, b_column]) = (a.distances(), b.distances());
    // SAFETY: `Matrix::new` has checked that every number of `a` and `b` lies in its slice, and the
    // caller answers for the output. With `read_dst` false it is only written, but for the cases
    // above.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            stride as isize,
            false,
            a.numbers.as_ptr(),
            a_column,
            a_row,
            b.numbers.as_ptr(),
            b_column,
            b_row,
            0.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers, whose products and sums are exact.
    fn draw(length: usize) -> Vec<f32> {
        (0..length).map(|i| ((i * 7 + 3) % 11) as f32).collect()
    }

    /// Rows and columns where they lie, and where they lie the other way round.
    fn of(numbers: &[f32], shape: [usize; 2], transposed: bool) -> Matrix<'_> {
        let strides = match transposed {
            false => [shape[1], 1],
            true => [1, shape[0]],
        };
        Matrix::new(numbers, shape, strides)
    }

    fn at(matrix: Matrix, row: usize, column: usize) -> f32 {
        matrix.numbers[row * matrix.strides[0] + column * matrix.strides[1]]
    }

    #[test]
    fn a_product_has_the_sums_of_its_definition() {
        // The last three are shared among the threads: each, all of each, all of each.
        let shapes = [
            (1, [1, 1, 1]),
            (1, [5, 3, 2]),
            (3, [17, 1, 33]),
            (2, [1, 40, 9]),
            (2, [9, 40, 1]),
            (2, [3, 1500, 4]),
            (18, [64, 64, 32]),
            (1, [200, 193, 190]),
            (2, [193, 200, 192]),
        ];
        for (count, [m, k, n]) in shapes {
            let (x, y) = (draw(count * m * k), draw(count * k * n));
            for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
                let a = |i: usize| of(&x[i * m * k..], [m, k], left);
                let b = |i: usize| of(&y[i * k * n..], [k, n], right);
                let out = products(count, a, b);
                assert_eq!(out.len(), count * m * n);
                for (place, &found) in out.iter().enumerate() {
                    let (i, row, column) = (place / (m * n), place / n % m, place % n);
                    let terms = (0..k).map(|j| at(a(i), row, j) * at(b(i), j, column));
                    assert_eq!(found, terms.sum::<f32>(), "{count}, {m}, {k}, {n}: {place}");
                }
            }
        }
    }

    #[cfg(feature = "rayon")]
    #[test]
    fn the_bits_are_those_of_one_thread_on_any_number_of_threads() {
        let draw = |length: usize, seed: u32| -> Vec<f32> {
            let number = |i| (i as u32).wrapping_mul(2_654_435_761).wrapping_add(seed);
            (0..length).map(|i| number(i) as f32 / 2e9 - 1.0).collect()
        };
        for [m, k, n] in [
            [200, 1100, 130],
            [97, 800, 300],
            [65, 1700, 66],
            [96, 900, 191],
        ] {
            let (x, y) = (draw(m * k, 1), draw(k * n, 2));
            for (left, right) in [(false, false), (true, false), (false, true), (true, true)] {
                let (a, b) = (of(&x, [m, k], left), of(&y, [k, n], right));
                let on = |threads: usize| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    let out = pool.build().unwrap().install(|| products(1, |_| a, |_| b));
                    out.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
                };
                let alone = on(1);
                for threads in [2, 3, 4, 5, 32] {
                    assert!(on(threads) == alone, "{m}, {k}, {n}: {threads} threads");
                }
            }
        }
    }

    #[test]
    fn a_number_may_stand_for_a_whole_row() {
        let a = |_| Matrix::new(&[3.0], [4, 5], [0, 0]);
        let b = |_| Matrix::new(&[1.0, 2.0], [5, 2], [0, 1]);
        assert_eq!(products(1, a, b), [15.0, 30.0].repeat(4));
    }

    #[test]
    #[should_panic(expected = "a product that fits in memory")]
    fn a_product_larger_than_any_memory_is_refused() {
        let a = |_| Matrix::new(&[1.0], [274_177, 1], [0, 0]);
        let b = |_| Matrix::new(&[1.0], [1, 67_280_421_310_721], [0, 0]);
        products(1, a, b);
    }

    #[test]
    #[should_panic(
        expected = "a matrix of [2, 3] numbers at distances of [3, 1] is not in 5 numbers"
    )]
    fn a_matrix_beyond_its_numbers_is_refused() {
        Matrix::new(&[0.0; 5], [2, 3], [3, 1]);
    }

    #[test]
    #[should_panic(expected = "is not in 4 numbers")]
    fn an_empty_matrix_is_refused() {
        Matrix::new(&[0.0; 4], [0, 3], [3, 1]);
    }

    #[test]
    #[should_panic(expected = "the shapes of a product")]
    fn shapes_that_do_not_match_are_refused() {
        let numbers = [0.0; 6];
        let a = |_| Matrix::new(&numbers, [2, 3], [3, 1]);
        let b = |_| Matrix::new(&numbers, [2, 3], [3, 1]);
        products(1, a, b);
    }
}
