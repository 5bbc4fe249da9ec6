//! Elementary functions without branches, so that loops over them can be vectorised.

/// Below this argument the result is 0. The true value is under 2e-38.
const LOWEST: f32 = -87.0;

/// `exp(x)` for `x <= 0`, with an error of at most two units in the last place. NaN gives NaN.
///
/// With `x = k·ln 2 + r`, k an integer and |r| <= ln(2)/2, `exp(r)` is a polynomial of degree 7.
/// Its coefficients are those of `expf` in the Cephes library (S. Moshier, 1992).
#[inline(always)]
pub(crate) fn exp_nonpositive(x: f32) -> f32 {
    /// Adding this rounds to an integer and leaves it in the lowest bits.
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23
    // ln 2 in two parts. The first has trailing zeros, so its product with k is exact.
    const LN_2_HIGH: f32 = 0.693_359_4; // 355/512
    const LN_2_LOW: f32 = -2.121_944_4e-4;

    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut p = 1.987_569_1e-4;
    for coefficient in [
        0.001_398_199_9,
        0.008_333_452,
        0.041_665_796,
        0.166_666_65,
        0.5,
    ] {
        p = p * r + coefficient;
    }
    let p = (p * r) * r + r + 1.0;
    // 2^k from its exponent bits: the lowest bits of `rounded` are k.
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(127 << 23));
    if x < LOWEST { 0.0 } else { p * power }
}

/// The distribution function Φ and the density φ of the standard normal distribution at x, where
/// `erf(x/√2) = 2·Φ(x) - 1`.
///
/// With `t = 1/(1 + 0.3·|x|)`, `Φ(-|x|) = exp(-x²/2)·q(t)`, where q is a polynomial of degree 8
/// without a constant term. It was fitted to `erfcx(|x|/√2)/2` for |x| <= 14 by Lawson's iteration,
/// to a relative error of 1.5e-7. In f32 the error of Φ is below 3e-7. In the lower tail, down to
/// x = -5, the error relative to Φ is below 1e-6.
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    const Q: [f32; 8] = [
        0.119_629_3,
        0.120_753_966,
        0.099_913_41,
        0.128_561_93,
        -0.053_684_242,
        0.206_354_19,
        -0.157_203_5,
        0.035_674_877,
    ];
    /// 1/√(2π).
    const SCALE: f32 = 0.398_942_3;

    let bell = exp_nonpositive(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.3 * x.abs());
    let mut q = 0.0;
    for coefficient in Q.into_iter().rev() {
        q = (q + coefficient) * t;
    }
    let tail = bell * q;
    let phi = if x > 0.0 { 1.0 - tail } else { tail };
    (phi, bell * SCALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_f64() {
        for i in 0..87_000 {
            let x = -(i as f32) * 1e-3;
            let (found, expected) = (f64::from(exp_nonpositive(x)), f64::from(x).exp());
            assert!(
                (found / expected - 1.0).abs() < 2.5e-7,
                "{x}: {found:e}, {expected:e}"
            );
        }
    }

    #[test]
    fn the_exponential_at_its_ends() {
        for (x, expected) in [
            (0.0, 1.0),
            (-0.0, 1.0),
            (-87.1, 0.0),
            (f32::NEG_INFINITY, 0.0),
        ] {
            assert_eq!(exp_nonpositive(x), expected, "{x}");
        }
        assert_eq!(exp_nonpositive(f32::MIN), 0.0);
        assert!(exp_nonpositive(f32::NAN).is_nan());
    }

    /// Φ from its Taylor series around 0 in f64, for |x| <= 6.
    fn phi(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= x * x / f64::from(2 * n + 1);
            sum += term;
        }
        0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn the_normal_distribution_is_that_of_f64() {
        for i in -6000..=6000 {
            let x = i as f32 * 1e-3;
            let (found, density) = normal(x);
            let expected = phi(f64::from(x));
            assert!(
                (f64::from(found) - expected).abs() < 3e-7,
                "{x}: {found}, {expected}"
            );
            let bell = (-0.5 * f64::from(x).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
            assert!(
                (f64::from(density) / bell - 1.0).abs() < 2e-6,
                "{x}: {density}, {bell}"
            );
        }
        assert_eq!(normal(f32::INFINITY).0, 1.0);
        assert_eq!(normal(f32::NEG_INFINITY).0, 0.0);
        assert!(normal(f32::NAN).0.is_nan());
    }
}
