//! The experiments that come with the program.

/// Their names and files.
pub const READY: [(&str, &str); 18] = [
    ("quick", include_str!("../../experiments/quick.toml")),
    ("table1", include_str!("../../experiments/table1.toml")),
    ("rivals", include_str!("../../experiments/rivals.toml")),
    ("default", include_str!("../../experiments/default.toml")),
    ("ablation", include_str!("../../experiments/ablation.toml")),
    ("table2", include_str!("../../experiments/table2.toml")),
    ("fig1", include_str!("../../experiments/fig1.toml")),
    ("fig2", include_str!("../../experiments/fig2.toml")),
    ("fig3", include_str!("../../experiments/fig3.toml")),
    ("fig4", include_str!("../../experiments/fig4.toml")),
    ("fig5", include_str!("../../experiments/fig5.toml")),
    ("fig6", include_str!("../../experiments/fig6.toml")),
    ("fig7", include_str!("../../experiments/fig7.toml")),
    ("fig8", include_str!("../../experiments/fig8.toml")),
    ("fig9", include_str!("../../experiments/fig9.toml")),
    ("units", include_str!("../../experiments/units.toml")),
    ("merging", include_str!("../../experiments/merging.toml")),
    ("batches", include_str!("../../experiments/batches.toml")),
];
