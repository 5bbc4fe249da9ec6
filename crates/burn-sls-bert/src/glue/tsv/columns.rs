//! The columns of a table, found by the names in its first line.

use csv::ByteRecord;

use super::super::task::Columns;
use super::super::{Target, Task};
use super::{Reader, field};
use crate::BertError;
use crate::quote::{listed, quoted};

/// The indices of the fields in a row.
pub(super) struct Places {
    pub first: usize,
    pub second: Option<usize>,
    pub label: usize,
    /// The number of fields in a row.
    pub fields: usize,
    /// The reason for this number, for an error message.
    pub because: String,
    /// Whether the first line has the column names.
    pub named: bool,
    /// Whether they are those of the hub, so that numbers as labels have the hub's order.
    pub hub: bool,
}

impl Reader<'_> {
    /// The indices of the fields, from the first line of the file.
    pub(super) fn places(&self, first: &ByteRecord, line: u64) -> Result<Places, BertError> {
        let columns = self.task.columns();
        let header: Vec<&str> = (0..first.len()).map(|i| field(first, i).trim()).collect();
        if self.task == Task::Cola
            && (find(&header, columns.first).is_none() || find(&header, columns.label).is_none())
        {
            return Ok(Places {
                first: 3,
                second: None,
                label: 1,
                fields: 4,
                because:
                    "a row of CoLA has 4: source, label, mark, sentence (a first line with the \
                     names `sentence` and `label` may set other columns)"
                        .to_owned(),
                named: false,
                hub: false,
            });
        }
        let column = |names: &[&str]| {
            let missing = || self.no_column(&header, &columns, names, line);
            find(&header, names).ok_or_else(missing)
        };
        Ok(Places {
            first: column(columns.first)?,
            second: match columns.second {
                [] => None,
                names => Some(column(names)?),
            },
            label: column(columns.label)?,
            fields: header.len(),
            because: format!("the first line has {}", header.len()),
            named: true,
            hub: is_hub(&header, &columns),
        })
    }

    /// The error for a first line without a column of these names.
    fn no_column(
        &self,
        header: &[&str],
        columns: &Columns,
        names: &[&str],
        line: u64,
    ) -> BertError {
        let has = |names: &[&str]| find(header, names).is_some();
        let known = has(columns.first) || has(columns.second) || has(columns.label);
        if !known && header.iter().any(|field| self.is_value(field)) {
            let expected = [columns.first, columns.second, columns.label];
            let expected = expected.into_iter().filter(|names| !names.is_empty());
            let expected: Vec<String> = expected.map(|names| names.join(" or ")).collect();
            let shown: Vec<String> = header.iter().take(3).map(|field| quoted(field)).collect();
            let more = if header.len() > 3 { ", …" } else { "" };
            return self.error(
                Some(line),
                format!(
                    "the first line looks like data ({}{more}) and not like column names: put a \
                     line before it with a name for each of its {} fields, separated by tabs, \
                     among them {}",
                    shown.join(", "),
                    header.len(),
                    expected.join(", ")
                ),
            );
        }
        let hint = match header {
            [_] => "; the line has no tab, and fields are separated by tabs",
            _ if names == columns.label && has(columns.first) => {
                "; a file without labels is a test set, and cannot be used here"
            }
            _ => "",
        };
        self.error(
            Some(line),
            format!(
                "has no column called {}; the columns are {}{hint}",
                names.join(" or "),
                listed(header)
            ),
        )
    }

    /// Whether a field is a label or a number, as no column is called.
    fn is_value(&self, field: &str) -> bool {
        let label = match self.target {
            Target::Classes(labels) => labels.contains(&field),
            Target::Score { .. } => false,
        };
        label || field.parse().is_ok_and(f64::is_finite)
    }
}

/// The place of the first of these names that is there.
fn find(header: &[&str], names: &[&str]) -> Option<usize> {
    let place = |name| header.iter().position(|column| column == name);
    names.iter().find_map(place)
}

/// Whether these are the hub's columns. `sentence1`, `sentence2` and `label` alone are not, since
/// official files have them too: there it is `idx` that shows the hub.
fn is_hub(header: &[&str], columns: &Columns) -> bool {
    let all = [columns.first, columns.second, columns.label];
    let hub = |names: &[&str]| {
        let found = find(header, names).map(|place| header[place]);
        found == names.last().copied()
    };
    all.into_iter().all(hub) && (header.contains(&"idx") || columns.first.len() > 1)
}
