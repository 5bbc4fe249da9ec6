//! A step among processes that train replicas of one model.
//!
//! Every process has the whole model, and micro-batches of its own. Two things are exchanged: the
//! gradients, as a sum; and the losses of every example, in the training forward and in each trial.
//! So all processes see the losses of all micro-batches, as one device would that had them, and
//! take the same decision. The engine knows nothing of it.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{DType, Device, Tensor, TensorData};
use burn_sls_core::widen;

use super::exchange::{Talk, apart, checksum, lost, numbers};
use super::options::StepOptions;
use super::own_loop::LineSearchOptimizer;
use super::peers::Peers;
use super::reuse::Trained;
use super::step::{Step, tracked};
use crate::error::{LineSearchError, StepError};
use crate::objective::{GeneratorTurn, Losses, MicroBatch, main_device, seed_devices};

impl LineSearchOptimizer {
    /// A step over the micro-batches of several processes, each of which has a replica of the model
    /// and calls this with micro-batches of its own.
    ///
    /// This is the step of [`step_with`](Self::step_with) over the micro-batches of all processes,
    /// in the order of ranks, up to the order in which gradients are added up. A trial exchanges the
    /// losses of all examples, and no weights. Under Burn's `Learner` every trial sends the weights.
    ///
    /// Every process must begin with the same weights, give the same configuration and options, and
    /// compute alike: each of them makes its own slopes and its own move from the sum of the
    /// gradients. The same program on the same kind of processor does. Where the last bits differ,
    /// as they may between GPUs that choose their kernels by trying them, the weights drift apart;
    /// step sizes that differ are an error of the next step.
    ///
    /// Running statistics, as of batch normalisation, stay each process's own.
    ///
    /// # Errors
    ///
    /// As [`step_with`](Self::step_with). An error of one process is an error of all, and so is a
    /// panic in its losses. [`LineSearchError::Peers`] if another process had it, if processes do
    /// not agree on where they are, or if one is lost. Float parameters of 64 bits are refused,
    /// since gradients are exchanged in 32.
    pub fn step_among<M: Module, I>(
        &mut self,
        peers: &impl Peers,
        options: StepOptions,
        model: M,
        batches: &[I],
        losses: impl Fn(&M, &I) -> Tensor<1>,
    ) -> Result<Step<M>, StepError<M>> {
        self.reusable = None;
        let device = main_device(&model);
        let talk = Talk::new(peers);
        let options = options.without_reuse();
        let trained = self.train_among(&talk, &options, &model, &device, batches, &losses);
        let trained = match trained {
            Ok(trained) => trained,
            Err(source) => return Err(StepError { model, source }),
        };
        let among = Among {
            talk: &talk,
            device,
            losses,
        };
        let step = self.finish(options, model, trained, among);
        if step.is_err() {
            // The others may be waiting for the losses of a trial.
            talk.give_up();
        }
        step
    }

    /// The training forwards and backwards of this process, and what the others have.
    fn train_among<'a, M: Module, I>(
        &mut self,
        talk: &Talk<'_, impl Peers>,
        options: &StepOptions,
        model: &M,
        device: &Device,
        batches: &'a [I],
        losses: &impl Fn(&M, &I) -> Tensor<1>,
    ) -> Result<Trained<Option<&'a I>>, LineSearchError> {
        let places = self.agree(talk.peers, options, model, batches.len())?;
        let rank = talk.peers.rank();
        let before: usize = places.batches[..rank].iter().sum();
        let mut grads = GradientsAccumulator::new();
        let forward = |(index, item)| {
            let base = talk.unless_panic(|| {
                let _turn = self.engine.generator_turn(device);
                self.engine
                    .prepare(model, places.run_seed, before + index)?;
                tracked(losses(model, item))
            })?;
            let values = host(base.clone().inner())?;
            let gradients = GradientsParams::from_grads(base.mean().backward(), model);
            grads.accumulate(model, gradients);
            Ok(values)
        };
        let trained = batches.iter().enumerate().map(forward);
        let trained: Result<Vec<Vec<f64>>, LineSearchError> = trained.collect();
        let mut summed = Vec::new();
        let mut grads = grads.grads();
        let trained = trained.and_then(|trained| {
            summed = flattened(model, &grads)?;
            Ok(trained)
        });
        let gathered = talk.exchange(summed.len() as u64, trained)?;
        talk.peers.sum(&mut summed).map_err(lost)?;
        replace(model, &mut grads, &summed);
        let all = gathered
            .into_iter()
            .enumerate()
            .flat_map(|(from, of_process)| {
                let own = (from == rank).then_some(batches);
                let of_process = of_process.into_iter().enumerate();
                of_process.map(move |(index, values)| (own.map(|own| &own[index]), values))
            });
        let all = all.enumerate().map(|(index, (item, values))| MicroBatch {
            item,
            losses: tensor(values, device),
            seed: self.engine.batch_seed(places.run_seed, index),
            device: None,
        });
        Ok(Trained {
            batches: all.collect(),
            grads,
            run_seed: places.run_seed,
            reused: false,
            check: false,
        })
    }

    /// Makes sure that all processes are at the same point of the same training.
    fn agree<M: Module>(
        &self,
        peers: &impl Peers,
        options: &StepOptions,
        model: &M,
        batches: usize,
    ) -> Result<Places, LineSearchError> {
        let run_seed = self.engine.run_seed(model);
        let sizes = self.engine.state.step_sizes();
        let sizes = sizes.iter().map(|size| size.to_bits());
        let asked = [options.factor.base().to_bits(), u64::from(options.check)];
        let configuration = checksum(&format!("{:?}", self.engine.config));
        let own: Vec<u64> = [
            run_seed,
            batches as u64,
            self.engine.state.step,
            configuration,
        ]
        .into_iter()
        .chain(asked)
        .chain(sizes)
        .collect();
        let bytes: Vec<u8> = own.iter().flat_map(|number| number.to_le_bytes()).collect();
        let all = peers.gather(&bytes).map_err(lost)?;
        let all: Vec<Vec<u64>> = all.iter().map(|bytes| numbers(bytes)).collect();
        if all.get(peers.rank()) != Some(&own) {
            return Err(apart(
                "what a process handed in did not come back at its rank",
            ));
        }
        if all.iter().any(|of_process| of_process.get(1) == Some(&0)) {
            return Err(apart("every process needs a micro-batch of its own"));
        }
        if all
            .iter()
            .any(|of_process| of_process.get(2..) != own.get(2..))
        {
            return Err(apart(
                "processes are at different steps, or have other step sizes, settings or options: \
                 begin all of them with the same weights, configuration and record",
            ));
        }
        Ok(Places {
            // That of the first process, where it is drawn.
            run_seed: all[0][0],
            batches: all
                .iter()
                .map(|of_process| of_process[1] as usize)
                .collect(),
        })
    }
}

/// What processes have agreed on.
struct Places {
    run_seed: u64,
    /// Micro-batches of every process.
    batches: Vec<usize>,
}

/// The losses of all processes. Micro-batches of others have no item here.
struct Among<'a, P, F> {
    talk: &'a Talk<'a, P>,
    device: Device,
    losses: F,
}

impl<M: Module, I, P: Peers, F: Fn(&M, &I) -> Tensor<1>> Losses<M, Option<&I>> for Among<'_, P, F> {
    fn losses(&self, model: &M, batch: &MicroBatch<Option<&I>>, _first: usize) -> Tensor<1> {
        match batch.item {
            Some(item) => (self.losses)(model, item),
            None => batch.losses.clone(),
        }
    }

    fn of_all(
        &self,
        model: &M,
        batches: &[MicroBatch<Option<&I>>],
        first: usize,
    ) -> Result<Vec<Tensor<1>>, LineSearchError> {
        let own = batches.iter().filter(|batch| batch.item.is_some());
        let own = own.map(|batch| {
            self.talk.unless_panic(|| {
                let _turn = batch.seed.map(|_| GeneratorTurn::wait(&self.device));
                seed_devices(model, batch.seed);
                host(self.losses(model, batch, first))
            })
        });
        let gathered = self.talk.exchange(0, own.collect())?;
        let tensors = gathered.into_iter().flatten();
        let tensors = tensors.map(|values| tensor(values, &self.device));
        Ok(tensors.collect())
    }
}

/// The losses on the host.
fn host(losses: Tensor<1>) -> Result<Vec<f64>, LineSearchError> {
    let dtype = losses.dtype();
    match dtype {
        DType::F32 | DType::F64 => Ok(losses.into_data().iter().collect()),
        _ => Err(LineSearchError::LossPrecision { dtype }),
    }
}

/// Losses on the device. What was in f32 is in f32 again.
fn tensor(losses: Vec<f64>, device: &Device) -> Tensor<1> {
    let narrow: Vec<f32> = losses.iter().map(|&loss| loss as f32).collect();
    let exact = |(loss, narrow): (&f64, &f32)| loss.is_nan() || f64::from(*narrow) == *loss;
    match losses.iter().zip(&narrow).all(exact) {
        true => {
            let data = TensorData::from(narrow.as_slice());
            Tensor::from_data(data, (device, DType::F32))
        }
        false => {
            let data = TensorData::from(losses.as_slice());
            Tensor::from_data(data, (device, DType::F64))
        }
    }
}

/// All gradients in the order of the parameters, as f32.
fn flattened<M: Module>(model: &M, grads: &GradientsParams) -> Result<Vec<f32>, LineSearchError> {
    struct Flatten<'a> {
        grads: &'a GradientsParams,
        values: Vec<f32>,
        wide: bool,
    }
    impl ModuleVisitor for Flatten<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.grads.get::<D>(param.id) {
                self.wide |= gradient.dtype() == DType::F64;
                self.values
                    .extend(widen(gradient).into_data().iter::<f32>());
            }
        }
    }
    let mut flatten = Flatten {
        grads,
        values: Vec::new(),
        wide: false,
    };
    model.visit(&mut flatten);
    match flatten.wide {
        true => Err(apart(
            "gradients are exchanged in 32 bits, and the model has 64",
        )),
        false => Ok(flatten.values),
    }
}

/// Puts summed gradients in the place of the process's own.
fn replace<M: Module>(model: &M, grads: &mut GradientsParams, summed: &[f32]) {
    struct Replace<'a> {
        grads: &'a mut GradientsParams,
        rest: &'a [f32],
    }
    impl ModuleVisitor for Replace<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(own) = self.grads.remove::<D>(param.id) {
                let (values, rest) = self.rest.split_at(own.shape().num_elements());
                self.rest = rest;
                let data = TensorData::new(values.to_vec(), own.shape());
                let sum = Tensor::<D>::from_data(data, (&own.device(), DType::F32));
                let sum = sum.cast(own.dtype());
                self.grads.register::<D>(param.id, sum);
            }
        }
    }
    model.visit(&mut Replace {
        grads,
        rest: summed,
    });
}
