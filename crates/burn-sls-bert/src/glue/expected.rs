//! The labels of a task in messages.

use super::Task;

/// How a message goes on if a label is the hub's -1.
pub(super) const UNLABELLED: &str =
    ", which means no label, as in the hub's test sets: use a split that has labels";

/// The classes of a task with their numbers on the hub: `0 (negative), 1 (positive)`.
pub(super) fn numbered(task: Task) -> String {
    let names = task.class_names().iter().enumerate();
    let names: Vec<String> = names.map(|(i, name)| format!("{i} ({name})")).collect();
    names.join(", ")
}
