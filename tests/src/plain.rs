//! The paper's algorithms with nothing beyond them, for tests that follow a search trial by trial.

use burn_sls_optim::{LineSearchConfig, Preset, Units, WhenExhausted};

/// ADAMSLS as in the paper; a search that fails leaves everything as it was.
pub fn adamsls() -> LineSearchConfig {
    plain(Preset::Paper.adamsls())
}

/// SGDSLS, likewise.
pub fn sgdsls() -> LineSearchConfig {
    plain(Preset::Paper.sgdsls())
}

/// PLASLS, likewise.
pub fn plasls(units: Units) -> LineSearchConfig {
    plain(Preset::Paper.plasls(units))
}

/// With a seed, so that two runs see the same random numbers.
fn plain(config: LineSearchConfig) -> LineSearchConfig {
    config.with_when_exhausted(WhenExhausted::Stay).with_seed(0)
}
