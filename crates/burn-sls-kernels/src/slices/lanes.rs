//! Sums in an order that can be vectorised.

/// The number of partial sums. It is the number of f32 in the widest vectors, so that narrower
/// vectors add in the same order.
pub(crate) const LANES: usize = 16;

/// `Σ f(a_i)`, in sixteen partial sums.
#[inline(always)]
pub(crate) fn sum(a: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (blocks, rest) = a.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f(x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane += f(x);
    }
    total(lanes)
}

/// `Σ f(a_i, b_i)`, in sixteen partial sums.
#[inline(always)]
pub(crate) fn sum_of_two(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, &x), &y) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(x, y);
        }
    }
    for ((lane, &x), &y) in lanes.iter_mut().zip(rest_a).zip(rest_b) {
        *lane += f(x, y);
    }
    total(lanes)
}

/// `Σ a_i·b_i` in f64.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0f64; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, &x), &y) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f64::from(x) * f64::from(y);
        }
    }
    for ((lane, &x), &y) in lanes.iter_mut().zip(rest_a).zip(rest_b) {
        *lane += f64::from(x) * f64::from(y);
    }
    lanes.iter().sum()
}

/// `Σ a_i·f(a_i, b_i, c_i, d_i)` in f64, with `f` in f32. The bits are those of [`dot`] with the
/// values of `f`.
#[inline(always)]
pub(crate) fn dot_of([a, b, c, d]: [&[f32]; 4], f: impl Fn(f32, f32, f32, f32) -> f32) -> f64 {
    let mut lanes = [0.0f64; LANES];
    let (a, rest_a) = a.as_chunks::<LANES>();
    let (b, rest_b) = b.as_chunks::<LANES>();
    let (c, rest_c) = c.as_chunks::<LANES>();
    let (d, rest_d) = d.as_chunks::<LANES>();
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        let mut values = [0.0f32; LANES];
        for ((((value, &a), &b), &c), &d) in values.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *value = f(a, b, c, d);
        }
        for ((lane, &a), value) in lanes.iter_mut().zip(a).zip(values) {
            *lane += f64::from(a) * f64::from(value);
        }
    }
    let rest = rest_a.iter().zip(rest_b).zip(rest_c).zip(rest_d);
    for (lane, (((&a, &b), &c), &d)) in lanes.iter_mut().zip(rest) {
        *lane += f64::from(a) * f64::from(f(a, b, c, d));
    }
    lanes.iter().sum()
}

/// The largest number. NaN is ignored.
#[inline(always)]
pub(crate) fn max(a: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (blocks, rest) = a.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane = larger(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = larger(*lane, x);
    }
    lanes.into_iter().fold(f32::NEG_INFINITY, larger)
}

/// `sum_i += a_i`.
#[inline(always)]
pub(crate) fn accumulate(sum: &mut [f32], a: &[f32]) {
    for (sum, &x) in sum.iter_mut().zip(a) {
        *sum += x;
    }
}

/// Adds up rows of partial sums, in their order.
pub(crate) fn total_of_rows(parts: &[Vec<f32>], width: usize) -> Vec<f32> {
    let mut total = vec![0.0f64; width];
    for part in parts {
        for (total, &x) in total.iter_mut().zip(part) {
            *total += f64::from(x);
        }
    }
    total.into_iter().map(|x| x as f32).collect()
}

#[inline(always)]
fn total(lanes: [f32; LANES]) -> f32 {
    let mut half = [0.0f32; LANES / 2];
    for (i, sum) in half.iter_mut().enumerate() {
        *sum = lanes[i] + lanes[i + LANES / 2];
    }
    half.iter().sum()
}
