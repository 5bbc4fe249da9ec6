//! Sums and products of whole tensors.

use burn::tensor::{DType, Tensor};

/// `⟨a, b⟩`, the sum of the elementwise products, accumulated in f64. The kernels compute on the
/// host, so it is there at once.
///
/// `None` if there is no kernel for these tensors. The caller then composes it of Burn's own
/// operations, and chooses how the products are added up.
///
/// # Panics
///
/// If the shapes differ.
pub fn inner_product<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> Option<f64> {
    assert_eq!(
        a.dims(),
        b.dims(),
        "the tensors of an inner product have the same shape"
    );
    #[cfg(feature = "flex")]
    {
        crate::flex::inner_product(a, b)
    }
    #[cfg(not(feature = "flex"))]
    None
}

/// `⟨a, b - c⟩`, accumulated in f64, without a tensor for the difference. Each difference is
/// rounded to f32, so that the bits are those of [`inner_product`] with `b - c`.
///
/// `None` if there is no kernel for these tensors, as there.
///
/// # Panics
///
/// If the shapes differ.
pub fn inner_product_with_difference<const D: usize>(
    a: &Tensor<D>,
    b: &Tensor<D>,
    c: &Tensor<D>,
) -> Option<f64> {
    assert!(
        a.dims() == b.dims() && b.dims() == c.dims(),
        "the tensors of an inner product have the same shape"
    );
    #[cfg(feature = "flex")]
    {
        crate::flex::inner_product_with_difference(a, b, c)
    }
    #[cfg(not(feature = "flex"))]
    None
}

/// `w + a·d`. A tensor without other owners is overwritten in place.
///
/// # Panics
///
/// If the shapes differ.
pub fn add_scaled<const D: usize>(w: Tensor<D>, a: f64, d: Tensor<D>) -> Tensor<D> {
    assert_eq!(w.dims(), d.dims(), "w and d have the same shape");
    #[cfg(feature = "flex")]
    let (w, d) = match crate::flex::add_scaled(w, a, d) {
        Ok(sum) => return sum,
        Err(inputs) => inputs,
    };
    w.add(d.mul_scalar(a))
}

/// The number of terms in the series of [`log1p`]. The next term would change the result by a
/// relative 2·z^18/19, which is 5e-10 at z = 1/3.
const TERMS: i32 = 9;

/// `log(1 + x)` for `x >= 0`, with a small relative error for every `x`, however small.
///
/// WGSL allows a logarithm an absolute error of 2^-21 around 1, in which a small `x` is lost. On
/// wgpu, Burn's `log1p` is that logarithm of `1 + x`. So for `x <= 1` this function uses the series
///
/// ```text
/// log(1+x) = 2·artanh(z) = 2·(z + z³/3 + z⁵/5 + …),   z = x/(2+x) <= 1/3
/// ```
///
/// for tensors of f32. On flex, whose `log1p` is that of the C library, and in other precisions it
/// uses Burn's `log1p`.
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
