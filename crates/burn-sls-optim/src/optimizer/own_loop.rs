//! The optimizer for your own training loop: how it is made, and how it is recorded.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use burn::module::Module;
use burn::optim::{ModuleOptimizer, OptimizerRecord};

use super::record::LineSearchRecord;
use super::reuse::Reusable;
use crate::config::LineSearchConfig;
use crate::direction::Directions;
use crate::engine::Engine;
use crate::error::LineSearchError;
use crate::objective::StagePlan;
use crate::report::Counts;
use crate::state::SearchState;
use crate::units::{Searched, Turn};

impl LineSearchConfig {
    /// Makes the optimizer for your own training loop.
    ///
    /// # Panics
    ///
    /// If a setting is out of range, with the text of [`validate`](Self::validate)'s error.
    pub fn init(self) -> LineSearchOptimizer {
        self.try_init().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes the optimizer for your own training loop.
    ///
    /// # Errors
    ///
    /// If a setting is out of range.
    pub fn try_init(self) -> Result<LineSearchOptimizer, LineSearchError> {
        self.validate()?;
        let directions = Directions::groups(self.optimizer());
        Ok(LineSearchOptimizer::new(self, directions))
    }

    /// Makes the optimizer with other [`Directions`] than the configuration's.
    ///
    /// # Panics
    ///
    /// With the text of [`try_init_with`](Self::try_init_with)'s error.
    pub fn init_with(self, directions: Directions) -> LineSearchOptimizer {
        let optimizer = self.try_init_with(directions);
        optimizer.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Makes the optimizer with other [`Directions`] than the configuration's.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or belongs to the configuration's direction: weight decay and
    /// clipping are then those of `directions`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::optim::RmsPropConfig;
    /// use burn_sls_optim::LineSearchConfig;
    /// use burn_sls_optim::direction::Directions;
    ///
    /// let directions = Directions::adopted(RmsPropConfig::new().init());
    /// let optim = LineSearchConfig::new().try_init_with(directions)?;
    /// # Ok::<(), burn_sls_optim::LineSearchError>(())
    /// ```
    pub fn try_init_with(
        self,
        directions: Directions,
    ) -> Result<LineSearchOptimizer, LineSearchError> {
        self.validate()?;
        self.validate_adopted()?;
        Ok(LineSearchOptimizer::new(self, directions))
    }
}

/// An optimizer that finds its step sizes by a line search, for your own training loop.
///
/// # Example
///
/// Least squares, without a learning rate:
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::{Device, Distribution, Tensor};
/// use burn_sls_optim::LineSearchConfig;
///
/// let device = Device::flex().autodiff();
/// let x = Tensor::<2>::random([64, 4], Distribution::Default, &device);
/// let y = x.clone().sum_dim(1);
/// let mut model: Linear = LinearConfig::new(4, 1).init(&device);
///
/// let mut optim = LineSearchConfig::adamsls().init();
/// for _ in 0..100 {
///     let step = optim.step(model, |m| {
///         (m.forward(x.clone()) - y.clone()).square().reshape([-1]) // one loss per example
///     })?;
///     model = step.model;
///     println!("{} after {} trials", step.report.loss, step.report.trials.len());
/// }
/// let model = optim.averaged(&model); // the model to evaluate, save and use
/// # Ok::<(), burn_sls_optim::LineSearchError>(())
/// ```
///
/// # Random numbers
///
/// Burn's random generator belongs to the device, and everything on the device shares it. So that
/// dropout draws the same masks in the trials, each step seeds the device before its forwards, and
/// again at its end. The seed of a run is drawn from the device's generator in the first step,
/// unless one is [configured](LineSearchConfig::with_seed). So two optimizers draw different masks,
/// and `device.seed` before training decides over all of them. Random numbers of the loss must come
/// from the device too. Another thread that draws from the same device meanwhile changes the masks
/// between two trials. A [self-check](crate::SelfCheck) can notice it.
///
/// All this is the [trial mode](crate::TrialMode) `ReplayDropout`, which every preset has. The
/// other modes seed no device.
pub struct LineSearchOptimizer {
    pub(super) optim: ModuleOptimizer,
    pub(super) engine: Engine,
    pub(super) stages: StagePlan,
    /// The accepted trial of the last step, where the next one has the same batch.
    pub(super) reusable: Option<Reusable>,
    /// Whether the first trial that was used again has been checked.
    pub(super) reuse_checked: bool,
}

impl Clone for LineSearchOptimizer {
    /// A clone makes the training forward of its next step itself: the graph of a kept trial has
    /// one backward pass.
    fn clone(&self) -> Self {
        Self {
            optim: self.optim.clone(),
            engine: self.engine.clone(),
            stages: self.stages.clone(),
            reusable: None,
            reuse_checked: false,
        }
    }
}

impl LineSearchOptimizer {
    fn new(config: LineSearchConfig, directions: Directions) -> Self {
        Self {
            optim: directions.optimizer,
            engine: Engine::new(config, directions.adopted),
            stages: StagePlan::default(),
            reusable: None,
            reuse_checked: false,
        }
    }

    /// Lets `rule` choose the units of every search but the first, in place of the configuration's
    /// [`UnitChoice`](crate::UnitChoice).
    ///
    /// It must be a function of its argument alone, so that a resumed run repeats it. A rule is not
    /// part of the record.
    ///
    /// # Example
    ///
    /// Search where the first-order model promises the most, and all units every tenth iteration:
    ///
    /// ```
    /// use burn_sls_optim::{LineSearchConfig, Searched, Units};
    ///
    /// let units = Units::named([("encoder", vec!["encoder"]), ("head", vec!["head"])]);
    /// let optim = LineSearchConfig::plasls(units).init().with_unit_rule(|turn| {
    ///     if turn.step % 10 == 0 {
    ///         return Searched::All;
    ///     }
    ///     let promise = |unit: &usize| turn.step_sizes[*unit] * turn.slopes[*unit];
    ///     let units = 0..turn.slopes.len();
    ///     let best = units.max_by(|a, b| promise(a).total_cmp(&promise(b)));
    ///     Searched::Unit(best.unwrap_or(turn.cyclic))
    /// });
    /// ```
    #[must_use]
    pub fn with_unit_rule(
        mut self,
        rule: impl Fn(&Turn<'_>) -> Searched + Send + Sync + 'static,
    ) -> Self {
        self.engine.rule = Some(Arc::new(rule));
        self
    }

    /// The settings.
    pub fn config(&self) -> &LineSearchConfig {
        &self.engine.config
    }

    /// The step size of every original unit, by name.
    pub fn step_sizes(&self) -> impl Iterator<Item = (&str, f64)> {
        self.engine.step_sizes()
    }

    /// How the iterations so far have ended, and their costs.
    pub fn counts(&self) -> Counts {
        self.engine.state.counts
    }

    /// The state of the search.
    pub fn state(&self) -> &SearchState {
        &self.engine.state
    }

    /// The model to evaluate, to save and to use, for the model that is trained: the average of its
    /// weights, or a copy of it where nothing is averaged. Training goes on with the model itself.
    ///
    /// Buffers, such as the running statistics of batch normalisation, are those of the trained
    /// model.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::module::Module;
    /// use burn_sls_optim::LineSearchOptimizer;
    ///
    /// fn validate<M: Module>(optim: &LineSearchOptimizer, model: &M, loss: fn(&M) -> f64) -> f64 {
    ///     loss(&optim.averaged(&model.valid()))
    /// }
    /// ```
    pub fn averaged<M: Module>(&self, model: &M) -> M {
        match self.engine.averaging_beta() {
            Some(beta) => self.engine.iterates.averaged(model.clone(), beta),
            None => model.clone(),
        }
    }

    /// Changes weights of the trained model between two steps, as by clipping them. The
    /// [average](Self::averaged) changes along with it, which it cannot do where the model is
    /// changed without this call.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::nn::Linear;
    /// use burn::tensor::Tensor;
    /// use burn_sls_optim::LineSearchOptimizer;
    ///
    /// fn clipped(optim: &mut LineSearchOptimizer, model: Linear) -> Linear {
    ///     optim.change_weights(model, |mut model| {
    ///         model.weight = model.weight.map(|weight| {
    ///             let clipped = weight.clone().inner().clamp(-0.5, 0.5);
    ///             Tensor::from_inner(clipped).set_require_grad(weight.is_require_grad())
    ///         });
    ///         model
    ///     })
    /// }
    /// ```
    pub fn change_weights<M: Module>(&mut self, model: M, change: impl FnOnce(M) -> M) -> M {
        self.engine.change_weights(model, change)
    }

    /// Everything that a resumed training needs beside the model.
    ///
    /// The model's own record must be loaded too, *before* the next step: moments are kept by the
    /// ids of parameters, and the model's record restores those. It is the record of the model that
    /// is trained, not of its [average](Self::averaged).
    pub fn to_record(&self) -> LineSearchRecord {
        LineSearchRecord {
            search: self.engine.state.clone(),
            optimizer: self.optim.to_record(),
            iterates: self.engine.iterates.clone(),
        }
    }

    /// Takes over a record. Training continues bit for bit, given the same mini-batches.
    ///
    /// # Errors
    ///
    /// If the record is damaged, of other units, or of averaged weights where none are to be
    /// averaged. If its moments or averaged weights belong to no parameter of the model that has a gradient, the
    /// next step is an error.
    pub fn load_record(mut self, record: LineSearchRecord) -> Result<Self, LineSearchError> {
        record.search.check(&self.engine.config.units)?;
        if self.engine.averaging_beta().is_none() && !record.iterates.is_empty() {
            return Err(LineSearchError::Record {
                reason: "it is of averaged weights, and the configuration averages none"
                    .to_string(),
            });
        }
        self.engine.state = record.search;
        self.engine.state_is_new = true;
        self.engine.expects_moments = !record.optimizer.is_empty();
        self.optim = taken_over(self.optim, record.optimizer)?;
        self.engine.expects_iterates = !record.iterates.is_empty();
        self.engine.iterates = record.iterates;
        self.reusable = None;
        Ok(self)
    }
}

/// The optimizer with a record. Burn panics where a damaged one does not say which parameter a
/// tensor belongs to.
fn taken_over(
    optim: ModuleOptimizer,
    record: OptimizerRecord,
) -> Result<ModuleOptimizer, LineSearchError> {
    let load = AssertUnwindSafe(|| optim.load_record(record));
    catch_unwind(load).map_err(|_| LineSearchError::Record {
        reason: "the state of its optimizer is damaged".to_string(),
    })
}
