use std::fs;

use super::*;
use crate::comparison::args::CompareArgs;
use crate::comparison::results::read_results;
use crate::comparison::store::RUNS;
use crate::comparison::{Compared, compare};
use crate::suite::testing::alone_with_the_device;

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
preset = "paper"
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

[[published]]
method = "ADAM"
task = "mean"
train_size = 48
loss = 0.25
source = "made up, over all tasks"
"#;

#[test]
fn a_comparison_becomes_a_page_that_needs_no_other_file() {
    let _alone = alone_with_the_device();
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
    assert_eq!(compare(&args).unwrap(), Compared::Finished);
    let runs = || fs::read_dir(out.join(RUNS)).unwrap().count();
    // Two batch sizes: two candidates; PLASLS, ADAM and, if it is another rate, the tuned one,
    // twice.
    let made = runs();
    assert!((2 * (2 + 4)..=2 * (2 + 6)).contains(&made), "{made} runs");
    assert_eq!(compare(&args).unwrap(), Compared::Finished);
    assert_eq!(runs(), made, "nothing is computed twice");

    let report_args = ReportArgs { dir: out.clone() };
    let written = report(&report_args).unwrap();
    assert_eq!(written.missing, 0);
    let markdown = fs::read_to_string(&written.markdown).unwrap();
    for words in [
        "## A | test",
        "| PLASLS ",
        "made up for this test",
        "made up, over all tasks",
        "ADAM (the baseline)",
        "metric, minus that of PLASLS",
        "loss, over that of ADAM, tuned",
        "### Learning rates",
        "figures/small-2.svg",
        "figures/small-batch-sizes-1.svg",
    ] {
        assert!(markdown.contains(words), "{words}:\n{markdown}");
    }
    assert!(!markdown.contains("Not complete"));
    let page = fs::read_to_string(&written.page).unwrap();
    assert_eq!(page.matches("<img ").count(), 2 + 1);
    assert_eq!(page.matches("src=\"data:image/svg+xml;base64,").count(), 3);
    assert!(!page.contains("http") || !page.contains("src=\"http"));

    // From here on the results are enough, for the same report and for going on.
    let files = || -> Vec<String> {
        let pictures = ["small-1.svg", "small-2.svg", "small-batch-sizes-1.svg"];
        let pictures = pictures.map(|name| out.join("figures").join(name));
        let texts = [&written.markdown, &written.page, &written.results];
        let paths = texts.into_iter().chain(&pictures);
        paths
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    };
    let before = files();
    fs::remove_dir_all(out.join(RUNS)).unwrap();
    assert_eq!(compare(&args).unwrap(), Compared::Finished);
    assert!(!out.join(RUNS).exists(), "nothing is computed twice");
    assert_eq!(report(&report_args).unwrap(), written);
    assert!(files() == before, "the report is another one without runs/");

    // The lost run is named, and the others are still reported.
    let mut results = read_results(&written.results).unwrap();
    assert_eq!(results.len(), made);
    results.retain(|run| {
        let settings = &run.file.settings;
        settings.units.is_none() || settings.batch_size != 16 || settings.seed != 2
    });
    assert_eq!(results.len(), made - 1);
    write_results(&written.results, &results).unwrap();
    let written = report(&report_args).unwrap();
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
        assert!(error.contains("sls-lab compare quick --out"), "{error}");
    }
}
