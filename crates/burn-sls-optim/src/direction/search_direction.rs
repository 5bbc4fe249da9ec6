//! The trait of a direction, and its form as a Burn optimizer.
//!
//! A `ModuleOptimizer` keeps the states of all parameters to itself and steps tensor by tensor;
//! under the `Learner` it is Burn that owns it. Its [`Optimizer`] trait has one method, `step`. So
//! the question, `d` or `u`, is set on the thread around the call, and [`AsOptimizer`] answers with
//! a direction in place of the moved parameter. This is the one place with thread-local state. The
//! answers are counted: an optimizer that does not answer for every parameter is an error.

use std::cell::{Cell, RefCell};

use burn::optim::{LearningRate, ModuleOptimizer, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};
use burn_sls_core::{Sum, widen};

use crate::params::axpy;

/// The direction of one parameter tensor, for a search along it and for a step.
///
/// Called per tensor, as Burn's [`Optimizer`](burn::optim::Optimizer) is. Gradients and tensors
/// come without autodiff; gradients of half-precision parameters come in f32.
pub trait SearchDirection: Clone + Send + Sync + 'static {
    /// What is remembered of a parameter of rank `D` from step to step, such as moments.
    type State<const D: usize>: Clone + RecordState;

    /// The search direction `d`, of the gradient's shape. The search needs `⟨g, d⟩ < 0`.
    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        state: Option<&Self::State<D>>,
    ) -> Tensor<D>;

    /// The update direction `u`, and the state after this gradient. With `along_last`, also
    /// `⟨g_k, u_{k-1}⟩` where that is known: the slope along the last step's direction.
    fn update_direction<const D: usize>(
        &self,
        tensor: &Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
        along_last: bool,
    ) -> Update<D, Self::State<D>>;

    /// `⟨g, u⟩` for the update direction `u` of this gradient, without making `u`: a `Tensor<1>` of
    /// one number, or an `f64`, by `.into()`. The state stays. Where no search is due, it is all that
    /// an iteration needs before its step.
    ///
    /// `None`, as here, if that is no less work: then the direction is made.
    fn update_product<const D: usize>(
        &self,
        _tensor: &Tensor<D>,
        _grad: &Tensor<D>,
        _state: Option<&Self::State<D>>,
    ) -> Option<Sum> {
        None
    }

    /// The longest step size that makes sense along `u`, if there is one: `1/λ` with decoupled weight
    /// decay `λ`, which takes the whole weight away. A longer step would turn its sign, and grow with
    /// every step.
    fn longest_step_size(&self) -> Option<f64> {
        None
    }

    /// The state on another device.
    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D>;

    /// This direction as the Burn optimizer of a whole module.
    fn into_optimizer(self) -> ModuleOptimizer {
        AsOptimizer(self).into()
    }
}

/// The answer to [`SearchDirection::update_direction`].
pub struct Update<const D: usize, S> {
    /// The update direction `u`.
    pub direction: Tensor<D>,
    /// The state after this gradient, if the direction keeps one.
    pub state: Option<S>,
    /// `⟨g_k, u_{k-1}⟩`, if it was asked for and is known: a `Tensor<1>` of one number, or an `f64`,
    /// by `.into()`.
    pub along_last: Option<Sum>,
}

impl<const D: usize, S> Update<D, S> {
    /// A direction without a state.
    pub fn of(direction: Tensor<D>) -> Self {
        Self {
            direction,
            state: None,
            along_last: None,
        }
    }
}

/// The state of a direction that remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoState<const D: usize>;

impl<const D: usize> RecordState for NoState<D> {
    fn state_flatten(&self, _prefix: &str, _out: &mut StateSink) {}

    fn state_unflatten(_: &str, _: &mut StateSource, _: &Device) -> Option<Self> {
        Some(Self)
    }
}

/// `1/λ`, where there is weight decay `λ`.
pub(super) fn longest_with(weight_decay: f64) -> Option<f64> {
    (weight_decay > 0.0).then(|| 1.0 / weight_decay)
}

/// `u - λ·w`: the update direction with decoupled weight decay.
pub(super) fn decay<const D: usize>(
    direction: Tensor<D>,
    tensor: &Tensor<D>,
    weight_decay: f64,
) -> Tensor<D> {
    match weight_decay == 0.0 {
        true => direction,
        false => direction - widen(tensor.clone()).mul_scalar(weight_decay),
    }
}

/// A [`SearchDirection`] as a Burn [`Optimizer`], which moves a parameter by `lr·u` where no line
/// search asks for its directions.
#[derive(Clone, Debug)]
pub struct AsOptimizer<S>(pub S);

/// The question of a call to `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// No search asks: move the parameter by the learning rate.
    Step,
    /// The search direction `d`; the state stays.
    Search,
    /// `⟨g, u⟩`; the state stays.
    Product,
    /// The update direction `u`; the state advances.
    Update { along_last: bool },
}

/// The answers to a pass.
#[derive(Default)]
pub(super) struct Answers {
    /// Directions that were given.
    pub(super) directions: usize,
    /// How many of them had a state to start from.
    pub(super) with_state: usize,
    /// The least of their longest step sizes.
    pub(super) longest: Option<f64>,
    /// `⟨g_k, u_{k-1}⟩` of parameters, in the order of the steps.
    pub(super) along_last: Vec<Sum>,
    /// `⟨g, u⟩` of parameters, in the order of the steps, if that was the question.
    pub(super) products: Vec<Sum>,
}

thread_local! {
    static PASS: Cell<Pass> = const { Cell::new(Pass::Step) };
    static ANSWERS: RefCell<Answers> = const {
        RefCell::new(Answers {
            directions: 0,
            with_state: 0,
            longest: None,
            along_last: Vec::new(),
            products: Vec::new(),
        })
    };
}

/// Runs `call` while directions on this thread see `pass`. Returns their answers, too.
pub(super) fn with_pass<T>(pass: Pass, call: impl FnOnce() -> T) -> (T, Answers) {
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

impl<S: SearchDirection> Optimizer for AsOptimizer<S> {
    type State<const D: usize> = S::State<D>;

    fn step<const D: usize>(
        &self,
        lr: LearningRate,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let pass = PASS.get();
        ANSWERS.with_borrow_mut(|answers| {
            answers.directions += 1;
            answers.with_state += usize::from(state.is_some());
            let longest = [answers.longest, self.0.longest_step_size()];
            answers.longest = longest.into_iter().flatten().reduce(f64::min);
        });
        let own = grad.dtype();
        let grad = widen(grad);
        let along_last = match pass {
            Pass::Search => return (self.0.search_direction(grad, state.as_ref()), state),
            Pass::Product => {
                // Of half precision, the slope is that of the gradient as it is.
                let product = (grad.dtype() == own)
                    .then(|| self.0.update_product(&tensor, &grad, state.as_ref()))
                    .flatten();
                ANSWERS.with_borrow_mut(|answers| answers.products.extend(product));
                return (tensor, state);
            }
            Pass::Update { along_last } => along_last,
            Pass::Step => false,
        };
        let update = self.0.update_direction(&tensor, grad, state, along_last);
        if let Some(product) = update.along_last {
            ANSWERS.with_borrow_mut(|answers| answers.along_last.push(product));
        }
        let out = match pass {
            Pass::Step => axpy(tensor, update.direction, lr),
            _ => update.direction,
        };
        (out, update.state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        S::to_device(state, device)
    }
}
