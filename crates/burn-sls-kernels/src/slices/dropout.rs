//! Dropout: numbers that are dropped at random, and the others scaled.

use super::parallel::{chunk_of_rows, each};
use super::philox::{BLOCK, Key, block};

/// Which numbers are dropped, and what the others are multiplied by.
///
/// A mask is a function of the key and a number's place. So nobody has to keep it: the backward
/// pass makes it again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask {
    key: Key,
    /// Random numbers below are dropped.
    threshold: u32,
    scale: f32,
}

impl Mask {
    /// Drops each number with this probability, rounded to a multiple of 2⁻³². The mean of the
    /// factors is 1.
    pub(crate) fn new(key: Key, probability: f64) -> Self {
        let all = 2f64.powi(32);
        let threshold = (probability * all).round() as u32;
        Self {
            key,
            threshold,
            scale: (all / (all - f64::from(threshold))) as f32,
        }
    }

    /// `x ← m·x`, with `m` 0 or the scale.
    pub(crate) fn apply(self, x: &mut [f32]) {
        let chunk = chunk_of_rows(BLOCK);
        each(
            x,
            chunk,
            #[inline(always)]
            |number, x| {
                self.visit(
                    number * chunk,
                    x.len(),
                    #[inline(always)]
                    |place, factors| {
                        for (x, factor) in x[place..].iter_mut().zip(factors) {
                            *x *= factor;
                        }
                    },
                );
            },
        );
    }

    /// `out ← m·x`, of the same length.
    pub(crate) fn applied(self, x: &[f32], out: &mut [f32]) {
        let chunk = chunk_of_rows(BLOCK);
        each(
            out,
            chunk,
            #[inline(always)]
            |number, out| {
                let start = number * chunk;
                let x = &x[start..][..out.len()];
                self.visit(
                    start,
                    out.len(),
                    #[inline(always)]
                    |place, factors| {
                        let pairs = out[place..].iter_mut().zip(&x[place..]);
                        for ((out, &x), factor) in pairs.zip(factors) {
                            *out = x * factor;
                        }
                    },
                );
            },
        );
    }

    /// Calls `f` with the places and factors of the numbers from `start` on, a block at a time.
    /// Places are counted from there.
    #[inline(always)]
    fn visit(self, start: usize, len: usize, mut f: impl FnMut(usize, [f32; BLOCK])) {
        let first = (start / BLOCK) as u64;
        for (number, place) in (first..).zip((0..len).step_by(BLOCK)) {
            let factors = block(self.key, number).map(|random| match random < self.threshold {
                true => 0.0,
                false => self.scale,
            });
            f(place, factors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ones(len: usize, mask: Mask) -> Vec<f32> {
        let mut x = vec![1.0; len];
        mask.apply(&mut x);
        x
    }

    /// Pairs are dropped together as often as by independent draws: numbers of another key,
    /// neighbours, numbers of the same counter, of the next block, and of the next row.
    #[test]
    fn what_is_dropped_is_random() {
        let len = 1_000_000;
        for probability in [0.01, 0.1, 0.5, 0.9] {
            let deviation = |share: f64| (share * (1.0 - share) / len as f64).sqrt();
            let dropped = |key| {
                let x = ones(len, Mask::new(key, probability));
                let scale = 1.0 / (1.0 - probability);
                let is_scale = |x: f32| (f64::from(x) / scale - 1.0).abs() < 1e-6;
                assert!(x.iter().all(|&x| x == 0.0 || is_scale(x)));
                x.into_iter().map(|x| x == 0.0).collect::<Vec<_>>()
            };
            let (x, y) = (dropped([1, 2]), dropped([2, 2]));
            let share = x.iter().filter(|&&x| x).count() as f64 / len as f64;
            let apart = (share - probability).abs();
            assert!(apart < 5.0 * deviation(probability), "{share}");
            let both = |y: &[bool]| {
                let pairs = x.iter().zip(y).filter(|&(&x, &y)| x && y);
                pairs.count() as f64 / y.len() as f64
            };
            for (name, y) in [
                ("key", &y[..]),
                ("next", &x[1..]),
                ("counter", &x[16..]),
                ("block", &x[64..]),
                ("row", &x[384..]),
            ] {
                let independent = probability * probability;
                let apart = (both(y) - independent).abs();
                // Each number of a shifted sequence is in two pairs.
                let overlap = 2.0 * probability * independent * (1.0 - probability);
                let limit = 5.0 * (deviation(independent).powi(2) + overlap / len as f64).sqrt();
                assert!(apart < limit, "{probability}, {name}: {apart}");
            }
        }
    }

    #[test]
    fn a_place_has_its_factor_whatever_the_length_and_the_way() {
        let mask = Mask::new([7, 8], 0.3);
        let long = ones(50_000, mask);
        for len in [1, 63, 64, 65, 16_384, 16_385, 49_999] {
            assert_eq!(ones(len, mask), long[..len]);
            let x: Vec<f32> = (0..len).map(|place| place as f32).collect();
            let (mut out, mut in_place) = (vec![f32::NAN; len], x.clone());
            mask.applied(&x, &mut out);
            mask.apply(&mut in_place);
            assert_eq!(out, in_place);
            let expected: Vec<f32> = x.iter().zip(&long).map(|(x, m)| x * m).collect();
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn the_ends_of_the_range_are_met() {
        assert_eq!(ones(100_000, Mask::new([3, 4], 0.0)), vec![1.0; 100_000]);
        let nearly_all = ones(100_000, Mask::new([3, 4], 1.0 - 1e-12));
        assert_eq!(nearly_all, vec![0.0; 100_000]);
    }
}
