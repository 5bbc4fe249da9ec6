//! Turns with a random generator, among the threads of a process.
//!
//! A backend has one random generator for all threads of its process. Between the seeding and the
//! end of a forward pass nobody else may draw: the numbers would be missing in the replay.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use burn::module::Module;
use burn::tensor::Device;

thread_local! {
    /// Whether this thread has the turn.
    static MINE: Cell<bool> = const { Cell::new(false) };
}

/// A turn with the random generator of a device, from the seeding to the end of a forward pass.
/// Asynchronous devices compute side by side all the same, since a forward pass is only launched
/// here.
///
/// All devices of this process take turns, and those that share a device in another process.
pub(crate) struct GeneratorTurn {
    _lock: MutexGuard<'static, ()>,
}

impl GeneratorTurn {
    /// Waits for the turn. There is none in two cases, in which waiting could last for ever:
    ///
    /// - This thread has it already, as in a closure that takes a step of another optimizer.
    /// - This is a thread of a rayon pool, and another has the turn. The forward pass of that one
    ///   may need this thread.
    pub(crate) fn wait(device: &Device) -> Option<Self> {
        if MINE.get() {
            return None;
        }
        let generator = generator_of(device);
        let lock = match burn_sls_kernels::is_pool_thread() {
            false => generator.lock().unwrap_or_else(PoisonError::into_inner),
            true => match generator.try_lock() {
                Ok(lock) => lock,
                Err(TryLockError::Poisoned(lock)) => lock.into_inner(),
                Err(TryLockError::WouldBlock) => return None,
            },
        };
        MINE.set(true);
        Some(Self { _lock: lock })
    }

    /// The same for the device of a model, if its devices are seeded.
    pub(crate) fn of_model<M: Module>(model: &M, seeded: bool) -> Option<Self> {
        let device = seeded.then(|| model.devices().into_iter().next());
        device.flatten().and_then(|device| Self::wait(&device))
    }
}

impl Drop for GeneratorTurn {
    fn drop(&mut self) {
        MINE.set(false);
    }
}

/// The generator that a device shares with others.
fn generator_of(device: &Device) -> &'static Mutex<()> {
    static HERE: Mutex<()> = Mutex::new(());
    static ELSEWHERE: Mutex<BTreeMap<String, &'static Mutex<()>>> = Mutex::new(BTreeMap::new());
    match elsewhere(device) {
        None => &HERE,
        Some(name) => {
            let mut all = ELSEWHERE.lock().unwrap_or_else(PoisonError::into_inner);
            // A process has few devices, and keeps them until it ends.
            all.entry(name).or_insert_with(|| Box::leak(Box::default()))
        }
    }
}

/// The name of a device of another process. Only its text says so, without Burn's feature `remote`
/// among those of this crate. A device whose text changes takes turns with those of this process,
/// which costs time and nothing else.
fn elsewhere(device: &Device) -> Option<String> {
    let text = format!("{:?}", device.clone().inner());
    text.starts_with("Device<Remote").then_some(text)
}
