//! A table, and what stands in it.

use comfy_table::CellAlignment;
use comfy_table::presets::UTF8_BORDERS_ONLY;

use crate::suite::score::Estimate;

/// What stands where there is nothing to say.
const NONE: &str = "–";

/// A table with a title and words before it.
#[derive(Clone, Debug)]
pub struct Table {
    title: String,
    words: String,
    heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Without rows.
    pub(crate) fn new(title: &str, words: &str, heads: &[&str]) -> Self {
        Self {
            title: title.to_string(),
            words: words.to_string(),
            heads: heads.iter().map(|head| (*head).to_string()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    #[cfg(feature = "remote")]
    pub(crate) fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// As a part of a page.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.words);
        text += &line(&self.heads);
        let rule = self.heads.iter().skip(1).map(|_| "---:|");
        text += &format!("|---|{}\n", rule.collect::<String>());
        text += &self.rows.iter().map(|row| line(row)).collect::<String>();
        text.trim_end().to_string()
    }

    /// For a terminal.
    pub fn terminal(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(self.heads.iter());
        table.add_rows(self.rows.iter().cloned());
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table.trim_fmt()
    }
}

/// A ratio, if there is one.
pub(super) fn ratio(value: Option<f64>) -> String {
    value.map_or(NONE.to_string(), short)
}

/// Two digits behind the point, and three of a small number.
fn short(value: f64) -> String {
    match value < 0.1 {
        true => format!("{value:.3}"),
        false => format!("{value:.2}"),
    }
}

/// A share in percent, if there is one.
pub(super) fn percent(value: Option<f64>) -> String {
    value.map_or(NONE.to_string(), |value| format!("{:.0} %", 100.0 * value))
}

/// A ratio with its interval, if there is one.
pub(super) fn with_interval(estimate: Option<Estimate>) -> String {
    estimate.map_or(NONE.to_string(), |Estimate { mean, low, high }| {
        format!("{} ({}–{})", short(mean), short(low), short(high))
    })
}

/// A share with its interval, if there is one.
pub(super) fn percent_with_interval(estimate: Option<Estimate>) -> String {
    estimate.map_or(NONE.to_string(), |estimate| {
        let Estimate { mean, low, high } = estimate.map(|share| 100.0 * share);
        format!("{mean:.0} % ({low:.0}–{high:.0})")
    })
}
