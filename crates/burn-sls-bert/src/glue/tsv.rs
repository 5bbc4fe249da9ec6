//! Reading a task's tab-separated files.

mod columns;
mod find;
mod labels;

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use self::columns::Places;
use self::find::find;
use super::foreign::other_kind;
use super::{Label, Split, Target, Task};
use crate::BertError;

/// A labelled sentence or pair of sentences.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The sentence, or the first of a pair.
    pub first: String,
    /// The second sentence of a pair.
    pub second: Option<String>,
    /// The label.
    pub label: Label,
}

/// The contents of a file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rows {
    /// The examples, in the order of the file.
    pub examples: Vec<Example>,
    /// The rows that were skipped, if any.
    pub cut_short: Option<CutShort>,
}

/// Rows that were skipped because they have too few fields. `Display` shows the file and the line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CutShort {
    /// The file.
    pub path: PathBuf,
    /// The number of these rows.
    pub rows: usize,
    /// The line of the first one, counted from 1.
    pub first_line: u64,
}

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, line) = (self.path.display(), self.first_line);
        match self.rows {
            1 => write!(f, "{path}:{line}: a row is cut short, and was skipped"),
            rows => write!(
                f,
                "{path}: {rows} rows are cut short, and were skipped; the first is line {line}"
            ),
        }
    }
}

/// Reads `dir/<task's folder>/<split's file>`.
///
/// Fields are separated by tabs and never quoted, because GLUE's sentences have unbalanced
/// quotation marks. Columns are found by the names in the first line, so that compact and official
/// files can be read. A byte order mark, `\r\n` and empty lines are allowed. A sentence may be
/// empty, and has no maximum length.
///
/// CoLA's official files have no line of column names. Their four columns are source, label, the
/// mark of the original judgement and the sentence. If the first line has the names `sentence` and
/// `label`, it is read as column names. Otherwise it is a row.
///
/// A label is spelled as in the official files, see [`Target::Classes`]. If the first line has the
/// hub's column names, numbers are read too, in the order of [`Task::class_names`]: for MNLI
/// `premise`, `hypothesis`, `label`, for QNLI and RTE the column `idx` beside the others.
///
/// A line must have as many fields as the first one. QQP is an exception, since some lines of its
/// official files are cut short. These are skipped, as is usual, and counted.
///
/// # Errors
///
/// [`BertError::Task`] if the task does not have the split. [`BertError::Io`] if the file cannot be
/// read. [`BertError::Data`], with file and line, for
///
/// - a missing folder, file or column,
/// - a wrong number of fields, or a file without rows,
/// - an unknown label, the hub's -1 for no label, or a score that is out of range,
/// - text that is not UTF-8, lines that end in `\r` alone, or a file of another kind.
pub fn read_split(dir: impl AsRef<Path>, task: Task, split: Split) -> Result<Rows, BertError> {
    let path = find(dir.as_ref(), task, split)?;
    let bytes = fs::read(&path).map_err(|source| BertError::io(&path, source))?;
    let text = utf8(&path, &bytes)?;
    let (path, target) = (path.as_path(), task.target());
    Reader {
        path,
        text,
        task,
        target,
    }
    .read()
}

/// The text of a file, without a byte order mark.
fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, BertError> {
    if let Some(kind) = other_kind(bytes) {
        return Err(BertError::data(path, None, kind));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64;
        BertError::data(
            path,
            Some(line),
            "is not UTF-8 text: save the file as UTF-8",
        )
    })?;
    check_line_ends(path, text)?;
    Ok(text)
}

/// Refuses a file in which most lines end in `\r` alone. It would be read as one line.
fn check_line_ends(path: &Path, text: &str) -> Result<(), BertError> {
    let inside = |line: &str| line.trim_end_matches('\r').contains('\r');
    let first = text.trim_start_matches(['\r', '\n']).split('\n').next();
    if !first.is_some_and(inside) {
        return Ok(());
    }
    let count = |end: &str| text.matches(end).count();
    let feeds = count("\n");
    let alone = count("\r") - count("\r\n");
    let found = match feeds {
        0 => "there is no line feed in the file".to_owned(),
        1 if alone > 1 => "there is one line feed in the file".to_owned(),
        feeds if feeds < alone => format!("there are {feeds} line feeds in the file"),
        _ => return Ok(()),
    };
    let message = format!(
        "{found}, and {alone} carriage returns (CR) without one: lines must end in a line feed; \
         convert the file, for example by `tr '\\r' '\\n' < FILE > NEW`"
    );
    Err(BertError::data(path, None, message))
}

/// The reader of one file.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    task: Task,
    target: Target,
}

impl Reader<'_> {
    fn read(&self) -> Result<Rows, BertError> {
        let mut lines = ReaderBuilder::new()
            .delimiter(b'\t')
            .quoting(false)
            .terminator(Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes());
        let mut record = ByteRecord::new();
        let mut next = |record: &mut ByteRecord| -> Result<Option<u64>, BertError> {
            loop {
                let more = lines
                    .read_byte_record(record)
                    .map_err(|error| self.error(None, error.to_string()))?;
                if !more {
                    return Ok(None);
                }
                if record.len() != 1 || !matches!(&record[0], b"" | b"\r") {
                    // The number of lines up to this one. The last line may have no `\n`.
                    let end = lines.position();
                    let closed = self.text.as_bytes()[..end.byte() as usize].ends_with(b"\n");
                    return Ok(Some(end.line() - u64::from(closed)));
                }
            }
        };

        let Some(first_line) = next(&mut record)? else {
            return Err(self.error(None, "is empty; expected rows"));
        };
        let places = self.places(&record, first_line)?;
        let mut row = match places.named {
            true => next(&mut record)?,
            false => Some(first_line),
        };
        let mut examples = Vec::new();
        let mut cut_short: Option<CutShort> = None;
        while let Some(line) = row {
            if self.task == Task::Qqp && record.len() < places.fields {
                let skipped = cut_short.get_or_insert_with(|| CutShort {
                    path: self.path.to_owned(),
                    rows: 0,
                    first_line: line,
                });
                skipped.rows += 1;
            } else {
                examples.push(self.example(&record, &places, line)?);
            }
            row = next(&mut record)?;
        }
        match (examples.is_empty(), cut_short) {
            (false, cut_short) => Ok(Rows {
                examples,
                cut_short,
            }),
            (true, None) => Err(self.error(None, "has no rows after the line of column names")),
            (true, Some(skipped)) => Err(self.error(
                Some(skipped.first_line),
                format!(
                    "has fewer fields than the first line, like every row of the file ({}); no row \
                     can be used",
                    skipped.rows
                ),
            )),
        }
    }

    fn example(
        &self,
        record: &ByteRecord,
        places: &Places,
        line: u64,
    ) -> Result<Example, BertError> {
        if record.len() != places.fields {
            return Err(self.error(
                Some(line),
                format!("has {} fields, {}", record.len(), places.because),
            ));
        }
        Ok(Example {
            first: field(record, places.first).to_owned(),
            second: places.second.map(|place| field(record, place).to_owned()),
            label: self.label(field(record, places.label), places, line)?,
        })
    }

    fn error(&self, line: Option<u64>, message: impl Into<String>) -> BertError {
        BertError::data(self.path, line, message)
    }
}

/// A field as text, without the `\r` at the end of a line from Windows.
fn field(record: &ByteRecord, i: usize) -> &str {
    // The whole file is UTF-8 and a tab is a single byte, so a field is UTF-8 too.
    let text = std::str::from_utf8(&record[i]).unwrap_or_default();
    match text.strip_suffix('\r') {
        Some(text) if i + 1 == record.len() => text,
        _ => text,
    }
}

#[cfg(test)]
mod tests;
