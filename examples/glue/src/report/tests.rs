use std::fs;

use super::*;
use crate::compare::compare;
use crate::settings::CompareArgs;

const EXPERIMENT: &str = r#"
title = "A | test"
tasks = ["sentences"]
train_sizes = [48]
batch_sizes = [16, 24]
validation_size = 20
epochs = 2
seeds = [1, 2]
selection_seeds = [11]

[[methods]]
name = "PLASLS"
optimizer = "plasls"
units = 4

[[methods]]
name = "ADAM"
optimizer = "adam"
lr = 1e-3

[[methods]]
name = "ADAM, tuned"
optimizer = "adam"
lr = [1e-3, 3e-3]

[[published]]
method = "ADAM"
task = "sentences"
train_size = 48
metric = 0.5
source = "nowhere: made up for this test"
"#;

#[test]
fn a_comparison_becomes_a_page_that_needs_no_other_file() {
    let dir = tempfile::tempdir().unwrap();
    let (file, out) = (dir.path().join("small.toml"), dir.path().join("out"));
    fs::write(&file, EXPERIMENT).unwrap();
    let args = CompareArgs {
        experiment: file.display().to_string(),
        out: out.clone(),
        model: None,
        data_dir: None,
        device: None,
        plan: false,
    };
    assert_eq!(compare(&args).unwrap(), crate::compare::Compared::Finished);
    let runs = || fs::read_dir(out.join("runs")).unwrap().count();
    // Two batch sizes: two candidates; PLASLS, ADAM and, if it is another rate, the tuned one, twice.
    let made = runs();
    assert!((2 * (2 + 4)..=2 * (2 + 6)).contains(&made), "{made} runs");
    assert_eq!(compare(&args).unwrap(), crate::compare::Compared::Finished);
    assert_eq!(runs(), made, "nothing is computed twice");

    let args = ReportArgs { dir: out.clone() };
    let written = report(&args).unwrap();
    assert_eq!(written.missing, 0);
    let markdown = fs::read_to_string(&written.markdown).unwrap();
    for words in [
        "## A | test",
        "| PLASLS ",
        "made up for this test",
        "ADAM (the baseline)",
        "### Learning rates",
        "small-batch-sizes-1.svg",
    ] {
        assert!(markdown.contains(words), "{words}:\n{markdown}");
    }
    assert!(!markdown.contains("Not complete"));
    let page = fs::read_to_string(&written.page).unwrap();
    assert_eq!(page.matches("<img ").count(), 2 * 3 + 1);
    assert_eq!(page.matches("src=\"data:image/svg+xml;base64,").count(), 7);
    assert!(!page.contains("http") || !page.contains("src=\"http"));
    let results: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&written.results).unwrap()).unwrap();
    let methods = &results[0]["cells"][1]["methods"];
    assert_eq!(methods[0]["runs"].as_array().unwrap().len(), 2);
    assert!(methods[0]["runs"][0]["training_loss"].as_f64().unwrap() > 0.0);

    // What is lost is named, and the rest is still reported.
    let lost = out.join("runs/sentences-48-b16-tiny-plasls-paper-4-seed2");
    fs::remove_dir_all(&lost).unwrap();
    let written = report(&args).unwrap();
    assert_eq!(written.missing, 1);
    let markdown = fs::read_to_string(&written.markdown).unwrap();
    assert!(
        markdown.contains("- sentences, 48 examples, batch 16, PLASLS: seed 2"),
        "{markdown}"
    );
}

#[test]
fn a_folder_without_a_comparison_is_refused_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for dir in [dir.path().to_path_buf(), dir.path().join("nowhere")] {
        let error = report(&ReportArgs { dir }).unwrap_err().to_string();
        assert!(error.contains("glue compare quick --out"), "{error}");
    }
}
