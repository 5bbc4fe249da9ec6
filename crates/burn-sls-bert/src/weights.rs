//! A safetensors file, checked on the host before any of it reaches a device.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::store::{
    FloatCastAdapter, ModuleAdapter, ModuleSnapshot, ModuleStore, PyTorchToBurnAdapter,
    SafetensorsStore,
};
use burn::tensor::DType;
use safetensors::tensor::{Metadata, TensorView};
use safetensors::{Dtype, SafeTensors};

use crate::BertError;
use crate::files::recognised;
use crate::folder::unread;
use crate::quote::listed;

/// The bytes of a safetensors file whose header has been read and checked.
#[derive(Debug)]
pub(crate) struct WeightFile {
    path: PathBuf,
    bytes: Vec<u8>,
    header: Metadata,
    /// Where the tensors begin in `bytes`, after the header.
    begin: usize,
    /// Canonical name → key as spelled in the file.
    keys: BTreeMap<String, String>,
}

impl WeightFile {
    /// Reads a file whole, so that the same bytes are checked and loaded.
    ///
    /// `canonical` turns a key into the name it is asked for by; two keys of one name are an error.
    pub(crate) fn open(path: &Path, canonical: fn(&str) -> String) -> Result<Self, BertError> {
        let refusal = |message: String| BertError::weights(path, "", message);
        let bytes = fs::read(path).map_err(|source| unread(path, source, refusal))?;
        let (length, header) = SafeTensors::read_metadata(&bytes).map_err(|error| {
            let size = bytes.len();
            refusal(match recognised(&bytes) {
                Some(what) => what.to_owned(),
                None => format!(
                    "not a complete safetensors file ({error}; {size} bytes): \
                     fetch it again, it may have been cut short"
                ),
            })
        })?;
        let mut keys = BTreeMap::new();
        for key in header.offset_keys() {
            if let Some(other) = keys.insert(canonical(&key), key.clone()) {
                return Err(BertError::weights(
                    path,
                    &*key,
                    format!("means the same parameter as `{other}`; keep one of them"),
                ));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            // The header's length stands before it, in eight bytes.
            begin: size_of::<u64>() + length,
            bytes,
            header,
            keys,
        })
    }

    /// The tensor of this key, as spelled in the file.
    fn tensor(&self, key: &str) -> Result<TensorView<'_>, BertError> {
        let info = self.header.info(key);
        let info = info.ok_or_else(|| self.error(key, "is missing"))?;
        let (begin, end) = info.data_offsets;
        let data = self.bytes.get(self.begin + begin..self.begin + end);
        TensorView::new(info.dtype, info.shape.clone(), data.unwrap_or_default())
            .map_err(|error| self.error(key, error.to_string()))
    }

    /// The keys of the file, as they are spelled there.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &String> {
        self.keys.values()
    }

    /// An error about this file.
    pub(crate) fn error(&self, key: &str, message: impl Into<String>) -> BertError {
        BertError::weights(&self.path, key, message)
    }

    /// Checks that the tensor called `name` is there, has this shape, a float type, and only finite
    /// numbers. Returns its key as spelled in the file.
    pub(crate) fn check(&self, name: &str, shape: &[usize]) -> Result<&str, BertError> {
        let Some(key) = self.keys.get(name) else {
            let found: Vec<_> = self.keys().take(3).map(String::as_str).collect();
            return Err(self.error(
                name,
                format!(
                    "is missing; the file's {} keys start with {}",
                    self.keys.len(),
                    listed(&found)
                ),
            ));
        };
        let tensor = self.tensor(key)?;
        if tensor.shape() != shape {
            return Err(self.error(
                key,
                format!(
                    "has shape {:?}, but the configuration makes it {shape:?}",
                    tensor.shape()
                ),
            ));
        }
        let bad = match first_not_finite(tensor.dtype(), tensor.data()) {
            Ok(bad) => bad,
            Err(dtype) => {
                return Err(self.error(
                    key,
                    format!("has type {dtype}; expected F32, F16, BF16 or F64"),
                ));
            }
        };
        match bad {
            Some(index) => Err(self.error(
                key,
                format!("number {index} is NaN, infinite or too large for 32 bits"),
            )),
            None => Ok(key),
        }
    }

    /// The shape of the tensor called `name`, if it is there.
    pub(crate) fn shape(&self, name: &str) -> Option<Vec<usize>> {
        let info = self.header.info(self.keys.get(name)?)?;
        Some(info.shape.clone())
    }

    /// Loads the tensors called `names` into `module`, through Burn's adapter for PyTorch's
    /// layouts, as 32-bit floats; `path` turns a name into the parameter's path.
    ///
    /// Only these are handed to Burn's store, each under its one name: whatever else is in the
    /// file, of whatever type and called whatever, has no say. The price is a second copy of them
    /// until the module has its own.
    ///
    /// Call [`check`](Self::check) for every parameter first; it has the better messages.
    pub(crate) fn load_into<M: ModuleSnapshot>(
        &self,
        module: &mut M,
        names: impl IntoIterator<Item = String>,
        path: fn(&str) -> String,
    ) -> Result<(), BertError> {
        let failed = |error: String| self.error("", error);
        let mut wanted = Vec::new();
        for name in names {
            let key = self.keys.get(&name).unwrap_or(&name);
            wanted.push((path(&name), self.tensor(key)?));
        }
        let bytes =
            safetensors::serialize(wanted, None).map_err(|error| failed(error.to_string()))?;
        SafetensorsStore::from_bytes(Some(bytes))
            .with_from_adapter(PyTorchToBurnAdapter.chain(FloatCastAdapter::to(DType::F32)))
            .apply_to(module)
            .map_err(|error| failed(error.to_string()))?;
        Ok(())
    }
}

/// The index of the first number that is not a finite 32-bit float; the type's name if it is not a
/// float type this crate reads.
fn first_not_finite(dtype: Dtype, data: &[u8]) -> Result<Option<usize>, String> {
    /// The numbers' exponent bits all set: NaN or infinite.
    fn saturated<const N: usize>(data: &[u8], exponent: u16) -> Option<usize> {
        data.chunks_exact(N).position(|number| {
            let high = u16::from_le_bytes([number[N - 2], number[N - 1]]);
            high & exponent == exponent
        })
    }
    Ok(match dtype {
        Dtype::F32 => saturated::<4>(data, 0x7f80),
        Dtype::BF16 => saturated::<2>(data, 0x7f80),
        Dtype::F16 => saturated::<2>(data, 0x7c00),
        Dtype::F64 => data.chunks_exact(8).position(|number| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(number);
            !(f64::from_le_bytes(bytes) as f32).is_finite()
        }),
        other => return Err(format!("{other:?}")),
    })
}
