//! Named numbers as a fixed count of words: the form in which a state is recorded.
//!
//! A checkpoint holds the state as a tensor, and Burn loads a tensor only into one of the same
//! length. So the length depends on the number of units alone, with room for fields that later
//! versions may add. Every field has a name: one that a reader does not know is passed over, and
//! one that is not there has its default.
//!
//! ```text
//! field:  length of the name in words | name, eight bytes a word | count | values
//! end:    0, and zeros up to the length
//! ```

use std::collections::BTreeMap;

use burn::tensor::TensorData;

use crate::error::LineSearchError;

/// Words of every state, and words per original unit.
const WORDS: usize = 512;
const WORDS_PER_UNIT: usize = 48;

/// Fields by name.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<String, Vec<u64>>);

impl Fields {
    pub(super) fn put(&mut self, name: &str, values: impl IntoIterator<Item = u64>) {
        self.0
            .insert(name.to_string(), values.into_iter().collect());
    }

    pub(super) fn put_floats(&mut self, name: &str, values: impl IntoIterator<Item = f64>) {
        self.put(name, values.into_iter().map(f64::to_bits));
    }

    /// The values of a field; none if it is not there.
    pub(super) fn get(&self, name: &str) -> &[u64] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The only value of a field, or its default.
    pub(super) fn one(&self, name: &str, default: u64) -> u64 {
        self.get(name).first().copied().unwrap_or(default)
    }

    pub(super) fn float(&self, name: &str, default: f64) -> f64 {
        f64::from_bits(self.one(name, default.to_bits()))
    }

    /// The number of words for that many original units.
    fn length(units: usize) -> Option<usize> {
        units.checked_mul(WORDS_PER_UNIT)?.checked_add(WORDS)
    }

    /// The words, as whole numbers below 2^16 that are exact in any integer type of 32 bits or
    /// more.
    pub(super) fn to_data(&self, units: usize) -> TensorData {
        let mut words: Vec<u64> = Vec::new();
        for (name, values) in &self.0 {
            let packed: Vec<u64> = name.as_bytes().chunks(8).map(pack).collect();
            words.push(packed.len() as u64);
            words.extend(packed);
            words.push(values.len() as u64);
            words.extend(values);
        }
        let length = Self::length(units).expect("a state of units that exist");
        assert!(words.len() < length, "a state fits its record");
        words.resize(length, 0);
        let parts = |word: u64| (0..4).map(move |part| (word >> (16 * part)) as u16 as i32);
        let parts: Vec<i32> = words.into_iter().flat_map(parts).collect();
        TensorData::from(parts.as_slice())
    }

    /// The inverse of [`to_data`](Self::to_data).
    pub(super) fn from_data(data: &TensorData) -> Result<Self, LineSearchError> {
        let parts: Vec<i64> = data.iter::<i64>().collect();
        if !parts.len().is_multiple_of(4) || parts.iter().any(|part| !(0..1 << 16).contains(part)) {
            return Err(damaged());
        }
        let words: Vec<u64> = parts
            .chunks(4)
            .map(|parts| {
                parts
                    .iter()
                    .rev()
                    .fold(0, |word, &part| word << 16 | part as u64)
            })
            .collect();
        let mut fields = Self::default();
        let mut rest = words.as_slice();
        loop {
            match take_one(&mut rest).ok_or_else(damaged)? {
                0 => return Ok(fields),
                length => {
                    let name = take(&mut rest, length).ok_or_else(damaged)?;
                    let bytes: Vec<u8> = name.iter().flat_map(|word| word.to_le_bytes()).collect();
                    let name = String::from_utf8_lossy(&bytes);
                    let name = name.trim_end_matches('\0').to_string();
                    let count = take_one(&mut rest).ok_or_else(damaged)?;
                    let values = take(&mut rest, count).ok_or_else(damaged)?;
                    fields.0.insert(name, values.to_vec());
                }
            }
        }
    }
}

fn damaged() -> LineSearchError {
    LineSearchError::Record {
        reason: "it is damaged, or no state of a line search".to_string(),
    }
}

fn pack(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

fn take<'a>(words: &mut &'a [u64], count: u64) -> Option<&'a [u64]> {
    let (taken, rest) = words.split_at_checked(usize::try_from(count).ok()?)?;
    *words = rest;
    Some(taken)
}

fn take_one(words: &mut &[u64]) -> Option<u64> {
    take(words, 1).map(|taken| taken[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_back_by_name_whatever_else_is_there() {
        let mut fields = Fields::default();
        fields.put("step", [7]);
        fields.put_floats("a name of more than eight bytes", [0.1 + 0.2, f64::MAX]);
        fields.put("nothing", []);
        let back = Fields::from_data(&fields.to_data(3)).expect("its own data");
        assert_eq!(back.one("step", 0), 7);
        let floats = back.get("a name of more than eight bytes");
        assert_eq!(f64::from_bits(floats[0]), 0.1 + 0.2);
        assert!(back.get("nothing").is_empty());
        assert_eq!(back.float("not there", 0.5), 0.5);
        let lengths = [1, 2].map(|units| fields.to_data(units).num_elements());
        assert_eq!(lengths[1] - lengths[0], 4 * WORDS_PER_UNIT);
    }

    #[test]
    fn any_other_tensor_is_refused() {
        for parts in [vec![1, 0, 0, 0], vec![5; 7], vec![-1, 0, 0, 0], vec![]] {
            let data = TensorData::from(parts.as_slice());
            assert!(Fields::from_data(&data).is_err(), "{parts:?}");
        }
    }
}
