//! Reading a task's tab-separated files.

use std::fs;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::task::Columns;
use super::{Split, Task};
use crate::BertError;

/// A labelled sentence or pair of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The sentence, or the first of a pair.
    pub first: String,
    /// The second of a pair.
    pub second: Option<String>,
    /// The class, an index into [`Task::labels`].
    pub label: usize,
}

/// Reads `dir/<task's folder>/<split's file>`.
///
/// Fields are separated by tabs and never quoted: GLUE's sentences contain unbalanced quotation
/// marks. Columns are found by the names in the first line, so that compact and official files both
/// do. A byte order mark, `\r\n` and empty lines are passed over; a sentence may be empty.
///
/// A line must have as many fields as the first one. GLUE's own QQP file has a few lines that are
/// cut short, without a label; remove them, this function does not decide what to drop.
///
/// # Errors
///
/// [`BertError::Task`] for a task that is not there yet; [`BertError::Io`] or [`BertError::Data`],
/// with file and line, for a missing folder, file or column, a wrong number of fields, an unknown
/// label, text that is not UTF-8, or no rows.
pub fn read_split(
    dir: impl AsRef<Path>,
    task: Task,
    split: Split,
) -> Result<Vec<Example>, BertError> {
    let columns = task.columns()?;
    let labels = task.labels()?;
    let path = find(dir.as_ref(), task, split)?;
    let bytes = fs::read(&path).map_err(|source| BertError::io(&path, source))?;
    Reader {
        path: &path,
        text: utf8(&path, &bytes)?,
        columns,
        labels,
    }
    .read()
}

/// The file, or an error that says which part of the path is missing.
fn find(dir: &Path, task: Task, split: Split) -> Result<PathBuf, BertError> {
    let missing = |path: &Path, message: String| Err(BertError::data(path, None, message));
    if !dir.is_dir() {
        return missing(
            dir,
            "is not a folder; expected the GLUE data, a folder per task".to_owned(),
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
            [] => "no task's folder is".to_owned(),
            folders => format!("{} are", folders.join(", ")),
        };
        return missing(
            &folder,
            format!("the folder of {task} is not there; {there}"),
        );
    }
    let file = folder.join(task.file(split));
    if !file.is_file() {
        return missing(&file, format!("this file of {task} is not there"));
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

/// One file on its way to examples.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    columns: Columns,
    labels: &'static [&'static str],
}

impl Reader<'_> {
    fn read(&self) -> Result<Vec<Example>, BertError> {
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
                    // Lines before the end of this one; the last line may lack its `\n`.
                    let end = lines.position();
                    let closed = self.text.as_bytes()[..end.byte() as usize].ends_with(b"\n");
                    return Ok(Some(end.line() - u64::from(closed)));
                }
            }
        };

        let Some(line) = next(&mut record)? else {
            return Err(self.error(None, "is empty; expected a first line of column names"));
        };
        let header: Vec<String> = (0..record.len())
            .map(|i| field(&record, i).trim().to_owned())
            .collect();
        let first = self.column(&header, self.columns.first, line)?;
        let second = match self.columns.second {
            [] => None,
            names => Some(self.column(&header, names, line)?),
        };
        let label = self.column(&header, self.columns.label, line)?;

        let mut examples = Vec::new();
        while let Some(line) = next(&mut record)? {
            if record.len() != header.len() {
                return Err(self.error(
                    Some(line),
                    format!(
                        "has {} fields, the first line has {}",
                        record.len(),
                        header.len()
                    ),
                ));
            }
            let spelled = field(&record, label);
            let class = self.labels.iter().position(|known| *known == spelled);
            examples.push(Example {
                first: field(&record, first).to_owned(),
                second: second.map(|column| field(&record, column).to_owned()),
                label: class.ok_or_else(|| {
                    self.error(
                        Some(line),
                        format!(
                            "the label {spelled:?} is unknown; expected one of {}",
                            self.labels.join(", ")
                        ),
                    )
                })?,
            });
        }
        if examples.is_empty() {
            return Err(self.error(None, "has no rows after the line of column names"));
        }
        Ok(examples)
    }

    /// The place of the column called by one of `names`.
    fn column(&self, header: &[String], names: &[&str], line: u64) -> Result<usize, BertError> {
        names
            .iter()
            .find_map(|name| header.iter().position(|column| column == name))
            .ok_or_else(|| {
                self.error(
                    Some(line),
                    format!(
                        "has no column called {}; the columns are {}",
                        names.join(" or "),
                        header.join(", ")
                    ),
                )
            })
    }

    fn error(&self, line: Option<u64>, message: impl Into<String>) -> BertError {
        BertError::data(self.path, line, message)
    }
}

/// A field as text, without the `\r` that a line from Windows ends in.
fn field(record: &ByteRecord, i: usize) -> &str {
    // The whole file is UTF-8 and tabs are single bytes: a field cannot fail here.
    let text = std::str::from_utf8(&record[i]).unwrap_or_default();
    match text.strip_suffix('\r') {
        Some(text) if i + 1 == record.len() => text,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the reader makes of a file's bytes.
    fn read(task: Task, bytes: &[u8]) -> Result<Vec<Example>, BertError> {
        let path = Path::new("some.tsv");
        Reader {
            path,
            text: utf8(path, bytes)?,
            columns: task.columns()?,
            labels: task.labels()?,
        }
        .read()
    }

    fn pair(first: &str, second: &str, label: usize) -> Example {
        Example {
            first: first.to_owned(),
            second: Some(second.to_owned()),
            label,
        }
    }

    #[test]
    fn columns_are_found_by_name_whatever_their_order() {
        let compact = "index\tsentence1\tsentence2\tgold_label\n0\ta\tb\tneutral\n";
        let official = "x\tsentence2\tlabel1\tsentence1\tgold_label\nx\tb\tentailment\ta\tneutral";
        for text in [compact, official] {
            assert_eq!(
                read(Task::Mnli, text.as_bytes()).unwrap(),
                [pair("a", "b", 1)]
            );
        }
    }

    #[test]
    fn quotes_are_text_and_marks_of_other_systems_are_passed_over() {
        let text = "\u{feff}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n\
                    1\t1\t2\t\" open\tand \"\"\r\n\r\n0\t1\t2\t\tc\rd\r\n";
        assert_eq!(
            read(Task::Mrpc, text.as_bytes()).unwrap(),
            [pair("\" open", "and \"\"", 1), pair("", "c\rd", 0)]
        );
    }

    #[test]
    fn broken_files_are_refused_with_file_and_line() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "some.tsv: is empty"),
            (b"\n\n", "some.tsv: is empty"),
            (b"sentence\tlabel\n", "some.tsv: has no rows"),
            (
                b"text\tlabel\na\t0\n",
                "some.tsv:1: has no column called sentence; the columns are text, label",
            ),
            (
                b"sentence\tlabel\na\t0\n\nb\tc\t1\n",
                "some.tsv:4: has 3 fields, the first line has 2",
            ),
            (b"sentence\tlabel\na\t0\nb", "some.tsv:3: has 1 fields"),
            (
                b"sentence\tlabel\na\t0\nb\t2",
                "some.tsv:3: the label \"2\" is unknown; expected one of 0, 1",
            ),
            (b"sentence\tlabel\r\na\t\r\n", "some.tsv:2: the label \"\""),
            (
                b"sentence\tlabel\na\t0\nb\xff\t1\n",
                "some.tsv:3: is not UTF-8",
            ),
        ];
        for (bytes, says) in cases {
            let message = read(Task::Sst2, bytes).unwrap_err().to_string();
            assert!(message.starts_with(says), "{message:?} instead of {says:?}");
        }
        let message = read(Task::Cola, b"").unwrap_err().to_string();
        assert!(message.contains("not there yet"), "{message}");
    }

    #[test]
    fn what_is_missing_on_the_way_to_a_file_is_named() {
        let dir = std::env::temp_dir().join(format!("burn-sls-tsv-{}", std::process::id()));
        let says = |task| {
            let error = read_split(&dir, task, Split::Validation).unwrap_err();
            error.to_string()
        };
        assert!(says(Task::Mnli).contains("is not a folder"));
        fs::create_dir_all(dir.join("MRPC")).unwrap();
        let (no_folder, no_file) = (says(Task::Mnli), says(Task::Mrpc));
        fs::remove_dir_all(&dir).unwrap();
        assert!(
            no_folder.contains("the folder of mnli is not there; MRPC are"),
            "{no_folder}"
        );
        assert!(no_file.contains("dev.tsv: this file of mrpc"), "{no_file}");
    }
}
