//! Small files in the layout of GLUE's official ones, made of the built-in sentences.
//!
//! No row is GLUE's own. The columns, their order, what stands in them and what is odd about them
//! (no names in CoLA, rows of QQP that are cut short, quotation marks that never close) is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use burn_sls_bert::glue::Task;
use burn_sls_bert::sentences::{Sentence, generate};

/// Rows of a training and a validation file.
const TRAINING: usize = 40;
const VALIDATION: usize = 16;

/// The folder with a folder per task.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Every file and its text.
pub fn files() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    for (task, seed) in Task::ALL.into_iter().zip(1..) {
        let validation: &[&str] = match task {
            Task::Mnli => &["dev_matched.tsv", "dev_mismatched.tsv"],
            _ => &["dev.tsv"],
        };
        let names = [&["train.tsv"], validation].concat();
        for (name, part) in names.into_iter().zip(0..) {
            let count = if part == 0 { TRAINING } else { VALIDATION };
            let sentences = generate(2 * count, 10 * seed + part);
            let text = text(task, part == 0, &sentences);
            files.push((folder().join(task.folder()).join(name), text));
        }
    }
    files
}

/// A file of a task: two sentences go into a row.
fn text(task: Task, training: bool, sentences: &[Sentence]) -> String {
    let (names, line_end) = match task {
        Task::Cola => ("", "\n"),
        Task::Sst2 => ("sentence\tlabel", "\n"),
        // The official file comes from Windows.
        Task::Mrpc => ("Quality\t#1 ID\t#2 ID\t#1 String\t#2 String", "\r\n"),
        Task::Qqp => ("id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", "\n"),
        Task::Stsb => (
            "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\t\
             sentence2\tscore",
            "\n",
        ),
        Task::Mnli if training => (
            "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t\
             sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label",
            "\n",
        ),
        Task::Mnli => (
            "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t\
             sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tlabel2\tlabel3\t\
             label4\tlabel5\tgold_label",
            "\n",
        ),
        Task::Qnli => ("index\tquestion\tsentence\tlabel", "\n"),
        Task::Rte | Task::Wnli => ("index\tsentence1\tsentence2\tlabel", "\n"),
    };
    let names = Some(names.to_string()).filter(|names| !names.is_empty());
    let pairs = sentences.chunks_exact(2).enumerate();
    let rows = pairs.map(|(index, pair)| row(task, training, index, &pair[0], &pair[1]));
    let lines = names.into_iter().chain(rows);
    lines.map(|line| line + line_end).collect()
}

fn row(task: Task, training: bool, index: usize, one: &Sentence, other: &Sentence) -> String {
    // Some quotation marks never close, as in GLUE.
    let first = match index % 7 {
        3 => format!("\" {}", one.text),
        _ => one.text.clone(),
    };
    let second = &other.text;
    let agree = usize::from(one.label == other.label);
    match task {
        Task::Cola if agree == 1 => format!("mk{:02}\t1\t\t{first}", index % 5),
        Task::Cola => format!("mk{:02}\t0\t*\t{}", index % 5, turned(&first)),
        Task::Sst2 => format!("{first} \t{}", one.label),
        Task::Mrpc => format!(
            "{agree}\t{}\t{}\t{first}\t{second}",
            index * 2,
            index * 2 + 1
        ),
        // A question that was broken in two by a line end.
        Task::Qqp if training && matches!(index, 4 | 5 | 9) => format!("{index}\t1\t2\t{first}"),
        Task::Qqp => format!(
            "{index}\t{}\t{}\tis it so that {first} ?\twhy is it that {second} ?\t{agree}",
            index * 2,
            index * 2 + 1
        ),
        Task::Stsb => {
            let second = mixed(&one.text, second, index);
            let score = 5.0 * overlap(&one.text, &second);
            format!(
                "{index}\tmain-made\tmade\tnone\t{index:04}\tnone\tnone\t{first}\t\
                 {second}\t{score:.3}"
            )
        }
        Task::Mnli => {
            let kinds = ["entailment", "neutral", "contradiction"];
            let kind = match index % 3 {
                0 => kinds[1],
                _ => kinds[2 * (1 - agree)],
            };
            let labels = if training { 1 } else { 5 };
            let labels = vec![kind; labels].join("\t");
            format!(
                "{index}\t{index}\t{index}x\tmade\t( {first} )\t( {second} )\t(ROOT {first})\t\
                 (ROOT {second})\t{first}\t{second}\t{labels}\t{kind}"
            )
        }
        Task::Qnli | Task::Rte => {
            let kind = ["not_entailment", "entailment"][agree];
            format!("{index}\t{first}\t{second}\t{kind}")
        }
        Task::Wnli => format!("{index}\t{first}\t{second}\t{agree}"),
    }
}

/// A sentence with its words in reverse order, which no grammar allows.
fn turned(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').rev().collect();
    words.join(" ")
}

/// The words of `one`, more and more of them replaced by those of `other`.
fn mixed(one: &str, other: &str, index: usize) -> String {
    let (one, other): (Vec<&str>, Vec<&str>) =
        (one.split(' ').collect(), other.split(' ').collect());
    let kept = one.len() * (index % 6) / 5;
    [&one[..kept], &other[kept.min(other.len())..]]
        .concat()
        .join(" ")
}

/// The words that two texts share, as a part of those that either has.
fn overlap(one: &str, other: &str) -> f64 {
    let words = |text: &str| text.split(' ').map(str::to_string).collect::<HashSet<_>>();
    let (one, other) = (words(one), words(other));
    one.intersection(&other).count() as f64 / one.union(&other).count() as f64
}
