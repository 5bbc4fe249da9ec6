//! Files as people had them: of another system, from the hub, without a line of names.

use super::*;

/// The message for a file with this text, which is one short line.
fn message(task: Task, text: &str) -> String {
    let message = rows(task, text.as_bytes()).unwrap_err().to_string();
    assert!(message.len() < 800, "{} bytes: {message}", message.len());
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

fn says(task: Task, text: &str, expected: &str) {
    let message = message(task, text);
    assert!(
        message.contains(expected),
        "{task}: {message}\nlacks {expected}"
    );
}

#[test]
fn lines_that_end_in_a_carriage_return_alone_are_named() {
    let row = "a film that nobody liked\t0\r";
    let text = format!("sentence\tlabel\r{}", row.repeat(4000));
    says(
        Task::Sst2,
        &text,
        "some.tsv: there is no line feed in the file, and 4001 carriage returns (CR) without one",
    );
    says(Task::Sst2, &text, "`tr '\\r' '\\n' < FILE > NEW`");
    says(Task::Sst2, &format!("\r\r{text}"), "no line feed in the");
    says(
        Task::Sst2,
        &format!("{text}\n"),
        "there is one line feed in the file, and 4000",
    );
    let cola = "gj04\t1\t\tfine\rgj04\t0\t\tbad\r";
    says(Task::Cola, cola, "there is no line feed in the file");
    says(Task::Qqp, &text, "there is no line feed in the file");
}

#[test]
fn a_carriage_return_in_a_sentence_is_text() {
    let text = "sentence\tlabel\na\rb\t1\n";
    assert_eq!(read(Task::Sst2, text), [single("a\rb", 1)]);
    let cola = "gj04\t1\t\ta\rb\ngj04\t1\t\tc\n";
    assert_eq!(read(Task::Cola, cola), [single("a\rb", 1), single("c", 1)]);
}

#[test]
fn a_first_line_of_data_is_recognised_in_every_task() {
    let sts = "0\tmain-captions\tMSRvid\t2012test\t0000\tnone\tnone\ta b\tc d\t0.000\n";
    says(
        Task::Stsb,
        sts,
        "some.tsv:1: the first line looks like data (\"0\", \"main-captions\", \"MSRvid\", …) and \
         not like column names: put a line before it with a name for each of its 10 fields, \
         separated by tabs, among them sentence1, sentence2, score or label",
    );
    for (task, row) in [
        (Task::Sst2, "a film\t0"),
        (Task::Mrpc, "1\t12\t13\ta b\tc d"),
        (Task::Qqp, "1\t2\t3\ta ?\tb ?\t0"),
        (Task::Mnli, "a b\tc d\tneutral"),
        (Task::Qnli, "a ?\tb .\tnot_entailment"),
        (Task::Rte, "0\ta\tb\tentailment"),
        (Task::Wnli, "0\ta\tb\t1"),
    ] {
        says(task, row, "some.tsv:1: the first line looks like data");
    }
    // Other names are names.
    says(
        Task::Sst2,
        "review\tstars\na\t1\n",
        "has no column called sentence; the columns are review, stars",
    );
}

#[test]
fn a_line_of_names_that_does_not_fit_says_what_to_do() {
    says(
        Task::Sst2,
        "sentence,label\na,1\n",
        "the columns are sentence,label; the line has no tab, and fields are separated by tabs",
    );
    says(
        Task::Rte,
        "index\tsentence1\tsentence2\n0\ta\tb\n",
        "has no column called label; the columns are index, sentence1, sentence2; a file without \
         labels is a test set",
    );
    says(
        Task::Sst2,
        "sentence\tlabel\na\t1\nsentence\tlabel\nb\t0\n",
        "some.tsv:3: the label is \"label\", a column name: the line of names is there twice",
    );
}

#[test]
fn every_quotation_is_cut() {
    let long = "long ".repeat(20_000);
    let many = "name\t".repeat(20_000);
    for (task, text) in [
        (Task::Sst2, format!("{long}\n")),
        (Task::Sst2, format!("{long}\t1\n")),
        (Task::Sst2, many.clone()),
        (Task::Stsb, format!("{many}1.0\n")),
        (Task::Sst2, format!("sentence\tlabel\na\t{long}\n")),
        (
            Task::Mnli,
            format!("premise\thypothesis\tlabel\na\tb\t{long}\n"),
        ),
        (
            Task::Stsb,
            format!("sentence1\tsentence2\tscore\na\tb\t{long}\n"),
        ),
        (Task::Cola, format!("gj04\t{long}\t\tfine\n")),
        (Task::Cola, format!("{long}\n")),
        (Task::Sst2, format!("{{\"sentence\": \"{long}\"}}\n")),
    ] {
        message(task, &text);
    }
    let error = long.parse::<Task>().unwrap_err().to_string();
    assert!(error.len() < 300, "{error}");
}

#[test]
fn numbers_are_classes_in_the_hubs_order_if_the_columns_are_the_hubs() {
    let mnli = "premise\thypothesis\tlabel\tidx\na\tb\t0\t0\na\tb\t1\t1\na\tb\t2\t2\r\n";
    let expected = [0, 1, 2].map(|class| pair("a", "b", Label::Class(class)));
    assert_eq!(read(Task::Mnli, mnli), expected);
    // An index that a program has put before, and no `idx`.
    let mnli = "\tlabel\tpremise\thypothesis\n7\t0\ta\tb\n8\tneutral\ta\tb\n9\t2\ta\tb\n";
    assert_eq!(read(Task::Mnli, mnli), expected);
    for (task, names) in [
        (Task::Qnli, "question\tsentence"),
        (Task::Rte, "sentence1\tsentence2"),
        (Task::Wnli, "sentence1\tsentence2"),
        (Task::Mrpc, "sentence1\tsentence2"),
        (Task::Qqp, "question1\tquestion2"),
    ] {
        let text = format!("{names}\tlabel\tidx\na\tb\t0\t0\na\tb\t1\t1\n");
        assert_eq!(read(task, &text), expected[..2], "{task}");
    }
    let stsb = "sentence1\tsentence2\tlabel\tidx\na\tb\t3.8\t0\n";
    assert_eq!(read(Task::Stsb, stsb), [pair("a", "b", Label::Score(3.8))]);

    says(
        Task::Mnli,
        "premise\thypothesis\tlabel\tidx\na\tb\t3\t0\n",
        "the label \"3\" is unknown; expected one of 0 (entailment), 1 (neutral), 2 (contradict",
    );
    for odd in ["+1", "1.0", " 1", "01"] {
        let text = format!("premise\thypothesis\tlabel\tidx\na\tb\t{odd}\t0\n");
        message(Task::Mnli, &text);
    }
}

#[test]
fn a_number_under_other_columns_is_refused_since_its_order_is_unknown() {
    for (task, text, columns) in [
        (
            Task::Mnli,
            "index\tsentence1\tsentence2\tgold_label\n0\ta\tb\t2\n",
            "premise, hypothesis, label, idx; expected one of entailment, neutral, contradiction",
        ),
        (
            Task::Mnli,
            "premise\thypothesis\tgold_label\na\tb\t2\n",
            "premise, hypothesis, label, idx;",
        ),
        (
            Task::Rte,
            "index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n",
            "sentence1, sentence2, label, idx; expected one of entailment, not_entailment",
        ),
    ] {
        says(task, text, "is a number, and its class is known only if");
        says(task, text, columns);
    }
}

#[test]
fn a_label_of_minus_one_is_explained() {
    let explained = "-1, which means no label, as in the hub's test sets: use a split that has";
    for (task, text) in [
        (Task::Sst2, "sentence\tlabel\na\t1\nb\t-1\n"),
        (Task::Cola, "gj04\t1\t\ta\ngj04\t-1\t\tb\n"),
        (
            Task::Mnli,
            "premise\thypothesis\tlabel\tidx\na\tb\t1\t0\na\tb\t-1\t1\n",
        ),
        (
            Task::Rte,
            "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n0\ta\tb\t-1\n",
        ),
        (
            Task::Qqp,
            "question1\tquestion2\tis_duplicate\na\tb\t1\na\tb\t-1\r\n",
        ),
        (
            Task::Stsb,
            "sentence1\tsentence2\tlabel\na\tb\t1\na\tb\t-1\n",
        ),
    ] {
        says(task, text, explained);
        let line = text.lines().count();
        says(task, text, &format!("some.tsv:{line}: the "));
    }
    let text = "sentence1\tsentence2\tscore\na\tb\t-1.000\n";
    says(
        Task::Stsb,
        text,
        "the score is -1.000, which means no label",
    );
}

#[test]
fn a_file_of_another_kind_is_named() {
    for (text, expected) in [
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n",
            "some.tsv: is a Git LFS pointer",
        ),
        ("<html><body>Not found</body>", "some.tsv: is a web page"),
        ("PAR1\u{0}\u{1}", "some.tsv: is a Parquet file"),
        ("s\0e\0n\0t\0e\0n\0c\0e\0\t\0", "some.tsv: is UTF-16 text"),
    ] {
        says(Task::Sst2, text, expected);
    }
}
