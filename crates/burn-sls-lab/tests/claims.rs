//! The numbers of the README, against the committed results: `docs/claims.md` says of each of them
//! in which table it stands, and the tables are those that the results make.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The cells of a row of a table, without the marks of bold and code.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    let plain = |cell: &str| cell.trim().replace(['*', '`'], "");
    inner.split('|').map(plain).collect()
}

/// A row of `docs/claims.md`.
struct Claim {
    number: String,
    page: PathBuf,
    /// Headings of the page, from the outer one to the inner one.
    headings: Vec<String>,
    row: String,
    column: String,
}

impl Claim {
    /// `number | what | [page](path), heading › heading | row | column`.
    fn parse(line: &str, docs: &Path) -> Self {
        let cells = cells(line);
        let [number, _, place, row, column] = cells.as_slice() else {
            panic!("no claim: {line}");
        };
        let link = place
            .split_once("](")
            .and_then(|(_, link)| link.split_once(')'));
        let (path, headings) = link.unwrap_or_else(|| panic!("no page: {line}"));
        let headings = headings.trim_start_matches(',').split('›');
        Self {
            number: number.clone(),
            page: docs.join(path),
            headings: headings.map(|heading| heading.trim().to_string()).collect(),
            row: row.clone(),
            column: column.clone(),
        }
    }

    /// The cell that it names.
    fn cell(&self) -> String {
        let text = read(&self.page);
        let mut lines = text.lines();
        for heading in &self.headings {
            let found = lines.any(|line| line.trim_start_matches('#').trim() == heading);
            assert!(
                found && !heading.is_empty(),
                "no `{heading}` in {}",
                self.page.display()
            );
        }
        let mut table = lines
            .skip_while(|line| !line.starts_with('|'))
            .take_while(|line| line.starts_with('|'));
        let heads = cells(table.next().expect("a table"));
        let column = heads.iter().position(|head| *head == self.column);
        let column = column.unwrap_or_else(|| panic!("no column `{}` in {heads:?}", self.column));
        let row = table.map(cells).find(|row| row[0] == self.row);
        row.unwrap_or_else(|| panic!("no row `{}` in {}", self.row, self.page.display()))[column]
            .clone()
    }
}

/// The numbers in some words, with the digits after the point of each.
fn numbers(words: &str) -> Vec<(f64, usize)> {
    let kept = |c: char| c.is_ascii_digit() || c == '.' || c == '-' || c == '+';
    let tokens = words.split(|c: char| !kept(c));
    let number = |token: &str| {
        let token = token.trim_end_matches(['.', '-', '+']);
        let digits = token.split_once('.').map_or(0, |(_, digits)| digits.len());
        token.parse::<f64>().ok().map(|number| (number, digits))
    };
    tokens.filter_map(number).collect()
}

fn claims() -> Vec<Claim> {
    let docs = root().join("docs");
    let text = read(&docs.join("claims.md"));
    let lines = text
        .lines()
        .skip_while(|line| !line.starts_with("| number |"));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    let claims: Vec<Claim> = rows.map(|line| Claim::parse(line, &docs)).collect();
    assert!(!claims.is_empty());
    claims
}

/// The words without a number where it stands for itself, and not within another one or as its
/// error; nothing if it does so nowhere.
fn without(words: &str, number: &str) -> Option<String> {
    let within = |c: char| c.is_ascii_digit() || c == '.';
    let mut parts = words.split(number);
    let mut rest = parts.next()?.to_string();
    let mut found = false;
    for part in parts {
        let sign = |c: char| within(c) || c == '+' || c == '-';
        let error = rest.trim_end().ends_with('±');
        let longer = rest.ends_with(sign) || part.starts_with(|c: char| c.is_ascii_digit());
        match error || longer {
            true => rest.push_str(number),
            false => found = true,
        }
        rest.push_str(part);
    }
    found.then_some(rest)
}

#[test]
fn a_number_that_is_claimed_is_the_one_in_the_committed_results() {
    for claim in claims() {
        let (claimed, cell) = (numbers(&claim.number), claim.cell());
        let there = numbers(&cell);
        assert!(
            !claimed.is_empty() && claimed.len() <= there.len(),
            "{}",
            claim.number
        );
        for ((mine, digits), (theirs, _)) in claimed.iter().zip(&there) {
            let off = (mine - theirs).abs();
            let rounding = 0.5 * 10f64.powi(-(*digits as i32)) * (1.0 + 1e-9);
            assert!(
                off <= rounding,
                "`{}`, and there it is `{cell}`",
                claim.number
            );
        }
    }
}

#[test]
fn every_measured_number_of_the_readme_is_claimed() {
    let readme = read(&root().join("README.md"));
    let section = readme.split("## What it costs, and what it does").nth(1);
    let section = section.expect("the section").split("\n## ").next();
    let prose: Vec<&str> = section.expect("its text").split("```").step_by(2).collect();
    let prose = prose
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut rest = prose.clone();
    for claim in claims() {
        assert!(
            without(&prose, &claim.number).is_some(),
            "not in README: {}",
            claim.number
        );
        rest = without(&rest, &claim.number).unwrap_or(rest);
    }
    let left: Vec<&str> = rest
        .split_whitespace()
        .filter(|word| word.contains('.') && word.trim_end_matches(['.', ',']).contains('.'))
        .filter(|word| numbers(word).iter().any(|(_, digits)| *digits > 0))
        .collect();
    assert!(left.is_empty(), "no claim for {left:?}");
}

/// The files of a folder, copied to another, without runs that may lie beside the results.
fn copied(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_file() && !path.ends_with("runs.jsonl") {
            fs::copy(&path, to.join(path.file_name().expect("a name"))).expect("copied");
        }
    }
}

#[test]
fn the_committed_reports_are_those_that_their_results_make() {
    let docs = root().join("docs");
    let reproduction = fs::read_dir(docs.join("reproduction")).expect("a folder");
    let mut folders: Vec<PathBuf> = reproduction
        .map(|entry| entry.expect("one").path())
        .collect();
    let problems = [
        ("problems", "adam-tuned"),
        ("problems/untouched", "adam-tuned"),
        ("problems/ablation", "adam-tuned"),
        ("problems/lightbench", "adam"),
        ("problems/long", "adam:1e-3"),
    ];
    let problems = problems.map(|(folder, bar)| (docs.join(folder), bar));
    folders.extend(problems.iter().map(|(folder, _)| folder.clone()));
    for folder in folders {
        let copy = tempfile::tempdir().expect("a folder");
        copied(&folder, copy.path());
        let report = copy.path().join("report.md");
        fs::remove_file(&report).expect("a report");
        let mut command = Command::new(env!("CARGO_BIN_EXE_sls-lab"));
        match problems.iter().find(|(other, _)| *other == folder) {
            Some((_, bar)) => command.args(["problems", "--bar", bar, "--report"]),
            None => command.arg("report"),
        };
        let output = command.arg(copy.path()).output().expect("the program runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {error}", folder.display());
        let same = read(&report) == read(&folder.join("report.md"));
        assert!(same, "{} has another report", folder.display());
    }
}
