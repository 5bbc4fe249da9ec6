mod reported;

use super::*;

/// Reads a file with these bytes.
fn rows(task: Task, bytes: &[u8]) -> Result<Rows, BertError> {
    let path = Path::new("some.tsv");
    let (text, target) = (utf8(path, bytes)?, task.target());
    Reader {
        path,
        text,
        task,
        target,
    }
    .read()
}

/// The examples of a complete file.
fn read(task: Task, text: &str) -> Vec<Example> {
    let rows = rows(task, text.as_bytes()).unwrap();
    assert_eq!(rows.cut_short, None);
    rows.examples
}

fn single(sentence: &str, class: usize) -> Example {
    Example {
        first: sentence.to_owned(),
        second: None,
        label: Label::Class(class),
    }
}

fn pair(first: &str, second: &str, label: Label) -> Example {
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
        assert_eq!(read(Task::Mnli, text), [pair("a", "b", Label::Class(1))]);
    }
}

#[test]
fn every_task_is_read_from_its_official_columns() {
    let class = |class| [pair("a b", "c", Label::Class(class))];
    for (task, names, row, examples) in [
        (
            Task::Mrpc,
            "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String",
            "0\t7\t8\ta b\tc",
            class(0),
        ),
        (
            Task::Qqp,
            "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
            "1\t2\t3\ta b\tc\t1",
            class(1),
        ),
        (
            Task::Stsb,
            "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\t\
             score",
            "0\tmade\tfile\tnone\t1\tx\ty\ta b\tc\t3.800",
            [pair("a b", "c", Label::Score(3.8))],
        ),
        (
            Task::Qnli,
            "index\tquestion\tsentence\tlabel",
            "0\ta b\tc\tentailment",
            class(0),
        ),
        (
            Task::Rte,
            "index\tsentence1\tsentence2\tlabel",
            "0\ta b\tc\tnot_entailment",
            class(1),
        ),
        (
            Task::Wnli,
            "index\tsentence1\tsentence2\tlabel",
            "0\ta b\tc\t1",
            class(1),
        ),
    ] {
        assert_eq!(read(task, &format!("{names}\n{row}\n")), examples, "{task}");
    }
}

#[test]
fn cola_has_no_line_of_names_unless_somebody_added_one() {
    let expected = [single("They slept .", 1), single("\"Slept they .", 0)];
    let official = "gj04\t1\t\tThey slept .\r\ngj04\t0\t*\t\"Slept they .";
    assert_eq!(read(Task::Cola, official), expected);
    let named = "label\tsentence\n1\tThey slept .\n0\t\"Slept they .\n";
    assert_eq!(read(Task::Cola, named), expected);
    // In a row, the names of columns are ordinary words.
    let row = "gj04\t1\t\tsentence\n";
    assert_eq!(read(Task::Cola, row), [single("sentence", 1)]);
}

#[test]
fn scores_are_taken_at_both_ends_of_their_range() {
    let text = "sentence1\tsentence2\tscore\na\tb\t0\na\tb\t5.000\r\na\tb\t2.5\r\n";
    let scores: Vec<f64> = read(Task::Stsb, text)
        .iter()
        .map(|e| e.label.score())
        .collect();
    assert_eq!(scores, [0.0, 5.0, 2.5]);
}

#[test]
fn rows_of_qqp_that_are_cut_short_are_skipped_and_counted() {
    let text = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n\
                0\t1\t2\twho is\n\
                that ?\twho ?\t1\n\n\
                1\t1\t2\ta\tb\t1\n2\t1";
    let read = rows(Task::Qqp, text.as_bytes()).unwrap();
    assert_eq!(read.examples, [pair("a", "b", Label::Class(1))]);
    let skipped = read.cut_short.unwrap();
    assert_eq!((skipped.rows, skipped.first_line), (3, 2));
    assert_eq!(
        skipped.to_string(),
        "some.tsv: 3 rows are cut short, and were skipped; the first is line 2"
    );
    let one = "question1\tquestion2\tlabel\na\tb\t0\na\tb\n";
    let skipped = rows(Task::Qqp, one.as_bytes()).unwrap().cut_short.unwrap();
    assert_eq!(
        skipped.to_string(),
        "some.tsv:3: a row is cut short, and was skipped"
    );
}

#[test]
fn quotes_are_text_and_marks_of_other_systems_are_passed_over() {
    let text = "\u{feff}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n\
                1\t1\t2\t\" open\tand \"\"\r\n\r\n0\t1\t2\t\tc\rd\r\n";
    assert_eq!(
        read(Task::Mrpc, text),
        [
            pair("\" open", "and \"\"", Label::Class(1)),
            pair("", "c\rd", Label::Class(0))
        ]
    );
    let cola = "\u{feff}x\t1\t\tfine\r\n";
    assert_eq!(read(Task::Cola, cola), [single("fine", 1)]);
}

#[test]
fn a_sentence_may_be_empty_or_very_long() {
    let long = "word ".repeat(20_000);
    let text = format!("sentence\tlabel\n\t1\n{long}\t0\n\"\t1\n");
    assert_eq!(
        read(Task::Sst2, &text),
        [single("", 1), single(&long, 0), single("\"", 1)]
    );
}

#[test]
fn broken_files_are_refused_with_file_and_line() {
    const PAIR: &str = "sentence1\tsentence2\tscore\n";
    let score = |score: &str| format!("{PAIR}a\tb\t1\na\tb\t{score}\n").into_bytes();
    let cases: [(Task, Vec<u8>, &str); 21] = [
        (Task::Sst2, b"".to_vec(), "some.tsv: is empty"),
        (Task::Sst2, b"\n\n".to_vec(), "some.tsv: is empty"),
        (Task::Cola, b"".to_vec(), "some.tsv: is empty"),
        (
            Task::Sst2,
            b"sentence\tlabel\n".to_vec(),
            "some.tsv: has no rows",
        ),
        (
            Task::Cola,
            b"sentence\tlabel\n".to_vec(),
            "some.tsv: has no rows",
        ),
        (
            Task::Sst2,
            b"text\tlabel\na\t0\n".to_vec(),
            "some.tsv:1: has no column called sentence; the columns are text, label",
        ),
        (
            Task::Stsb,
            b"sentence1\tsentence2\tgrade\n".to_vec(),
            "some.tsv:1: has no column called score or label",
        ),
        (
            Task::Sst2,
            b"sentence\tlabel\na\t0\n\nb\tc\t1\n".to_vec(),
            "some.tsv:4: has 3 fields, the first line has 2",
        ),
        (
            Task::Sst2,
            b"sentence\tlabel\na\t0\nb".to_vec(),
            "some.tsv:3: has 1 fields",
        ),
        (
            Task::Sst2,
            b"sentence\tlabel\na\t0\nb\t2".to_vec(),
            "some.tsv:3: the label \"2\" is unknown; expected one of 0 (negative), 1 (positive)",
        ),
        (
            Task::Sst2,
            b"sentence\tlabel\r\na\t\r\n".to_vec(),
            "some.tsv:2: the label \"\"",
        ),
        (
            Task::Sst2,
            b"sentence\tlabel\na\t0\nb\xff\t1\n".to_vec(),
            "some.tsv:3: is not UTF-8",
        ),
        (
            Task::Cola,
            b"gj04\t1\t\tfine\ngj04\t1\tfine\n".to_vec(),
            "some.tsv:2: has 3 fields, a row of CoLA has 4: source, label, mark, sentence",
        ),
        (
            Task::Cola,
            b"source\tlabel\tmark\ttext\nx\t1\t\tfine\n".to_vec(),
            "some.tsv:1: the label \"label\" is unknown; expected one of 0 (unacceptable), 1 (ac",
        ),
        (
            Task::Qqp,
            b"question1\tquestion2\tlabel\na\tb\na\tb\n".to_vec(),
            "some.tsv:2: has fewer fields than the first line, like every row of the file (2)",
        ),
        (
            Task::Qqp,
            b"question1\tquestion2\tlabel\na\tb\t1\t1\n".to_vec(),
            "some.tsv:2: has 4 fields, the first line has 3",
        ),
        (
            Task::Stsb,
            score("5.001"),
            "some.tsv:3: the score \"5.001\" is not a number from 0 to 5",
        ),
        (Task::Stsb, score("-0.1"), "some.tsv:3: the score \"-0.1\""),
        (Task::Stsb, score("nan"), "some.tsv:3: the score \"nan\""),
        (Task::Stsb, score("inf"), "some.tsv:3: the score \"inf\""),
        (Task::Stsb, score(""), "some.tsv:3: the score \"\""),
    ];
    for (task, bytes, says) in cases {
        let message = rows(task, &bytes).unwrap_err().to_string();
        assert!(message.starts_with(says), "{message:?} instead of {says:?}");
    }
}

#[test]
fn what_is_missing_on_the_way_to_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("glue");
    let says = |task, split| {
        let error = read_split(&dir, task, split).unwrap_err();
        error.to_string()
    };
    assert!(says(Task::Mnli, Split::Validation).contains("is not a folder"));
    fs::create_dir_all(dir.join("MRPC")).unwrap();
    let no_folder = says(Task::Mnli, Split::Mismatched);
    let no_file = says(Task::Mrpc, Split::Validation);
    let no_split = says(Task::Mrpc, Split::Mismatched);
    assert!(
        no_folder.contains("the folder of mnli is missing; found MRPC"),
        "{no_folder}"
    );
    assert!(no_file.contains("dev.tsv: this file of mrpc"), "{no_file}");
    assert!(no_split.contains("mrpc has no mismatched"), "{no_split}");
}
