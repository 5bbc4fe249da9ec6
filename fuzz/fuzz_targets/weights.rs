//! No bytes make the import of weights panic: `tests/fixtures/bert/bare-relu/model.safetensors` is
//! the file to begin from, in `fuzz/corpus/weights`.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use burn::tensor::Device;
use burn_sls_bert::Checkpoint;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const CONFIG: &str = include_str!("../../tests/fixtures/bert/bare-relu/config.json");

static DIR: LazyLock<TempDir> = LazyLock::new(|| {
    let dir = TempDir::new().expect("a folder");
    fs::write(dir.path().join("config.json"), CONFIG).expect("written");
    dir
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(DIR.path().join("model.safetensors"), bytes).expect("written");
    if let Ok(checkpoint) = Checkpoint::open(DIR.path()) {
        let loaded = checkpoint.encoder(&Device::flex());
        loaded.expect("what is checked loads");
    }
});
