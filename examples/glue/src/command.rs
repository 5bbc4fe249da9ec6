//! Commands to type next.

use std::path::Path;

/// The command that goes on with a run, built as this program is.
pub(crate) fn resume(out: &Path) -> String {
    format!(
        "cargo run --release -p glue{} -- train --resume --out {}",
        features(),
        out.display()
    )
}

/// The features that this program has beside those that it has by default.
fn features() -> String {
    let built_in = [
        ("ndarray", cfg!(feature = "ndarray")),
        ("wgpu", cfg!(feature = "wgpu") && !cfg!(feature = "vulkan")),
        ("vulkan", cfg!(feature = "vulkan")),
        ("cuda", cfg!(feature = "cuda")),
        ("fusion", cfg!(feature = "fusion")),
        ("hub", cfg!(feature = "hub")),
        ("remote", cfg!(feature = "remote")),
    ];
    let names = built_in.iter().filter(|(_, there)| *there);
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" --features {}", names.join(",")),
    }
}
