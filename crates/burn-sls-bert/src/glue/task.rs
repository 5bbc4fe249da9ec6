//! The folder, files, columns, labels and metrics of each task.

use core::fmt;
use core::str::FromStr;

use super::Metric;
use crate::BertError;
use crate::quote::quoted;

/// A GLUE task. `Display` and `FromStr` use the hub's names (`sst2`, `mrpc`, …).
///
/// | task | folder | sentences | classes | metrics |
/// |---|---|---|---|---|
/// | `cola` | `CoLA` | `sentence` | unacceptable, acceptable | Matthews, accuracy |
/// | `sst2` | `SST-2` | `sentence` | negative, positive | accuracy |
/// | `mrpc` | `MRPC` | `#1 String`, `#2 String` | not equivalent, equivalent | accuracy, F1, mean |
/// | `qqp` | `QQP` | `question1`, `question2` | not duplicate, duplicate | accuracy, F1, mean |
/// | `stsb` | `STS-B` | `sentence1`, `sentence2` | score from 0 to 5 | Pearson, Spearman, mean |
/// | `mnli` | `MNLI` | `sentence1`, `sentence2` | entailment, neutral, contradiction | accuracy |
/// | `qnli` | `QNLI` | `question`, `sentence` | entailment, not entailment | accuracy |
/// | `rte` | `RTE` | `sentence1`, `sentence2` | entailment, not entailment | accuracy |
/// | `wnli` | `WNLI` | `sentence1`, `sentence2` | not entailment, entailment | accuracy |
///
/// The mean of two metrics is GLUE's score of such a task (Wang et al., 2018, section 5). GLUE uses
/// only Matthews' correlation for `cola`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// Linguistic acceptability.
    Cola,
    /// Sentiment of film reviews.
    Sst2,
    /// Paraphrases in news.
    Mrpc,
    /// Duplicate questions.
    Qqp,
    /// Similarity of sentences, a regression.
    Stsb,
    /// Entailment in many genres. One validation set has the genres of the training set (matched),
    /// the other has different ones (mismatched).
    Mnli,
    /// Whether a sentence answers a question.
    Qnli,
    /// Entailment, with a small data set.
    Rte,
    /// Pronoun resolution as entailment.
    Wnli,
}

/// A part of a task's data that has labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Split {
    /// `train.tsv`.
    Train,
    /// `dev.tsv`, or `dev_matched.tsv` for MNLI.
    Validation,
    /// `dev_mismatched.tsv`, which only MNLI has.
    Mismatched,
}

/// The quantity that a model of a task predicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// A class. These are the labels in the spelling of the files. The index of a label is its
    /// class number.
    Classes(&'static [&'static str]),
    /// A score in this range, with both ends.
    Score {
        /// The lowest score.
        lowest: f64,
        /// The highest score.
        highest: f64,
    },
}

/// The names of the columns. A column may have several names, of which the last is the hub's.
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

    /// The file of a split inside [`folder`](Self::folder). `None` if the task does not have the
    /// split.
    pub fn file(self, split: Split) -> Option<&'static str> {
        match (self, split) {
            (_, Split::Train) => Some("train.tsv"),
            (Task::Mnli, Split::Validation) => Some("dev_matched.tsv"),
            (Task::Mnli, Split::Mismatched) => Some("dev_mismatched.tsv"),
            (_, Split::Validation) => Some("dev.tsv"),
            (_, Split::Mismatched) => None,
        }
    }

    /// The Parquet file of a split in the hub's data set `nyu-mll/glue`. `None` if the task does
    /// not have the split.
    pub fn hub_file(self, split: Split) -> Option<String> {
        let part = self.hub_part(split)?;
        Some(format!("{}/{part}-00000-of-00001.parquet", self.name()))
    }

    /// The hub's name of a split. `None` if the task does not have the split.
    pub(super) fn hub_part(self, split: Split) -> Option<&'static str> {
        match (self, split) {
            (_, Split::Train) => Some("train"),
            (Task::Mnli, Split::Validation) => Some("validation_matched"),
            (Task::Mnli, Split::Mismatched) => Some("validation_mismatched"),
            (_, Split::Validation) => Some("validation"),
            (_, Split::Mismatched) => None,
        }
    }

    /// The quantity that a model of the task predicts.
    pub fn target(self) -> Target {
        Target::Classes(match self {
            Task::Cola | Task::Sst2 | Task::Mrpc | Task::Qqp | Task::Wnli => &["0", "1"],
            Task::Mnli => &["entailment", "neutral", "contradiction"],
            Task::Qnli | Task::Rte => &["entailment", "not_entailment"],
            Task::Stsb => {
                return Target::Score {
                    lowest: 0.0,
                    highest: 5.0,
                };
            }
        })
    }

    /// The number of outputs of a model: one for each class, or a single one for a score.
    pub fn outputs(self) -> usize {
        match self.target() {
            Target::Classes(labels) => labels.len(),
            Target::Score { .. } => 1,
        }
    }

    /// The names of the classes on the hub, in order. Empty for a regression.
    pub fn class_names(self) -> &'static [&'static str] {
        match self {
            Task::Cola => &["unacceptable", "acceptable"],
            Task::Sst2 => &["negative", "positive"],
            Task::Mrpc => &["not_equivalent", "equivalent"],
            Task::Qqp => &["not_duplicate", "duplicate"],
            Task::Wnli => &["not_entailment", "entailment"],
            _ => match self.target() {
                Target::Classes(labels) => labels,
                Target::Score { .. } => &[],
            },
        }
    }

    /// The metrics of the task, with the main one first.
    pub fn metrics(self) -> &'static [Metric] {
        use Metric::{Accuracy, F1, Matthews, Mean, Pearson, Spearman};
        match self {
            Task::Cola => &[Matthews, Accuracy],
            Task::Mrpc | Task::Qqp => &[Accuracy, F1, Mean(&[Accuracy, F1])],
            Task::Stsb => &[Pearson, Spearman, Mean(&[Pearson, Spearman])],
            _ => &[Accuracy],
        }
    }

    /// The error for a split that the task does not have.
    pub(super) fn lacks_mismatched(self) -> BertError {
        BertError::Task(format!(
            "{self} has no mismatched validation set; only mnli has one"
        ))
    }

    pub(super) fn columns(self) -> Columns {
        let (first, second, label): (&[_], &[_], &[_]) = match self {
            Task::Cola | Task::Sst2 => (&["sentence"], &[], &["label"]),
            Task::Mrpc => (
                &["#1 String", "sentence1"],
                &["#2 String", "sentence2"],
                &["Quality", "label"],
            ),
            Task::Qqp => (&["question1"], &["question2"], &["is_duplicate", "label"]),
            Task::Stsb => (&["sentence1"], &["sentence2"], &["score", "label"]),
            Task::Mnli => (
                &["sentence1", "premise"],
                &["sentence2", "hypothesis"],
                &["gold_label", "label"],
            ),
            Task::Qnli => (&["question"], &["sentence"], &["label"]),
            Task::Rte | Task::Wnli => (&["sentence1"], &["sentence2"], &["label"]),
        };
        Columns {
            first,
            second,
            label,
        }
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
                    "there is no task {}; expected one of {}",
                    quoted(name),
                    Task::ALL.map(Task::name).join(", ")
                ))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_found_by_its_name_and_knows_its_outputs_and_metrics() {
        for task in Task::ALL {
            assert_eq!(task.name().parse::<Task>().unwrap(), task);
            let leading = match task {
                Task::Cola => Metric::Matthews,
                Task::Stsb => Metric::Pearson,
                _ => Metric::Accuracy,
            };
            assert_eq!(task.metrics()[0], leading);
            match task.target() {
                Target::Classes(labels) => {
                    assert_eq!(task.outputs(), labels.len());
                    assert_eq!(task.class_names().len(), labels.len());
                }
                Target::Score { .. } => {
                    assert_eq!((task, task.outputs()), (Task::Stsb, 1));
                    assert!(task.class_names().is_empty());
                }
            }
            let mismatched = task.file(Split::Mismatched).is_some();
            assert_eq!(mismatched, task == Task::Mnli);
            for split in [Split::Train, Split::Validation, Split::Mismatched] {
                let hub = task.hub_file(split);
                assert_eq!(hub.is_some(), task.file(split).is_some());
                assert!(hub.is_none_or(|file| file.starts_with(&format!("{task}/"))));
            }
        }
        let message = "imdb".parse::<Task>().unwrap_err().to_string();
        assert!(message.contains("\"imdb\"; expected one of cola, sst2"));
    }
}
