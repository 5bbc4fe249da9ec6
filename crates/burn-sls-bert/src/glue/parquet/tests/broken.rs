//! Files that are damaged, or do not have what a task needs.

use parquet::basic::Compression;

use super::write::compressed;
use super::*;

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
            format!(":3: the row's label is -1{UNLABELLED}; {classes}"),
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
    let columns = [
        ("sentence1", Cells::Text(&a)),
        ("sentence2", Cells::Text(&b)),
        ("label", Cells::Long(&[0, 1, 0])),
    ];
    for compression in [Compression::SNAPPY, Compression::GZIP(Default::default())] {
        let whole = compressed(compression, 1, &columns);
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
}
