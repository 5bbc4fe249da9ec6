//! Labels as they are spelled in a table.

use super::super::expected::{UNLABELLED, numbered};
use super::super::{Label, Target};
use super::Reader;
use super::columns::Places;
use crate::BertError;
use crate::quote::quoted;

impl Reader<'_> {
    /// The label of a row.
    pub(super) fn label(
        &self,
        spelled: &str,
        places: &Places,
        line: u64,
    ) -> Result<Label, BertError> {
        let label = match self.target {
            Target::Classes(labels) => class(spelled, labels, places.hub).map(Label::Class),
            Target::Score { lowest, highest } => {
                let score = spelled.trim().parse().unwrap_or(f64::NAN);
                let known = (lowest..=highest).contains(&score);
                known.then_some(Label::Score(score))
            }
        };
        label.ok_or_else(|| self.error(Some(line), self.unknown(spelled, places)))
    }

    /// The message for a label that is none of the task's.
    fn unknown(&self, spelled: &str, places: &Places) -> String {
        let number = spelled.trim().parse().unwrap_or(f64::NAN);
        let (what, expected) = match self.target {
            Target::Classes(labels) => {
                let texts = labels.join(", ");
                let expected = match labels.contains(&"0") || places.hub {
                    true => numbered(self.task),
                    false => texts,
                };
                ("label", format!("expected one of {expected}"))
            }
            Target::Score { lowest, highest } => (
                "score",
                format!("expected a number from {lowest} to {highest}"),
            ),
        };
        let shown = quoted(spelled);
        if number == -1.0 {
            return format!("the {what} is {}{UNLABELLED}; {expected}", spelled.trim());
        }
        let columns = self.task.columns();
        if places.named && columns.label.contains(&spelled) {
            return format!(
                "the {what} is {shown}, a column name: the line of names is there twice, as if two \
                 files were joined; delete this one"
            );
        }
        match self.target {
            Target::Score { lowest, highest } => {
                format!("the score {shown} is not a number from {lowest} to {highest}")
            }
            Target::Classes(labels) if labels.get(number as usize).is_some() && number >= 0.0 => {
                let names = [columns.first, columns.second, columns.label];
                let names: Vec<&str> = names.iter().filter_map(|n| n.last().copied()).collect();
                format!(
                    "the label {shown} is a number, and its class is known only if the columns \
                     are the hub's: {}, idx; {expected}",
                    names.join(", ")
                )
            }
            Target::Classes(_) => format!("the label {shown} is unknown; {expected}"),
        }
    }
}

/// The class with this label, or with this number if the file has the hub's.
fn class(spelled: &str, labels: &[&str], hub: bool) -> Option<usize> {
    let named = labels.iter().position(|known| *known == spelled);
    let number = || spelled.parse().ok().filter(|&class| class < labels.len());
    // With `parse` alone, "+1" would be a class.
    let digit = hub && spelled.len() == 1;
    named.or_else(|| digit.then(number).flatten())
}
