//! The classifier as a chain of stages. A trial can start at the first stage that has moved.

use burn::module::{Module, ModuleVisitor};
use burn::tensor::Tensor;
use burn_sls_optim::Stages;

use crate::BertClassifier;
use crate::attention::Queries;
use crate::glue::GlueBatch;
use crate::rows::Rows;

/// The state that one stage of a [`BertClassifier`] passes to the next.
#[derive(Clone, Debug)]
pub struct Hidden {
    rows: Rows,
    /// `[tokens, hidden]`; `[batch, hidden]` after the last layer, and `[batch, classes]` after the
    /// head.
    values: Tensor<2>,
}

/// The stages are the embeddings, every layer, and the head with its pooler.
///
/// Costs are counted in multiplications of linear maps, with a layer as 1. The last layer computes
/// one token of every sequence. For the other tokens it needs two of its twelve `hidden × hidden`
/// products, so its cost is 1/6.
impl Stages<GlueBatch> for BertClassifier {
    type Hidden = Hidden;

    fn stages(&self) -> usize {
        self.bert.encoder.layer.len() + 2
    }

    fn stage(&self, index: usize, batch: &GlueBatch, before: Option<Hidden>) -> Hidden {
        let Some(Hidden { rows, values }) = before else {
            let input = &batch.input;
            let rows = Rows::new(input.attention_mask.clone(), input.packing.clone());
            let values = self.bert.embeddings.rows(input);
            return Hidden { rows, values };
        };
        let layers = &self.bert.encoder.layer;
        let values = match layers.get(index - 1) {
            Some(layer) if index == layers.len() => layer.forward(values, Queries::First, &rows),
            Some(layer) => layer.forward(values, Queries::All, &rows),
            None if layers.is_empty() => self.head(rows.first(values)),
            None => self.head(values),
        };
        Hidden { rows, values }
    }

    fn losses(&self, batch: &GlueBatch, last: Hidden) -> Tensor<1> {
        batch.labels.losses(last.values)
    }

    fn detach(Hidden { mut rows, values }: Hidden) -> Hidden {
        rows.bias = rows.bias.detach();
        let values = values.detach();
        Hidden { rows, values }
    }

    fn visit_stage<V: ModuleVisitor>(&self, index: usize, visitor: &mut V) {
        match index.checked_sub(1) {
            None => self.bert.embeddings.visit(visitor),
            Some(index) => match self.bert.encoder.layer.get(index) {
                Some(layer) => layer.visit(visitor),
                None => {
                    self.pooler.visit(visitor);
                    self.classifier.visit(visitor);
                }
            },
        }
    }

    fn cost(&self, index: usize) -> f64 {
        let layers = self.bert.encoder.layer.len();
        match index {
            0 => 0.0,
            index if index < layers => 1.0,
            index if index == layers => 1.0 / 6.0,
            _ => 0.0,
        }
    }
}
