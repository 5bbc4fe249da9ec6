//! The choice of directions for a search.

use burn::optim::ModuleOptimizer;

use super::search_direction::SearchDirection;

/// Where the directions of a search come from.
#[derive(Clone)]
pub struct Directions {
    pub(crate) optimizer: ModuleOptimizer,
    pub(crate) adopted: bool,
}

impl Directions {
    /// One direction for all parameters.
    pub fn of(direction: impl SearchDirection) -> Self {
        Self::groups(direction.into_optimizer())
    }

    /// Directions by parameter group: an optimizer made of [`SearchDirection::into_optimizer`] and
    /// [`AsOptimizer`](super::AsOptimizer)s. If a group holds an ordinary Burn optimizer, the first
    /// step is an error.
    ///
    /// They are taken as they are: an Adam with momentum keeps it, also where a preset averages.
    ///
    /// # Example
    ///
    /// No weight decay for biases:
    ///
    /// ```
    /// use burn::module::ParamGroup;
    /// use burn_sls_optim::LineSearchConfig;
    /// use burn_sls_optim::direction::{Adam, AsOptimizer, Directions, SearchDirection};
    ///
    /// // The preset averages, which takes the place of momentum.
    /// let plain = Adam { beta_1: 0.0, ..Adam::default() };
    /// let decayed = Adam { weight_decay: 0.01, ..plain };
    /// let biases = ParamGroup::from_predicate(".bias");
    /// let optimizer = decayed
    ///     .into_optimizer()
    ///     .with_group(biases, AsOptimizer(plain), None);
    /// let optim = LineSearchConfig::adamsls().init_with(Directions::groups(optimizer));
    /// ```
    pub fn groups(optimizer: ModuleOptimizer) -> Self {
        Self {
            optimizer,
            adopted: false,
        }
    }

    /// Any Burn optimizer. The search goes along the displacement that it proposes for a learning
    /// rate of 1, and that step is taken.
    ///
    /// Where the displacement leads uphill on the mini-batch, as momentum may, the iteration is
    /// [skipped](crate::Outcome::SkippedAscent). A second copy of the optimizer's state is held
    /// during a search, so that a failure leaves it as it was.
    pub fn adopted(optimizer: ModuleOptimizer) -> Self {
        Self {
            optimizer,
            adopted: true,
        }
    }
}
