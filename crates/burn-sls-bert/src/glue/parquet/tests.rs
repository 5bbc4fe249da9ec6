mod broken;
mod pages;
mod reported;
mod write;

use std::fs;

use tempfile::TempDir;

use self::write::{Cells, file, texts};
use super::super::read_split;
use super::*;

/// Reads a file with these bytes as the training set of a task.
fn read(task: Task, bytes: &[u8]) -> Result<Vec<Example>, BertError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(task.hub_file(Split::Train).unwrap());
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    read_hub_split(folder.path(), task, Split::Train).map(|rows| {
        assert_eq!(rows.cut_short, None);
        rows.examples
    })
}

/// A file of RTE with these sentences and labels.
fn rte(first: &[Option<&[u8]>], second: &[Option<&[u8]>], label: &[i64]) -> Vec<u8> {
    file(
        1,
        &[
            ("sentence1", Cells::Text(first)),
            ("sentence2", Cells::Text(second)),
            ("label", Cells::Long(label)),
        ],
    )
}

#[test]
fn every_task_has_the_examples_of_its_official_files() {
    /// The official column names, the hub's, and the official labels with the hub's numbers.
    type Case<'a> = (Task, &'a str, &'a [&'a str], &'a [&'a str], &'a [i64]);
    // The hub's names and numbers are from the data set's card.
    let cases: [Case; 8] = [
        (Task::Cola, "", &["sentence"], &["0", "1"], &[0, 1]),
        (
            Task::Sst2,
            "sentence\tlabel",
            &["sentence"],
            &["0", "1"],
            &[0, 1],
        ),
        (
            Task::Mrpc,
            "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String",
            &["sentence1", "sentence2"],
            &["0", "1"],
            &[0, 1],
        ),
        (
            Task::Qqp,
            "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
            &["question1", "question2"],
            &["0", "1"],
            &[0, 1],
        ),
        (
            Task::Mnli,
            "index\tsentence1\tsentence2\tlabel1\tgold_label",
            &["premise", "hypothesis"],
            &["contradiction", "neutral", "entailment"],
            &[2, 1, 0],
        ),
        (
            Task::Qnli,
            "index\tquestion\tsentence\tlabel",
            &["question", "sentence"],
            &["not_entailment", "entailment"],
            &[1, 0],
        ),
        (
            Task::Rte,
            "index\tsentence1\tsentence2\tlabel",
            &["sentence1", "sentence2"],
            &["not_entailment", "entailment"],
            &[1, 0],
        ),
        (
            Task::Wnli,
            "index\tsentence1\tsentence2\tlabel",
            &["sentence1", "sentence2"],
            &["0", "1"],
            &[0, 1],
        ),
    ];
    for (task, names, columns, spelled, labels) in cases {
        let firsts = ["\" never closed ", "", "dürr – 3"];
        let seconds = ["so", " so ", "\"so\""];
        let rows = spelled.iter().zip(firsts).zip(seconds);
        let rows = rows.map(|((label, first), second)| match task {
            Task::Cola => format!("x\t{label}\t*\t{first}\n"),
            Task::Sst2 => format!("{first}\t{label}\n"),
            Task::Mrpc => format!("{label}\t1\t2\t{first}\t{second}\n"),
            Task::Qqp => format!("0\t1\t2\t{first}\t{second}\t{label}\n"),
            Task::Mnli => format!("0\t{first}\t{second}\tneutral\t{label}\n"),
            _ => format!("0\t{first}\t{second}\t{label}\n"),
        });
        let rows: String = rows.collect();
        let official = match names {
            "" => rows,
            names => format!("{names}\n{rows}"),
        };
        let count = labels.len();
        let (firsts, seconds) = (texts(&firsts[..count]), texts(&seconds[..count]));
        let ids: Vec<i32> = (0..count as i32).collect();
        let mut cells = vec![(columns[0], Cells::Text(&firsts))];
        if let Some(second) = columns.get(1) {
            cells.push((second, Cells::Text(&seconds)));
        }
        cells.push(("label", Cells::Long(labels)));
        cells.push(("idx", Cells::Int(&ids)));

        let folder = TempDir::new().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let bytes = file(1, &cells);
        for split in [Split::Train, Split::Validation, Split::Mismatched] {
            let (Some(tsv), Some(hub)) = (task.file(split), task.hub_file(split)) else {
                let asked = |error: BertError| matches!(error, BertError::Task(_));
                assert!(read_hub_split(folder.path(), task, split).is_err_and(asked));
                continue;
            };
            write(&format!("{}/{tsv}", task.folder()), official.as_bytes());
            write(&hub, &bytes);
            let expected = read_split(folder.path(), task, split).unwrap();
            let found = read_hub_split(folder.path(), task, split).unwrap();
            assert_eq!(found, expected, "{task}");
        }
    }
}

#[test]
fn scores_are_the_numbers_of_the_official_files() {
    let written = ["0.000", "3.800", "0.667", "5.000", "2.3333333"];
    let names = "index\tsentence1\tsentence2\tscore\n";
    let rows = written.map(|score| format!("0\ta\tb\t{score}\n")).concat();
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("STS-B")).unwrap();
    fs::write(
        folder.path().join("STS-B/train.tsv"),
        names.to_owned() + &rows,
    )
    .unwrap();
    let expected = read_split(folder.path(), Task::Stsb, Split::Train).unwrap();

    let (first, second) = (texts(&["a"; 5]), texts(&["b"; 5]));
    let single = written.map(|score| score.parse().unwrap());
    let double = written.map(|score| score.parse().unwrap());
    for label in [Cells::Float(&single), Cells::Double(&double)] {
        let columns = [
            ("sentence1", Cells::Text(&first)),
            ("sentence2", Cells::Text(&second)),
            ("label", label),
        ];
        let found = read(Task::Stsb, &file(1, &columns)).unwrap();
        assert_eq!(found, expected.examples);
    }
}

#[test]
fn row_groups_follow_each_other_however_large() {
    let numbers: Vec<String> = (0..5000).map(|i| i.to_string()).collect();
    let numbers: Vec<Option<&[u8]>> = numbers.iter().map(|n| Some(n.as_bytes())).collect();
    let labels: Vec<i32> = (0..5000).map(|i| i % 2).collect();
    let columns = [
        ("label", Cells::Int(&labels)),
        ("sentence", Cells::Text(&numbers)),
    ];
    let examples = read(Task::Sst2, &file(3, &columns)).unwrap();
    assert_eq!(examples.len(), 15000);
    for (row, example) in examples.iter().enumerate() {
        assert_eq!(example.first, (row % 5000).to_string());
        assert_eq!(example.label, Label::Class(row % 2));
    }
}
