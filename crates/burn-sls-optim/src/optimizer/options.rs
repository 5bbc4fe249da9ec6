//! What may be asked of one step.

use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;

/// Options of one step: see
/// [`LineSearchOptimizer::step_with`](crate::LineSearchOptimizer::step_with).
///
/// # Example
///
/// ```
/// use burn_sls_optim::StepOptions;
///
/// let half = StepOptions::new().with_factor(0.5);
/// let checked = StepOptions::new().with_self_check();
/// ```
#[derive(Clone)]
pub struct StepOptions {
    pub(super) factor: ModuleLearningRate,
    pub(super) check: bool,
    pub(super) same_batch: bool,
}

impl StepOptions {
    /// A step as [`step`](crate::LineSearchOptimizer::step) makes it.
    pub fn new() -> Self {
        Self {
            factor: 1.0.into(),
            check: false,
            same_batch: false,
        }
    }

    /// Multiplies the searched step sizes by this factor: a number, or what one of Burn's
    /// schedulers gives, per parameter group if it has some. This is no learning rate. It should be
    /// at most 1, or the step is longer than the one that was tested. At 0 nothing moves, and the
    /// optimizer's state advances.
    #[must_use]
    pub fn with_factor(mut self, factor: impl Into<ModuleLearningRate>) -> Self {
        self.factor = factor.into();
        self
    }

    /// Makes another forward before the search, and compares its loss with the training loss:
    /// [`LineSearchError::NotReproducible`](crate::LineSearchError::NotReproducible) if they
    /// differ by more than rounding. The first search does so in any case, unless
    /// [`SelfCheck::Never`](crate::SelfCheck::Never) is set.
    #[must_use]
    pub fn with_self_check(mut self) -> Self {
        self.check = true;
        self
    }

    /// Says that the next step has the same mini-batch, as in full-batch training. Where the
    /// accepted trial is the point that is moved to, its loss and gradients are used in the next
    /// step, which then needs no forward of its own. Trials keep a graph of gradients for it, so
    /// they need as much memory as a training forward. The search must go along the update
    /// direction ([`SearchAlong::Update`](crate::SearchAlong::Update), as in `amortized`), of all
    /// units, without averaging, with a factor of 1. A model with buffers or frozen parameters makes
    /// its forwards as usual, since running statistics are of training forwards. Dropout draws the same masks as
    /// long as trials are used again. The first one is compared with a forward on the next step's
    /// mini-batch:
    /// [`LineSearchError::NotReproducible`](crate::LineSearchError::NotReproducible) if that is
    /// another one.
    ///
    /// Burn's LBFGS converges faster on a full batch.
    #[must_use]
    pub fn with_same_batch(mut self) -> Self {
        self.same_batch = true;
        self
    }

    /// For steps whose trials cannot be used again.
    pub(super) fn without_reuse(mut self) -> Self {
        self.same_batch = false;
        self
    }
}

impl Default for StepOptions {
    fn default() -> Self {
        Self::new()
    }
}
