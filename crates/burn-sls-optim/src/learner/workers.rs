//! What the workers of a training on several devices leave for the optimizer.
//!
//! Under `ExecutionStrategy::MultiDevice`, Burn clones the model for every worker, in the order of
//! the devices, and each worker forks its clone to its device, on a thread of its own. So a fork
//! finds the place of its device by counting clones, and leaves what it has kept with the model that
//! it was cloned from. There `TrainStep::optimize` finds the micro-batches of all workers, in the
//! order of the devices and not of arrival.
//!
//! A fork on the thread that made the clone is no worker's. Burn moves a model that way before a
//! training.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use burn::tensor::Device;

use crate::objective::MicroBatch;

/// The link between a model, its clones, and the forks of these.
pub(super) struct Workers<I> {
    /// What forks of this model and of its clones have left. Clones share it.
    left: Arc<Mutex<Left<I>>>,
    /// How many micro-batches had been left when this clone was made.
    before: usize,
    /// Clones that were made of this one.
    clones: AtomicUsize,
    /// The place that a fork of this clone has.
    place: usize,
    /// The thread that made this clone; none of a model that is no clone.
    cloned_on: Option<ThreadId>,
    /// Where this fork leaves its micro-batches.
    origin: Option<Origin<I>>,
    /// Whether any fork has left a micro-batch, for all clones and forks.
    seen: Arc<AtomicBool>,
}

/// What forks have left since the last move.
struct Left<I> {
    /// The seed of the run, once the first forward has asked for it.
    run_seed: Option<u64>,
    /// Micro-batches and their places.
    batches: Vec<(usize, MicroBatch<I>)>,
}

/// Where a fork comes from.
struct Origin<I> {
    left: Weak<Mutex<Left<I>>>,
    place: usize,
    main: Device,
    device: Device,
}

/// A fork of a model that is still there.
pub(super) struct Worker<'a, I> {
    /// The place of the fork's first micro-batch among all.
    place: usize,
    /// The main device.
    pub(super) main: &'a Device,
    /// The device of the fork.
    pub(super) device: &'a Device,
    left: Arc<Mutex<Left<I>>>,
    seen: &'a AtomicBool,
}

impl<I> Default for Left<I> {
    fn default() -> Self {
        Self {
            run_seed: None,
            batches: Vec::new(),
        }
    }
}

impl<I> Default for Workers<I> {
    fn default() -> Self {
        Self {
            left: Arc::default(),
            before: 0,
            clones: AtomicUsize::new(0),
            place: 0,
            cloned_on: None,
            origin: None,
            seen: Arc::default(),
        }
    }
}

impl<I> Workers<I> {
    /// Those of a clone. Its forks come after the micro-batches that were left so far, in the order
    /// of the clones.
    pub(super) fn of_clone(&self) -> Self {
        let place = self.before + self.clones.fetch_add(1, Ordering::Relaxed);
        Self {
            left: self.left.clone(),
            before: lock(&self.left).batches.len(),
            clones: AtomicUsize::new(0),
            place,
            cloned_on: Some(thread::current().id()),
            origin: None,
            seen: self.seen.clone(),
        }
    }

    /// Those of a fork to `device`, of a model that is on the device `main`.
    pub(super) fn of_fork(&self, main: impl FnOnce() -> Device, device: &Device) -> Self {
        let elsewhere = |thread| thread != thread::current().id();
        let origin = self.cloned_on.is_some_and(elsewhere).then(|| Origin {
            left: Arc::downgrade(&self.left),
            place: self.place,
            main: main(),
            device: device.clone(),
        });
        Self {
            origin,
            ..self.renewed()
        }
    }

    /// Those of a model of its own, with nothing left from before.
    pub(super) fn renewed(&self) -> Self {
        Self {
            seen: self.seen.clone(),
            ..Self::default()
        }
    }

    /// This model as a worker, if it is a fork of a model that is still there.
    pub(super) fn worker(&self) -> Option<Worker<'_, I>> {
        let origin = self.origin.as_ref()?;
        Some(Worker {
            place: origin.place,
            main: &origin.main,
            device: &origin.device,
            left: origin.left.upgrade()?,
            seen: &self.seen,
        })
    }

    /// Everything that forks have left, in its order, with the seed of the run.
    pub(super) fn take(&self) -> (Option<u64>, Vec<MicroBatch<I>>) {
        let Left {
            run_seed,
            mut batches,
        } = std::mem::take(&mut *lock(&self.left));
        batches.sort_by_key(|(place, _)| *place);
        (
            run_seed,
            batches.into_iter().map(|(_, batch)| batch).collect(),
        )
    }

    /// Whether this training, or one before it, is on several devices. The answer can be asked for
    /// when the model is gone.
    pub(super) fn seen(&self) -> Arc<AtomicBool> {
        self.seen.clone()
    }
}

impl<I> Worker<'_, I> {
    /// The seed of the run, which the first worker to ask draws for all.
    pub(super) fn run_seed(&self, draw: impl FnOnce() -> u64) -> u64 {
        *lock(&self.left).run_seed.get_or_insert_with(draw)
    }

    /// The place of this fork's next micro-batch, after the `made` that it has.
    pub(super) fn place(&self, made: usize) -> usize {
        let next = |left: &Left<I>| left.batches.iter().map(|(place, _)| place + 1).max();
        match made {
            0 => self.place,
            _ => next(&lock(&self.left)).unwrap_or(made),
        }
    }

    /// Leaves a micro-batch with the model that this fork comes from.
    pub(super) fn leave(&self, place: usize, batch: MicroBatch<I>) {
        self.seen.store(true, Ordering::Relaxed);
        lock(&self.left).batches.push((place, batch));
    }
}

fn lock<I>(left: &Mutex<Left<I>>) -> MutexGuard<'_, Left<I>> {
    left.lock().unwrap_or_else(PoisonError::into_inner)
}
