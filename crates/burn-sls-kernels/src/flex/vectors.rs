//! Sums and products of whole tensors.

use burn::backend::Flex;
use burn::tensor::Tensor;

use super::values::{Home, home, numbers, numbers_mut, plain, read, zeros};
use crate::slices::vectors;

/// `⟨a, b⟩`.
pub(crate) fn inner_product<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> Option<f64> {
    let (a, b) = (read(a)?, read(b)?);
    Some(vectors::inner_product(numbers(&a), numbers(&b)))
}

/// `⟨a, b - c⟩`.
pub(crate) fn inner_product_with_difference<const D: usize>(
    a: &Tensor<D>,
    b: &Tensor<D>,
    c: &Tensor<D>,
) -> Option<f64> {
    let (a, b, c) = (read(a)?, read(b)?, read(c)?);
    let [a, b, c] = [&a, &b, &c].map(numbers);
    Some(vectors::inner_product_with_difference(a, b, c))
}

/// `w + a·d`.
pub(crate) fn add_scaled<const D: usize>(
    w: Tensor<D>,
    a: f64,
    d: Tensor<D>,
) -> Result<Tensor<D>, (Tensor<D>, Tensor<D>)> {
    if [home(&w), home(&d)] != [Some(Home::Plain); 2] {
        return Err((w, d));
    }
    let (mut w, mut d) = (plain(w), plain(d));
    let a = a as f32;
    let sum = if w.is_unique() {
        vectors::add_scaled_in_place(numbers_mut(&mut w), a, numbers(&d));
        w
    } else if d.is_unique() {
        vectors::add_to_scaled(numbers_mut(&mut d), a, numbers(&w));
        d
    } else {
        let mut sum = zeros(w.layout().shape().clone());
        vectors::add_scaled(numbers(&w), a, numbers(&d), numbers_mut(&mut sum));
        sum
    };
    Ok(Tensor::from_primitive::<Flex>(sum))
}
