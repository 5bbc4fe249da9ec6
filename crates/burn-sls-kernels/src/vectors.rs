//! Sums and products of whole tensors.

use burn::tensor::{DType, Tensor};

/// `⟨a, b⟩`, the sum of the elementwise products, added up in f64. None where that would be composed of
/// Burn's own operations: how it is best added up there is the caller's to say.
///
/// # Panics
///
/// If the shapes differ.
pub fn inner_product<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> Option<Tensor<1>> {
    assert_eq!(
        a.dims(),
        b.dims(),
        "an inner product of tensors of one shape"
    );
    #[cfg(feature = "flex")]
    {
        crate::flex::inner_product(a, b)
    }
    #[cfg(not(feature = "flex"))]
    None
}

/// `w + a·d`. Takes the place of a tensor that nobody else holds.
///
/// # Panics
///
/// If the shapes differ.
pub fn add_scaled<const D: usize>(w: Tensor<D>, a: f64, d: Tensor<D>) -> Tensor<D> {
    assert_eq!(w.dims(), d.dims(), "a sum of tensors of one shape");
    #[cfg(feature = "flex")]
    let (w, d) = match crate::flex::add_scaled(w, a, d) {
        Ok(sum) => return sum,
        Err(inputs) => inputs,
    };
    w.add(d.mul_scalar(a))
}

/// Terms of the series of [`log1p`]. The next one would change a result by 2·z^18/19 of itself, 5e-10 at z = 1/3.
const TERMS: i32 = 9;

/// `log(1 + x)` of numbers that are at least 0, to the last digits of the result however small `x` is.
///
/// The logarithm of a GPU may have an absolute error, in WGSL's specification of 2^-21 around 1, in which a small `x`
/// is lost; and on wgpu Burn's `log1p` is that logarithm of `1 + x`. So up to 1 it is the series
///
/// ```text
/// log(1+x) = 2·artanh(z) = 2·(z + z³/3 + z⁵/5 + …),   z = x/(2+x) <= 1/3
/// ```
///
/// in f32, unless the tensor lives on flex, whose `log1p` is that of the C library.
pub fn log1p<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if x.dtype() != DType::F32 || on_flex(&x) {
        return x.log1p();
    }
    let z = x.clone() / (x.clone() + 2.0);
    let square = z.clone().square();
    // Horner's scheme, from the last term to the first.
    let last = square.zeros_like() + 1.0 / f64::from(2 * TERMS - 1);
    let sum = (1..TERMS).rev().fold(last, |sum, term| {
        sum * square.clone() + 1.0 / f64::from(2 * term - 1)
    });
    let small = x.clone().lower_equal_elem(1.0);
    x.log1p().mask_where(small, sum * z * 2.0)
}

fn on_flex<const D: usize>(x: &Tensor<D>) -> bool {
    #[cfg(feature = "flex")]
    {
        crate::flex::home(x).is_some()
    }
    #[cfg(not(feature = "flex"))]
    {
        let _ = x;
        false
    }
}
