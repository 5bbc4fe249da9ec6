use std::fs;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use tempfile::TempDir;

use super::super::read_split;
use super::*;

/// The cells of a column. Every column is nullable, as in the hub's files.
enum Cells<'a> {
    Text(&'a [Option<&'a [u8]>]),
    Long(&'a [i64]),
    Int(&'a [i32]),
    Float(&'a [f32]),
    Double(&'a [f64]),
}

impl Cells<'_> {
    fn declared(&self, name: &str) -> String {
        match self {
            Cells::Text(_) => format!("optional binary {name} (UTF8);"),
            Cells::Long(_) => format!("optional int64 {name};"),
            Cells::Int(_) => format!("optional int32 {name};"),
            Cells::Float(_) => format!("optional float {name};"),
            Cells::Double(_) => format!("optional double {name};"),
        }
    }
}

/// The bytes of a Parquet file with this number of equal row groups.
fn file(groups: usize, columns: &[(&str, Cells)]) -> Vec<u8> {
    let declared: String = columns.iter().map(|(name, c)| c.declared(name)).collect();
    let schema = Arc::new(parse_message_type(&format!("message schema {{ {declared} }}")).unwrap());
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties.build())).unwrap();
    for _ in 0..groups {
        let mut group = writer.next_row_group().unwrap();
        for (_, cells) in columns {
            let mut column = group.next_column().unwrap().unwrap();
            let all = |count| Some(vec![1; count]);
            let written = match cells {
                Cells::Text(cells) => {
                    let there = cells.iter().flatten().map(|text| text.to_vec().into());
                    let levels = cells.iter().map(|cell| i16::from(cell.is_some()));
                    let (there, levels): (Vec<ByteArray>, Vec<i16>) =
                        (there.collect(), levels.collect());
                    let column = column.typed::<ByteArrayType>();
                    column.write_batch(&there, Some(&levels), None)
                }
                Cells::Long(cells) => column.typed::<Int64Type>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
                Cells::Int(cells) => column.typed::<Int32Type>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
                Cells::Float(cells) => column.typed::<FloatType>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
                Cells::Double(cells) => column.typed::<DoubleType>().write_batch(
                    cells,
                    all(cells.len()).as_deref(),
                    None,
                ),
            };
            written.unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// The texts of a column.
fn texts<'a>(texts: &[&'a str]) -> Vec<Option<&'a [u8]>> {
    texts.iter().map(|text| Some(text.as_bytes())).collect()
}

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

#[test]
fn a_broken_file_is_an_error_with_file_and_row() {
    let (a, b) = (texts(&["a", "a", "a"]), texts(&["b", "b", "b"]));
    let whole = rte(&a, &b, &[0, 1, 0]);
    let mut cut = whole.clone();
    cut.truncate(whole.len() / 2);
    let label = |cells| {
        file(
            2,
            &[
                ("sentence1", Cells::Text(&a)),
                ("sentence2", Cells::Text(&b)),
                ("label", cells),
            ],
        )
    };
    let null = [Some(&b"b"[..]), None, Some(b"b")];
    let bytes = [Some(&b"a"[..]), Some(b"a"), Some(b"\xff")];
    let two = [
        ("sentence1", Cells::Text(&a)),
        ("label", Cells::Long(&[0, 1, 0])),
    ];
    let number = [
        ("sentence1", Cells::Text(&a)),
        ("sentence2", Cells::Float(&[0.0; 3])),
        ("label", Cells::Long(&[0, 1, 0])),
    ];
    let classes = "expected one of 0 (entailment), 1 (not_entailment)";
    let cases: [(Vec<u8>, String); 11] = [
        (Vec::new(), ": is not a whole Parquet file: ".into()),
        (b"PAR1".to_vec(), ": is not a whole Parquet file: ".into()),
        (cut, ": is not a whole Parquet file: ".into()),
        (rte(&[], &[], &[]), ": has no rows".into()),
        (
            file(1, &two),
            ": has no column called sentence2; the columns are sentence1, label".into(),
        ),
        (
            label(Cells::Long(&[0, 2, 0])),
            format!(":2: the row's label is 2; {classes}"),
        ),
        (
            label(Cells::Long(&[0, 1, -1])),
            format!(":3: the row's label is -1, which means no label, as in a test set; {classes}"),
        ),
        (
            label(Cells::Double(&[0.0; 3])),
            ": column `label` is of type DOUBLE; expected whole numbers".into(),
        ),
        (
            file(1, &number),
            ": column `sentence2` is of type FLOAT; expected text".into(),
        ),
        (
            rte(&a, &null, &[0, 1, 0]),
            ":2: the row's `sentence2` is null".into(),
        ),
        (
            rte(&bytes, &b, &[0, 1, 0]),
            ":3: the row's `sentence1` is not UTF-8 text".into(),
        ),
    ];
    for (bytes, says) in cases {
        let error = read(Task::Rte, &bytes).unwrap_err().to_string();
        let says = format!("rte/train-00000-of-00001.parquet{says}");
        assert!(error.contains(&says), "{error}\nlacks {says}");
    }
    let missing = read_hub_split("nowhere", Task::Rte, Split::Train).unwrap_err();
    assert!(
        missing.to_string().contains("nowhere/rte/train-"),
        "{missing}"
    );

    let scores = |scores: &[f32]| {
        let columns = [
            ("sentence1", Cells::Text(&a)),
            ("sentence2", Cells::Text(&b)),
            ("label", Cells::Float(scores)),
        ];
        read(Task::Stsb, &file(1, &columns)).map(|examples| examples.len())
    };
    assert_eq!(scores(&[0.0, 5.0, 2.5]).unwrap(), 3);
    for odd in [-0.1, 5.1, f32::NAN, f32::INFINITY] {
        let error = scores(&[0.0, odd, 0.0]).unwrap_err().to_string();
        assert!(error.contains(":2: the row's score "), "{error}");
        assert!(error.contains("is not from 0 to 5"), "{error}");
    }
}

#[test]
fn damage_anywhere_in_a_file_is_an_error_or_changes_no_more_than_words() {
    let (a, b) = (texts(&["an a", "a", "an a"]), texts(&["b", "b", "bb"]));
    let whole = rte(&a, &b, &[0, 1, 0]);
    let expected = read(Task::Rte, &whole).unwrap();
    for length in 0..whole.len() {
        assert!(
            read(Task::Rte, &whole[..length]).is_err(),
            "cut to {length}"
        );
    }
    for place in 0..whole.len() {
        for change in [0x01, 0x02, 0x10, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[place] ^= change;
            // A changed letter may go unnoticed, but not a missing or an additional row.
            if let Ok(examples) = read(Task::Rte, &bytes) {
                assert_eq!(examples.len(), expected.len(), "byte {place} ^ {change}");
            }
        }
    }
}
