//! From a configuration to an optimizer.

use burn::optim::ModuleOptimizer;
use burn_sls_core::{Acceptance, Armijo, Backtracking, Growth};

use super::{Direction, LineSearchConfig, Procedure};
use crate::error::LineSearchError;
use crate::optimizer::LineSearchOptimizer;

impl LineSearchConfig {
    /// Makes the optimizer for a training loop of one's own.
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    pub fn init(self) -> LineSearchOptimizer {
        self.try_init().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes the optimizer for a training loop of one's own.
    ///
    /// # Errors
    ///
    /// If a setting is out of range.
    pub fn try_init(self) -> Result<LineSearchOptimizer, LineSearchError> {
        self.validate()?;
        let optimizer = self.optimizer();
        Ok(LineSearchOptimizer::new(self, optimizer))
    }

    /// Makes an optimizer that searches along the displacement that another Burn optimizer proposes
    /// for a learning rate of 1, in place of this configuration's direction and clipping.
    ///
    /// What is tested is then the step that is taken. Where the displacement leads uphill on the
    /// mini-batch, as momentum may, the iteration is
    /// [skipped](crate::Outcome::SkippedAscent). To leave the optimizer as it is when a search fails, a
    /// second copy of its state is held during the search.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or belongs to this crate's directions: weight decay and clipping
    /// are then the optimizer's own.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::optim::RmsPropConfig;
    /// use burn_sls_optim::LineSearchConfig;
    ///
    /// let config = LineSearchConfig::adamsls();
    /// let optim = config.try_init_with(RmsPropConfig::new().init())?;
    /// # Ok::<(), burn_sls_optim::LineSearchError>(())
    /// ```
    pub fn try_init_with(
        self,
        optimizer: ModuleOptimizer,
    ) -> Result<LineSearchOptimizer, LineSearchError> {
        self.validate()?;
        self.validate_other()?;
        Ok(LineSearchOptimizer::new(self, optimizer))
    }

    /// Wraps a model for Burn's `Learner`, and makes the optimizer that belongs beside it.
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    ///
    /// See [`LineSearch`](crate::LineSearch) for an example.
    #[cfg(feature = "learner")]
    pub fn for_learner<M: crate::learner::BatchLoss>(
        self,
        model: M,
    ) -> (crate::learner::LineSearch<M>, ModuleOptimizer) {
        self.validate().unwrap_or_else(|error| panic!("{error}"));
        let optimizer = self.optimizer();
        (crate::learner::LineSearch::new(model, self), optimizer)
    }

    /// Like [`for_learner`](Self::for_learner), with another Burn optimizer in place of this
    /// configuration's direction and clipping: see [`try_init_with`](Self::try_init_with).
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    #[cfg(feature = "learner")]
    pub fn for_learner_with<M: crate::learner::BatchLoss>(
        self,
        model: M,
        optimizer: ModuleOptimizer,
    ) -> (crate::learner::LineSearch<M>, ModuleOptimizer) {
        let valid = self.validate().and_then(|()| self.validate_other());
        valid.unwrap_or_else(|error| panic!("{error}"));
        (crate::learner::LineSearch::new(model, self), optimizer)
    }

    /// The Burn optimizer that gives the directions.
    pub(crate) fn optimizer(&self) -> ModuleOptimizer {
        let optimizer = match self.direction {
            Direction::Sgd(sgd) => ModuleOptimizer::from(sgd),
            Direction::Adam(adam) => adam.into(),
        };
        match self.clipping {
            Some(clipping) => optimizer.with_grad_clipping(clipping.into()),
            None => optimizer,
        }
    }

    pub(crate) fn backtracking(&self) -> Backtracking {
        Backtracking {
            rule: match self.procedure {
                Procedure::Paper => Armijo::new(self.c),
                Procedure::Reference => Armijo::strict(self.c),
            },
            acceptance: self.acceptance,
            shrink: self.shrink,
            max_trials: self.max_trials,
        }
    }

    /// The rounding error of a loss, if losses are to be compared example by example.
    pub(crate) fn compared_by_example(&self) -> Option<f64> {
        match self.acceptance {
            Acceptance::Paired { .. } => Some(self.rounding.unwrap_or(0.0)),
            _ => self.rounding,
        }
    }

    pub(crate) fn growth(&self) -> Growth {
        Growth {
            gamma: self.gamma,
            batches_per_epoch: self.batches_per_epoch,
        }
    }
}
