//! Iterates as bytes, for records.
//!
//! ```text
//! count u64 | for every parameter, by its id:
//!             id u64 | z | 1 and the residual, or 0, as u64
//! a tensor:   bytes of a number, 4 or 8, as u64 | count of numbers u64 | the numbers
//! ```
//!
//! Everything is little-endian.

use core::fmt;

use burn::module::ParamId;
use burn::tensor::{DType, Element, TensorData};

use super::iterates::{Iterate, Iterates, Kept};

impl Iterates {
    /// All iterates, to the bit.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut iterates: Vec<_> = self.0.into_iter().collect();
        iterates.sort_by_key(|(id, _)| id.val());
        let mut bytes = Vec::new();
        put(&mut bytes, iterates.len() as u64);
        for (id, Iterate { z, residual }) in iterates {
            put(&mut bytes, id.val());
            put_tensor(&mut bytes, z);
            put(&mut bytes, u64::from(residual.is_some()));
            if let Some(residual) = residual {
                put_tensor(&mut bytes, residual);
            }
        }
        bytes
    }

    /// The inverse of [`into_bytes`](Self::into_bytes); nothing if the bytes are damaged.
    pub(crate) fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let count = take_u64(bytes)?;
        let mut iterates = Self::default();
        for _ in 0..count {
            let id = ParamId::from(take_u64(bytes)?);
            let z = take_tensor(bytes)?;
            let residual = match take_u64(bytes)? {
                0 => None,
                _ => Some(take_tensor(bytes)?),
            };
            iterates.0.insert(id, Iterate { z, residual });
        }
        bytes.is_empty().then_some(iterates)
    }
}

fn put(bytes: &mut Vec<u8>, number: u64) {
    bytes.extend(number.to_le_bytes());
}

fn put_tensor(bytes: &mut Vec<u8>, tensor: Kept) {
    let data = match tensor {
        Kept::Tensor(tensor) => tensor.into_data(),
        Kept::Recorded(data) => data,
    };
    let double = data.dtype() == DType::F64;
    put(bytes, if double { 8 } else { 4 });
    put(bytes, data.num_elements() as u64);
    match double {
        true => bytes.extend(data.iter::<f64>().flat_map(f64::to_le_bytes)),
        false => bytes.extend(data.iter::<f32>().flat_map(f32::to_le_bytes)),
    }
}

fn take_tensor(bytes: &mut &[u8]) -> Option<Kept> {
    let size = take_u64(bytes)?;
    let count = usize::try_from(take_u64(bytes)?).ok()?;
    let data = match size {
        4 => {
            let numbers = take_numbers(bytes, count)?.map(f32::from_le_bytes);
            finite(numbers, |number| number.is_finite())?
        }
        8 => {
            let numbers = take_numbers(bytes, count)?.map(f64::from_le_bytes);
            finite(numbers, |number| number.is_finite())?
        }
        _ => return None,
    };
    Some(Kept::Recorded(data))
}

/// The numbers, if all are finite. No training writes others, and one of them would spread to the
/// parameters without passing through a direction, whose slope is looked at.
fn finite<N: Copy + Element>(
    numbers: impl Iterator<Item = N>,
    is_finite: impl Fn(&N) -> bool,
) -> Option<TensorData> {
    let numbers: Vec<N> = numbers.collect();
    let all = numbers.iter().all(is_finite);
    all.then(|| TensorData::from(numbers.as_slice()))
}

/// The next eight bytes as a number.
pub(crate) fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*number))
}

/// The next bytes, as many.
pub(crate) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// The bytes of the next numbers, of `N` bytes each.
fn take_numbers<'a, const N: usize>(
    bytes: &mut &'a [u8],
    count: usize,
) -> Option<impl Iterator<Item = [u8; N]> + 'a> {
    let taken = take(bytes, count.checked_mul(N)?)?;
    let (numbers, _) = taken.as_chunks::<N>();
    Some(numbers.iter().copied())
}

impl fmt::Debug for Iterates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iterates of {} parameters", self.0.len())
    }
}
