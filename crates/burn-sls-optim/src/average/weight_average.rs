//! An exponential moving average of a model's weights.

use burn::module::{Devices, Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use burn_sls_core::widen;
use burn_sls_kernels::add_scaled;

use crate::params::{AutodiffContext, trainable};

/// The exponential moving average of the weights of a model, trained by whatever optimizer.
///
/// Update `t = 0, 1, …` takes in the weights `w` that it is given:
///
/// ```text
/// average ← d·average + (1 - d)·w,    d = min(decay, (1 + t)/(10 + t))
/// ```
///
/// The decay rises to its value, so that the weights at the beginning, which are random, are soon
/// forgotten: the rule of TensorFlow's [`ExponentialMovingAverage`] with `num_updates`. Why an
/// average at all: B. T. Polyak, A. B. Juditsky: *Acceleration of Stochastic Approximation by
/// Averaging*, SIAM J. Control Optim. 30(4), 1992.
///
/// The average is of the parameters that are trained, and kept in f32 where they are of half
/// precision. Frozen parameters and buffers are those of the model.
///
/// It is a module: its record has the average under `average`, and the number of updates. Load the
/// model's record too, in whichever order, before the next update: weights are matched by the ids
/// of parameters.
///
/// # Example
///
/// ```
/// use burn::module::Module;
/// use burn::optim::{AdamConfig, GradientsParams};
/// use burn::tensor::Tensor;
/// use burn_sls_optim::WeightAverage;
///
/// fn train<M: Module>(mut model: M, loss: impl Fn(&M) -> Tensor<1>) -> M {
///     let mut optim = AdamConfig::new().init();
///     let mut average = WeightAverage::new(&model, 0.999);
///     for _ in 0..100 {
///         let grads = GradientsParams::from_grads(loss(&model).backward(), &model);
///         model = optim.step(1e-3, model, grads);
///         average.update(&model);
///     }
///     average.averaged(&model.valid())
/// }
/// ```
///
/// [`ExponentialMovingAverage`]:
///     https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage
#[derive(Clone, Debug)]
pub struct WeightAverage<M> {
    /// Without autodiff; trained parameters in f32 at least.
    average: M,
    decay: f64,
    updates: u64,
    /// The id under which the number of updates is recorded.
    updates_id: ParamId,
}

const AVERAGE: &str = "average";
const UPDATES: &str = "updates";
const CONTAINER: &str = "Struct:WeightAverage";

impl<M: Module> WeightAverage<M> {
    /// An average that begins at `model`. `decay` is `d` in the long run: the weights of the last
    /// `1/(1 - decay)` updates count.
    ///
    /// # Panics
    ///
    /// Unless `0 <= decay < 1`.
    pub fn new(model: &M, decay: f64) -> Self {
        assert!(
            (0.0..1.0).contains(&decay),
            "the decay of an average must be in [0, 1), and it is {decay}"
        );
        Self {
            average: model.valid().map(&mut Blend::begin()),
            decay,
            updates: 0,
            updates_id: ParamId::new(),
        }
    }

    /// Takes in the weights of the model after a step.
    pub fn update(&mut self, model: &M) {
        let t = self.updates as f64;
        let decay = self.decay.min((1.0 + t) / (10.0 + t));
        // The copy brings along all that is not averaged.
        self.average = model.valid().map(&mut Blend {
            average: values(&self.average),
            share: 1.0 - decay,
        });
        self.updates += 1;
    }

    /// The model with the averaged weights in the place of its own. What is not averaged, and what
    /// autodiff knows of its parameters, is as in `model`.
    pub fn averaged(&self, model: &M) -> M {
        model.clone().map(&mut Replace(values(&self.average)))
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The number of updates as a parameter of the module: four numbers below 2^16.
    fn updates_param(&self) -> Param<Tensor<1, Int>> {
        let parts: [i32; 4] = core::array::from_fn(|i| (self.updates >> (16 * i)) as u16 as i32);
        let device = self.average.devices().into_iter().next();
        let init = move |device: &Device, _require_grad: bool| {
            Tensor::from_data(TensorData::from(parts), (device, DType::I32))
        };
        let device = device.unwrap_or_default();
        Param::uninitialized(self.updates_id, init, device, false, Shape::new([4]))
    }

    fn map_average(self, change: impl FnOnce(M) -> M) -> Self {
        Self {
            average: change(self.average),
            ..self
        }
    }
}

impl<M: Module> Module for WeightAverage<M> {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.enter_module(AVERAGE, CONTAINER);
        self.average.visit(visitor);
        visitor.exit_module(AVERAGE, CONTAINER);
        visitor.enter_module(UPDATES, CONTAINER);
        visitor.visit_int(&self.updates_param());
        visitor.exit_module(UPDATES, CONTAINER);
    }

    fn map<P: ModuleMapper>(mut self, mapper: &mut P) -> Self {
        let param = self.updates_param();
        mapper.enter_module(AVERAGE, CONTAINER);
        self.average = self.average.map(mapper);
        mapper.exit_module(AVERAGE, CONTAINER);
        mapper.enter_module(UPDATES, CONTAINER);
        let mapped = mapper.map_int(param);
        mapper.exit_module(UPDATES, CONTAINER);
        self.updates_id = mapped.id;
        // A mapper that loads nothing leaves it uninitialized.
        if mapped.is_initialized() {
            let parts = mapped.into_value().into_data();
            let parts = parts.iter::<i64>().enumerate();
            self.updates = parts.fold(0, |sum, (i, part)| sum | (part as u64) << (16 * i));
        }
        self
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.average.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.map_average(|average| average.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.map_average(|average| average.to_device(device))
    }

    /// The same: an average never tracks gradients.
    fn valid(&self) -> Self {
        self.clone()
    }

    /// The same: an average is not trained.
    fn train(self) -> Self {
        self
    }

    fn materialize(self) -> Self {
        self.map_average(Module::materialize)
    }
}

/// The values of the parameters that are averaged.
fn values<M: Module>(average: &M) -> GradientsParams {
    struct Values(GradientsParams);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if trainable(param) {
                self.0.register::<D>(param.id, param.base().inner());
            }
        }
    }
    let mut values = Values(GradientsParams::new());
    average.visit(&mut values);
    values.0
}

/// Moves the old average towards the weights of a copy of the model, in the copy's place.
struct Blend {
    average: GradientsParams,
    /// `1 - d`.
    share: f64,
}

impl Blend {
    /// Takes the weights as they are.
    fn begin() -> Self {
        Self {
            average: GradientsParams::new(),
            share: 1.0,
        }
    }
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !trainable(&param) {
            return param;
        }
        let average = self.average.remove::<D>(param.id);
        param.map(|weights| {
            let weights = widen(weights);
            match average {
                Some(average) => {
                    let gap = weights - average.clone();
                    add_scaled(average, self.share, gap)
                }
                None => weights,
            }
        })
    }
}

/// Puts averages in the places of weights.
struct Replace(GradientsParams);

impl ModuleMapper for Replace {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        match self.0.remove::<D>(id) {
            Some(average) => param.map(|weights| {
                let context = AutodiffContext::of(&weights);
                let average = average.to_device(&weights.device().inner());
                context.restore(average.cast(weights.dtype()), id)
            }),
            None => param,
        }
    }
}
