//! Optimizers of other authors that ask for little or no tuning: what a line search is measured
//! against.
//!
//! [`Prodigy`] estimates its learning rate, [`ScheduleFree`] does without a schedule. Neither fits
//! Burn's `Optimizer`, which sees a tensor at a time: Prodigy's estimate is one number for the
//! whole model, and Schedule-Free trains at one point and is evaluated at another. So [`Baseline`]
//! wraps the model, as `burn_sls_optim::LineSearch` does, and a [`Rule`] sees all parameters and
//! gradients.

mod prodigy;
mod schedule;
mod schedule_free;
mod shadow;

use core::fmt;
use std::sync::Arc;

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer, MultiGradientsParams, SgdConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use burn::train::{InferenceStep, TrainOutput, TrainStep};

pub use prodigy::{Prodigy, ProdigyConfig};
pub use schedule::{InvalidPeak, warmup_cosine};
pub use schedule_free::{ScheduleFree, ScheduleFreeConfig};
pub use shadow::{Beginning, Tensors};

/// An update rule that sees the whole model.
pub trait Rule: Clone + fmt::Debug + Send + Sync + 'static {
    /// The name under which its state is recorded.
    const NAME: &'static str;

    /// What it keeps of every parameter: a name for the record, and how it begins.
    const KEPT: &'static [(&'static str, Beginning)];

    /// The numbers it keeps, always as many.
    fn numbers(&self) -> Vec<f64>;

    /// Takes back what [`numbers`](Self::numbers) gave.
    fn set_numbers(&mut self, numbers: &[f64]);

    /// Moves `model` by `gradients`, with learning rate `lr`. `kept` holds the tensors of
    /// [`KEPT`](Self::KEPT), in that order. A parameter without a gradient stays, and so does what
    /// is kept of it. Returns the model and the rate that the step was taken with.
    fn step<M: Module>(
        &mut self,
        lr: f64,
        model: M,
        kept: &mut [Tensors],
        gradients: &GradientsParams,
    ) -> (M, f64);

    /// The model to evaluate and to keep, where that is not the one that is trained.
    fn answer<M: Module>(&self, model: M, _kept: &[Tensors]) -> M {
        model
    }
}

/// A function that is called with the rate of every step.
type Observer = Arc<dyn Fn(f64) + Send + Sync>;

/// A model that is trained by a [`Rule`], under Burn's `Learner` or in your own loop.
///
/// It is a `Module` and a `TrainStep`, and stands wherever the model stood. `valid()`, which the
/// `Learner` evaluates, has the rule's [answer](Rule::answer) ready, and
/// [`into_inner`](Self::into_inner) gives it away; the module itself, and so a checkpoint, always
/// has the model that is trained. The rule's state is recorded beside it, under the rule's
/// [name](Rule::NAME), so that training resumes bit for bit.
///
/// The optimizer that the `Learner` asks for has nothing to do: [`unused_optimizer`] is one.
#[derive(Clone)]
pub struct Baseline<M, R> {
    model: M,
    rule: R,
    /// The tensors of [`Rule::KEPT`]: for each of its names a module in the shape of the model.
    kept: Vec<M>,
    /// The evaluated model, in a validation copy.
    evaluated: Option<M>,
    numbers_id: ParamId,
    observer: Option<Observer>,
}

impl<M: Module, R: Rule> Baseline<M, R> {
    /// The model as it is, to be trained by `rule`.
    pub fn new(model: M, rule: R) -> Self {
        let kept = R::KEPT.iter();
        let kept = kept.map(|&(_, beginning)| shadow::shadow(&model, beginning));
        Self {
            kept: kept.collect(),
            model,
            rule,
            evaluated: None,
            numbers_id: ParamId::new(),
            observer: None,
        }
    }

    /// Calls `observer` with the rate of every step under the `Learner`.
    #[must_use]
    pub fn with_observer(self, observer: impl Fn(f64) + Send + Sync + 'static) -> Self {
        Self {
            observer: Some(Arc::new(observer)),
            ..self
        }
    }

    /// The model that is trained.
    pub fn inner(&self) -> &M {
        &self.model
    }

    /// The model to evaluate and to keep.
    pub fn into_inner(self) -> M {
        if let Some(evaluated) = self.evaluated {
            return evaluated;
        }
        let kept: Vec<Tensors> = self.kept.iter().map(shadow::tensors).collect();
        self.rule.answer(self.model, &kept)
    }

    /// The rule, with the numbers it keeps.
    pub fn rule(&self) -> &R {
        &self.rule
    }

    /// One step. Returns the rate it was taken with.
    pub fn step(mut self, lr: f64, gradients: &GradientsParams) -> (Self, f64) {
        let mut kept: Vec<Tensors> = self.kept.iter().map(shadow::tensors).collect();
        let (model, rate) = self.rule.step(lr, self.model, &mut kept, gradients);
        self.model = model;
        let shadows = self.kept.into_iter().zip(kept);
        self.kept = shadows
            .map(|(shadow, tensors)| shadow::filled(shadow, tensors))
            .collect();
        (self, rate)
    }

    /// The same rule with its state, on everything that `change` makes of a model.
    fn each(&self, change: impl Fn(M) -> M, change_kept: impl Fn(M) -> M) -> Self {
        Self {
            model: change(self.model.clone()),
            kept: self.kept.iter().cloned().map(change_kept).collect(),
            evaluated: self.evaluated.clone().map(&change),
            ..self.clone()
        }
    }

    /// The rule's numbers as a parameter of the module, for records: sixteen bits to a whole
    /// number, which is exact in any integer type.
    fn numbers(&self) -> Param<Tensor<1, Int>> {
        let numbers = self.rule.numbers();
        let parts = numbers.iter().flat_map(|number| {
            let bits = number.to_bits();
            (0..4).map(move |part| (bits >> (16 * part)) as u16 as i32)
        });
        let parts: Vec<i32> = parts.collect();
        let device = self.model.devices().into_iter().next();
        let device = device.expect("a model with parameters").inner();
        let data = TensorData::from(parts.as_slice());
        Param::initialized(
            self.numbers_id,
            Tensor::from_data(data, (&device, DType::I32)),
        )
    }

    fn set_numbers(&mut self, parts: Tensor<1, Int>) {
        let parts: Vec<u64> = parts.into_data().iter::<i64>().map(|x| x as u64).collect();
        let numbers = parts.chunks(4).map(|parts| {
            let bits = parts.iter().rev().fold(0, |bits, part| bits << 16 | part);
            f64::from_bits(bits)
        });
        let numbers: Vec<f64> = numbers.collect();
        let expected = self.rule.numbers().len();
        assert!(
            numbers.len() == expected,
            "the record of {} has {} numbers, and {expected} are needed: it is of another version",
            R::NAME,
            numbers.len()
        );
        self.rule.set_numbers(&numbers);
    }
}

/// What stands where the `Learner` asks for an optimizer. It has no state, and moves nothing.
pub fn unused_optimizer() -> ModuleOptimizer {
    SgdConfig::new().init()
}

impl<M: Module + TrainStep, R: Rule> TrainStep for Baseline<M, R> {
    type Input = M::Input;
    type Output = M::Output;

    fn step(&self, item: Self::Input) -> TrainOutput<Self::Output> {
        TrainStep::step(&self.model, item)
    }

    fn optimize(
        self,
        _optim: &mut ModuleOptimizer,
        lr: ModuleLearningRate,
        grads: GradientsParams,
    ) -> Self {
        let (stepped, rate) = Baseline::step(self, lr.base(), &grads);
        if let Some(observer) = &stepped.observer {
            observer(rate);
        }
        stepped
    }

    fn optimize_multi(
        self,
        _optim: &mut ModuleOptimizer,
        _lr: ModuleLearningRate,
        _grads: MultiGradientsParams,
    ) -> Self {
        panic!("{} trains on one device here", R::NAME)
    }
}

impl<M: Module + InferenceStep, R: Rule> InferenceStep for Baseline<M, R> {
    type Input = <M as InferenceStep>::Input;
    type Output = <M as InferenceStep>::Output;

    /// Of a validation copy, as the `Learner` makes it: with the rule's answer.
    fn step(&self, item: Self::Input) -> Self::Output {
        InferenceStep::step(self.evaluated.as_ref().unwrap_or(&self.model), item)
    }
}

/// The kind of module that visitors are told of.
const KIND: &str = "Struct:Baseline";

/// Where the rule's numbers are, beside the tensors that it keeps.
const NUMBERS: &str = "numbers";

impl<M: Module, R: Rule> Module for Baseline<M, R> {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        self.model.visit(visitor);
        visitor.enter_module(R::NAME, KIND);
        visitor.enter_module(NUMBERS, KIND);
        visitor.visit_int(&self.numbers());
        visitor.exit_module(NUMBERS, KIND);
        for ((name, _), shadow) in R::KEPT.iter().zip(&self.kept) {
            visitor.enter_module(name, KIND);
            shadow.visit(visitor);
            visitor.exit_module(name, KIND);
        }
        visitor.exit_module(R::NAME, KIND);
    }

    fn map<P: ModuleMapper>(mut self, mapper: &mut P) -> Self {
        let numbers = self.numbers();
        self.model = self.model.map(mapper);
        mapper.enter_module(R::NAME, KIND);
        mapper.enter_module(NUMBERS, KIND);
        let (id, numbers, _) = mapper.map_int(numbers).consume();
        mapper.exit_module(NUMBERS, KIND);
        let shadows = R::KEPT.iter().zip(self.kept).map(|((name, _), shadow)| {
            mapper.enter_module(name, KIND);
            let shadow = shadow.map(mapper);
            mapper.exit_module(name, KIND);
            shadow
        });
        self.kept = shadows.collect();
        mapper.exit_module(R::NAME, KIND);
        self.numbers_id = id;
        self.evaluated = None;
        self.set_numbers(numbers);
        self
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.model.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        let inner = device.clone().inner();
        self.each(|model| model.fork(device), |kept| kept.fork(&inner))
    }

    fn to_device(self, device: &Device) -> Self {
        let inner = device.clone().inner();
        self.each(
            |model| model.to_device(device),
            |kept| kept.to_device(&inner),
        )
    }

    fn valid(&self) -> Self {
        let answer = self.clone().into_inner();
        Self {
            evaluated: Some(answer.valid()),
            ..self.each(|model| model.valid(), |kept| kept)
        }
    }

    fn train(self) -> Self {
        Self {
            evaluated: None,
            ..self.each(|model| model.train(), |kept| kept)
        }
    }

    fn materialize(self) -> Self {
        self.each(|model| model.materialize(), |kept| kept)
    }
}

impl<M: fmt::Debug, R: Rule> fmt::Debug for Baseline<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Baseline")
            .field("model", &self.model)
            .field("rule", &self.rule)
            .finish_non_exhaustive()
    }
}

impl<M: fmt::Display, R: Rule> fmt::Display for Baseline<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)
    }
}
