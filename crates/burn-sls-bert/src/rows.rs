//! The tokens of a batch as the rows of one matrix, with or without padding.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use crate::attention::attention_bias;

/// Where the real tokens of a padded batch stand.
///
/// With it, a model computes nothing for padding but the attention scores: linear maps,
/// normalisations and activations see the real tokens alone, `[tokens, hidden]`. What comes out for
/// them is the same, since padding has the weight 0 in every attention.
#[derive(Debug, Clone)]
pub struct Packing {
    /// The place in the padded batch, of `batch * seq`, of every real token.
    real: Tensor<1, Int>,
    /// The real token that stands in every place of the padded batch; for padding, some real token.
    places: Tensor<1, Int>,
    /// The first token of every sequence, by its number among the real ones.
    first: Tensor<1, Int>,
}

impl Packing {
    /// The packing of sequences of these lengths, padded on the right to `seq` tokens.
    ///
    /// None if there is too little padding to be worth the copies, or if a sequence has no token at
    /// all.
    ///
    /// # Panics
    ///
    /// If a length is larger than `seq`.
    pub fn new(lengths: &[usize], seq: usize, device: &Device) -> Option<Self> {
        let places = Places::new(lengths, seq)?;
        let tensor = |numbers: Vec<i32>| {
            let shape = [numbers.len()];
            Tensor::from_data(TensorData::new(numbers, shape), device)
        };
        Some(Self {
            real: tensor(places.real),
            places: tensor(places.places),
            first: tensor(places.first),
        })
    }

    /// The same on the device that lies below one with gradients.
    pub fn inner(self) -> Self {
        Self {
            real: self.real.inner(),
            places: self.places.inner(),
            first: self.first.inner(),
        }
    }

    /// Of what stands in every place of the padded batch, `[batch, seq]`, that of the real tokens.
    pub(crate) fn pack_numbers(&self, padded: Tensor<2, Int>) -> Tensor<1, Int> {
        padded.flatten::<1>(0, 1).select(0, self.real.clone())
    }

    /// The position in its sequence of every real token.
    pub(crate) fn positions(&self, seq: usize) -> Tensor<1, Int> {
        self.real.clone().remainder_scalar(seq as i32)
    }
}

/// [`Packing`] on the host.
struct Places {
    real: Vec<i32>,
    places: Vec<i32>,
    first: Vec<i32>,
}

impl Places {
    /// The part of padding below which the copies cost more than they save.
    const WORTH_IT: f64 = 0.05;

    fn new(lengths: &[usize], seq: usize) -> Option<Self> {
        if let Some(length) = lengths.iter().find(|&&length| length > seq) {
            panic!("a sequence of {length} tokens in a batch of {seq}");
        }
        let count: usize = lengths.iter().sum();
        let size = lengths.len() * seq;
        if lengths.contains(&0) || (size - count) as f64 <= Self::WORTH_IT * size as f64 {
            return None;
        }
        let mut places = Self {
            real: Vec::with_capacity(count),
            places: Vec::with_capacity(size),
            first: Vec::with_capacity(lengths.len()),
        };
        for (row, &length) in lengths.iter().enumerate() {
            let first = places.real.len() as i32;
            places.first.push(first);
            let begin = (row * seq) as i32;
            places.real.extend(begin..begin + length as i32);
            places.places.extend(first..first + length as i32);
            places.places.resize((row + 1) * seq, first);
        }
        Some(places)
    }
}

/// What the layers need to know of a batch besides the vectors of its tokens.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// Sequences.
    pub(crate) batch: usize,
    /// Tokens of the longest.
    pub(crate) seq: usize,
    /// See [`attention_bias`], `[batch, 1, 1, seq]`.
    pub(crate) bias: Tensor<4>,
    packing: Option<Packing>,
}

impl Rows {
    /// # Shapes
    ///
    /// - `mask`: `[batch, seq]`
    pub(crate) fn new(mask: Tensor<2, Bool>, packing: Option<Packing>) -> Self {
        let [batch, seq] = mask.dims();
        Self {
            batch,
            seq,
            bias: attention_bias(mask),
            packing,
        }
    }

    /// `[tokens, hidden]` → `[batch * seq, hidden]`: every token in its place of the padded batch.
    pub(crate) fn pad(&self, rows: Tensor<2>) -> Tensor<2> {
        match &self.packing {
            None => rows,
            Some(packing) => rows.select(0, packing.places.clone()),
        }
    }

    /// `[batch * seq, hidden]` → `[tokens, hidden]`.
    pub(crate) fn pack(&self, padded: Tensor<2>) -> Tensor<2> {
        match &self.packing {
            None => padded,
            Some(packing) => padded.select(0, packing.real.clone()),
        }
    }

    /// The first token of every sequence: `[tokens, hidden]` → `[batch, hidden]`.
    pub(crate) fn first(&self, rows: Tensor<2>) -> Tensor<2> {
        match &self.packing {
            None => {
                let [_, hidden] = rows.dims();
                let padded = rows.reshape([self.batch, self.seq, hidden]);
                padded.slice([0..self.batch, 0..1]).squeeze_dim(1)
            }
            Some(packing) => rows.select(0, packing.first.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_finds_its_place_and_padding_some_real_token() {
        let places = Places::new(&[3, 1, 2], 4).unwrap();
        assert_eq!(places.real, [0, 1, 2, 4, 8, 9]);
        assert_eq!(places.places, [0, 1, 2, 0, 3, 3, 3, 3, 4, 5, 4, 4]);
        assert_eq!(places.first, [0, 3, 4]);
    }

    #[test]
    fn batches_that_gain_nothing_are_left_padded() {
        assert!(Places::new(&[20, 19], 20).is_none());
        assert!(Places::new(&[20, 17], 20).is_some());
        assert!(Places::new(&[4, 0], 4).is_none());
        assert!(Places::new(&[], 0).is_none());
    }
}
