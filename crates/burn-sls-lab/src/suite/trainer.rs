//! A model in training by a competitor.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::optim::{AdamConfig, AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::Tensor;
use burn_sls_baselines::{Baseline, Prodigy, ProdigyConfig, ScheduleFree, ScheduleFreeConfig};
use burn_sls_optim::{LineSearchOptimizer, StepOptions, Units};

use crate::suite::competitor::{Competitor, Method};
use crate::suite::problem::Plan;
use crate::suite::schedule::Schedule;

/// A model in training by a competitor.
pub(crate) struct Trainer<M: Module> {
    /// Only while a step is under way there is none.
    model: Option<Trained<M>>,
    steps: usize,
}

/// The model, with what moves it.
enum Trained<M: Module> {
    Search {
        model: M,
        optim: Box<LineSearchOptimizer>,
        schedule: Schedule,
        factor: f64,
    },
    Burn {
        model: M,
        optim: ModuleOptimizer,
        rate: f64,
        schedule: Schedule,
    },
    Prodigy(Baseline<M, Prodigy>, f64),
    ScheduleFree(Baseline<M, ScheduleFree>, f64),
}

impl<M: Module> Trainer<M> {
    /// Before the first of `steps` steps. `seed` is that of the run's random numbers.
    pub(crate) fn new(
        competitor: &Competitor,
        model: M,
        plan: &Plan,
        steps: usize,
        seed: u64,
    ) -> Self {
        let trained = match &competitor.method {
            Method::LineSearch {
                config,
                by_module,
                schedule,
                factor,
            } => {
                let mut config = config.as_ref().clone().with_seed(seed);
                if *by_module {
                    config.units = Units::by_module(&model);
                }
                let config = config.with_loss_lower_bound(plan.lower_bound);
                Trained::Search {
                    model,
                    optim: Box::new(config.init()),
                    schedule: *schedule,
                    factor: *factor,
                }
            }
            &Method::Adam { rate, schedule } => Trained::Burn {
                model,
                optim: AdamConfig::new().with_epsilon(1e-8).init(),
                rate,
                schedule,
            },
            &Method::AdamW { rate } => Trained::Burn {
                model,
                optim: AdamWConfig::new().with_epsilon(1e-8).init(),
                rate,
                schedule: Schedule::Constant,
            },
            &Method::Prodigy { rate } => {
                Trained::Prodigy(ProdigyConfig::default().init(model), rate)
            }
            &Method::ScheduleFree { rate, warmup } => {
                let config = ScheduleFreeConfig {
                    warmup_steps: (warmup * steps as f64).round() as u64,
                    ..ScheduleFreeConfig::default()
                };
                Trained::ScheduleFree(config.init(model), rate)
            }
        };
        Self {
            model: Some(trained),
            steps,
        }
    }

    fn trained(&self) -> &Trained<M> {
        self.model.as_ref().expect("no step under way")
    }

    /// Step `k` on a mini-batch. Returns the forward passes it has made.
    ///
    /// # Errors
    ///
    /// The message of a line search's error. There is no further step then.
    pub(crate) fn step(
        &mut self,
        k: usize,
        losses: impl Fn(&M) -> Tensor<1>,
    ) -> Result<u64, String> {
        let gradients = |model: &M| {
            let gradients = losses(model).mean().backward();
            GradientsParams::from_grads(gradients, model)
        };
        let (trained, forwards) = match self.model.take().expect("no step has failed") {
            Trained::Search {
                model,
                mut optim,
                schedule,
                factor,
            } => {
                let options = StepOptions::new();
                let options = options.with_factor(factor * schedule.factor(k, self.steps));
                let step = optim.step_with(options, model, &[()], |model, ()| losses(model));
                let step = step.map_err(|error| error.to_string())?;
                let trained = Trained::Search {
                    model: step.model,
                    optim,
                    schedule,
                    factor,
                };
                (trained, step.report.forwards as u64)
            }
            Trained::Burn {
                model,
                mut optim,
                rate,
                schedule,
            } => {
                let gradients = gradients(&model);
                let lr = rate * schedule.factor(k, self.steps);
                let trained = Trained::Burn {
                    model: optim.step(lr, model, gradients),
                    optim,
                    rate,
                    schedule,
                };
                (trained, 1)
            }
            Trained::Prodigy(model, rate) => {
                let gradients = gradients(model.inner());
                (Trained::Prodigy(model.step(rate, &gradients).0, rate), 1)
            }
            Trained::ScheduleFree(model, rate) => {
                let gradients = gradients(model.inner());
                let model = model.step(rate, &gradients).0;
                (Trained::ScheduleFree(model, rate), 1)
            }
        };
        self.model = Some(trained);
        Ok(forwards)
    }

    /// The model that the competitor answers with, which may be another than the one it trains.
    pub(crate) fn answer(&self) -> M {
        match self.trained() {
            Trained::Search { optim, model, .. } => optim.averaged(model),
            Trained::Burn { model, .. } => model.clone(),
            Trained::Prodigy(model, _) => model.clone().into_inner(),
            Trained::ScheduleFree(model, _) => model.clone().into_inner(),
        }
    }

    /// The step size of a line search: the largest of its units.
    pub(crate) fn step_size(&self) -> Option<f64> {
        let Trained::Search { optim, .. } = self.trained() else {
            return None;
        };
        optim
            .step_sizes()
            .map(|(_, step_size)| step_size)
            .reduce(f64::max)
    }

    /// How the iterations of a line search have ended, by name; those that never occurred are left
    /// out.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let Trained::Search { optim, .. } = self.trained() else {
            return BTreeMap::new();
        };
        let counts = serde_json::to_value(optim.counts()).unwrap_or_default();
        let counts = counts.as_object().cloned().unwrap_or_default();
        let counts = counts.into_iter().filter_map(|(name, count)| {
            let count = count.as_u64().filter(|count| *count > 0)?;
            Some((name, count))
        });
        counts.collect()
    }
}
