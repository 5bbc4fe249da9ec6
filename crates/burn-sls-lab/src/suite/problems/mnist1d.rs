//! MNIST-1D: signals of forty numbers in ten classes.
//!
//! Source: S. Greydanus and D. Kobak, *Scaling down deep learning with MNIST-1D*, arXiv 2011.14439.

use burn::tensor::Device;

use crate::suite::family::{Family, Make};
use crate::suite::nets::{CellKind, MlpConfig, Net, Readout, RecurrentConfig, SignalCnnConfig};
use crate::suite::problem::Problem;
use crate::suite::variant::Variant;

use super::examples::Examples;
use super::loss::Loss;
use super::numbers::{Draw, Numbers, singles};
use super::shape::{Limits, Shape};
use super::supervised::Supervised;

/// Three networks with mini-batches of three sizes.
pub fn families() -> Vec<Family> {
    let family = |name, doc, make| Family {
        name,
        group: "mnist1d",
        doc,
        varies: true,
        make: Make::Scratch(make),
    };
    let mlp = "MNIST-1D (Greydanus), two hidden layers of 100";
    let cnn = "MNIST-1D (Greydanus), three convolutions of 25 channels";
    let gru = "MNIST-1D (Greydanus), a GRU of 32 on ten steps of four numbers";
    vec![
        family("mnist1d-mlp-8", mlp, |v| Box::new(with_mlp(8, 3000, v))),
        family("mnist1d-mlp-32", mlp, |v| Box::new(with_mlp(32, 2000, v))),
        family("mnist1d-mlp-100", mlp, |v| Box::new(with_mlp(100, 1500, v))),
        family("mnist1d-cnn-8", cnn, |v| Box::new(with_cnn(8, 2000, v))),
        family("mnist1d-cnn-32", cnn, |v| Box::new(with_cnn(32, 1200, v))),
        family("mnist1d-cnn-100", cnn, |v| Box::new(with_cnn(100, 800, v))),
        family("mnist1d-gru-8", gru, |v| Box::new(with_gru(8, 1500, v))),
        family("mnist1d-gru-32", gru, |v| Box::new(with_gru(32, 1000, v))),
        family("mnist1d-gru-100", gru, |v| Box::new(with_gru(100, 600, v))),
    ]
}

pub(super) fn with_mlp(batch: usize, steps: usize, variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(100, 2, batch, steps).of(variant, Limits::CHEAP);
    problem(variant.seed, shape, |shape, device| {
        MlpConfig::uniform(LENGTH, shape.width, shape.depth, 10)
            .with(shape.activation, shape.norm)
            .init(device)
    })
}

pub(super) fn with_cnn(batch: usize, steps: usize, variant: &Variant) -> impl Problem + use<> {
    let limits = Limits {
        depth: 3,
        batch: 64,
    };
    let shape = Shape::new(25, 3, batch, steps).of(variant, limits);
    problem(variant.seed, shape, |shape, device| {
        SignalCnnConfig {
            length: LENGTH,
            channels: shape.width,
            depth: shape.depth,
            outputs: 10,
            activation: shape.activation,
            norm: shape.norm,
        }
        .init(device)
    })
}

pub(super) fn with_gru(batch: usize, steps: usize, variant: &Variant) -> impl Problem + use<> {
    let shape = Shape::new(32, 1, batch, steps).of(variant, Limits::COSTLY);
    problem(variant.seed, shape, |shape, device| {
        RecurrentConfig {
            cell: CellKind::Gru,
            sequence: (10, LENGTH / 10),
            hidden: shape.width,
            outputs: 10,
            readout: Readout::All,
        }
        .init(device)
    })
}

fn problem<N: Net>(
    seed: u64,
    shape: Shape,
    build: impl Fn(&Shape, &Device) -> N + 'static,
) -> Supervised<N> {
    let (train, held_out) = signals(seed);
    let wrong = &mut Numbers::new(seed, Draw::Labels, 0);
    let train = train
        .scaled(shape.input_scale)
        .mislabelled(shape.label_noise, 10, wrong);
    let held_out = held_out.scaled(shape.input_scale);
    Supervised::new(seed, shape, Loss::Classes(10), train, held_out, build)
}

/// Numbers of a signal.
const LENGTH: usize = 40;
/// Numbers of a template.
const TEMPLATE: usize = 12;
/// The fewest and the most zeros that are put behind a template.
const PADDING: [usize; 2] = [36, 60];

/// The digits, drawn by one line from above to below.
const TEMPLATES: [[f64; TEMPLATE]; 10] = [
    [5., 6., 6.5, 6.75, 7., 7., 7., 7., 6.75, 6.5, 6., 5.],
    [5., 3., 3., 3.4, 3.8, 4.2, 4.6, 5., 5.4, 5.8, 5., 5.],
    [5., 6., 6.5, 6.5, 6., 5.25, 4.75, 4., 3.5, 3.5, 4., 5.],
    [5., 6., 6.5, 6.5, 6., 5., 5., 6., 6.5, 6.5, 6., 5.],
    [5., 4.4, 3.8, 3.2, 2.6, 2.6, 5., 5., 5., 5., 5., 5.],
    [5., 3., 3., 3., 3., 5., 6., 6.5, 6.5, 6., 4.5, 5.],
    [5., 4., 3.5, 3.25, 3., 3., 3., 3., 3.25, 3.5, 4., 5.],
    [5., 7., 7., 6.6, 6.2, 5.8, 5.4, 5., 4.6, 4.2, 5., 5.],
    [5., 4., 3.5, 3.5, 4., 5., 5., 4., 3.5, 3.5, 4., 5.],
    [5., 4., 3.5, 3.5, 4., 5., 5., 5., 5., 4.7, 4.3, 5.],
];

/// 4000 signals to learn from and 1000 held out, standardised together, each class as often.
fn signals(seed: u64) -> (Examples, Examples) {
    let n = &mut Numbers::new(seed, Draw::Data, 0);
    let mut classes: Vec<usize> = (0..5000).map(|i| i % 10).collect();
    n.shuffle(&mut classes);
    let all = Examples::draw(5000, |i| {
        (singles(&signal(classes[i], n)), vec![classes[i] as f32])
    });
    all.standardised(false, false).split(4000)
}

/// A signal, step by step as in the source: pad, stretch to 72 numbers, scale, rotate, replace the
/// zeros by correlated noise, add white noise, shear, and sample forty numbers.
fn signal(class: usize, n: &mut Numbers) -> Vec<f64> {
    let mut x: Vec<f64> = template(class).iter().map(|x| x + 1e-8).collect();
    let padding = PADDING[0] + n.below(PADDING[1] - PADDING[0] + 1);
    x.resize(TEMPLATE + padding, 0.0);
    let mut x = resample(&x, TEMPLATE + PADDING[1]);
    let scale = 1.0 + 0.4 * (n.unit() - 0.5);
    x.iter_mut().for_each(|x| *x *= scale);
    x.rotate_right(n.below(48));

    let noise: Vec<f64> = n.normals(x.len()).iter().map(|e| 0.25 * e).collect();
    let noise = smooth(&noise, 2.0);
    for (x, noise) in x.iter_mut().zip(noise) {
        if *x == 0.0 {
            *x = noise;
        }
        *x += 0.02 * n.normal();
    }
    let shear = 0.75 * (n.unit() - 0.5);
    let last = (x.len() - 1) as f64;
    for (i, x) in x.iter_mut().enumerate() {
        *x -= shear * (i as f64 / last - 0.5);
    }
    resample(&x, LENGTH)
}

/// A template with variance 1 that starts at 0, divided by 6.
fn template(class: usize) -> [f64; TEMPLATE] {
    let x = TEMPLATES[class];
    let mean = x.iter().sum::<f64>() / TEMPLATE as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / TEMPLATE as f64;
    x.map(|number| (number - x[0]) / variance.sqrt() / 6.0)
}

/// `count` numbers from the first to the last, by linear interpolation.
fn resample(x: &[f64], count: usize) -> Vec<f64> {
    (0..count)
        .map(|i| {
            let place = i as f64 * (x.len() - 1) as f64 / (count - 1) as f64;
            let below = (place as usize).min(x.len() - 2);
            let share = place - below as f64;
            x[below] + share * (x[below + 1] - x[below])
        })
        .collect()
}

/// Convolves with a Gaussian of this deviation, cut at four of them; beyond its ends the signal
/// goes on as its mirror image.
fn smooth(x: &[f64], deviation: f64) -> Vec<f64> {
    let radius = (4.0 * deviation) as i64;
    let weight = |k: i64| (-0.5 * (k as f64 / deviation).powi(2)).exp();
    let total: f64 = (-radius..=radius).map(weight).sum();
    let size = x.len() as i64;
    let mirrored = |i: i64| match i {
        i if i < 0 => x[(-1 - i) as usize],
        i if i >= size => x[(2 * size - 1 - i) as usize],
        i => x[i as usize],
    };
    (0..size)
        .map(|i| {
            (-radius..=radius)
                .map(|k| weight(k) * mirrored(i + k))
                .sum::<f64>()
                / total
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_starts_at_zero_and_has_the_sources_variance() {
        for class in 0..10 {
            let x = template(class);
            let mean = x.iter().sum::<f64>() / 12.0;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 12.0;
            assert_eq!(x[0], 0.0);
            assert!((variance - 1.0 / 36.0).abs() < 1e-12);
        }
    }

    #[test]
    fn resampling_keeps_the_ends_and_smoothing_a_constant() {
        assert_eq!(resample(&[0.0, 1.0, 4.0], 5), [0.0, 0.5, 1.0, 2.5, 4.0]);
        let smoothed = smooth(&[3.0; 20], 2.0);
        assert!(smoothed.iter().all(|x| (x - 3.0).abs() < 1e-12));
    }

    #[test]
    fn a_seed_gives_the_same_signals() {
        let draw = || signal(3, &mut Numbers::new(5, Draw::Data, 0));
        assert_eq!(draw(), draw());
        assert_eq!(draw().len(), LENGTH);
    }
}
