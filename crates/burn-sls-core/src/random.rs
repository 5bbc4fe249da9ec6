//! Random numbers on the host: seeds, and a generator with the same numbers on every platform.
//!
//! No global generator is used or changed.

/// A seed for one draw of one step of one run.
///
/// Losses can be compared only if they use the same random numbers, such as dropout masks. So the
/// device is seeded with the same value before every forward pass of a step. The seed is a hash of
/// the arguments, so neighbouring steps have unrelated seeds.
pub fn seed(run: u64, step: u64, draw: u64) -> u64 {
    [run, step, draw]
        .into_iter()
        .fold(0, |state, word| Generator(state ^ word).next_u64())
}

/// The generator splitmix64. Its state is one word, and a seed always gives the same numbers.
///
/// # Example
///
/// ```
/// use burn_sls_core::random::Generator;
///
/// let mut items = [1, 2, 3, 4, 5];
/// Generator::new(7).shuffle(&mut items);
/// let mut again = [1, 2, 3, 4, 5];
/// Generator::new(7).shuffle(&mut again);
/// assert_eq!(items, again);
/// ```
///
/// # References
///
/// G. Steele, D. Lea, C. Flood: *Fast splittable pseudorandom number generators*, OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Generator(u64);

impl Generator {
    /// The generator that starts from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, uniform to one part in 2⁶⁴ / `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The upper half of a 128-bit product.
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Puts the items in a random order (Fisher–Yates). For every `n`, the first `n` items are a
    /// random sample without replacement.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for place in 0..items.len() {
            let drawn = place + self.below(items.len() - place);
            items.swap(place, drawn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_step_and_draw_has_a_seed_of_its_own() {
        let mut seen = HashSet::new();
        for run in 0..4 {
            for step in 0..200 {
                for draw in 0..4 {
                    assert!(seen.insert(seed(run, step, draw)));
                }
            }
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        // First outputs for seed 1234567, from the reference implementation splitmix64.c.
        let mut generator = Generator::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| generator.next_u64()).collect();
        assert_eq!(
            numbers,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn a_shuffle_is_a_permutation_with_every_order_about_as_often() {
        let mut counts = [0; 6];
        let mut generator = Generator::new(0);
        for _ in 0..6000 {
            let mut items = [0, 1, 2];
            generator.shuffle(&mut items);
            let order = items[0] * 2 + usize::from(items[1] > items[2]);
            counts[order] += 1;
        }
        assert!(
            counts.iter().all(|&c| (850..1150).contains(&c)),
            "{counts:?}"
        );
    }
}
