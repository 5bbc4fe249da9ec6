//! What is known of each task: folder, files, columns, labels, metrics.

use core::fmt;
use core::str::FromStr;

use super::Metric;
use crate::BertError;

/// A GLUE task. `Display` and `FromStr` use the hub's names (`sst2`, `mrpc`, …).
///
/// | task | folder | sentences | classes | metrics |
/// |---|---|---|---|---|
/// | `sst2` | `SST-2` | `sentence` | negative, positive | accuracy |
/// | `mrpc` | `MRPC` | `#1 String`, `#2 String` | not equivalent, equivalent | accuracy, F1 |
/// | `qqp` | `QQP` | `question1`, `question2` | not duplicate, duplicate | accuracy, F1 |
/// | `mnli` | `MNLI` | `sentence1`, `sentence2` | entailment, neutral, contradiction | accuracy |
/// | `qnli` | `QNLI` | `question`, `sentence` | entailment, not entailment | accuracy |
/// | `rte` | `RTE` | `sentence1`, `sentence2` | entailment, not entailment | accuracy |
/// | `wnli` | `WNLI` | `sentence1`, `sentence2` | not entailment, entailment | accuracy |
/// | `cola`, `stsb` | `CoLA`, `STS-B` | not there yet | | |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Linguistic acceptability. Not there yet.
    Cola,
    /// Sentiment of film reviews.
    Sst2,
    /// Paraphrases in news.
    Mrpc,
    /// Duplicate questions.
    Qqp,
    /// Graded similarity, a regression. Not there yet.
    Stsb,
    /// Entailment over many genres; validated on the matched set.
    Mnli,
    /// Does the sentence answer the question?
    Qnli,
    /// Entailment, small.
    Rte,
    /// Pronoun resolution as entailment.
    Wnli,
}

/// A part of a task's data that has labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// `train.tsv`.
    Train,
    /// `dev.tsv`; for MNLI `dev_matched.tsv`.
    Validation,
}

/// Columns by name: several spellings of one column are alternatives.
pub(super) struct Columns {
    pub first: &'static [&'static str],
    pub second: &'static [&'static str],
    pub label: &'static [&'static str],
}

impl Task {
    /// Every task, in the hub's order.
    pub const ALL: [Task; 9] = [
        Task::Cola,
        Task::Sst2,
        Task::Mrpc,
        Task::Qqp,
        Task::Stsb,
        Task::Mnli,
        Task::Qnli,
        Task::Rte,
        Task::Wnli,
    ];

    /// The task's name on the hub.
    pub fn name(self) -> &'static str {
        match self {
            Task::Cola => "cola",
            Task::Sst2 => "sst2",
            Task::Mrpc => "mrpc",
            Task::Qqp => "qqp",
            Task::Stsb => "stsb",
            Task::Mnli => "mnli",
            Task::Qnli => "qnli",
            Task::Rte => "rte",
            Task::Wnli => "wnli",
        }
    }

    /// The task's folder in the official data.
    pub fn folder(self) -> &'static str {
        match self {
            Task::Cola => "CoLA",
            Task::Sst2 => "SST-2",
            Task::Mrpc => "MRPC",
            Task::Qqp => "QQP",
            Task::Stsb => "STS-B",
            Task::Mnli => "MNLI",
            Task::Qnli => "QNLI",
            Task::Rte => "RTE",
            Task::Wnli => "WNLI",
        }
    }

    /// The file of a split inside [`folder`](Self::folder).
    pub fn file(self, split: Split) -> &'static str {
        match (self, split) {
            (_, Split::Train) => "train.tsv",
            (Task::Mnli, Split::Validation) => "dev_matched.tsv",
            (_, Split::Validation) => "dev.tsv",
        }
    }

    /// Number of classes.
    ///
    /// # Errors
    ///
    /// [`BertError::Task`] for a task that is not there yet.
    pub fn classes(self) -> Result<usize, BertError> {
        Ok(self.labels()?.len())
    }

    /// The labels as they are spelled in the files; a label's place is its class number.
    ///
    /// # Errors
    ///
    /// [`BertError::Task`] for a task that is not there yet.
    pub fn labels(self) -> Result<&'static [&'static str], BertError> {
        match self {
            Task::Sst2 | Task::Mrpc | Task::Qqp | Task::Wnli => Ok(&["0", "1"]),
            Task::Mnli => Ok(&["entailment", "neutral", "contradiction"]),
            Task::Qnli | Task::Rte => Ok(&["entailment", "not_entailment"]),
            Task::Cola | Task::Stsb => Err(self.not_yet()),
        }
    }

    /// The classes' names on the hub, in order.
    ///
    /// # Errors
    ///
    /// [`BertError::Task`] for a task that is not there yet.
    pub fn class_names(self) -> Result<&'static [&'static str], BertError> {
        match self {
            Task::Sst2 => Ok(&["negative", "positive"]),
            Task::Mrpc => Ok(&["not_equivalent", "equivalent"]),
            Task::Qqp => Ok(&["not_duplicate", "duplicate"]),
            Task::Wnli => Ok(&["not_entailment", "entailment"]),
            _ => self.labels(),
        }
    }

    /// The task's official metrics, the first one first in tables.
    ///
    /// # Errors
    ///
    /// [`BertError::Task`] for a task that is not there yet.
    pub fn metrics(self) -> Result<&'static [Metric], BertError> {
        match self {
            Task::Mrpc | Task::Qqp => Ok(&[Metric::Accuracy, Metric::F1]),
            Task::Cola | Task::Stsb => Err(self.not_yet()),
            _ => Ok(&[Metric::Accuracy]),
        }
    }

    pub(super) fn columns(self) -> Result<Columns, BertError> {
        let (first, second, label): (&[_], &[_], &[_]) = match self {
            Task::Sst2 => (&["sentence"], &[], &["label"]),
            Task::Mrpc => (
                &["#1 String", "sentence1"],
                &["#2 String", "sentence2"],
                &["Quality", "label"],
            ),
            Task::Qqp => (&["question1"], &["question2"], &["is_duplicate", "label"]),
            Task::Mnli => (&["sentence1"], &["sentence2"], &["gold_label", "label"]),
            Task::Qnli => (&["question"], &["sentence"], &["label"]),
            Task::Rte | Task::Wnli => (&["sentence1"], &["sentence2"], &["label"]),
            Task::Cola | Task::Stsb => return Err(self.not_yet()),
        };
        Ok(Columns {
            first,
            second,
            label,
        })
    }

    fn not_yet(self) -> BertError {
        let there: Vec<_> = Task::ALL
            .into_iter()
            .filter(|task| !matches!(task, Task::Cola | Task::Stsb))
            .map(Task::name)
            .collect();
        BertError::Task(format!(
            "the task {self} is not there yet; choose one of {}",
            there.join(", ")
        ))
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Task {
    type Err = BertError;

    fn from_str(name: &str) -> Result<Self, BertError> {
        Task::ALL
            .into_iter()
            .find(|task| task.name() == name)
            .ok_or_else(|| {
                BertError::Task(format!(
                    "there is no task {name:?}; expected one of {}",
                    Task::ALL.map(Task::name).join(", ")
                ))
            })
    }
}
