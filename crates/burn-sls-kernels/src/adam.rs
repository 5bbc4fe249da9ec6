//! Adam's moments and directions.

use burn::tensor::Tensor;

/// The constants of Adam: the decays of its two moments, and ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamConstants {
    /// Decay of the first moment, β1.
    pub beta_1: f64,
    /// Decay of the second moment, β2.
    pub beta_2: f64,
    /// The ε that is added outside the root.
    pub epsilon: f64,
}

/// The moments of a parameter. Before the first gradient there are none.
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
    /// The number of updates so far, t.
    pub time: usize,
    /// The first moment m, before bias correction.
    pub moment_1: Tensor<D>,
    /// The second moment v, before bias correction.
    pub moment_2: Tensor<D>,
}

/// The result of an update.
#[derive(Clone, Debug)]
pub struct AdamUpdate<const D: usize> {
    /// The direction `-P·m^`.
    pub direction: Tensor<D>,
    /// The moments after the gradient.
    pub moments: AdamMoments<D>,
    /// `⟨g, -P·m^⟩` in f64, with the m^ *before* this gradient: the slope along the last direction.
    /// 0 if there was no last direction. `None` if it was not asked for.
    pub along_last: Option<f64>,
}

/// The arguments of [`AdamConstants::update_without_momentum`], given back: the gradient, and t and
/// v before it.
pub type GradientAndMoment<const D: usize> = (Tensor<D>, Option<(usize, Tensor<D>)>);

impl AdamConstants {
    /// The direction without momentum, `-P·g`, where P contains this gradient. `before` holds t and
    /// v before this gradient.
    ///
    /// `None` if there is no kernel for these tensors. The caller then composes the direction of
    /// Burn's own operations.
    ///
    /// # Shapes
    ///
    /// Gradient, moment and direction have the same shape.
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

    /// The direction without momentum, `-P·g`, and the second moment v after this gradient.
    /// `before` holds t and v before it. Tensors without other owners are overwritten in place.
    ///
    /// This is [`update`](Self::update) for β1 = 0, where `m^ = g` need not be kept. β1 is ignored.
    ///
    /// # Shapes
    ///
    /// Gradient, moment and direction have the same shape.
    ///
    /// # Errors
    ///
    /// Returns the arguments if there is no kernel for these tensors. The caller then composes the
    /// direction of Burn's own operations.
    pub fn update_without_momentum<const D: usize>(
        self,
        grad: Tensor<D>,
        before: Option<(usize, Tensor<D>)>,
    ) -> Result<(Tensor<D>, Tensor<D>), GradientAndMoment<D>> {
        #[cfg(feature = "flex")]
        {
            crate::flex::adam_update_without_momentum(self, grad, before)
        }
        #[cfg(not(feature = "flex"))]
        Err((grad, before))
    }

    /// `⟨g, -P·m^ - λ·w⟩` in f64, one number, for the moments after this gradient, which are not
    /// kept. `time` and the moments are those before it. It has the bits of the inner product with
    /// the direction of [`update`](Self::update), or of
    /// [`update_without_momentum`](Self::update_without_momentum) if β1 is 0, where the first moment
    /// may be any tensor.
    ///
    /// `None` if there is no kernel for these tensors.
    ///
    /// # Shapes
    ///
    /// Gradient, moments and weights have the same shape.
    pub fn product<const D: usize>(
        self,
        grad: &Tensor<D>,
        time: usize,
        moments: [&Tensor<D>; 2],
        decayed: (&Tensor<D>, f64),
    ) -> Option<f64> {
        #[cfg(feature = "flex")]
        {
            crate::flex::adam_product(self, grad, time, moments, decayed)
        }
        #[cfg(not(feature = "flex"))]
        {
            let _ = (grad, time, moments, decayed);
            None
        }
    }

    /// The direction `-P·m^` and the moments after this gradient. With `along_last`, also the slope
    /// along the last direction. Tensors without other owners are overwritten in place.
    ///
    /// # Shapes
    ///
    /// Gradient, moments and direction have the same shape.
    ///
    /// # Errors
    ///
    /// Returns the arguments if there is no kernel for these tensors. The caller then composes the
    /// direction of Burn's own operations.
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
