//! Losses on several devices, each micro-batch's where its training forward was.
//!
//! One device, the *main* one, has the parameters, takes every decision and makes every move. The
//! others are sent the model, and send losses back. They work side by side, each on a thread of its
//! own.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, StreamId, Tensor};

use super::losses::{Losses, MicroBatch, one_by_one};
use super::replay::seed_device;
use super::turn::GeneratorTurn;
use crate::error::LineSearchError;

/// Losses that are evaluated where the training forward was.
pub(crate) struct OnDevices<F> {
    pub(crate) main: Main,
    pub(crate) losses: F,
}

/// The main device, and how others work beside it.
#[derive(Clone)]
pub(crate) struct Main {
    pub(crate) device: Device,
    /// Whether devices work on one thread. Forks share running statistics, and move them to their
    /// device, in no order if they are on several threads.
    one_thread: bool,
}

impl Main {
    /// Of a model that is to be trained.
    pub(crate) fn of<M: Module>(model: &M) -> Self {
        struct Find {
            trained: Option<Device>,
            others: bool,
        }
        impl ModuleVisitor for Find {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                match param.is_require_grad() {
                    true if self.trained.is_none() => self.trained = Some(param.lazy_device()),
                    true => {}
                    // A running statistic, or a frozen parameter: a visitor sees no difference.
                    false => self.others = true,
                }
            }
        }
        let mut find = Find {
            trained: None,
            others: false,
        };
        model.visit(&mut find);
        let any = || model.devices().into_iter().next();
        Self {
            // Running statistics may be on the device of any worker.
            device: find.trained.or_else(any).unwrap_or_default().inner(),
            one_thread: find.others,
        }
    }
}

impl<M: Module, I: Clone + Send, F: Fn(&M, &I) -> Tensor<1> + Sync> Losses<M, I> for OnDevices<F> {
    fn losses(&self, model: &M, batch: &MicroBatch<I>, _first: usize) -> Tensor<1> {
        (self.losses)(model, &batch.item)
    }

    fn of_all(
        &self,
        model: &M,
        batches: &[MicroBatch<I>],
        first: usize,
    ) -> Result<Vec<Tensor<1>>, LineSearchError> {
        let main = &self.main.device;
        if batches
            .iter()
            .all(|batch| batch.device.as_ref().is_none_or(|device| device == main))
        {
            return Ok(one_by_one(self, model, batches, first));
        }
        let jobs = batches.iter().map(|batch| {
            let device = batch.device.as_ref().unwrap_or(main);
            (device.clone(), (batch.item.clone(), batch.seed))
        });
        side_by_side(
            model,
            &self.main,
            jobs.collect(),
            |model, device, (item, seed)| {
                let _turn = seed.map(|_| GeneratorTurn::wait(device));
                seed_device(device, seed);
                to_main((self.losses)(model, &item), main)
            },
        )
    }
}

/// The device of the parameters that are trained.
pub(crate) fn main_device<M: Module>(model: &M) -> Device {
    Main::of(model).device
}

/// Losses on the main device, where they may be already.
pub(crate) fn to_main(losses: Tensor<1>, main: &Device) -> Tensor<1> {
    match losses.device() == *main {
        true => losses,
        false => losses.to_device(main),
    }
}

/// What `work` makes of every job, on the job's device, in the order of the jobs. Each device has a
/// fork of the model, and works on a thread of its own where that can be. Jobs that are all on the
/// main device need neither.
///
/// # Errors
///
/// [`LineSearchError::Device`] if the work on another device panics, as it does where the
/// connection to that device is lost.
pub(crate) fn side_by_side<M: Module, J: Send, R: Send>(
    model: &M,
    main: &Main,
    jobs: Vec<(Device, J)>,
    work: impl Fn(&M, &Device, J) -> R + Sync,
) -> Result<Vec<R>, LineSearchError> {
    if jobs.iter().all(|(device, _)| *device == main.device) {
        let done = jobs.into_iter();
        let done = done.map(|(_, job)| work(model, &main.device, job));
        return Ok(done.collect());
    }
    let mut results: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
    let mut failure = None;
    let mut ended = |device: &Device, done: thread::Result<Vec<Placed<R>>>| match done {
        Ok(done) => done
            .into_iter()
            .for_each(|(place, result)| results[place] = Some(result)),
        Err(panic) if *device == main.device => resume_unwind(panic),
        Err(panic) => {
            failure.get_or_insert(format!("{device:?}: {}", message_of(panic.as_ref())));
        }
    };
    let mut groups = by_device(jobs);
    // The main device comes last: others may compute while it does.
    groups.sort_by_key(|(device, _)| *device == main.device);
    let on_device = |device: &Device, model: M, jobs: Vec<Placed<J>>| -> Vec<Placed<R>> {
        let model = model.fork(device);
        let done = jobs.into_iter();
        done.map(|(place, job)| (place, work(&model, device, job)))
            .collect()
    };
    match main.one_thread {
        true => {
            for (device, jobs) in groups {
                let done = || on_device(&device, model.clone(), jobs);
                ended(&device, catch_unwind(AssertUnwindSafe(done)));
            }
        }
        false => thread::scope(|scope| {
            let on_device = &on_device;
            let groups = groups.into_iter().enumerate();
            let threads = groups.map(|(index, (device, jobs))| {
                let (model, to, stream) = (model.clone(), device.clone(), stream(index));
                let work = move || stream.executes(|| on_device(&to, model, jobs));
                (device, scope.spawn(work))
            });
            // All of them begin before the first is waited for.
            for (device, thread) in threads.collect::<Vec<_>>() {
                ended(&device, thread.join());
            }
        }),
    }
    if let Some(message) = failure {
        return Err(LineSearchError::Device { message });
    }
    let results = results.into_iter();
    Ok(results
        .map(|result| result.expect("the result of a job"))
        .collect())
}

/// The stream of the thread of this index, of those that the present thread starts. A new stream for
/// every trial would have memory of its own on a GPU, and threads that run at the same time must not
/// share one.
fn stream(index: usize) -> StreamId {
    thread_local! {
        static STREAMS: RefCell<Vec<StreamId>> = const { RefCell::new(Vec::new()) };
    }
    STREAMS.with_borrow_mut(|streams| {
        while streams.len() <= index {
            streams.push(StreamId::allocate());
        }
        streams[index]
    })
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
