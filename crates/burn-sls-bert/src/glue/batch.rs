//! Turning examples into batches.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::{Example, Label, Labels};
use crate::{BertError, BertInput, Packing, Tokenizer};

/// A tokenized example.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// Token numbers, not padded.
    pub ids: Vec<u32>,
    /// Token types, as many as `ids`.
    pub type_ids: Vec<u32>,
    /// The label.
    pub label: Label,
}

/// A padded batch on a device.
#[derive(Debug, Clone)]
pub struct GlueBatch {
    /// The input of the model, tensors `[batch, seq]`.
    pub input: BertInput,
    /// The labels, `[batch]`.
    pub labels: Labels,
}

/// Tokenizes examples, and truncates each to `max_length` tokens.
///
/// # Errors
///
/// Those of [`Tokenizer::encode`].
pub fn encode(
    examples: &[Example],
    tokenizer: &Tokenizer,
    max_length: usize,
) -> Result<Vec<Features>, BertError> {
    let texts: Vec<_> = examples
        .iter()
        .map(|example| (example.first.as_str(), example.second.as_deref()))
        .collect();
    let encoded = tokenizer.encode_all(&texts, max_length)?;
    Ok(encoded
        .into_iter()
        .zip(examples)
        .map(|(encoded, example)| Features {
            ids: encoded.ids,
            type_ids: encoded.type_ids,
            label: example.label,
        })
        .collect())
}

/// Makes a batch, padded to its longest example, and packed if that saves work.
///
/// # Shapes
///
/// - input of the model: `[batch, seq]`, where `seq` is the largest number of tokens
/// - labels: `[batch]`
///
/// # Panics
///
/// If classes and scores are mixed.
pub fn collate(features: &[Features], pad_id: u32, device: &Device) -> GlueBatch {
    let padded = Padded::new(features, pad_id);
    let shape = [features.len(), padded.seq];
    let int = |numbers: Vec<i32>| -> Tensor<2, Int> {
        Tensor::from_data(TensorData::new(numbers, shape), device)
    };
    let labels: Vec<Label> = features.iter().map(|f| f.label).collect();
    let lengths: Vec<usize> = features.iter().map(|f| f.ids.len()).collect();
    GlueBatch {
        input: BertInput {
            input_ids: int(padded.ids),
            attention_mask: Tensor::<2, Bool>::from_data(
                TensorData::new(padded.mask, shape),
                device,
            ),
            token_type_ids: int(padded.type_ids),
            packing: Packing::new(&lengths, padded.seq, device),
        },
        labels: Labels::new(&labels, device),
    }
}

/// Rows of the same length in one vector.
struct Padded {
    seq: usize,
    ids: Vec<i32>,
    mask: Vec<bool>,
    type_ids: Vec<i32>,
}

impl Padded {
    fn new(features: &[Features], pad_id: u32) -> Self {
        let seq = features.iter().map(|f| f.ids.len()).max().unwrap_or(0);
        let size = features.len() * seq;
        let mut padded = Self {
            seq,
            ids: Vec::with_capacity(size),
            mask: Vec::with_capacity(size),
            type_ids: Vec::with_capacity(size),
        };
        for (row, Features { ids, type_ids, .. }) in features.iter().enumerate() {
            padded.ids.extend(ids.iter().map(|&id| id as i32));
            padded.type_ids.extend(type_ids.iter().map(|&id| id as i32));
            padded.mask.extend(ids.iter().map(|_| true));
            let full = (row + 1) * seq;
            padded.ids.resize(full, pad_id as i32);
            padded.type_ids.resize(full, 0);
            padded.mask.resize(full, false);
        }
        padded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_to_the_longest() {
        let features = |ids: &[u32], type_ids: &[u32]| Features {
            ids: ids.to_vec(),
            type_ids: type_ids.to_vec(),
            label: Label::Class(0),
        };
        let rows = [
            features(&[2, 7, 3], &[0, 0, 1]),
            features(&[], &[]),
            features(&[2], &[0]),
        ];
        let padded = Padded::new(&rows, 9);
        assert_eq!(padded.seq, 3);
        assert_eq!(padded.ids, [2, 7, 3, 9, 9, 9, 2, 9, 9]);
        assert_eq!(padded.type_ids, [0, 0, 1, 0, 0, 0, 0, 0, 0]);
        let row = |real| (0..3).map(move |i| i < real);
        assert!(
            padded
                .mask
                .into_iter()
                .eq(row(3).chain(row(0)).chain(row(1)))
        );
    }
}
