//! One pass gives the bits of one operation after the other, in chunks of any number of threads.

use super::math::normal;
use super::parallel::vectorized;
use super::{adam, averaging, gelu, layer_norm, vectors};
use crate::{AdamConstants, AveragedMove};

/// One number, less than a vector, more than a run of blocks, and more than two chunks with a rest.
const LENGTHS: [usize; 4] = [1, 13, 1_039, 150_007];

const CONSTANTS: AdamConstants = AdamConstants {
    beta_1: 0.0,
    beta_2: 0.999,
    epsilon: 1e-8,
};

const MOVE: AveragedMove = AveragedMove {
    share: 0.017,
    point: 0.21,
    iterate: 1.7,
};

/// Numbers between -2 and 2, the same each time.
fn draw(length: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 22) as f32 - 2.0
    };
    (0..length).map(|_| next()).collect()
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn a_move_has_the_bits_of_its_operations() {
    for length in LENGTHS {
        let [y, z, u] = [1, 2, 3].map(|seed| draw(length, seed));
        let (mut new_y, mut new_z) = (y.clone(), z.clone());
        averaging::advance(&mut new_y, &mut new_z, &u, MOVE);

        let gap: Vec<f32> = z.iter().zip(&y).map(|(z, y)| z - y).collect();
        let (mut one_y, mut one_z) = (y.clone(), z.clone());
        vectors::add_scaled_in_place(&mut one_y, MOVE.share as f32, &gap);
        vectors::add_scaled_in_place(&mut one_y, MOVE.point as f32, &u);
        vectors::add_scaled_in_place(&mut one_z, MOVE.iterate as f32, &u);
        assert_eq!(bits(&new_y), bits(&one_y));
        assert_eq!(bits(&new_z), bits(&one_z));
    }
}

#[test]
fn the_first_move_is_one_from_where_y_is() {
    for length in LENGTHS {
        let [y, u] = [1, 3].map(|seed| draw(length, seed));
        let (mut new_z, mut new_y) = (y.clone(), u.clone());
        averaging::begin(&mut new_z, &mut new_y, MOVE);
        let (mut other_y, mut other_z) = (y.clone(), y);
        averaging::advance(&mut other_y, &mut other_z, &u, MOVE);
        assert_eq!(bits(&new_y), bits(&other_y));
        assert_eq!(bits(&new_z), bits(&other_z));
    }
}

#[test]
fn a_move_follows_its_equations() {
    let [y, z, u] = [1, 2, 3].map(|seed| draw(2_000, seed));
    let (mut new_y, mut new_z) = (y.clone(), z.clone());
    averaging::advance(&mut new_y, &mut new_z, &u, MOVE);
    for i in 0..y.len() {
        let [y, z, u] = [&y, &z, &u].map(|numbers| f64::from(numbers[i]));
        let to_y = y + MOVE.share * (z - y) + MOVE.point * u;
        let to_z = z + MOVE.iterate * u;
        assert!((f64::from(new_y[i]) - to_y).abs() < 1e-6);
        assert!((f64::from(new_z[i]) - to_z).abs() < 2e-6);
    }
}

#[test]
fn a_product_with_a_difference_has_the_bits_of_both_operations() {
    for length in LENGTHS {
        let [a, b, c] = [1, 2, 3].map(|seed| draw(length, seed));
        let difference: Vec<f32> = b.iter().zip(&c).map(|(b, c)| b - c).collect();
        let product = vectors::inner_product_with_difference(&a, &b, &c);
        let other = vectors::inner_product(&a, &difference);
        assert_eq!(product.to_bits(), other.to_bits());
        let exact = (0..length).map(|i| f64::from(a[i]) * (f64::from(b[i]) - f64::from(c[i])));
        let exact: f64 = exact.sum();
        assert!((product - exact).abs() < 1e-7 * length as f64);
    }
}

#[test]
fn a_product_with_a_direction_has_the_bits_of_both_operations() {
    for (length, beta_1, decay) in LENGTHS
        .map(|length| (length, 0.9, 0.01))
        .into_iter()
        .chain(LENGTHS.map(|length| (length, 0.0, 0.0)))
    {
        let constants = AdamConstants {
            beta_1,
            ..CONSTANTS
        };
        let [g, m, v, w] = [1, 2, 3, 4].map(|seed| draw(length, seed));
        let v: Vec<f32> = v.iter().map(|v| v.abs()).collect();
        let product = adam::product([&g, &m, &v, &w], decay, constants, 7);
        let (mut u, mut new_m, mut new_v) = (g.clone(), m, v);
        match beta_1 == 0.0 {
            true => adam::update_without_momentum(None, &mut u, None, &mut new_v, constants, 7),
            false => drop(adam::update(
                &mut u, &mut new_m, &mut new_v, constants, 7, false,
            )),
        }
        u.iter_mut().zip(&w).for_each(|(u, w)| *u -= decay * w);
        assert_eq!(product.to_bits(), vectors::inner_product(&g, &u).to_bits());
    }
}

#[test]
fn an_update_without_momentum_is_the_same_in_place_and_beside() {
    for length in LENGTHS {
        let (mut v, mut wide) = (vec![0.0f32; length], vec![0.0f64; length]);
        for time in 1..=3 {
            let g = draw(length, 10 + time as u64);
            let before = (time > 1).then_some(&v[..]);
            let mut searched = vec![0.0; length];
            adam::search_direction(&g, before, CONSTANTS, time, &mut searched);

            let update = |g_beside: bool, v_beside: bool| {
                let (mut d, mut new) = (vec![7.0; length], vec![7.0; length]);
                if !g_beside {
                    d.copy_from_slice(&g);
                }
                if !v_beside {
                    new.copy_from_slice(&v);
                }
                let beside = |numbers, is_beside: bool| is_beside.then_some(numbers);
                adam::update_without_momentum(
                    beside(&g[..], g_beside),
                    &mut d,
                    beside(&v[..], v_beside),
                    &mut new,
                    CONSTANTS,
                    time,
                );
                (d, new)
            };
            let (d, new) = update(false, false);
            assert_eq!(bits(&d), bits(&searched));
            for (g_beside, v_beside) in [(false, true), (true, false), (true, true)] {
                let (other_d, other_new) = update(g_beside, v_beside);
                assert_eq!(bits(&other_d), bits(&d));
                assert_eq!(bits(&other_new), bits(&new));
            }
            let correction = 1.0 - 0.999f64.powi(time as i32);
            for i in 0..length {
                let g = f64::from(g[i]);
                wide[i] = 0.999 * wide[i] + 0.001 * g * g;
                assert!((f64::from(new[i]) - wide[i]).abs() < 1e-6 * wide[i].max(1e-12));
                let expected = -g / ((wide[i] / correction).sqrt() + 1e-8);
                assert!((f64::from(d[i]) - expected).abs() < 1e-5);
            }
            v = new;
        }
    }
}

#[test]
fn what_is_not_a_number_stays_visible() {
    for at in [0, 12, 1_030] {
        let mut g = draw(1_039, 1);
        g[at] = f32::NAN;
        let [b, c] = [2, 3].map(|seed| draw(1_039, seed));
        assert!(vectors::inner_product_with_difference(&g, &b, &c).is_nan());
        let (mut d, mut v) = (g.clone(), b.clone());
        adam::update_without_momentum(None, &mut d, None, &mut v, CONSTANTS, 2);
        assert!(d[at].is_nan() && v[at].is_nan());
        let (mut y, mut z) = (b, c);
        averaging::advance(&mut y, &mut z, &g, MOVE);
        assert!(y[at].is_nan() && z[at].is_nan());
    }
}

#[test]
fn the_widest_vectors_and_none_give_the_same_bits() {
    // Outside `map_pair`, a loop has the vectors that every processor has.
    let [y, z, u] = [1, 2, 3].map(|seed| draw(1_039, seed));
    let widest = vectorized(
        #[inline(always)]
        || super::lanes::dot_of([&y, &z, &u, &y], |_, z, u, y| y * (z - u)),
    );
    let alone = super::lanes::dot_of([&y, &z, &u, &y], |_, z, u, y| y * (z - u));
    assert_eq!(widest.to_bits(), alone.to_bits());

    let mut activations = y.clone();
    gelu::forward_in_place(&mut activations, &z);
    let one = |(y, z): (&f32, &f32)| (y + z) * normal(y + z).0;
    let alone: Vec<f32> = y.iter().zip(&z).map(one).collect();
    assert_eq!(bits(&activations), bits(&alone));
}

#[test]
fn what_is_kept_for_the_backward_pass_changes_no_bit() {
    // Chunks of 42 rows, the last one shorter.
    let (width, rows) = (384, 100);
    let [x, residual] = [1, 2].map(|seed| draw(rows * width, seed));
    let [gamma, beta] = [3, 4].map(|seed| draw(width, seed));
    let (mut h, mut in_place) = (x.clone(), x.clone());
    let mut y = vec![0.0; x.len()];
    layer_norm::forward(&mut h, &residual, [&gamma, &beta], 1e-5, &mut y);
    layer_norm::forward_in_place(&mut in_place, &residual, [&gamma, &beta], 1e-5);
    assert_eq!(bits(&y), bits(&in_place));
    let sums: Vec<f32> = x.iter().zip(&residual).map(|(x, r)| x + r).collect();
    assert_eq!(bits(&h), bits(&sums));

    let (mut z, mut in_place) = (x.clone(), x.clone());
    gelu::forward(&mut z, &beta, &mut y);
    gelu::forward_in_place(&mut in_place, &beta);
    assert_eq!(bits(&y), bits(&in_place));
    let sums: Vec<f32> = x
        .iter()
        .zip(beta.iter().cycle())
        .map(|(x, b)| x + b)
        .collect();
    assert_eq!(bits(&z), bits(&sums));
}

#[cfg(feature = "rayon")]
#[test]
fn nothing_depends_on_the_number_of_threads() {
    // So few chunks that the one who asks takes part, and so many that the pool has them alone.
    for length in [300_007, 1_100_003] {
        on_any_number_of_threads(length);
    }
}

#[cfg(feature = "rayon")]
fn on_any_number_of_threads(length: usize) {
    let [y, z, u] = [1, 2, 3].map(|seed| draw(length, seed));
    let all = || {
        let (mut new_y, mut new_z) = (y.clone(), z.clone());
        averaging::advance(&mut new_y, &mut new_z, &u, MOVE);
        let (mut first_z, mut first_y) = (y.clone(), u.clone());
        averaging::begin(&mut first_z, &mut first_y, MOVE);
        let (mut d, mut v) = (y.clone(), vec![0.0; length]);
        let before: Vec<f32> = z.iter().map(|z| z.abs()).collect();
        adam::update_without_momentum(None, &mut d, Some(&before), &mut v, CONSTANTS, 3);
        let product = vectors::inner_product_with_difference(&u, &z, &y);
        let numbers = [new_y, new_z, first_y, first_z, d, v].map(|numbers| bits(&numbers));
        (numbers, product.to_bits())
    };
    let pool = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads").install(all)
    };
    let one = pool(1);
    for threads in [2, 3, 7] {
        assert!(pool(threads) == one, "{threads} threads");
    }
}
