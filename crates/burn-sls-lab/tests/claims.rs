//! The numbers of the README, against the committed results: `docs/claims.md` says of each of them
//! in which table it stands.

use std::fs;
use std::path::{Path, PathBuf};

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
    fn parse(line: &str, docs: &Path) -> Option<Self> {
        let cells = cells(line);
        let [number, _, place, row, column] = cells.as_slice() else {
            return None;
        };
        let (_, link) = place.split_once("](")?;
        let (path, headings) = link.split_once(')')?;
        let headings = headings.trim_start_matches(',').split('›');
        Some(Self {
            number: number.clone(),
            page: docs.join(path),
            headings: headings.map(|heading| heading.trim().to_string()).collect(),
            row: row.clone(),
            column: column.clone(),
        })
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
    let claims: Vec<Claim> = text
        .lines()
        .filter_map(|line| Claim::parse(line, &docs))
        .collect();
    assert!(claims.len() > 25, "{} claims", claims.len());
    claims
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
            prose.contains(&claim.number),
            "not in README: {}",
            claim.number
        );
        rest = rest.replace(&claim.number, "");
    }
    let left: Vec<&str> = rest
        .split_whitespace()
        .filter(|word| word.contains('.') && word.trim_end_matches(['.', ',']).contains('.'))
        .filter(|word| numbers(word).iter().any(|(_, digits)| *digits > 0))
        .collect();
    assert!(left.is_empty(), "no claim for {left:?}");
}
