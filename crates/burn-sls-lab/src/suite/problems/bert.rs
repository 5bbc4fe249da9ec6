//! A BERT that learns to classify sentences, or pairs of them, by the code of `glue train`.

use std::sync::Arc;

use burn::tensor::{Device, Tensor};
use burn_sls_bert::BertClassifier;
use burn_sls_bert::glue::{Features, GlueBatch, collate};
use burn_sls_run::batches;
use glue::data::Data;

use crate::suite::nets::initialised;
use crate::suite::problem::{Evaluation, Plan, Problem};

use super::numbers::Draw;
use super::supervised::{host, mean};

/// Makes the model. Random numbers come from the device.
type Build = Box<dyn Fn(&Device) -> BertClassifier>;

/// A BERT, the tokenized examples that it learns from, and those that it is measured on.
pub(super) struct Classification {
    seed: u64,
    plan: Plan,
    training: Arc<Vec<Features>>,
    measured: Vec<Features>,
    held_out: Vec<Features>,
    pad_id: u32,
    initial_scale: f64,
    build: Build,
}

/// Examples that a measurement takes at a time.
const AT_ONCE: usize = 32;

impl Classification {
    /// A problem whose first `measured` training examples, and all validation examples, are
    /// measured.
    pub(super) fn new(
        seed: u64,
        plan: Plan,
        data: Data,
        measured: usize,
        build: impl Fn(&Device) -> BertClassifier + 'static,
    ) -> Self {
        let measured = measured.min(data.training.len());
        Self {
            seed,
            plan,
            measured: by_length(&data.training[..measured]),
            held_out: by_length(&data.validation),
            training: data.training,
            pad_id: data.tokenizer.pad_id(),
            initial_scale: 1.0,
            build: Box::new(build),
        }
    }

    /// The same with matrices multiplied by `scale` at the start.
    #[must_use]
    pub(super) fn scaled(self, scale: f64) -> Self {
        Self {
            initial_scale: scale,
            ..self
        }
    }

    /// The mean loss and the share of examples that are right.
    fn measure(&self, model: &BertClassifier, rows: &[Features], device: &Device) -> (f64, f64) {
        let (mut losses, mut right) = (Vec::new(), 0);
        for rows in rows.chunks(AT_ONCE) {
            let GlueBatch { input, labels } = collate(rows, self.pad_id, device);
            let outputs = model.forward(&input);
            losses.extend(host(labels.losses(outputs.clone())));
            let predicted = labels.predicted(outputs).read();
            let pairs = rows.iter().zip(predicted);
            right += pairs.filter(|(row, label)| row.label == *label).count();
        }
        (mean(&losses), right as f64 / rows.len() as f64)
    }
}

/// The examples by length, so that a batch holds little padding.
fn by_length(rows: &[Features]) -> Vec<Features> {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|row| row.ids.len());
    rows
}

impl Problem for Classification {
    type Model = BertClassifier;
    type Batch = GlueBatch;

    fn plan(&self) -> Plan {
        self.plan.clone()
    }

    fn model(&self, device: &Device) -> BertClassifier {
        let seed = burn_sls_core::random::seed(self.seed, 0, Draw::Weights as u64);
        initialised(seed, self.initial_scale, device, &self.build)
    }

    /// Every example once in an epoch, in the order of `glue train`; the last mini-batch of an
    /// epoch may be a smaller one.
    fn batch(&self, step: usize, device: &Device) -> GlueBatch {
        let (count, size) = (self.training.len(), self.plan.batch);
        let of_epoch = count.div_ceil(size);
        let order = batches::order(count, self.seed, 1 + step / of_epoch);
        let first = step % of_epoch * size;
        let rows = order[first..count.min(first + size)].iter();
        let rows: Vec<Features> = rows.map(|&row| self.training[row].clone()).collect();
        collate(&rows, self.pad_id, device)
    }

    fn losses(&self, model: &BertClassifier, batch: &GlueBatch) -> Tensor<1> {
        batch.labels.losses(model.forward(&batch.input))
    }

    fn evaluate(&self, model: &BertClassifier, device: &Device) -> Evaluation {
        let (loss, _) = self.measure(model, &self.measured, device);
        let (held_out, accuracy) = self.measure(model, &self.held_out, device);
        Evaluation {
            loss,
            held_out: Some(held_out),
            accuracy: Some(accuracy),
        }
    }
}
