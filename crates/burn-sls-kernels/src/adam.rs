//! Adam's moments and directions.

use burn::tensor::Tensor;

/// What Adam's moments decay by, and what is added to the root of the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConstants {
    /// Decay of the first moment, β1.
    pub beta_1: f64,
    /// Decay of the second moment, β2.
    pub beta_2: f64,
    /// The ε outside the root.
    pub epsilon: f64,
}

/// The moments of a parameter before a gradient; none before the first.
///
/// ```text
/// m = β1·m + (1-β1)·g          m^ = m/(1-β1^t)
/// v = β2·v + (1-β2)·g²         v^ = v/(1-β2^t)         P = 1/(√v^ + ε)
/// ```
///
/// # References
///
/// D. Kingma, J. Ba: *Adam: A Method for Stochastic Optimization*, ICLR 2015.
#[derive(Clone, Debug)]
pub struct AdamMoments<const D: usize> {
    /// Updates so far, t.
    pub time: usize,
    /// First moment m, uncorrected.
    pub moment_1: Tensor<D>,
    /// Second moment v, uncorrected.
    pub moment_2: Tensor<D>,
}

/// What an update comes to.
#[derive(Clone, Debug)]
pub struct AdamUpdate<const D: usize> {
    /// The direction `-P·m^`.
    pub direction: Tensor<D>,
    /// The moments after the gradient.
    pub moments: AdamMoments<D>,
    /// `⟨g, -P·m^⟩` with the m^ *before* the gradient, in f64: the slope where the last direction goes on. 0
    /// where there was none.
    pub along_last: Option<Tensor<1>>,
}

impl AdamConstants {
    /// The direction without momentum, `-P·g`, with v after this gradient; `before` says what t and v are
    /// before it. None where it would be composed of Burn's own operations: that is left to the caller.
    ///
    /// # Shapes
    ///
    /// Gradient, moment and direction are of one shape.
    pub fn search_direction<const D: usize>(
        self,
        grad: &Tensor<D>,
        before: Option<(usize, &Tensor<D>)>,
    ) -> Option<Tensor<D>> {
        #[cfg(feature = "flex")]
        {
            crate::flex::adam_search_direction(self, grad, before)
        }
        #[cfg(not(feature = "flex"))]
        {
            let _ = (grad, before);
            None
        }
    }

    /// The direction `-P·m^`, the moments advanced by this gradient, and the slope along the last direction if
    /// `along_last` asks for it. Takes the places of tensors that
    /// nobody else holds.
    ///
    /// # Shapes
    ///
    /// Gradient, moments and direction are of one shape.
    ///
    /// # Errors
    ///
    /// Gives everything back where the direction would be composed of Burn's own operations: that is left
    /// to the caller.
    pub fn update<const D: usize>(
        self,
        grad: Tensor<D>,
        before: Option<AdamMoments<D>>,
        along_last: bool,
    ) -> Result<AdamUpdate<D>, (Tensor<D>, Option<AdamMoments<D>>)> {
        #[cfg(feature = "flex")]
        {
            crate::flex::adam_update(self, grad, before, along_last)
        }
        #[cfg(not(feature = "flex"))]
        {
            let _ = along_last;
            Err((grad, before))
        }
    }
}
