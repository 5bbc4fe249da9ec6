//! Batches, in an order that depends on the seed and the epoch alone.
//!
//! A resumed run must see the batches that the interrupted one would have seen, so the order of an
//! epoch is not the state of a generator but a function of (seed, epoch).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use burn_sls_bert::glue::{Features, GlueBatch, collate};
use burn_sls_core::random::{self, Generator};

use crate::model::{EvaluationBatch, Part};
use crate::recorder::Recorder;

/// Examples on their way to the model.
#[derive(Clone)]
struct Batches {
    features: Arc<Vec<Features>>,
    batch_size: usize,
    pad_id: u32,
    device: Device,
}

impl Batches {
    fn collate(&self, rows: &[usize]) -> GlueBatch {
        let rows: Vec<Features> = rows.iter().map(|&row| self.features[row].clone()).collect();
        collate(&rows, self.pad_id, &self.device)
    }

    /// Chunks of `order`, a batch each.
    fn chunks(&self, order: Vec<usize>) -> impl Iterator<Item = Vec<usize>> + use<> {
        let (size, mut begin) = (self.batch_size, 0);
        std::iter::from_fn(move || {
            let end = order.len().min(begin + size);
            let batch = order[begin..end].to_vec();
            begin = end;
            (!batch.is_empty()).then_some(batch)
        })
    }

    /// The examples by length, so that a batch holds little padding.
    fn by_length(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.features.len()).collect();
        order.sort_by_key(|&row| self.features[row].ids.len());
        order
    }
}

/// The training set, shuffled again for every epoch.
pub struct TrainingLoader {
    batches: Batches,
    seed: u64,
    /// The epoch that the next iterator is for, from 1.
    epoch: AtomicUsize,
    recorder: Arc<Recorder>,
}

/// Several sets one after the other, each by length, for evaluation.
pub struct EvaluationLoader {
    sets: Vec<(Part, Batches)>,
}

impl TrainingLoader {
    /// Batches for the epochs from `first_epoch` (1 in a fresh run).
    pub fn new(
        features: Arc<Vec<Features>>,
        batch_size: usize,
        pad_id: u32,
        seed: u64,
        first_epoch: usize,
        recorder: Arc<Recorder>,
    ) -> Self {
        Self {
            batches: Batches {
                features,
                batch_size,
                pad_id,
                device: Device::default(),
            },
            seed,
            epoch: AtomicUsize::new(first_epoch),
            recorder,
        }
    }
}

/// The order of `count` examples in an epoch, from 1.
pub fn order(count: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let seed = random::seed(seed, epoch as u64, 0);
    Generator::new(seed).shuffle(&mut order);
    order
}

impl EvaluationLoader {
    /// Batches of the sets, in their order.
    pub fn new(sets: Vec<(Part, Arc<Vec<Features>>)>, batch_size: usize, pad_id: u32) -> Self {
        let batches = |features| Batches {
            features,
            batch_size,
            pad_id,
            device: Device::default(),
        };
        let sets = sets.into_iter();
        Self {
            sets: sets.map(|(part, rows)| (part, batches(rows))).collect(),
        }
    }

    /// The same parts, with other batches.
    fn map(&self, batches: impl FnMut(&Batches) -> Batches) -> Arc<Self> {
        let parts = self.sets.iter().map(|(part, _)| *part);
        let batches = self.sets.iter().map(|(_, batches)| batches).map(batches);
        Arc::new(Self {
            sets: parts.zip(batches).collect(),
        })
    }
}

impl DataLoader<GlueBatch> for TrainingLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<GlueBatch> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed);
        self.recorder.epoch_begins(epoch);
        // Dropout of an optimizer that does not seed the device itself: a resumed epoch draws what
        // the interrupted one would have drawn.
        self.batches
            .device
            .seed(random::seed(self.seed, epoch as u64, 1));
        let order = order(self.batches.features.len(), self.seed, epoch);
        let chunks = self.batches.chunks(order);
        Box::new(Counted {
            items: chunks.map(|rows| (rows.len(), self.batches.collate(&rows))),
            done: 0,
            total: self.num_items(),
        })
    }

    fn num_items(&self) -> usize {
        self.batches.features.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<GlueBatch>> {
        Arc::new(Self {
            batches: Batches {
                device: device.clone(),
                ..self.batches.clone()
            },
            seed: self.seed,
            epoch: AtomicUsize::new(self.epoch.load(Ordering::Relaxed)),
            recorder: self.recorder.clone(),
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<GlueBatch>> {
        let features = Arc::new(self.batches.features[start..end].to_vec());
        Arc::new(Self {
            batches: Batches {
                features,
                ..self.batches.clone()
            },
            seed: self.seed,
            epoch: AtomicUsize::new(self.epoch.load(Ordering::Relaxed)),
            recorder: self.recorder.clone(),
        })
    }
}

impl DataLoader<EvaluationBatch> for EvaluationLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<EvaluationBatch> + 'a> {
        let items = self.sets.iter().flat_map(|(part, batches)| {
            let collate = move |rows: Vec<usize>| {
                let (part, batch) = (*part, batches.collate(&rows));
                (rows.len(), EvaluationBatch { part, batch })
            };
            batches.chunks(batches.by_length()).map(collate)
        });
        Box::new(Counted {
            items,
            done: 0,
            total: self.num_items(),
        })
    }

    fn num_items(&self) -> usize {
        let sets = self.sets.iter();
        sets.map(|(_, batches)| batches.features.len()).sum()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<EvaluationBatch>> {
        self.map(|batches| Batches {
            device: device.clone(),
            ..batches.clone()
        })
    }

    /// A part of the sets, laid end to end.
    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<EvaluationBatch>> {
        let mut before = 0;
        self.map(|batches| {
            let count = batches.features.len();
            let within = |place: usize| place.clamp(before, before + count) - before;
            let rows = within(start)..within(end);
            before += count;
            Batches {
                features: Arc::new(batches.features[rows].to_vec()),
                ..batches.clone()
            }
        })
    }
}

/// An iterator over batches that knows how many examples it has given out.
struct Counted<I> {
    items: I,
    done: usize,
    total: usize,
}

impl<T, I: Iterator<Item = (usize, T)>> Iterator for Counted<I> {
    type Item = Result<T, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (count, item) = self.items.next()?;
        self.done += count;
        Some(Ok(item))
    }
}

impl<T, I: Iterator<Item = (usize, T)>> DataLoaderIterator<T> for Counted<I> {
    fn progress(&self) -> Progress {
        Progress::new(self.done, self.total, Some("examples".to_string()))
    }
}

#[cfg(test)]
mod tests {
    use burn_sls_bert::glue::Label;

    use super::*;

    #[test]
    fn a_slice_of_several_sets_takes_them_as_laid_end_to_end() {
        let set = |count| {
            let row = |id| Features {
                ids: vec![id],
                type_ids: vec![0],
                label: Label::Class(0),
            };
            Arc::new((0..count).map(row).collect::<Vec<_>>())
        };
        let sets = vec![
            (Part::Validation, set(3)),
            (Part::Mismatched, set(2)),
            (Part::Training, set(4)),
        ];
        let loader = EvaluationLoader::new(sets, 2, 0);
        let batches = |loader: &dyn DataLoader<EvaluationBatch>| -> Vec<(Part, usize)> {
            let items = loader.iter().map(|item| item.expect("a batch"));
            items
                .map(|item| (item.part, item.batch.input.input_ids.dims()[0]))
                .collect()
        };
        let (validation, mismatched, training) =
            (Part::Validation, Part::Mismatched, Part::Training);
        assert_eq!(
            batches(&loader),
            [
                (validation, 2),
                (validation, 1),
                (mismatched, 2),
                (training, 2),
                (training, 2)
            ]
        );
        let slice = loader.slice(2, 6);
        assert_eq!(slice.num_items(), 4);
        assert_eq!(
            batches(slice.as_ref()),
            [(validation, 1), (mismatched, 2), (training, 1)]
        );
        assert_eq!(loader.slice(3, 5).num_items(), 2);
    }
}
