//! What can be wrong with a whole file or with a column of it.

use parquet::basic::Compression;
use parquet::errors::ParquetError;

use super::{Column, Part, Reader};
use crate::BertError;
use crate::quote::reason;

impl Reader<'_> {
    /// The error for a column of another type than the expected one.
    pub(super) fn wrong_type(&self, part: Part, column: Column, expected: &str) -> BertError {
        let kind = part.group.metadata().column(column.place).column_type();
        let message = format!(
            "column `{}` is of type {kind}; expected {expected}",
            column.name
        );
        self.error(None, message)
    }

    /// The error for a column whose pages cannot be read: its compression, or damage.
    pub(super) fn unreadable(&self, part: Part, column: Column, error: ParquetError) -> BertError {
        let codec = part.group.metadata().column(column.place).compression();
        let known = matches!(
            codec,
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_)
        );
        let text = error.to_string();
        // How the `parquet` crate speaks of a compression that is not built in.
        if known
            || !["Disabled feature", "not supported"]
                .iter()
                .any(|why| text.contains(why))
        {
            return self.broken(error);
        }
        let name = codec.to_string();
        let name = name.split('(').next().unwrap_or_default();
        let message = format!(
            "is compressed by {name}, and this program reads Snappy, gzip and no compression: \
             write it again, in Python by `pyarrow.parquet.write_table(pyarrow.parquet.read_table(\
             FILE), NEW, compression=\"snappy\")`"
        );
        self.error(None, message)
    }

    /// The error for a file that is damaged.
    pub(super) fn broken(&self, error: ParquetError) -> BertError {
        let reason = reason(&error.to_string());
        self.error(None, format!("is not a whole Parquet file: {reason}"))
    }

    /// An error in the file. `row` counts from 0.
    pub(super) fn error(&self, row: Option<usize>, message: impl Into<String>) -> BertError {
        BertError::data(self.path, row.map(|row| row as u64 + 1), message)
    }
}
