//! The programs of `examples/guide`, each of which asserts that it has learned.
//!
//! Here they learn on the device under test; their `main` is not called.

use burn_sls_optim::LineSearchError;
use burn_sls_tests::device;

#[path = "../../../../examples/guide/src/bin/ask_tell.rs"]
#[expect(dead_code)]
mod ask_tell;

#[path = "../../../../examples/guide/src/bin/custom_loop.rs"]
#[expect(dead_code)]
mod custom_loop;

#[path = "../../../../examples/guide/src/bin/learner.rs"]
#[expect(dead_code)]
mod learner;

#[path = "../../../../examples/guide/src/bin/plasls.rs"]
#[expect(dead_code)]
mod plasls;

#[test]
fn ask_tell_learns() {
    ask_tell::learn();
}

#[test]
fn a_custom_loop_learns() -> Result<(), LineSearchError> {
    custom_loop::learn(device())
}

#[test]
fn a_learner_learns() {
    let folder = tempfile::tempdir().expect("a folder");
    learner::learn(device(), folder.path().to_path_buf());
}

#[test]
fn plasls_learns() -> Result<(), LineSearchError> {
    plasls::learn(device())
}
