//! The tables of a bench: for a terminal, and in Markdown.

use comfy_table::CellAlignment;
use indicatif::HumanCount;

use super::growth::{Growth, Varied};
use super::row::Row;
use super::statistics::Spread;
use crate::table::{markdown, terminal};

/// What stands where there is nothing to say.
const NONE: &str = "–";

/// Heads and cells.
pub struct Cells {
    /// A line may end within a head.
    heads: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Cells {
    /// A row for every method.
    pub fn of_methods(rows: &[Row]) -> Self {
        let heads = [
            "",
            "ms a step",
            "over Adam's",
            "with one\naccepted trial",
            "forward-\nequivalents",
            "trials",
            "reads",
            "own ms",
            "of the\nstep",
            "memory\nover Adam's",
        ];
        Self {
            heads: heads.to_vec(),
            rows: rows.iter().map(method).collect(),
        }
    }

    /// A row for every network; a part of them for each thing that is varied.
    pub fn of_growth(rows: &[Growth]) -> Self {
        let heads = [
            "varied",
            "units",
            "tensors",
            "parameters",
            "Adam's\nown ms",
            "the search's\nown ms",
            "over Adam's",
            "of the\nstep",
        ];
        Self {
            heads: heads.to_vec(),
            rows: rows.iter().map(network).collect(),
        }
    }

    /// The table for a terminal.
    pub fn terminal(&self) -> String {
        terminal(&self.heads, &self.rows, CellAlignment::Right)
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let heads = self.heads.iter();
        let heads = heads.map(|head| head.replace("-\n", "-").replace('\n', " "));
        markdown(heads, self.rows.iter().cloned())
    }
}

fn method(row: &Row) -> Vec<String> {
    let of_search = |value: String| match row.units {
        Some(_) => value,
        None => NONE.to_string(),
    };
    let title = match row.units {
        Some(units) if units > 1 => format!("{}, {units} units", row.method.title()),
        _ => row.method.title().to_string(),
    };
    let one_trial = row.one_trial.and_then(|one| {
        let median = one.ratio?.median;
        Some(format!(
            "{median:.2} ({} of {})",
            one.steps,
            row.samples.len()
        ))
    });
    vec![
        title,
        row.seconds.in_words(milliseconds),
        row.ratio.in_words(|ratio| format!("{ratio:.2}")),
        one_trial.unwrap_or(NONE.to_string()),
        format!("{:.2}", row.forward_equivalents),
        of_search(format!("{:.2}", row.trials)),
        of_search(format!("{:.2}", row.reads)),
        milliseconds(row.own_seconds.median),
        percent(row.own_share.median),
        row.peak_ratio
            .map_or(NONE.to_string(), |ratio| format!("{ratio:.2}")),
    ]
}

fn network(row: &Growth) -> Vec<String> {
    let median = |spread: Option<Spread>, word: fn(f64) -> String| {
        spread.map_or(NONE.to_string(), |spread| word(spread.median))
    };
    let varied = match row.varied {
        Varied::Units => "units",
        Varied::Tensors => "tensors",
        Varied::Parameters => "parameters",
    };
    vec![
        varied.to_string(),
        row.units.to_string(),
        row.tensors.to_string(),
        HumanCount(row.parameters as u64).to_string(),
        median(row.adam, milliseconds),
        median(row.search, milliseconds),
        median(row.ratio, |ratio| format!("{ratio:.2}")),
        median(row.share, percent),
    ]
}

/// Seconds as milliseconds, with four digits or more.
fn milliseconds(seconds: f64) -> String {
    let value = 1e3 * seconds;
    let decimals = (3.0 - value.abs().max(1e-3).log10().floor()).clamp(0.0, 4.0);
    format!("{value:.0$}", decimals as usize)
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_keep_four_digits() {
        for (seconds, text) in [
            (12.345_67, "12346"),
            (1.0, "1000"),
            (0.268_44, "268.4"),
            (0.012_344, "12.34"),
            (0.001_234_4, "1.234"),
            (0.000_123_44, "0.1234"),
            (0.000_001_2, "0.0012"),
            (0.0, "0.0000"),
        ] {
            assert_eq!(milliseconds(seconds), text, "{seconds}");
        }
    }
}
