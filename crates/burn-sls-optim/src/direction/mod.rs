//! Search directions: Burn optimizers that can say where they would go without going there.
//!
//! A line search asks an optimizer two questions in one iteration. *Where do you look?* gives the
//! search direction `d`, and must change nothing, since the search may fail. *Where do you go?*
//! gives the update direction `u`, and advances the state (Adam's moments). Burn's
//! [`Optimizer`](burn::optim::Optimizer) has a single method for both, called per tensor by
//! [`ModuleOptimizer`](burn::optim::ModuleOptimizer), which hides the states. So the engine says
//! which question it asks by a *pass* that is set on its own thread around the call, and an
//! optimizer that knows of passes answers with the *direction* in place of the moved parameter.
//!
//! An optimizer that does not know of passes moves the parameter as ever; the engine notices that
//! nobody answered, and takes the difference of the two points for both directions. This is how any
//! other Burn optimizer is searched along the displacement it proposes.

mod adam;
mod sgd;

use std::cell::{Cell, RefCell};

use burn::tensor::Tensor;
use burn_sls_core::widen;
use burn_sls_kernels::add_scaled;

pub use adam::{Adam, AdamState};
pub use sgd::{Sgd, SgdState};

/// What the engine asks of an optimizer during a call to its `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Nothing: no engine is involved. Move the parameter by the learning rate, as ever.
    Step,
    /// Return the search direction `d`; leave the state as it is.
    Search,
    /// Return the update direction `u`; advance the state.
    Update {
        /// Whether to [tell](tell_along_last) also how the last direction does, where that is known.
        along_last: bool,
    },
}

/// What optimizers have answered during a pass.
#[derive(Default)]
pub(crate) struct Answers {
    /// How many of their steps have answered with a direction.
    pub(crate) directions: usize,
    /// `⟨g_k, u_{k-1}⟩` of parameters, in the order of the steps.
    pub(crate) along_last: Vec<Tensor<1>>,
}

thread_local! {
    static PASS: Cell<Pass> = const { Cell::new(Pass::Step) };
    static ANSWERS: RefCell<Answers> = const {
        RefCell::new(Answers { directions: 0, along_last: Vec::new() })
    };
}

/// Runs `call` while optimizers on this thread see `pass`. Returns also what they have answered.
pub(crate) fn with_pass<T>(pass: Pass, call: impl FnOnce() -> T) -> (T, Answers) {
    /// Back to ordinary steps, also when an optimizer panics.
    struct Reset;
    impl Drop for Reset {
        fn drop(&mut self) {
            PASS.set(Pass::Step);
        }
    }

    PASS.set(pass);
    ANSWERS.take();
    let reset = Reset;
    let out = call();
    drop(reset);
    (out, ANSWERS.take())
}

/// The question that this call to `step` has to answer; asking it counts as answering.
fn pass() -> Pass {
    let pass = PASS.get();
    if pass != Pass::Step {
        ANSWERS.with_borrow_mut(|answers| answers.directions += 1);
    }
    pass
}

/// Tells the engine `⟨g_k, u_{k-1}⟩` of a parameter.
fn tell_along_last(product: Tensor<1>) {
    ANSWERS.with_borrow_mut(|answers| answers.along_last.push(product));
}

/// `u - λ·w`: the update direction with decoupled weight decay.
fn decay<const D: usize>(direction: Tensor<D>, tensor: &Tensor<D>, weight_decay: f64) -> Tensor<D> {
    match weight_decay == 0.0 {
        true => direction,
        false => direction - widen(tensor.clone()).mul_scalar(weight_decay),
    }
}

/// `w + η·d`, computed in the direction's precision and rounded once to the parameter's: the
/// directions of half-precision parameters are in f32.
pub(crate) fn moved<const D: usize>(
    tensor: Tensor<D>,
    direction: Tensor<D>,
    step_size: f64,
) -> Tensor<D> {
    let (own, of_direction) = (tensor.dtype(), direction.dtype());
    match own == of_direction {
        true => add_scaled(tensor, step_size, direction),
        false => add_scaled(widen(tensor), step_size, direction).cast(own),
    }
}
