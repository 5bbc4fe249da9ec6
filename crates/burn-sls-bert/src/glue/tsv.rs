//! Reading a task's tab-separated files.

use core::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Terminator};

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
/// - an unknown label, or a score that is out of range,
/// - text that is not UTF-8.
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

/// The path of the file, or an error that says which part of it is missing.
fn find(dir: &Path, task: Task, split: Split) -> Result<PathBuf, BertError> {
    let missing = |path: &Path, message: String| Err(BertError::data(path, None, message));
    let Some(file) = task.file(split) else {
        return Err(task.lacks_mismatched());
    };
    if !dir.is_dir() {
        return missing(
            dir,
            "is not a folder; expected the GLUE data, with a folder per task".to_owned(),
        );
    }
    let folder = dir.join(task.folder());
    if !folder.is_dir() {
        let there: Vec<_> = Task::ALL
            .into_iter()
            .map(Task::folder)
            .filter(|folder| dir.join(folder).is_dir())
            .collect();
        let there = match there.as_slice() {
            [] => "found no task's folder".to_owned(),
            folders => format!("found {}", folders.join(", ")),
        };
        return missing(&folder, format!("the folder of {task} is missing; {there}"));
    }
    let file = folder.join(file);
    if !file.is_file() {
        return missing(&file, format!("this file of {task} is missing"));
    }
    Ok(file)
}

fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, BertError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count() as u64;
        BertError::data(path, Some(line), "is not UTF-8 text")
    })
}

/// The reader of one file.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    task: Task,
    target: Target,
}

/// The indices of the fields in a row.
struct Places {
    first: usize,
    second: Option<usize>,
    label: usize,
    /// The number of fields in a row.
    fields: usize,
    /// The reason for this number, for an error message.
    because: String,
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
        let (places, named) = self.places(&record, first_line)?;
        let mut row = match named {
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

    /// The indices of the fields, and whether `first`, the first line, has the column names.
    fn places(&self, first: &ByteRecord, line: u64) -> Result<(Places, bool), BertError> {
        let columns = self.task.columns();
        let header: Vec<&str> = (0..first.len()).map(|i| field(first, i).trim()).collect();
        let find = |names: &[&str]| {
            let place = |name| header.iter().position(|column| column == name);
            names.iter().find_map(place)
        };
        if self.task == Task::Cola
            && (find(columns.first).is_none() || find(columns.label).is_none())
        {
            let official = Places {
                first: 3,
                second: None,
                label: 1,
                fields: 4,
                because:
                    "a row of CoLA has 4: source, label, mark, sentence (a first line with the \
                     names `sentence` and `label` may set other columns)"
                        .to_owned(),
            };
            return Ok((official, false));
        }
        let column = |names: &[&str]| {
            find(names).ok_or_else(|| {
                self.error(
                    Some(line),
                    format!(
                        "has no column called {}; the columns are {}",
                        names.join(" or "),
                        header.join(", ")
                    ),
                )
            })
        };
        let named = Places {
            first: column(columns.first)?,
            second: match columns.second {
                [] => None,
                names => Some(column(names)?),
            },
            label: column(columns.label)?,
            fields: header.len(),
            because: format!("the first line has {}", header.len()),
        };
        Ok((named, true))
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
            label: self.label(field(record, places.label), line)?,
        })
    }

    fn label(&self, spelled: &str, line: u64) -> Result<Label, BertError> {
        let message = match self.target {
            Target::Classes(labels) => {
                if let Some(class) = labels.iter().position(|known| *known == spelled) {
                    return Ok(Label::Class(class));
                }
                format!(
                    "the label {spelled:?} is unknown; expected one of {}",
                    labels.join(", ")
                )
            }
            Target::Score { lowest, highest } => {
                let score = spelled.trim().parse().unwrap_or(f64::NAN);
                if (lowest..=highest).contains(&score) {
                    return Ok(Label::Score(score));
                }
                format!("the score {spelled:?} is not a number from {lowest} to {highest}")
            }
        };
        Err(self.error(Some(line), message))
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
