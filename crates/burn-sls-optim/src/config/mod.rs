//! The settings of a line search, in five groups, with presets for all of them.

mod averaging;
mod direction;
mod file;
mod named;
mod preset;
mod presets;
mod ranges;
mod schedule;
mod search;
mod settings;
mod start;
mod validate;
mod with;

pub use averaging::Averaging;
pub use direction::{Direction, DirectionConfig};
pub use named::NamedSettings;
pub use preset::Preset;
pub use schedule::{Frequency, ReduceOnPlateau, ScheduleConfig};
pub use search::{Iteration, SearchConfig, SelfCheck, TrialMode, WhenExhausted};
pub use settings::LineSearchConfig;
pub use start::{Extrapolation, Hypergradient, InitialStep, StartConfig};
