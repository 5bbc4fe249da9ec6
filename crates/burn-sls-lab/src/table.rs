//! Tables for a terminal and in Markdown.

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_BORDERS_ONLY};
use comfy_table::{CellAlignment, Table};

/// A table in Markdown, its columns in line.
pub(crate) fn markdown(
    heads: impl IntoIterator<Item = String>,
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    // A bar would end the cell.
    let safe = |words: Vec<String>| words.into_iter().map(|word| word.replace('|', "\\|"));
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header(safe(heads.into_iter().collect()));
    for row in rows {
        table.add_row(safe(row));
    }
    let lines: Vec<String> = table
        .lines()
        .map(|line| line.trim_end().to_string())
        .collect();
    lines.join("\n")
}

/// A table for a terminal, with everything but the first column aligned like this.
pub(crate) fn terminal(
    heads: &[impl ToString],
    rows: &[Vec<String>],
    align: CellAlignment,
) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY);
    table.set_header(heads.iter().map(ToString::to_string));
    table.add_rows(rows.iter().cloned());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(align);
    }
    table.trim_fmt()
}
