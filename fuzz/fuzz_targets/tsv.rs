//! No bytes make the reader of GLUE's files panic, and every label that it gives is one of the
//! task's.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use burn_sls_bert::glue::{self, Split, Task};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static DIR: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = TempDir::new().expect("a folder");
    for task in ["SST-2", "MRPC"] {
        fs::create_dir(dir.path().join(task)).expect("made");
    }
    dir
});

fuzz_target!(|bytes: &[u8]| {
    for (task, folder) in [(Task::Sst2, "SST-2"), (Task::Mrpc, "MRPC")] {
        fs::write(DIR.path().join(folder).join("dev.tsv"), bytes).expect("written");
        if let Ok(rows) = glue::read_split(DIR.path(), task, Split::Validation) {
            assert!(rows.examples.iter().all(|example| example.label.class() < 2));
        }
    }
});
