//! The move of a training by averaging.

use burn::tensor::Tensor;

use crate::add_scaled;

/// How far the two sequences of a training by averaging move along a direction `u`: `y`, where
/// gradients are taken, and `z`, which moves by whole steps.
///
/// ```text
/// y ← y + c·(z - y) + a·u                                with the `z` from before
/// z ← z + η·u
/// ```
///
/// # References
///
/// A. Defazio, X. Yang, H. Mehta, K. Mishchenko, A. Khaled, A. Cutkosky: *The Road Less Scheduled*,
/// NeurIPS 2024, arXiv:2405.15682.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AveragedMove {
    /// The share of `z` in the new average, `c`.
    pub share: f64,
    /// The step of `y`, `a`.
    pub point: f64,
    /// The step of `z`, `η`.
    pub iterate: f64,
}

impl AveragedMove {
    /// The new `y` and `z`. Without a `z` it begins where `y` is.
    ///
    /// Tensors without other owners are overwritten in place. Where there is no kernel, the move is
    /// composed of Burn's own operations, and agrees to rounding.
    ///
    /// # Shapes
    ///
    /// All tensors have the same shape.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn apply<const D: usize>(
        self,
        y: Tensor<D>,
        z: Option<Tensor<D>>,
        u: Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        let same = z.as_ref().is_none_or(|z| z.dims() == y.dims());
        assert!(
            same && u.dims() == y.dims(),
            "y, z and u have the same shape"
        );
        #[cfg(feature = "flex")]
        let (y, z, u) = match crate::flex::averaged_move(self, y, z, u) {
            Ok(moved) => return moved,
            Err(inputs) => inputs,
        };
        self.composed(y, z, u)
    }

    /// Of operations on one or two tensors each.
    fn composed<const D: usize>(
        self,
        y: Tensor<D>,
        z: Option<Tensor<D>>,
        u: Tensor<D>,
    ) -> (Tensor<D>, Tensor<D>) {
        let z = z.unwrap_or_else(|| y.clone());
        let gap = z.clone() - y.clone();
        let y = add_scaled(y, self.share, gap);
        let y = add_scaled(y, self.point, u.clone());
        // Last, when nobody else holds the direction: `z` can be written over it.
        let z = add_scaled(z, self.iterate, u);
        (y, z)
    }
}
