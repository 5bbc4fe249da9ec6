//! Losses on several devices, each micro-batch's where its training forward was.
//!
//! One device, the *main* one, has the parameters, takes every decision and makes every move. The
//! others are sent the model, and send losses back. They work side by side, each on a thread of its
//! own.

use std::any::Any;
use std::panic::resume_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor};

use super::losses::{Losses, MicroBatch};
use super::replay::seed_devices;
use crate::error::LineSearchError;

/// Losses that are evaluated where the training forward was.
pub(crate) struct OnDevices<F>(pub(crate) F);

impl<M: Module, I: Clone + Send, F: Fn(&M, &I) -> Tensor<1> + Sync> Losses<M, I> for OnDevices<F> {
    fn losses(&self, model: &M, batch: &MicroBatch<I>, _first: usize) -> Tensor<1> {
        (self.0)(model, &batch.item)
    }

    fn of_all(
        &self,
        model: &M,
        batches: &[MicroBatch<I>],
        _first: usize,
    ) -> Result<Vec<Tensor<1>>, LineSearchError> {
        let main = main_device(model);
        let jobs = batches.iter().map(|batch| {
            let device = batch.device.clone().unwrap_or_else(|| main.clone());
            (device, (batch.item.clone(), batch.seed))
        });
        side_by_side(model, jobs.collect(), |model, (item, seed)| {
            let _turn = seed.map(|_| generator_turn());
            seed_devices(model, seed);
            to_main((self.0)(model, &item), &main)
        })
    }
}

/// The device of the parameters that are trained. Running statistics, which forks share, may be on
/// the device of any worker.
pub(crate) fn main_device<M: Module>(model: &M) -> Device {
    struct First(Option<Device>);
    impl ModuleVisitor for First {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.0.is_none() && param.is_require_grad() {
                self.0 = Some(param.lazy_device());
            }
        }
    }
    let mut first = First(None);
    model.visit(&mut first);
    let any = || model.devices().into_iter().next();
    first.0.or_else(any).unwrap_or_default().inner()
}

/// Losses on the main device, where they may be already.
pub(crate) fn to_main(losses: Tensor<1>, main: &Device) -> Tensor<1> {
    match losses.device() == *main {
        true => losses,
        false => losses.to_device(main),
    }
}

/// What `work` makes of every job, on the job's device, in the order of the jobs. Each device has a
/// thread and a fork of the model. Jobs that are all on the model's own device need neither.
///
/// # Errors
///
/// [`LineSearchError::Device`] if the work on another device panics, as it does where the
/// connection to that device is lost.
pub(crate) fn side_by_side<M: Module, J: Send, R: Send>(
    model: &M,
    jobs: Vec<(Device, J)>,
    work: impl Fn(&M, J) -> R + Sync,
) -> Result<Vec<R>, LineSearchError> {
    let main = main_device(model);
    if jobs.iter().all(|(device, _)| *device == main) {
        return Ok(jobs.into_iter().map(|(_, job)| work(model, job)).collect());
    }
    let mut results: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
    let mut failures = Vec::new();
    thread::scope(|scope| {
        let work = &work;
        let threads = by_device(jobs).into_iter().map(|(device, jobs)| {
            let (model, to) = (model.clone(), device.clone());
            let thread = scope.spawn(move || {
                let model = model.fork(&to);
                let done = jobs
                    .into_iter()
                    .map(|(place, job)| (place, work(&model, job)));
                done.collect::<Vec<_>>()
            });
            (device, thread)
        });
        // All of them begin before the first is waited for.
        for (device, thread) in threads.collect::<Vec<_>>() {
            match thread.join() {
                Ok(done) => done
                    .into_iter()
                    .for_each(|(place, result)| results[place] = Some(result)),
                Err(panic) if device == main => resume_unwind(panic),
                Err(panic) => failures.push(format!("{device:?}: {}", message_of(panic.as_ref()))),
            }
        }
    });
    if let Some(message) = failures.into_iter().next() {
        return Err(LineSearchError::Device { message });
    }
    let results = results
        .into_iter()
        .map(|result| result.expect("the result of a job"));
    Ok(results.collect())
}

/// A job and its place among all.
type Placed<J> = (usize, J);

/// The jobs of every device, in the order in which the devices first appear.
fn by_device<J>(jobs: Vec<(Device, J)>) -> Vec<(Device, Vec<Placed<J>>)> {
    let mut groups: Vec<(Device, Vec<Placed<J>>)> = Vec::new();
    for (place, (device, job)) in jobs.into_iter().enumerate() {
        match groups.iter_mut().find(|(known, _)| *known == device) {
            Some((_, jobs)) => jobs.push((place, job)),
            None => groups.push((device, vec![(place, job)])),
        }
    }
    groups
}

/// The text of a panic, in one line.
pub(crate) fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("a panic without a message");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A turn with the random generators of this process, from seeding to the end of a forward pass. A
/// backend has one generator for all threads: what another thread draws in between would be missing
/// in the replay. Asynchronous devices compute side by side all the same, since a forward pass is
/// only launched here.
pub(crate) fn generator_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
