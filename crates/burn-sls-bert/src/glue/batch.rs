//! Turning examples into batches.

use core::borrow::Borrow;

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

impl Features {
    /// The example as numbers, of which any other token, type or label changes one.
    pub fn words(&self) -> impl Iterator<Item = u64> {
        let label = match self.label {
            Label::Class(class) => class as u64,
            Label::Score(score) => score.to_bits(),
        };
        let lists = [&self.ids, &self.type_ids].into_iter();
        let lists = lists.flat_map(|list| {
            let numbers = list.iter().map(|&number| number.into());
            std::iter::once(list.len() as u64).chain(numbers)
        });
        lists.chain([label])
    }
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
pub fn collate<F: Borrow<Features>>(features: &[F], pad_id: u32, device: &Device) -> GlueBatch {
    let features: Vec<&Features> = features.iter().map(Borrow::borrow).collect();
    let padded = Padded::new(&features, pad_id);
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
    fn new(features: &[&Features], pad_id: u32) -> Self {
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
        let padded = Padded::new(&rows.each_ref(), 9);
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

    #[test]
    fn another_token_cut_or_label_gives_other_words() {
        let row = |ids: &[u32], label| Features {
            ids: ids.to_vec(),
            type_ids: vec![0; ids.len()],
            label,
        };
        let (first, second) = (Label::Class(0), Label::Class(1));
        let sets = [
            vec![row(&[1, 2], first), row(&[3], second)],
            vec![row(&[1, 4], first), row(&[3], second)],
            vec![row(&[1, 2], second), row(&[3], second)],
            vec![row(&[3], second), row(&[1, 2], first)],
            vec![row(&[1], first), row(&[2, 3], second)],
            vec![row(&[1, 2], Label::Score(0.5)), row(&[3], second)],
            vec![row(&[1, 2], first)],
        ];
        let words = sets.map(|set| set.iter().flat_map(Features::words).collect::<Vec<_>>());
        for (index, one) in words.iter().enumerate() {
            assert!(!words[..index].contains(one), "set {index}");
        }
    }
}
