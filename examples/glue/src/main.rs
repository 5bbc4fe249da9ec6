//! The command-line program; see the library for what it does.

use std::process::ExitCode;

/// Training allocates and frees large tensors all the time; the system's allocator gives their
/// pages back and faults them in again, which costs a fifth to a third of a step
/// (`tests/benches/encoder.rs`).
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    glue::main()
}
