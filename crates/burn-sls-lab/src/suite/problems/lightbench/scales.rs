//! Parameters and curvatures of many magnitudes.

use crate::suite::family::Family;
use crate::suite::variant::Variant;

use super::super::numbers::{Draw, Numbers, singles};
use super::formula::Formula;
use super::{level, levels};

/// Separable functions of many numbers, all with their minimum at 0, or 1 for the powers.
pub fn families() -> Vec<Family> {
    let mut families = vec![
        level!(
            "parameter-scale",
            "mean squares of three vectors that start at 1e3, 1, 1e-3",
            parameter_scale
        ),
        level!(
            "discontinuous",
            "mean of x² below 0 and 2x above",
            discontinuous
        ),
    ];
    families.extend(levels![
        "mean of 10^lin(-r, r)·x²", ill_conditioned,
        "ill-conditioned/1": 1.0,
        "ill-conditioned/2": 2.0,
        "ill-conditioned/3": 3.0,
        "ill-conditioned/4": 4.0,
        "ill-conditioned/5": 5.0,
        "ill-conditioned/6": 6.0,
    ]);
    families.extend(levels![
        "mean of log(1+x²) from 10^lin(-r, r)·N", scale_invariant,
        "scale-invariant/1": 1.0,
        "scale-invariant/2": 2.0,
        "scale-invariant/3": 3.0,
        "scale-invariant/4": 4.0,
        "scale-invariant/5": 5.0,
        "scale-invariant/6": 6.0,
    ]);
    // The fourth level is as hard as the third, as in the source.
    families.extend(levels![
        "mean squares of three vectors, weighed S, 1, 1/S", layer_wise_scale,
        "layer-wise-scale/1": 2.0,
        "layer-wise-scale/2": 1e1,
        "layer-wise-scale/3": 1e3,
        "layer-wise-scale/4": 1e3,
        "layer-wise-scale/5": 1e7,
        "layer-wise-scale/6": 1e9,
    ]);
    families.extend(levels![
        "Σ i·x² / Σ i", varying_squares,
        "varying-scale/1": 4,
        "varying-scale/2": 16,
        "varying-scale/3": 512,
        "varying-scale/4": 8192,
        "varying-scale/5": 1 << 15,
        "varying-scale/6": 1 << 17,
    ]);
    families.extend(levels![
        "Σ i·|x| / Σ i", varying_magnitudes,
        "varying-scale-abs/1": 4,
        "varying-scale-abs/2": 16,
        "varying-scale-abs/3": 512,
        "varying-scale-abs/4": 8192,
        "varying-scale-abs/5": 1 << 15,
        "varying-scale-abs/6": 1 << 17,
    ]);
    families.extend(levels![
        "mean of e^(s·|x|)", exploding,
        "exploding/1": 1.0,
        "exploding/2": 2.0,
        "exploding/3": 4.0,
        "exploding/4": 8.0,
        "exploding/5": 12.0,
        "exploding/6": 16.0,
    ]);
    families.extend(levels![
        "mean of (x-1)^2p, p = 1, 2, 3, ...", powers,
        "powers/1": 4,
        "powers/2": 8,
        "powers/3": 16,
        "powers/4": 32,
        "powers/5": 128,
        "powers/6": 512,
    ]);
    families
}

/// As many numbers of N(0, 1).
pub(super) fn normals(count: usize, variant: &Variant) -> Vec<f64> {
    Numbers::new(variant.seed, Draw::Weights, 0).normals(count)
}

/// 10^-r to 10^r, evenly in the logarithm.
pub(super) fn magnitudes(range: f64, count: usize) -> Vec<f64> {
    let exponent = |i| range * (2.0 * i as f64 / (count - 1) as f64 - 1.0);
    (0..count).map(|i| 10f64.powf(exponent(i))).collect()
}

pub(super) fn ill_conditioned(range: f64, variant: &Variant) -> Formula {
    let scales = singles(&magnitudes(range, 512));
    let start = singles(&normals(512, variant));
    Formula::new(vec![start], 1e-3, |x, scales| {
        (x[0].clone().square() * scales[0].clone()).mean()
    })
    .with_inputs(move |_| vec![scales.clone()])
}

pub(super) fn scale_invariant(range: f64, variant: &Variant) -> Formula {
    let pairs = magnitudes(range, 512)
        .into_iter()
        .zip(normals(512, variant));
    let start: Vec<f32> = pairs.map(|(scale, x)| (scale * x) as f32).collect();
    Formula::new(vec![start], 1e-3, |x, _| {
        x[0].clone().square().log1p().mean()
    })
}

/// Three vectors of 1024 numbers.
pub(super) fn three(variant: &Variant) -> Vec<Vec<f64>> {
    let all = normals(3 * 1024, variant);
    all.chunks(1024).map(<[f64]>::to_vec).collect()
}

/// (S·m₁ + m₂ + m₃/S)/3, where m are mean squares.
pub(super) fn layer_wise_scale(scale: f64, variant: &Variant) -> Formula {
    let start = three(variant).iter().map(|x| singles(x)).collect();
    Formula::new(start, 1e-4, move |x, _| {
        let [first, second, third] = [0, 1, 2].map(|i| x[i].clone().square().mean());
        (first * scale + second + third / scale) / 3.0
    })
}

/// (m₁ + m₂ + m₃)/3 from vectors that start at 1e3, 1 and 1e-3 times N(0, 1).
pub(super) fn parameter_scale(variant: &Variant) -> Formula {
    let scales = [1e3, 1.0, 1e-3];
    let scaled = |(x, scale): (Vec<f64>, f64)| x.iter().map(|x| (x * scale) as f32).collect();
    let start = three(variant).into_iter().zip(scales).map(scaled).collect();
    Formula::new(start, 1e-4, |x, _| {
        let [first, second, third] = [0, 1, 2].map(|i| x[i].clone().square().mean());
        (first + second + third) / 3.0
    })
}

/// i/Σi for i = 1, 2, ...
pub(super) fn shares(size: usize) -> Vec<f32> {
    let total = size as f64 * (size + 1) as f64 / 2.0;
    (1..=size).map(|i| (i as f64 / total) as f32).collect()
}

pub(super) fn varying_squares(size: usize, variant: &Variant) -> Formula {
    let shares = shares(size);
    Formula::new(vec![singles(&normals(size, variant))], 0.0, |x, shares| {
        (x[0].clone().square() * shares[0].clone()).sum()
    })
    .with_inputs(move |_| vec![shares.clone()])
    .passed_at_rms(1e-7)
    .within(if size > 8192 { 2000 } else { 5000 })
}

pub(super) fn varying_magnitudes(size: usize, variant: &Variant) -> Formula {
    let shares = shares(size);
    Formula::new(vec![singles(&normals(size, variant))], 0.0, |x, shares| {
        (x[0].clone().abs() * shares[0].clone()).sum()
    })
    .with_inputs(move |_| vec![shares.clone()])
    .passed_at_rms(1e-7)
    .within(if size > 8192 { 2000 } else { 5000 })
}

pub(super) fn discontinuous(variant: &Variant) -> Formula {
    Formula::new(vec![singles(&normals(1024, variant))], 0.0, |x, _| {
        let x = x[0].clone();
        let below = x.clone().lower_scalar(0.0);
        (x.clone() * 2.0).mask_where(below, x.square()).mean()
    })
    .passed_at_rms(1e-4)
}

pub(super) fn exploding(scale: f64, variant: &Variant) -> Formula {
    Formula::new(vec![singles(&normals(512, variant))], 0.0, move |x, _| {
        (x[0].clone().abs() * scale).exp().mean()
    })
    .passed_at_rms(0.01)
}

/// The mean of ((x - 1)^p)² over 64 numbers for each p, from U(0, 2).
pub(super) fn powers(most: usize, variant: &Variant) -> Formula {
    let n = &mut Numbers::new(variant.seed, Draw::Weights, 0);
    let start = (0..64 * most).map(|_| (2.0 * n.unit()) as f32).collect();
    let exponents: Vec<f32> = (0..64 * most).map(|i| (1 + i / 64) as f32).collect();
    Formula::new(vec![start], 1e-8, |x, exponents| {
        // |d|^2p of d², whose powers and slopes are defined for every d.
        let squares = (x[0].clone() - 1.0).square();
        squares.powf(exponents[0].clone()).mean()
    })
    .with_inputs(move |_| vec![exponents.clone()])
    .within(if most > 32 { 2000 } else { 5000 })
}
