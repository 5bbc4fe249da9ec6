//! Random numbers that are a function of a key and a counter: the generator Philox4x32-10.
//!
//! Any part of a sequence can be made by itself, so threads need not wait for each other, and what
//! was drawn can be drawn again.
//!
//! J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: *Parallel random numbers: as easy as 1, 2,
//! 3*, SC 2011.

/// What a sequence of random numbers is made from.
pub(crate) type Key = [u32; 2];

/// Counters that are worked on at once. Each gives four numbers.
const LANES: usize = 16;

/// Numbers of a block.
pub(crate) const BLOCK: usize = 4 * LANES;

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
const KEY_INCREMENTS: Key = [0x9e37_79b9, 0xbb67_ae85];

/// Sixteen counters' numbers, from `16·number` on: first the first number of each, then the second
/// of each, and so on.
#[inline(always)]
pub(crate) fn block(key: Key, number: u64) -> [u32; BLOCK] {
    let counter = |lane: usize| number * LANES as u64 + lane as u64;
    let low = std::array::from_fn(|lane| counter(lane) as u32);
    let high = std::array::from_fn(|lane| (counter(lane) >> 32) as u32);
    let words = rounds(key, [low, high, [0; LANES], [0; LANES]]);
    let mut block = [0; BLOCK];
    for (out, words) in block.chunks_exact_mut(LANES).zip(&words) {
        out.copy_from_slice(words);
    }
    block
}

#[inline(always)]
fn rounds<const N: usize>([mut k0, mut k1]: Key, counters: [[u32; N]; 4]) -> [[u32; N]; 4] {
    let [mut a, mut b, mut c, mut d] = counters;
    for _ in 0..ROUNDS {
        for lane in 0..N {
            let p0 = u64::from(a[lane]) * u64::from(MULTIPLIERS[0]);
            let p1 = u64::from(c[lane]) * u64::from(MULTIPLIERS[1]);
            a[lane] = (p1 >> 32) as u32 ^ b[lane] ^ k0;
            b[lane] = p1 as u32;
            c[lane] = (p0 >> 32) as u32 ^ d[lane] ^ k1;
            d[lane] = p0 as u32;
        }
        k0 = k0.wrapping_add(KEY_INCREMENTS[0]);
        k1 = k1.wrapping_add(KEY_INCREMENTS[1]);
    }
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The three known answers of the authors' library, Random123.
    #[test]
    fn the_numbers_are_those_of_the_authors() {
        let ones = u32::MAX;
        let known = [
            (
                [0; 4],
                [0; 2],
                [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8],
            ),
            (
                [ones; 4],
                [ones; 2],
                [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd],
            ),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in known {
            let numbers = rounds(key, counter.map(|word: u32| [word]));
            assert_eq!(numbers.map(|[word]| word), expected);
        }
    }

    #[test]
    fn a_block_has_the_four_numbers_of_each_of_its_counters() {
        let key = [1, 2];
        let number = u64::from(u32::MAX) / 16 + 1;
        let block = block(key, number);
        for lane in 0..LANES {
            let counter = number * 16 + lane as u64;
            let words = [counter as u32, (counter >> 32) as u32, 0, 0];
            let expected = rounds(key, words.map(|word| [word]));
            let found = [0, 1, 2, 3].map(|word| [block[word * LANES + lane]]);
            assert_eq!(found, expected);
        }
    }
}
