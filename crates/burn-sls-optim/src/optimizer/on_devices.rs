//! A step on several devices.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};

use super::options::StepOptions;
use super::own_loop::LineSearchOptimizer;
use super::reuse::Trained;
use super::step::{Step, tracked};
use crate::error::{LineSearchError, StepError};
use crate::objective::{Main, MicroBatch, OnDevices, prepare, seed_device, side_by_side, to_main};

impl LineSearchOptimizer {
    /// A step over micro-batches on several devices, side by side. `batches` pairs each with the
    /// device that its tensors are on.
    ///
    /// The model stays where it is, on the *main* device. Every step and every trial sends it to
    /// the others. Their gradients and losses come back, the gradients are added up in the order of
    /// `batches`, and one decision is taken for all. So this is the step of
    /// [`step_with`](Self::step_with) over the same micro-batches, with the same seeds: to the bit,
    /// where the devices compute alike.
    ///
    /// # Errors
    ///
    /// As [`step_with`](Self::step_with), and [`LineSearchError::Device`] if another device fails or
    /// cannot be reached.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::nn::{Linear, LinearConfig};
    /// use burn::tensor::{Device, Distribution, Tensor};
    /// use burn_sls_optim::{LineSearchConfig, StepOptions};
    ///
    /// // Two GPUs would be `Device::cuda(0)` and `Device::cuda(1)`.
    /// let devices = [Device::flex().autodiff(), Device::flex().autodiff()];
    /// let mut model: Linear = LinearConfig::new(4, 1).init(&devices[0]);
    /// let mut optim = LineSearchConfig::adamsls().init();
    /// for _ in 0..10 {
    ///     let batches = devices.clone().map(|device| {
    ///         let x = Tensor::<2>::random([32, 4], Distribution::Default, &device);
    ///         (device, x)
    ///     });
    ///     let step = optim.step_on_devices(StepOptions::new(), model, &batches, |model, x| {
    ///         let error = model.forward(x.clone()) - x.clone().sum_dim(1);
    ///         error.square().reshape([-1])
    ///     })?;
    ///     model = step.model;
    /// }
    /// # Ok::<(), burn_sls_optim::LineSearchError>(())
    /// ```
    pub fn step_on_devices<M: Module, I: Sync>(
        &mut self,
        options: StepOptions,
        model: M,
        batches: &[(Device, I)],
        losses: impl Fn(&M, &I) -> Tensor<1> + Sync,
    ) -> Result<Step<M>, StepError<M>> {
        let main = Main::of(&model);
        let (model, trained) = self.train_on_devices(model, &main, batches, &losses)?;
        let losses = |model: &M, item: &&I| losses(model, item);
        let losses = OnDevices { main, losses };
        self.finish(options.without_reuse(), model, trained, losses)
    }

    /// The training forwards and backwards of all micro-batches.
    fn train_on_devices<'a, M: Module, I: Sync>(
        &mut self,
        model: M,
        main: &Main,
        batches: &'a [(Device, I)],
        losses: &(impl Fn(&M, &I) -> Tensor<1> + Sync),
    ) -> Result<(M, Trained<&'a I>), StepError<M>> {
        self.reusable = None;
        let run_seed = self.engine.run_seed(&model);
        // Draws parameters that are not drawn yet, and refuses a model without any.
        let turn = self.engine.turn_of_model(&model);
        if let Err(source) = prepare(&model) {
            return Err(StepError { model, source });
        }
        drop(turn);
        let seeds = (0..batches.len()).map(|index| self.engine.batch_seed(run_seed, index));
        let seeds: Vec<Option<u64>> = seeds.collect();
        let jobs = batches.iter().zip(&seeds);
        let jobs = jobs.map(|((device, item), seed)| (device.clone(), (item, *seed)));
        let trained = side_by_side(
            &model,
            main,
            jobs.collect(),
            |model, device, (item, seed)| {
                let base = {
                    let _turn = self.engine.generator_turn(device);
                    seed_device(device, seed);
                    tracked(losses(model, item))?
                };
                let losses = to_main(base.clone().inner(), &main.device);
                let gradients = GradientsParams::from_grads(base.mean().backward(), model);
                Ok((losses, gradients.to_device(&main.device, model)))
            },
        );
        let trained: Result<Vec<_>, LineSearchError> =
            trained.and_then(|trained| trained.into_iter().collect());
        let trained = match trained {
            Ok(trained) if trained.is_empty() => Err(LineSearchError::EmptyLoss),
            trained => trained,
        };
        let trained = match trained {
            Ok(trained) => trained,
            Err(source) => return Err(StepError { model, source }),
        };
        let mut grads = GradientsAccumulator::new();
        let mut kept = Vec::new();
        for (((device, item), seed), (losses, gradients)) in batches.iter().zip(seeds).zip(trained)
        {
            kept.push(MicroBatch {
                item,
                losses,
                seed,
                device: Some(device.clone()),
            });
            grads.accumulate(&model, gradients);
        }
        let trained = Trained {
            batches: kept,
            grads: grads.grads(),
            run_seed,
            reused: false,
            check: false,
        };
        Ok((model, trained))
    }
}
