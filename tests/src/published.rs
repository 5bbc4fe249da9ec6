//! Runs of other authors' packages in float64, and our optimizers along them.

use std::fs;
use std::path::Path;

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};
use burn_sls_baselines::{Baseline, ProdigyConfig, Rule, ScheduleFreeConfig};
use serde::Deserialize;

use crate::double;
use crate::network::{Layer, Network, parameter};
use crate::trace::Problem;

/// A recorded run.
#[derive(Deserialize)]
pub struct Run {
    /// Of the optimizer.
    pub settings: Settings,
    frozen: Vec<String>,
    problem: Problem,
    /// What was recorded of every step.
    pub steps: Vec<Step>,
}

/// The settings of either package, by the names that they have there.
#[derive(Deserialize)]
pub struct Settings {
    betas: Option<(f64, f64)>,
    beta3: Option<f64>,
    eps: Option<f64>,
    d0: Option<f64>,
    d_coef: Option<f64>,
    growth_rate: Option<f64>,
    weight_decay: Option<f64>,
    use_bias_correction: Option<bool>,
    safeguard_warmup: Option<bool>,
    warmup_steps: Option<u64>,
    r: Option<f64>,
    weight_lr_power: Option<f64>,
}

/// A step of a run.
#[derive(Deserialize)]
pub struct Step {
    /// The loss before it.
    pub loss: f64,
    /// The learning rate that the optimizer was given.
    pub lr: f64,
    /// The rate that it made of it.
    pub rate: f64,
    /// Prodigy's estimate after it.
    pub d: Option<f64>,
    /// All parameters after it, in order.
    pub parameters: Vec<f64>,
    /// Schedule-Free's average of them.
    pub average: Option<Vec<f64>>,
    #[serde(default)]
    absent: Vec<String>,
}

impl Settings {
    /// Those of Prodigy.
    pub fn prodigy(&self) -> ProdigyConfig {
        let default = ProdigyConfig::default();
        let betas = self.betas.unwrap_or((default.beta_1, default.beta_2));
        ProdigyConfig {
            beta_1: betas.0,
            beta_2: betas.1,
            beta_3: self.beta3,
            epsilon: self.eps.unwrap_or(default.epsilon),
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            d0: self.d0.unwrap_or(default.d0),
            d_coef: self.d_coef.unwrap_or(default.d_coef),
            growth_rate: self.growth_rate.unwrap_or(default.growth_rate),
            use_bias_correction: self
                .use_bias_correction
                .unwrap_or(default.use_bias_correction),
            safeguard_warmup: self.safeguard_warmup.unwrap_or(default.safeguard_warmup),
        }
    }

    /// Those of Schedule-Free AdamW.
    pub fn schedule_free(&self) -> ScheduleFreeConfig {
        let default = ScheduleFreeConfig::default();
        let betas = self.betas.unwrap_or((default.beta_1, default.beta_2));
        ScheduleFreeConfig {
            beta_1: betas.0,
            beta_2: betas.1,
            epsilon: self.eps.unwrap_or(default.epsilon),
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            warmup_steps: self.warmup_steps.unwrap_or(default.warmup_steps),
            r: self.r.unwrap_or(default.r),
            weight_lr_power: self.weight_lr_power.unwrap_or(default.weight_lr_power),
        }
    }
}

impl Run {
    /// The run of that name.
    pub fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/baselines");
        let file = folder.join(format!("{name}.json"));
        let text = fs::read_to_string(&file).expect("a recorded run");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// The network as it was at first.
    pub fn network(&self, dtype: DType) -> Network {
        let device = double().autodiff();
        let network = self.problem.network(0.0, &device);
        let frozen = |layer: usize, tensor: &str| {
            let name = format!("{layer}.{tensor}");
            self.frozen.contains(&name)
        };
        let layers = network.layers.into_iter().enumerate().map(|(i, layer)| {
            let shape = layer.weight.val().dims();
            let weight = parameter(values(&layer.weight), shape, dtype, &device);
            let bias = parameter(values(&layer.bias), [shape[1]], dtype, &device);
            Layer {
                weight: weight.set_require_grad(!frozen(i, "weight")),
                bias: bias.set_require_grad(!frozen(i, "bias")),
            }
        });
        Network {
            layers: layers.collect(),
        }
    }

    /// The loss of step `k`, and the gradients that are there.
    pub fn gradients(&self, k: usize, model: &Network, dtype: DType) -> (f64, GradientsParams) {
        let device = double().autodiff();
        let (inputs, targets) = self.problem.batch(k, dtype, &device);
        let loss = model.losses(inputs, targets).mean();
        let value = loss.clone().into_data().iter::<f64>().next();
        let mut gradients = GradientsParams::from_grads(loss.backward(), model);
        for (i, layer) in model.layers.iter().enumerate() {
            let absent = |tensor: &str| self.steps[k].absent.contains(&format!("{i}.{tensor}"));
            if absent("weight") {
                gradients.remove::<2>(layer.weight.id);
            }
            if absent("bias") {
                gradients.remove::<1>(layer.bias.id);
            }
        }
        (value.expect("a loss"), gradients)
    }

    /// One step of the run. Returns the loss before it and the rate.
    pub fn step<R: Rule>(
        &self,
        k: usize,
        model: &mut Baseline<Network, R>,
        dtype: DType,
    ) -> (f64, f64) {
        let (loss, gradients) = self.gradients(k, model.inner(), dtype);
        let (stepped, rate) = model.clone().step(self.steps[k].lr, &gradients);
        *model = stepped;
        (loss, rate)
    }
}

/// The values of a parameter, row by row.
pub fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f64> {
    param.val().into_data().iter::<f64>().collect()
}
