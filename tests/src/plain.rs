//! The paper's algorithms with nothing beyond them, for tests that follow a search trial by trial.

use burn_sls_optim::{LineSearchConfig, Preset, Units, WhenExhausted};

/// ADAMSLS as in the paper; a search that fails leaves everything as it was.
pub fn adamsls() -> LineSearchConfig {
    plain(LineSearchConfig::adamsls())
}

/// SGDSLS, likewise.
pub fn sgdsls() -> LineSearchConfig {
    plain(LineSearchConfig::sgdsls())
}

/// PLASLS, likewise.
pub fn plasls(units: Units) -> LineSearchConfig {
    plain(LineSearchConfig::plasls(units))
}

fn plain(config: LineSearchConfig) -> LineSearchConfig {
    let config = Preset::Paper.apply(config);
    config.with_when_exhausted(WhenExhausted::Stay)
}
