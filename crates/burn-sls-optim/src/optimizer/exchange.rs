//! What processes say to each other in a step.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::peers::{Peers, PeersError};
use crate::error::LineSearchError;

/// The exchanges of a step.
pub(super) struct Talk<'a, P> {
    pub(super) peers: &'a P,
    /// How many there were.
    exchanges: Cell<u64>,
    /// Whether this process or another one has said that it had an error: nobody waits any more.
    over: Cell<bool>,
}

impl<'a, P: Peers> Talk<'a, P> {
    pub(super) fn new(peers: &'a P) -> Self {
        Self {
            peers,
            exchanges: Cell::new(0),
            over: Cell::new(false),
        }
    }

    /// The losses of every micro-batch of every process. Every process must have `gradients` numbers
    /// to add up next. If one of them has an error, all have: nobody waits for a process that has
    /// given up.
    pub(super) fn exchange(
        &self,
        gradients: u64,
        own: Result<Vec<Vec<f64>>, LineSearchError>,
    ) -> Result<Vec<Vec<Vec<f64>>>, LineSearchError> {
        let place = self.exchanges.replace(self.exchanges.get() + 1);
        let head = [place, gradients];
        let mut bytes = Vec::new();
        match &own {
            Ok(batches) => {
                bytes.extend(head.iter().flat_map(|number| number.to_le_bytes()));
                for losses in batches {
                    bytes.extend((losses.len() as u64).to_le_bytes());
                    bytes.extend(losses.iter().flat_map(|loss| loss.to_le_bytes()));
                }
            }
            Err(_) => bytes.extend(FAILED.to_le_bytes()),
        }
        self.over.set(own.is_err());
        let all = self.peers.gather(&bytes).map_err(lost);
        self.over.set(self.over.get() || all.is_err());
        let all = all?;
        own?;
        let of_process = |(rank, bytes): (usize, &Vec<u8>)| {
            let numbers = numbers(bytes);
            match numbers.split_at_checked(head.len()) {
                Some((same, losses)) if same == head => batches_of(losses).ok_or_else(|| {
                    apart(&format!("what the process of rank {rank} sent is damaged"))
                }),
                _ if numbers.first() == Some(&FAILED) => {
                    let had_error = format!("the process of rank {rank} had an error");
                    Err(apart(&had_error))
                }
                _ => Err(apart(
                    "processes have gradients of other parameters, or other trials",
                )),
            }
        };
        let gathered = all.iter().enumerate().map(of_process);
        let gathered: Result<Vec<_>, _> = gathered.collect();
        self.over.set(gathered.is_err());
        gathered
    }

    /// Says that this process had an error, if nobody has said so of any.
    pub(super) fn give_up(&self) {
        if !self.over.replace(true) {
            // Whoever is lost does not hear it.
            let _ = self.peers.gather(&FAILED.to_le_bytes());
        }
    }

    /// What `work` gives. If it panics, the others are told before the panic goes on, and after it
    /// has let go of what `work` holds.
    pub(super) fn unless_panic<R>(&self, work: impl FnOnce() -> R) -> R {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
            self.give_up();
            resume_unwind(panic)
        })
    }
}

/// What a process sends that had an error.
const FAILED: u64 = u64::MAX;

/// The losses of every micro-batch.
fn batches_of(mut rest: &[u64]) -> Option<Vec<Vec<f64>>> {
    let mut batches = Vec::new();
    while let Some((&count, after)) = rest.split_first() {
        let (losses, after) = after.split_at_checked(usize::try_from(count).ok()?)?;
        batches.push(losses.iter().map(|&bits| f64::from_bits(bits)).collect());
        rest = after;
    }
    Some(batches)
}

pub(super) fn numbers(bytes: &[u8]) -> Vec<u64> {
    let (numbers, _) = bytes.as_chunks::<8>();
    numbers
        .iter()
        .map(|&bytes| u64::from_le_bytes(bytes))
        .collect()
}

/// A number that differs where a text does, the same in every process.
pub(super) fn checksum(text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325;
    text.bytes().fold(start, |sum: u64, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

pub(super) fn lost(error: PeersError) -> LineSearchError {
    LineSearchError::Peers { reason: error.0 }
}

pub(super) fn apart(reason: &str) -> LineSearchError {
    LineSearchError::Peers {
        reason: reason.to_string(),
    }
}
