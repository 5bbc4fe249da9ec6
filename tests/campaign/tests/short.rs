//! The campaign, for as long as tests of every day may take.

use burn_sls_campaign::fuzz::Campaign;
use burn_sls_campaign::{steps, targets};
use burn_sls_optim::Preset;
use std::path::Path;

/// One test, since the memory of all threads is counted together.
#[test]
fn every_reader_answers_every_kept_and_changed_file_and_a_training_holds_its_memory() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let scratch = tempfile::tempdir().expect("a folder");
    let mut failures = Vec::new();
    for target in targets::all(scratch.path()) {
        // The corpus is that of the long campaign.
        let campaign = Campaign::open(target, &corpus).expect("the corpus");
        let mut campaign = campaign.keeping_nothing();
        campaign.block(2, 1500);
        let name = campaign.name();
        let failed = campaign.figures.failures.iter();
        failures.extend(failed.map(|failure| format!("{name}: {failure}")));
    }
    assert!(failures.is_empty(), "{failures:#?}");

    let mut held = Vec::new();
    steps::train(Preset::Default.adamsls(), 3000, |part| held.push(part.held));
    let (early, late) = (held[4], held[9]);
    assert!(late <= early + (64 << 10), "memory grows: {held:?}");
}
