//! What the runs of a set say about each competitor.
//!
//! Everything is relative to a *bar*, the tuned Adam: its final training loss on a problem sets the
//! [target](Scale::target) there. A family counts as much as any other, however many variants and
//! seeds it was run with: a mean is the mean over families of the means within them.

mod bootstrap;
mod case;
mod profile;
mod summary;
mod target;

pub use bootstrap::{Estimate, Grouped, estimate};
pub use case::{Case, Judged, cases};
pub use profile::{Measure, Profile, profiles};
pub use summary::{Levels, Sensitivity, Summary, levels, sensitivities, summaries};
pub use target::{Scale, reached};

/// The group of problems that are judged by whether they are solved, and by nothing else.
pub const SOLVED_OR_NOT: &str = "lightbench";
