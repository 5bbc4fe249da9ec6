//! Reading a task's Parquet files, in the layout of the hub.

mod faults;
mod headers;
mod pages;

use std::fs::File;
use std::panic;
use std::path::Path;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::SchemaDescriptor;

use self::pages::CheckedPages;
use super::expected::{UNLABELLED, numbered};
use super::hub_files::contents;
use super::{Example, Label, Rows, Split, Target, Task, hub_files};
use crate::BertError;
use crate::quote::listed;

/// Reads a split from `dir`, a copy of the hub's data set `nyu-mll/glue`. For the names of the
/// files see [`hub_files`]. A split in several files is read in their order.
///
/// The examples are the same as from [`read_split`](super::read_split) on the official files. A
/// label is the index of a class in [`Task::class_names`], or the score of STS-B.
///
/// Pages are uncompressed, or compressed by Snappy, as the hub's are, or by gzip.
///
/// # Errors
///
/// [`BertError::Task`] if the task does not have the split. [`BertError::Io`] if a file cannot be
/// opened. [`BertError::Data`], with file and row, for
///
/// - a missing, incomplete or damaged file, or one without rows,
/// - another compression, which is named,
/// - a missing column, or a column of another type,
/// - a sentence or label that is null, or text that is not UTF-8,
/// - a label that is not a class, or a score that is out of range.
pub fn read_hub_split(dir: impl AsRef<Path>, task: Task, split: Split) -> Result<Rows, BertError> {
    let dir = dir.as_ref();
    let usual = task
        .hub_file(split)
        .ok_or_else(|| task.lacks_mismatched())?;
    let paths = hub_files(dir, task, split)?;
    let Some(first) = paths.first() else {
        let there = match contents(&dir.join(task.name())) {
            Some(names) => format!("{} has {names}", task.name()),
            None => format!("there is no folder {} with files", task.name()),
        };
        let message = format!("this file of {task} is missing; {there}");
        return Err(BertError::data(&dir.join(usual), None, message));
    };
    let mut examples = Vec::new();
    for path in &paths {
        let file = File::open(path).map_err(|source| BertError::io(path, source))?;
        let reader = Reader { path, task };
        // With a damaged file, the `parquet` crate can fail an assertion.
        let read = panic::catch_unwind(|| reader.read(file)).unwrap_or_else(|_| {
            Err(reader.error(None, "is not a whole Parquet file: its pages are damaged"))
        });
        examples.append(&mut read?);
    }
    match examples.is_empty() {
        true => Err(BertError::data(first, None, "has no rows")),
        false => Ok(Rows {
            examples,
            cut_short: None,
        }),
    }
}

/// The reader of one file.
struct Reader<'a> {
    path: &'a Path,
    task: Task,
}

/// A column to read: its index in the file, and its name.
#[derive(Clone, Copy)]
struct Column<'a> {
    place: usize,
    name: &'a str,
}

/// A row group of the file.
#[derive(Clone, Copy)]
struct Part<'a> {
    group: &'a dyn RowGroupReader,
    /// The file that it is in.
    file: &'a File,
    /// The number of its rows.
    rows: usize,
    /// The number of rows before it.
    before: usize,
}

impl Reader<'_> {
    fn read(&self, file: File) -> Result<Vec<Example>, BertError> {
        let again = file
            .try_clone()
            .map_err(|error| self.broken(error.into()))?;
        let reader = SerializedFileReader::new(again).map_err(|error| self.broken(error))?;
        let metadata = reader.metadata();
        let schema = metadata.file_metadata().schema_descr();
        let names = self.task.columns();
        let first = self.column(schema, names.first)?;
        let second = match names.second {
            [] => None,
            names => Some(self.column(schema, names)?),
        };
        let label = self.column(schema, names.label)?;

        let mut examples = Vec::new();
        for group in 0..metadata.num_row_groups() {
            let group = reader.get_row_group(group);
            let group = group.map_err(|error| self.broken(error))?;
            let part = Part {
                group: &*group,
                file: &file,
                rows: usize::try_from(group.metadata().num_rows()).unwrap_or(0),
                before: examples.len(),
            };
            let firsts = self.texts(part, first)?;
            let seconds = second.map(|column| self.texts(part, column)).transpose()?;
            let labels = self.labels(part, label)?;
            let mut seconds = seconds.unwrap_or_default().into_iter();
            examples.extend(
                firsts
                    .into_iter()
                    .zip(labels)
                    .map(|(first, label)| Example {
                        first,
                        second: seconds.next(),
                        label,
                    }),
            );
        }
        let told = metadata.file_metadata().num_rows();
        if i64::try_from(examples.len()) != Ok(told) {
            let message = format!("declares {told} rows but has {}", examples.len());
            return Err(self.error(None, message));
        }
        Ok(examples)
    }

    /// The column with the first of these names that exists.
    fn column<'s>(
        &self,
        schema: &'s SchemaDescriptor,
        names: &[&str],
    ) -> Result<Column<'s>, BertError> {
        let columns = schema.columns();
        // Nested columns do not count.
        let plain = |name: &&str| {
            let place = columns
                .iter()
                .position(|column| column.path().parts() == [*name] && column.max_rep_level() == 0);
            place.map(|place| Column {
                place,
                name: columns[place].name(),
            })
        };
        names.iter().find_map(plain).ok_or_else(|| {
            let there: Vec<String> = columns.iter().map(|c| c.path().string()).collect();
            self.error(
                None,
                format!(
                    "has no column called {}; the columns are {}",
                    names.join(" or "),
                    listed(&there)
                ),
            )
        })
    }

    fn texts(&self, part: Part, column: Column) -> Result<Vec<String>, BertError> {
        let values: Vec<ByteArray> = match self.open(part, column)? {
            ColumnReader::ByteArrayColumnReader(reader) => self.values(part, column, reader)?,
            _ => return Err(self.wrong_type(part, column, "text")),
        };
        let texts = values.into_iter().enumerate().map(|(row, value)| {
            String::from_utf8(value.data().to_vec()).map_err(|_| {
                let message = format!("the row's `{}` is not UTF-8 text", column.name);
                self.error(Some(part.before + row), message)
            })
        });
        texts.collect()
    }

    fn labels(&self, part: Part, column: Column) -> Result<Vec<Label>, BertError> {
        match self.task.target() {
            Target::Classes(_) => {
                let classes: Vec<i64> = match self.open(part, column)? {
                    ColumnReader::Int64ColumnReader(reader) => self.values(part, column, reader)?,
                    ColumnReader::Int32ColumnReader(reader) => {
                        let values = self.values(part, column, reader)?;
                        values.into_iter().map(i64::from).collect()
                    }
                    _ => return Err(self.wrong_type(part, column, "whole numbers")),
                };
                let rows = classes.into_iter().zip(part.before..);
                rows.map(|(class, row)| self.class(class, row)).collect()
            }
            Target::Score { lowest, highest } => {
                let scores: Vec<f64> = match self.open(part, column)? {
                    ColumnReader::FloatColumnReader(reader) => {
                        let values = self.values(part, column, reader)?;
                        values.into_iter().map(as_written).collect()
                    }
                    ColumnReader::DoubleColumnReader(reader) => {
                        self.values(part, column, reader)?
                    }
                    _ => return Err(self.wrong_type(part, column, "scores")),
                };
                let score = |(score, row)| match (lowest..=highest).contains(&score) {
                    true => Ok(Label::Score(score)),
                    false => {
                        let unlabelled = if score == -1.0 { UNLABELLED } else { "" };
                        let message = format!(
                            "the row's score {score} is not from {lowest} to {highest}{unlabelled}"
                        );
                        Err(self.error(Some(row), message))
                    }
                };
                scores.into_iter().zip(part.before..).map(score).collect()
            }
        }
    }

    fn class(&self, class: i64, row: usize) -> Result<Label, BertError> {
        if let Ok(place) = usize::try_from(class)
            && place < self.task.class_names().len()
        {
            return Ok(Label::Class(place));
        }
        let unlabelled = if class == -1 { UNLABELLED } else { "" };
        let message = format!(
            "the row's label is {class}{unlabelled}; expected one of {}",
            numbered(self.task)
        );
        Err(self.error(Some(row), message))
    }

    fn open(&self, part: Part, column: Column) -> Result<ColumnReader, BertError> {
        let schema = part.group.metadata().schema_descr_ptr();
        let described = schema.column(column.place);
        let (start, length) = part.group.metadata().column(column.place).byte_range();
        if let Some(fault) = headers::fault(part.file, start, length) {
            let message = format!("column `{}` {fault}: the file is damaged", column.name);
            return Err(self.error(None, message));
        }
        let pages = part.group.get_column_page_reader(column.place);
        let pages = pages.map_err(|error| self.unreadable(part, column, error))?;
        let checked = CheckedPages::new(pages, described.max_def_level());
        Ok(get_column_reader(described, Box::new(checked)))
    }

    /// A value for every row.
    fn values<T: DataType>(
        &self,
        part: Part,
        column: Column,
        mut reader: ColumnReaderImpl<T>,
    ) -> Result<Vec<T::T>, BertError> {
        /// The number of rows to read at once, so that a file with a wrong count takes no memory.
        const AT_ONCE: usize = 4096;
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        while values.len() < part.rows {
            levels.clear();
            let rest = AT_ONCE.min(part.rows - values.len());
            let before = values.len();
            let (rows, there, _) = reader
                .read_records(rest, Some(&mut levels), None, &mut values)
                .map_err(|error| self.unreadable(part, column, error))?;
            if rows == 0 {
                let message = format!(
                    "column `{}` ends here, {} rows too early: the file is incomplete",
                    column.name,
                    part.rows - before
                );
                return Err(self.error(Some(part.before + before), message));
            }
            if there < rows {
                // The definition level in a nullable column is 1 for a value and 0 for null.
                let null = levels.iter().position(|&level| level == 0).unwrap_or(there);
                let message = format!("the row's `{}` is null", column.name);
                return Err(self.error(Some(part.before + before + null), message));
            }
        }
        Ok(values)
    }
}

/// The decimal number that an `f32` was made from. The official scores have a few decimals. A score
/// of 3.8 must stay 3.8, and a cast to `f64` would give 3.799999952.
fn as_written(score: f32) -> f64 {
    score.to_string().parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests;
