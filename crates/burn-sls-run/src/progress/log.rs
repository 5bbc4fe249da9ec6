//! When a log gets a line, and how numbers stand in it.

use std::time::Duration;

/// Decides when a split that nobody watches gets a line in the log.
///
/// A line is due at every tenth of the split, but not within two seconds of the last one, and in
/// any case 30 seconds after the last one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    last_time: Duration,
    last_tenth: usize,
}

impl Pace {
    const SHORTEST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(30);

    /// Whether a line is due when `done` of `total` items are done `elapsed` after the split began;
    /// if it is, the next one is counted from here.
    pub fn is_due(&mut self, done: usize, total: usize, elapsed: Duration) -> bool {
        let tenth = (done * 10).checked_div(total).unwrap_or(0);
        let since = elapsed.saturating_sub(self.last_time);
        let due = since >= Self::LONGEST || (tenth > self.last_tenth && since >= Self::SHORTEST);
        if due {
            *self = Self {
                last_time: elapsed,
                last_tenth: tenth,
            };
        }
        due
    }
}

pub(super) fn gap(unit: &str) -> &'static str {
    if unit.is_empty() { "" } else { " " }
}

/// A number with four significant digits, in scientific notation where it is very small or large.
/// A small whole number, such as a count, has no decimals.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() || (value.fract() == 0.0 && value.abs() < 1e3) {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor();
    if (-3.0..5.0).contains(&magnitude) {
        let decimals = (3.0 - magnitude).max(0.0) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.2e}")
    }
}

/// A duration as `45s`, `12m 05s` or `3h 07m`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}
