//! The move of a training by averaging.

use burn::backend::Flex;
use burn::tensor::Tensor;

use super::values::{Home, Values, home, numbers, numbers_mut, plain};
use crate::AveragedMove;
use crate::slices::averaging;

/// The new `y` and `z`, or the inputs.
pub(crate) fn averaged_move<const D: usize>(
    by: AveragedMove,
    y: Tensor<D>,
    z: Option<Tensor<D>>,
    u: Tensor<D>,
) -> Result<(Tensor<D>, Tensor<D>), (Tensor<D>, Option<Tensor<D>>, Tensor<D>)> {
    let here = |tensor: &Tensor<D>| home(tensor) == Some(Home::Plain);
    if !here(&y) || !here(&u) || !z.as_ref().is_none_or(here) {
        return Err((y, z, u));
    }
    let (mut y, mut u) = (plain(y), plain(u));
    let tensor = |values: Values| Tensor::from_primitive::<Flex>(values);
    match z {
        Some(z) => {
            let mut z = plain(z);
            averaging::advance(numbers_mut(&mut y), numbers_mut(&mut z), numbers(&u), by);
            Ok((tensor(y), tensor(z)))
        }
        None => {
            averaging::begin(numbers_mut(&mut y), numbers_mut(&mut u), by);
            Ok((tensor(u), tensor(y)))
        }
    }
}
