//! Adam's moments and directions.

use super::lanes::{self, LANES};
use super::parallel::{each, map, map_pair, map_range};
use super::vectors;
use crate::AdamConstants;

/// The size of a chunk of work.
const CHUNK: usize = 32 * 1024;

/// The constants of an update, in the form that the loops use.
#[derive(Clone, Copy)]
struct Factors {
    beta_1: f32,
    new_1: f32,
    beta_2: f32,
    new_2: f32,
    /// -1/(1 - β1^t): the bias correction, with the sign of the direction.
    minus_correction_1: f32,
    /// 1/√(1 - β2^t).
    root_correction_2: f32,
    epsilon: f32,
}

/// `β^t`.
fn power(beta: f64, time: usize) -> f64 {
    beta.powi(i32::try_from(time).unwrap_or(i32::MAX))
}

impl Factors {
    fn new(constants: AdamConstants, time: usize) -> Self {
        let AdamConstants {
            beta_1,
            beta_2,
            epsilon,
        } = constants;
        Self {
            beta_1: beta_1 as f32,
            new_1: (1.0 - beta_1) as f32,
            beta_2: beta_2 as f32,
            new_2: (1.0 - beta_2) as f32,
            minus_correction_1: (-1.0 / (1.0 - power(beta_1, time))) as f32,
            root_correction_2: (1.0 / (1.0 - power(beta_2, time)).sqrt()) as f32,
            epsilon: epsilon as f32,
        }
    }

    /// `√v^ + ε`.
    #[inline(always)]
    fn denominator(self, v: f32) -> f32 {
        v.sqrt() * self.root_correction_2 + self.epsilon
    }
}

/// The direction without momentum, `-P·g`, where P contains this gradient. `v` is the second moment
/// before this gradient, `None` at first. `time` includes this update.
pub(crate) fn search_direction(
    g: &[f32],
    v: Option<&[f32]>,
    constants: AdamConstants,
    time: usize,
    out: &mut [f32],
) {
    let c = Factors::new(constants, time);
    each(
        out,
        CHUNK,
        #[inline(always)]
        |number, out| {
            let place = number * CHUNK;
            let g = &g[place..][..out.len()];
            match v {
                Some(v) => {
                    let v = &v[place..][..out.len()];
                    for ((out, &g), &v) in out.iter_mut().zip(g).zip(v) {
                        let v = c.beta_2 * v + c.new_2 * (g * g);
                        *out = -g / c.denominator(v);
                    }
                }
                None => {
                    for (out, &g) in out.iter_mut().zip(g) {
                        *out = -g / c.denominator(c.new_2 * (g * g));
                    }
                }
            }
        },
    );
}

/// Updates the second moment `v` with this gradient, and writes the direction without momentum,
/// `-P·g`, to `d`. The bits are those of [`search_direction`].
///
/// `g` is the gradient, and `before` the second moment before it; in place of `None`, `d` and `v`
/// hold it. `time` includes this update.
pub(crate) fn update_without_momentum(
    g: Option<&[f32]>,
    d: &mut [f32],
    before: Option<&[f32]>,
    v: &mut [f32],
    constants: AdamConstants,
    time: usize,
) {
    let c = Factors::new(constants, time);
    map_pair(
        d,
        v,
        CHUNK,
        #[inline(always)]
        |number, d, v| {
            // A chunk that is copied is in the cache when it is read.
            let copy = |from: Option<&[f32]>, to: &mut [f32]| {
                if let Some(from) = from {
                    to.copy_from_slice(&from[number * CHUNK..][..to.len()]);
                }
            };
            copy(g, d);
            copy(before, v);
            for (d, v) in d.iter_mut().zip(v) {
                let g = *d;
                *v = c.beta_2 * *v + c.new_2 * (g * g);
                *d = -g / c.denominator(*v);
            }
        },
    );
}

/// `⟨g, -P·m^ - λ·w⟩` in f64, for the moments after this gradient, which are not kept: `m` and `v`
/// are those before it. The bits are those of [`inner_product`](super::vectors::inner_product) with
/// the direction of [`update`]; for β1 = 0 with that of [`update_without_momentum`], whatever `m` is.
///
/// `time` includes this update.
pub(crate) fn product(
    [g, m, v, w]: [&[f32]; 4],
    weight_decay: f32,
    constants: AdamConstants,
    time: usize,
) -> f64 {
    let c = Factors::new(constants, time);
    let parts = map_range(
        g.len(),
        vectors::CHUNK,
        #[inline(always)]
        |range| {
            let chunks = [g, m, v, w].map(|numbers| &numbers[range.clone()]);
            lanes::dot_of(chunks, |g, m, v, w| {
                let v = c.beta_2 * v + c.new_2 * (g * g);
                let m = c.beta_1 * m + c.new_1 * g;
                c.minus_correction_1 * m / c.denominator(v) - weight_decay * w
            })
        },
    );
    parts.iter().sum()
}

/// Updates the moments `m` and `v` with this gradient, and replaces `g` by the direction `-P·m^`.
///
/// With `along_last`, returns `⟨g, -P·m^⟩` for the m^ before this gradient, or 0 if there was none.
pub(crate) fn update(
    g: &mut [f32],
    m: &mut [f32],
    v: &mut [f32],
    constants: AdamConstants,
    time: usize,
    along_last: bool,
) -> Option<f64> {
    let c = Factors::new(constants, time);
    // `map` takes one slice. This one holds the chunks of all three.
    let mut pairs: Vec<(&mut [f32], &mut [f32])> =
        m.chunks_mut(CHUNK).zip(v.chunks_mut(CHUNK)).collect();
    let mut gradients: Vec<&mut [f32]> = g.chunks_mut(CHUNK).collect();
    let mut work: Vec<_> = gradients.iter_mut().zip(&mut pairs).collect();
    let parts = map(
        &mut work,
        1,
        #[inline(always)]
        |_, work| {
            let parts = work.iter_mut().map(|(g, (m, v))| match along_last {
                true => advance::<true>(c, g, m, v),
                false => advance::<false>(c, g, m, v),
            });
            parts.sum::<f64>()
        },
    );
    along_last.then(|| match time > 1 {
        true => -parts.iter().sum::<f64>() / (1.0 - power(constants.beta_1, time - 1)),
        false => 0.0,
    })
}

/// The number of blocks of [`LANES`] that are added up in f32 before they are added to f64 sums.
const RUN: usize = 32;

/// Updates one chunk. With `LAST`, returns `Σ P·g·m` for the m before the update, accumulated in
/// [`LANES`] partial sums.
#[inline(always)]
fn advance<const LAST: bool>(c: Factors, g: &mut [f32], m: &mut [f32], v: &mut [f32]) -> f64 {
    let number = |g: &mut f32, m: &mut f32, v: &mut f32| {
        *v = c.beta_2 * *v + c.new_2 * (*g * *g);
        let denominator = c.denominator(*v);
        let last = match LAST {
            true => *g * (*m / denominator),
            false => 0.0,
        };
        *m = c.beta_1 * *m + c.new_1 * *g;
        *g = c.minus_correction_1 * *m / denominator;
        last
    };
    let (g, rest_g) = g.as_chunks_mut::<LANES>();
    let (m, rest_m) = m.as_chunks_mut::<LANES>();
    let (v, rest_v) = v.as_chunks_mut::<LANES>();
    let runs = g
        .chunks_mut(RUN)
        .zip(m.chunks_mut(RUN))
        .zip(v.chunks_mut(RUN));
    let mut sums = [0.0f64; LANES];
    for ((g, m), v) in runs {
        let mut lanes = [0.0f32; LANES];
        for ((g, m), v) in g.iter_mut().zip(m).zip(v) {
            for (((lane, g), m), v) in lanes.iter_mut().zip(g).zip(m).zip(v) {
                *lane += number(g, m, v);
            }
        }
        for (sum, lane) in sums.iter_mut().zip(lanes) {
            *sum += f64::from(lane);
        }
    }
    for (((sum, g), m), v) in sums.iter_mut().zip(rest_g).zip(rest_m).zip(rest_v) {
        *sum += f64::from(number(g, m, v));
    }
    sums.iter().sum()
}
