//! Noise, masks, and a target that moves.

use std::f64::consts::TAU;

use burn::tensor::Tensor;

use crate::suite::family::Family;
use crate::suite::variant::Variant;

use super::super::numbers::{Draw, Numbers, singles};
use super::super::supervised::mean;
use super::formula::{Formula, mean_square};
use super::levels;
use super::scales::normals;

/// Mean squares that are never seen as they are.
pub fn families() -> Vec<Family> {
    let mut families = levels![
        "mean of (x + n/k)², white noise", white,
        "noise-white/1": 32.0,
        "noise-white/2": 16.0,
        "noise-white/3": 8.0,
        "noise-white/4": 4.0,
        "noise-white/5": 2.0,
        "noise-white/6": 1.0,
    ];
    families.extend(levels![
        "mean of (x + n/k)², Cauchy's noise", cauchy,
        "noise-cauchy/1": 32.0,
        "noise-cauchy/2": 16.0,
        "noise-cauchy/3": 8.0,
        "noise-cauchy/4": 4.0,
        "noise-cauchy/5": 2.0,
        "noise-cauchy/6": 1.0,
    ]);
    families.extend(levels![
        "mean of (x + n/k)², noise that walks along the numbers", brownian,
        "noise-brownian/1": 32.0,
        "noise-brownian/2": 16.0,
        "noise-brownian/3": 8.0,
        "noise-brownian/4": 4.0,
        "noise-brownian/5": 2.0,
        "noise-brownian/6": 1.0,
    ]);
    families.extend(levels![
        "mean of (x + n)², ‖n‖ = ‖x‖/B^(u/4)", batch_scaling,
        "batch-scaling/1": 65536.0,
        "batch-scaling/2": 8192.0,
        "batch-scaling/3": 1024.0,
        "batch-scaling/4": 128.0,
        "batch-scaling/5": 16.0,
        "batch-scaling/6": 2.0,
    ]);
    families.extend(levels![
        "mean square of a share of the numbers", sparse,
        "sparse/1": -1,
        "sparse/2": -3,
        "sparse/3": -6,
        "sparse/4": -8,
        "sparse/5": -11,
        "sparse/6": -14,
    ]);
    families.extend(levels![
        "mean square distance from a wave that moves", moving_target,
        "moving-target/1": 1000.0,
        "moving-target/2": 100.0,
        "moving-target/3": 20.0,
        "moving-target/4": 10.0,
        "moving-target/5": 6.0,
        "moving-target/6": 4.0,
    ]);
    families
}

/// Numbers that noise is added to.
const SIZE: usize = 4096;

/// The mean of (x + n/k)². The noise of a step is a function of the step.
pub(super) fn noisy(
    k: f64,
    variant: &Variant,
    draw: impl Fn(&mut Numbers) -> Vec<f64> + 'static,
) -> Formula {
    let seed = variant.seed;
    Formula::new(vec![singles(&normals(SIZE, variant))], 0.0, |x, noise| {
        (x[0].clone() + noise[0].clone()).square().mean()
    })
    .with_inputs(move |step| {
        let n = &mut Numbers::new(seed, Draw::Batches, step as u64);
        let noise: Vec<f64> = draw(n).iter().map(|noise| noise / k).collect();
        vec![singles(&noise)]
    })
    .passed_at_rms(1e-3)
}

pub(super) fn white(k: f64, variant: &Variant) -> Formula {
    noisy(k, variant, |n| n.normals(SIZE))
}

pub(super) fn cauchy(k: f64, variant: &Variant) -> Formula {
    noisy(k, variant, |n| (0..SIZE).map(|_| n.cauchy()).collect())
}

/// Sums of the noise so far along the numbers, divided by √4096.
pub(super) fn brownian(k: f64, variant: &Variant) -> Formula {
    noisy(k, variant, |n| {
        let mut sum = 0.0;
        let mut walk = || {
            sum += n.normal() / (SIZE as f64).sqrt();
            sum
        };
        (0..SIZE).map(|_| walk()).collect()
    })
}

/// The mean of (x + n)² with normal noise of the norm ‖x‖/B^(u/4), u uniform in a step. No gradient
/// flows through the norm.
pub(super) fn batch_scaling(batch: f64, variant: &Variant) -> Formula {
    let seed = variant.seed;
    Formula::new(vec![singles(&normals(1024, variant))], 0.0, |x, noise| {
        let norm: Tensor<1> = x[0].clone().detach().square().sum().sqrt();
        (x[0].clone() + noise[0].clone() * norm).square().mean()
    })
    .with_inputs(move |step| {
        let n = &mut Numbers::new(seed, Draw::Batches, step as u64);
        let noise = n.normals(1024);
        let norm = noise.iter().map(|x| x * x).sum::<f64>().sqrt();
        let share = 1.0 / (norm * batch.powf(n.unit() / 4.0));
        let noise: Vec<f64> = noise.iter().map(|noise| noise * share).collect();
        vec![singles(&noise)]
    })
    .passed_at_rms(1e-8)
}

/// Numbers of which a share is seen.
const SPARSE: usize = 1 << 16;
/// Numbers that follow a wave.
const MOVING: usize = 16384;

/// The mean of (m·x)², where the mask m has each number with a probability of 2^`exponent`, and
/// those of the step before. The expectation over the masks is measured.
pub(super) fn sparse(exponent: i32, variant: &Variant) -> Formula {
    let (seed, share) = (variant.seed, 2f64.powi(exponent));
    let mask = move |step: usize| {
        let n = &mut Numbers::new(seed, Draw::Batches, step as u64);
        (0..SPARSE).map(|_| n.chance(share)).collect::<Vec<bool>>()
    };
    Formula::new(vec![singles(&normals(SPARSE, variant))], 1e-4, |x, mask| {
        (x[0].clone() * mask[0].clone()).square().mean()
    })
    .with_inputs(move |step| {
        let mut seen = mask(step);
        if let Some(before) = step.checked_sub(1) {
            seen.iter_mut()
                .zip(mask(before))
                .for_each(|(seen, before)| *seen |= before);
        }
        vec![
            seen.into_iter()
                .map(|seen| f32::from(u8::from(seen)))
                .collect(),
        ]
    })
    .measured(move |parts, _| (1.0 - (1.0 - share).powi(2)) * mean_square(parts))
    .within(2000)
}

/// The target of a step: sin(lin(0, 2π) + phase), with a phase that grows by 1.1/F in every step.
pub(super) fn wave(frequency: f64, step: usize) -> Vec<f64> {
    let phase = 1.1 / frequency * (step + 1) as f64;
    let along = |i| TAU * i as f64 / (MOVING - 1) as f64;
    (0..MOVING).map(|i| (along(i) + phase).sin()).collect()
}

/// The mean square distance from the target; measured from that of the step that comes next.
pub(super) fn moving_target(frequency: f64, variant: &Variant) -> Formula {
    Formula::new(
        vec![singles(&normals(MOVING, variant))],
        0.01,
        |x, target| (x[0].clone() - target[0].clone()).square().mean(),
    )
    .with_inputs(move |step| vec![singles(&wave(frequency, step))])
    .measured(move |parts, step| {
        let pairs = parts[0].iter().zip(wave(frequency, step));
        mean(
            &pairs
                .map(|(x, target)| (x - target).powi(2))
                .collect::<Vec<f64>>(),
        )
    })
    .within(2000)
}
