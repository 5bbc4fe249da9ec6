//! Products of matrices.
//!
//! The arithmetic is that of the crate `gemm`, which Burn's flex backend calls, too. What is left
//! out is what the backend does to the output before: it fills it with zeros and copies it, both on
//! one thread. `docs/benchmarks.md` has what that costs. `gemm` takes pointers, and the output need
//! not hold numbers before it is written, so this file, alone in the project, has unsafe code.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

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
                write_product(out, [m, k, n], a(i), b(i), Parallelism::Rayon(0));
            }
        }
        #[cfg(feature = "rayon")]
        Sharing::Among => room.par_chunks_exact_mut(size).enumerate().for_each(one),
    }
    // SAFETY: the capacity is at least that, and `write_product` has written every number.
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
    assert_eq!(
        (a.shape, b.shape),
        ([m, k], [k, n]),
        "the shapes of a product"
    );
    assert_eq!(Some(out.len()), m.checked_mul(n), "the room for a product");
    // Where the output is a vector, `gemm` makes a slice of numbers of it, and on Apple's
    // processors it may read what it then multiplies by zero.
    if m == 1 || n == 1 || cfg!(all(target_arch = "aarch64", target_vendor = "apple")) {
        out.fill(MaybeUninit::new(0.0));
    }
    let ([a_row, a_column], [b_row, b_column]) = (a.distances(), b.distances());
    // SAFETY: `Matrix::new` has checked that every number of `a` and `b` lies in its slice, and the
    // assertion above that `out` has room for m rows of n numbers, at distances of n and 1. Nobody
    // else has access to `out`, which is borrowed mutably. With `read_dst` false it is only written,
    // but for the cases above, where it holds numbers.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr().cast::<f32>(),
            1,
            n as isize,
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
