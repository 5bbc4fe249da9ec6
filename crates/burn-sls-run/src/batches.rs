//! Batches for Burn's `Learner`, in an order that depends on the seed and the epoch alone.
//!
//! A resumed run must see the batches that the interrupted one would have seen, so the order of an
//! epoch is not the state of a generator but a function of (seed, epoch).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::Device;
use burn_sls_core::random::{self, Generator};

/// Makes a batch on a device of a set's examples.
type Collate<S, T, B> = Arc<dyn Fn(S, &[&T], &Device) -> B + Send + Sync>;

/// The order of `count` examples in an epoch, from 1.
pub fn order(count: usize, seed: u64, epoch: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let seed = random::seed(seed, epoch as u64, 0);
    Generator::new(seed).shuffle(&mut order);
    order
}

/// The training examples, shuffled again for every epoch.
pub struct TrainingLoader<T, B> {
    examples: Arc<Vec<T>>,
    batch_size: usize,
    seed: u64,
    /// The epoch that the next iterator is for, from 1.
    epoch: AtomicUsize,
    begins: Arc<dyn Fn(usize) + Send + Sync>,
    collate: Collate<(), T, B>,
    device: Device,
}

impl<T, B> TrainingLoader<T, B> {
    /// Batches that `collate` makes, for the epochs from `first_epoch` (1 in a fresh run). `begins`
    /// is called with the epoch before its first batch.
    pub fn new(
        examples: Arc<Vec<T>>,
        batch_size: usize,
        seed: u64,
        first_epoch: usize,
        begins: impl Fn(usize) + Send + Sync + 'static,
        collate: impl Fn(&[&T], &Device) -> B + Send + Sync + 'static,
    ) -> Self {
        Self {
            examples,
            batch_size,
            seed,
            epoch: AtomicUsize::new(first_epoch),
            begins: Arc::new(begins),
            collate: Arc::new(move |(), rows, device| collate(rows, device)),
            device: Device::default(),
        }
    }

    fn with(&self, examples: Arc<Vec<T>>, device: Device) -> Arc<Self> {
        Arc::new(Self {
            examples,
            device,
            batch_size: self.batch_size,
            seed: self.seed,
            epoch: AtomicUsize::new(self.epoch.load(Ordering::Relaxed)),
            begins: self.begins.clone(),
            collate: self.collate.clone(),
        })
    }
}

impl<T: Clone + Send + Sync + 'static, B: 'static> DataLoader<B> for TrainingLoader<T, B> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<B> + 'a> {
        let epoch = self.epoch.fetch_add(1, Ordering::Relaxed);
        (self.begins)(epoch);
        // Dropout of an optimizer that does not seed the device itself: a resumed epoch draws what
        // the interrupted one would have drawn.
        self.device.seed(random::seed(self.seed, epoch as u64, 1));
        let order = order(self.examples.len(), self.seed, epoch);
        Box::new(Counted {
            items: chunks(order, self.batch_size).map(|rows| {
                let examples: Vec<&T> = rows.iter().map(|&row| &self.examples[row]).collect();
                (rows.len(), (self.collate)((), &examples, &self.device))
            }),
            done: 0,
            total: self.num_items(),
        })
    }

    fn num_items(&self) -> usize {
        self.examples.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<B>> {
        self.with(self.examples.clone(), device.clone())
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<B>> {
        let examples = self.examples[start..end].to_vec();
        self.with(Arc::new(examples), self.device.clone())
    }
}

/// Several sets one after the other for evaluation, each with its short examples first.
pub struct EvaluationLoader<S, T, B> {
    sets: Vec<(S, Arc<Vec<T>>)>,
    batch_size: usize,
    length: fn(&T) -> usize,
    collate: Collate<S, T, B>,
    device: Device,
}

impl<S, T, B> EvaluationLoader<S, T, B> {
    /// Batches that `collate` makes of the sets, in their order. In each set the examples go by
    /// `length`, so that a batch holds little padding.
    pub fn new(
        sets: Vec<(S, Arc<Vec<T>>)>,
        batch_size: usize,
        length: fn(&T) -> usize,
        collate: impl Fn(S, &[&T], &Device) -> B + Send + Sync + 'static,
    ) -> Self {
        Self {
            sets,
            batch_size,
            length,
            collate: Arc::new(collate),
            device: Device::default(),
        }
    }

    fn with(&self, sets: Vec<(S, Arc<Vec<T>>)>, device: Device) -> Arc<Self> {
        Arc::new(Self {
            sets,
            device,
            batch_size: self.batch_size,
            length: self.length,
            collate: self.collate.clone(),
        })
    }
}

impl<S, T, B> DataLoader<B> for EvaluationLoader<S, T, B>
where
    S: Copy + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    B: 'static,
{
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<B> + 'a> {
        let items = self.sets.iter().flat_map(move |(set, examples)| {
            let mut order: Vec<usize> = (0..examples.len()).collect();
            order.sort_by_key(|&row| (self.length)(&examples[row]));
            chunks(order, self.batch_size).map(move |rows| {
                let rows: Vec<&T> = rows.iter().map(|&row| &examples[row]).collect();
                (rows.len(), (self.collate)(*set, &rows, &self.device))
            })
        });
        Box::new(Counted {
            items,
            done: 0,
            total: self.num_items(),
        })
    }

    fn num_items(&self) -> usize {
        self.sets.iter().map(|(_, examples)| examples.len()).sum()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<B>> {
        self.with(self.sets.clone(), device.clone())
    }

    /// A part of the sets, laid end to end.
    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<B>> {
        let mut before = 0;
        let sets = self.sets.iter().map(|(set, examples)| {
            let count = examples.len();
            let within = |place: usize| place.clamp(before, before + count) - before;
            let rows = within(start)..within(end);
            before += count;
            (*set, Arc::new(examples[rows].to_vec()))
        });
        let sets = sets.collect();
        self.with(sets, self.device.clone())
    }
}

/// Chunks of `order`, a batch each.
fn chunks(order: Vec<usize>, size: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let end = order.len().min(begin + size);
        let batch = order[begin..end].to_vec();
        begin = end;
        (!batch.is_empty()).then_some(batch)
    })
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
    use super::*;

    type Batches = Vec<(char, Vec<usize>)>;

    fn batches(loader: &dyn DataLoader<(char, Vec<usize>)>) -> Batches {
        loader.iter().map(|item| item.expect("a batch")).collect()
    }

    #[test]
    fn a_slice_of_several_sets_takes_them_as_laid_end_to_end() {
        let set = |lengths: &[usize]| Arc::new(lengths.to_vec());
        let sets = vec![
            ('a', set(&[5, 3, 4])),
            ('b', set(&[1, 2])),
            ('c', set(&[9, 9, 8, 7])),
        ];
        let rows = |set: char, rows: &[&usize], _: &Device| {
            (set, rows.iter().map(|row| **row).collect::<Vec<_>>())
        };
        let loader = EvaluationLoader::new(sets, 2, |length| *length, rows);
        let expected = [
            ('a', vec![3, 4]),
            ('a', vec![5]),
            ('b', vec![1, 2]),
            ('c', vec![7, 8]),
            ('c', vec![9, 9]),
        ];
        assert_eq!(batches(&loader), expected);
        let slice = loader.slice(2, 6);
        assert_eq!(slice.num_items(), 4);
        let expected = [('a', vec![4]), ('b', vec![1, 2]), ('c', vec![9])];
        assert_eq!(batches(slice.as_ref()), expected);
        assert_eq!(loader.slice(3, 5).num_items(), 2);
    }

    #[test]
    fn an_epoch_has_every_example_once_in_an_order_of_its_own() {
        let loader = |first_epoch| {
            let examples = Arc::new((0..10).collect::<Vec<usize>>());
            let rows = |rows: &[&usize], _: &Device| {
                ('t', rows.iter().map(|row| **row).collect::<Vec<_>>())
            };
            TrainingLoader::new(examples, 4, 7, first_epoch, |_| {}, rows)
        };
        let fresh = loader(1);
        let epochs = [batches(&fresh), batches(&fresh)];
        assert_ne!(epochs[0], epochs[1]);
        // A resumed run goes on with what would have come.
        assert_eq!(batches(&loader(2)), epochs[1]);
        for epoch in epochs {
            let sizes = epoch.iter().map(|(_, rows)| rows.len());
            assert!(sizes.eq([4, 4, 2]));
            let mut rows: Vec<usize> = epoch.into_iter().flat_map(|(_, rows)| rows).collect();
            rows.sort();
            assert!(rows.into_iter().eq(0..10));
        }
    }
}
