//! The programs of the book under `docs/`, so that `cargo test` compiles and runs them. Every page
//! that has programs is included here.

/// *First steps*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/first-steps.md")]
pub struct FirstSteps;

/// *From Adam*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/from-adam.md")]
pub struct FromAdam;

/// *A loop of your own*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/own-loop.md")]
pub struct OwnLoop;

/// *Burn's Learner*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/learner.md")]
pub struct Learner;

/// *Several devices and machines*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/devices.md")]
pub struct Devices;

/// *Units*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/units.md")]
pub struct Units;

/// *Presets and settings*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/settings.md")]
pub struct Settings;

/// *Reading the report of a step*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/report.md")]
pub struct Report;

/// *Backends*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/backends.md")]
pub struct Backends;

/// *Troubleshooting*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/troubleshooting.md")]
pub struct Troubleshooting;

/// *Fine-tuning a BERT with glue*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/bert.md")]
pub struct Bert;

/// *The mathematics*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/mathematics.md")]
pub struct Mathematics;

/// *Comparing methods*.
#[cfg(doctest)]
#[doc = include_str!("../../docs/comparing.md")]
pub struct Comparing;
