//! Kernels are inlined where their vectors are.

use std::fs;

use super::sources::{collect, root};

/// Code that is not inlined where the vectors are switched on is compiled for the oldest processors.
#[test]
fn what_a_kernel_runs_in_vectors_is_inlined() {
    const RUN_IN_VECTORS: [&str; 5] = ["each(", "map(", "map_pair(", "map_range(", "vectorized("];
    let kernels = root().join("crates/burn-sls-kernels/src/slices");
    let mut files = Vec::new();
    collect(&kernels, &mut files);
    let mut closures = 0;
    for file in files {
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().expect("a part");
        for call in RUN_IN_VECTORS
            .into_iter()
            .flat_map(|name| calls(code, name))
        {
            let Some((before, _)) = call.split_once('|') else {
                continue;
            };
            closures += 1;
            assert!(
                before.trim_end().ends_with("#[inline(always)]"),
                "{}: a closure lacks #[inline(always)]: {call}",
                file.display()
            );
        }
    }
    assert!(closures > 20, "{closures} closures are read");
}

/// The arguments of every call of a function, each up to its end.
fn calls<'a>(code: &'a str, name: &str) -> Vec<&'a str> {
    let places = code.match_indices(name).filter(|&(place, _)| {
        let before = &code[..place];
        !before.ends_with(|c: char| c.is_alphanumeric() || "_.".contains(c))
            && !before.ends_with("fn ")
    });
    let arguments = places.map(|(place, _)| {
        let inside = &code[place + name.len()..];
        let mut depth = 1;
        let end = inside.find(|c| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        &inside[..end.expect("the end of a call")]
    });
    arguments.collect()
}
