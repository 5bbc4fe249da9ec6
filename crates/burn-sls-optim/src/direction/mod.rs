//! Search directions: optimizers that can say where they would go without going there.
//!
//! A line search asks two questions in one iteration. The *search direction* `d` is where it looks;
//! to answer must change nothing, since the search may fail. The *update direction* `u` is where
//! the step goes, and with it the state (Adam's moments) advances. [`SearchDirection`] has a method
//! for each. [`Adam`] and [`Sgd`] implement it, and so can a type of your own:
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use burn_sls_optim::LineSearchConfig;
//! use burn_sls_optim::direction::{Directions, NoState, SearchDirection, Update};
//!
//! /// `d = u = -sign(g)`, with the slope `‖g‖₁`.
//! #[derive(Clone)]
//! struct SignDescent;
//!
//! impl SearchDirection for SignDescent {
//!     type State<const D: usize> = NoState<D>;
//!
//!     fn search_direction<const D: usize>(
//!         &self,
//!         grad: Tensor<D>,
//!         _state: Option<&NoState<D>>,
//!     ) -> Tensor<D> {
//!         grad.sign().neg()
//!     }
//!
//!     fn update_direction<const D: usize>(
//!         &self,
//!         _tensor: &Tensor<D>,
//!         grad: Tensor<D>,
//!         _state: Option<NoState<D>>,
//!         _along_last: bool,
//!     ) -> Update<D, NoState<D>> {
//!         Update::of(grad.sign().neg())
//!     }
//!
//!     fn to_device<const D: usize>(state: NoState<D>, _device: &Device) -> NoState<D> {
//!         state
//!     }
//! }
//!
//! let optim = LineSearchConfig::adamsls().init_with(Directions::of(SignDescent));
//! ```
//!
//! Burn's own optimizers know no direction apart from their step. They are *adopted*
//! ([`Directions::adopted`]): the search goes along the displacement that they propose for a
//! learning rate of 1.

mod adam;
mod arrived;
mod directions;
mod displacement;
mod proposal;
mod search_direction;
mod sgd;

pub use adam::{Adam, AdamState};
pub(crate) use arrived::check_state;
pub use burn_sls_core::Sum;
pub use directions::Directions;
pub(crate) use displacement::displacement;
pub use proposal::SearchAlong;
pub(crate) use proposal::{Proposal, propose, propose_products, update_direction};
pub use search_direction::{AsOptimizer, NoState, SearchDirection, Update};
pub use sgd::Sgd;
