//! The experiments that come with the program.

use toml::{Table, Value};

/// Their names, in the order of a report.
pub const READY: [&str; 17] = [
    "quick", "table1", "rivals", "default", "table2", "fig1", "fig2", "fig3", "fig4", "fig5",
    "fig6", "fig7", "fig8", "fig9", "units", "merging", "batches",
];

/// The description of the one of that name.
pub(super) fn description(name: &str) -> Option<Value> {
    let mut all: Table = toml::from_str(include_str!("ready.toml")).expect("the file is TOML");
    all.remove(name)
}
