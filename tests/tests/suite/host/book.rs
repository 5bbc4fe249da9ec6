//! The book under `docs/`: its summary names its pages, its links lead somewhere, and what it shows
//! can be run. Its programs are compiled from `tests/src/book.rs`.
//!
//! The examples of `burn-sls-optim` each assert that they have learned. Here they learn on the
//! device under test; their `main` is not called.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use burn_sls_lab::comparison::experiment::{Experiment, READY, Rates};
use burn_sls_optim::LineSearchError;
use burn_sls_tests::device;
use markdown::mdast::Node;
use markdown::{ParseOptions, to_mdast};

#[path = "../../../../crates/burn-sls-optim/examples/ask_tell.rs"]
#[expect(dead_code)]
mod ask_tell;

#[path = "../../../../crates/burn-sls-optim/examples/custom_loop.rs"]
#[expect(dead_code)]
mod custom_loop;

#[path = "../../../../crates/burn-sls-optim/examples/devices.rs"]
#[expect(dead_code)]
mod devices;

#[path = "../../../../crates/burn-sls-optim/examples/images.rs"]
#[expect(dead_code)]
mod images;

#[path = "../../../../crates/burn-sls-optim/examples/learner.rs"]
#[expect(dead_code)]
mod learner;

#[path = "../../../../crates/burn-sls-optim/examples/plasls.rs"]
#[expect(dead_code)]
mod plasls;

const SUMMARY: &str = "SUMMARY.md";

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// A page by its path in the book.
fn read(page: &Path) -> Node {
    let text = fs::read_to_string(book().join(page));
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", page.display()));
    to_mdast(&text, &ParseOptions::gfm()).expect("Markdown")
}

/// Everything in a tree.
fn nodes(tree: &Node) -> Vec<&Node> {
    let mut nodes = vec![tree];
    let mut next = 0;
    while let Some(&node) = nodes.get(next) {
        nodes.extend(node.children().into_iter().flatten());
        next += 1;
    }
    nodes
}

/// Where the links and images of a page lead.
fn destinations(tree: &Node) -> Vec<&str> {
    fn destination(node: &Node) -> Option<&str> {
        match node {
            Node::Link(link) => Some(&link.url),
            Node::Image(image) => Some(&image.url),
            Node::Definition(definition) => Some(&definition.url),
            _ => None,
        }
    }
    nodes(tree).into_iter().filter_map(destination).collect()
}

/// The pages that the summary names.
fn pages() -> Vec<PathBuf> {
    let summary = read(Path::new(SUMMARY));
    let pages = destinations(&summary).into_iter();
    pages.map(PathBuf::from).collect()
}

/// The Markdown files in a folder of the book, and in the folders there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(book().join(folder)).expect("a folder") {
        let entry = entry.expect("a file");
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
    files
}

/// The path of a link's target in the book; none if it leads out of it.
fn resolve(page: &Path, link: &str) -> Option<PathBuf> {
    let folder = page.parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for component in folder.join(link).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if path.pop() => {}
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(path)
}

/// The name that mdBook gives a heading, for links to it.
fn anchor(heading: &Node) -> String {
    let kept = |letter: char| match letter {
        _ if letter.is_alphanumeric() => letter.to_lowercase().next(),
        '_' | '-' => Some(letter),
        _ if letter.is_whitespace() => Some('-'),
        _ => None,
    };
    let text = heading.to_string();
    text.trim().chars().filter_map(kept).collect()
}

fn anchors(page: &Path) -> BTreeSet<String> {
    let tree = read(page);
    let headings = nodes(&tree).into_iter();
    let headings = headings.filter(|node| matches!(node, Node::Heading(_)));
    headings.map(anchor).collect()
}

/// The blocks of code of a page: language and text.
fn blocks(tree: &Node) -> Vec<(&str, &str)> {
    fn block(node: &Node) -> Option<(&str, &str)> {
        match node {
            Node::Code(code) => Some((code.lang.as_deref().unwrap_or(""), &code.value)),
            _ => None,
        }
    }
    nodes(tree).into_iter().filter_map(block).collect()
}

#[test]
fn the_summary_names_every_page_once() {
    let mut named = pages();
    named.sort();
    let mut there = files(Path::new(""));
    there.retain(|file| file != Path::new(SUMMARY));
    there.sort();
    assert_eq!(named, there);
}

#[test]
fn every_link_leads_to_a_file_or_a_heading_of_the_book() {
    for page in pages() {
        let tree = read(&page);
        for link in destinations(&tree) {
            if link.contains("://") {
                continue;
            }
            let place = format!("{}: {link}", page.display());
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.clone(),
                path => resolve(&page, path).unwrap_or_else(|| panic!("{place} leads out")),
            };
            assert!(book().join(&target).is_file(), "{place}: no such file");
            let known = heading.is_empty() || anchors(&target).contains(heading);
            assert!(known, "{place}: no such heading");
        }
    }
}

#[test]
fn every_experiment_can_be_read() {
    let mut experiments = 0;
    for page in pages() {
        let tree = read(&page);
        for (language, text) in blocks(&tree) {
            if language == "toml,experiment" {
                let read = Experiment::parse(text);
                assert!(read.is_ok(), "{}: {read:?}\n{text}", page.display());
                experiments += 1;
            }
        }
    }
    assert!(experiments > 0);
}

/// The runs of an experiment: those that are reported, and those that learning rates are chosen by.
fn runs(experiment: &Experiment) -> usize {
    let candidates = experiment.methods.iter().map(|method| match &method.lr {
        Some(Rates::Best(rates)) => rates.len(),
        _ => 0,
    });
    let choosing = candidates.sum::<usize>() * experiment.selection_seeds.len();
    let reported = experiment.methods.len() * experiment.seeds.len();
    experiment.cells().len() * (choosing + reported)
}

#[test]
fn the_table_of_ready_made_experiments_counts_their_runs() {
    let text = fs::read_to_string(book().join("comparing.md")).expect("a page");
    for name in READY {
        let (_, experiment) = Experiment::open(name).expect("an experiment");
        let mut rows = text.lines();
        let row = rows.find(|row| row.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("`{name}` is not in the table"));
        let count = format!("| {} |", runs(&experiment));
        assert!(row.ends_with(&count), "{row} should end in {count}");
    }
}

/// What says nothing is Rust to rustdoc, and a page that is not named in `book.rs` is not compiled.
#[test]
fn every_block_says_what_it_is_in_and_every_program_is_compiled() {
    let compiled = include_str!("../../../src/book.rs");
    for page in pages() {
        let tree = read(&page);
        for (language, text) in blocks(&tree) {
            let name = page.display();
            assert!(!language.is_empty(), "{name}, in no language:\n{text}");
            if language == "rust" || language == "rust,no_run" {
                let included = format!("include_str!(\"../../docs/{name}\")");
                assert!(compiled.contains(&included), "{name} is not compiled");
            }
        }
    }
}

/// A formula that Markdown has read as emphasis or a tag lies in several pieces of text.
#[test]
fn no_formula_is_torn_by_its_markdown() {
    let mut formulas = 0;
    for page in pages() {
        for node in nodes(&read(&page)) {
            let Node::Text(text) = node else { continue };
            let text = &text.value;
            let count = |mark| text.matches(mark).count();
            for (begin, end) in [(r"\(", r"\)"), (r"\[", r"\]")] {
                assert_eq!(count(begin), count(end), "{}: {text}", page.display());
                formulas += count(begin);
            }
        }
    }
    assert!(formulas > 0);
}

#[test]
fn ask_tell_learns() {
    ask_tell::learn();
}

#[test]
fn a_custom_loop_learns() -> Result<(), LineSearchError> {
    custom_loop::learn(device())
}

#[test]
fn a_learner_learns() {
    let folder = tempfile::tempdir().expect("a folder");
    learner::learn(device(), folder.path().to_path_buf());
}

#[test]
fn plasls_learns() -> Result<(), LineSearchError> {
    plasls::learn(device())
}

#[test]
fn images_are_learned() -> Result<(), LineSearchError> {
    images::learn(device())
}

#[test]
fn two_devices_learn() -> Result<(), LineSearchError> {
    let device = device();
    devices::learn([device.clone(), device])
}
