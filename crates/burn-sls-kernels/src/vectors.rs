//! Sums and products of whole tensors.

use burn::tensor::Tensor;

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
