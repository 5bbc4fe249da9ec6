//! The program `glue`, for the tests of it: cargo builds the program of a package for the tests of
//! that package alone, and the example should not carry them.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    glue::main()
}
