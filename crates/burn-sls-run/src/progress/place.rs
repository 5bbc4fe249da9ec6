//! Where a run stands among others.

use std::time::Duration;

use super::duration;

/// A run's place among several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its number, from 1.
    pub number: usize,
    /// The number of the last one.
    pub total: usize,
    /// Its name.
    pub name: String,
    /// The time that those after it will take, if that is known.
    pub rest: Option<Duration>,
}

impl Place {
    /// `7/48 sst2, 500 examples, ADAMSLS, seed 1`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{}/{} {}", self.number, self.total, self.name)
    }

    /// Its name, and the time left for it and those after it.
    pub(super) fn describe(&self, left: Option<Duration>) -> String {
        let all = self.rest.zip(left).map(|(rest, left)| rest + left);
        let all = all.map_or(String::new(), |all| {
            format!(" ({} left for all runs)", duration(all))
        });
        format!("{}{all}", self.name)
    }
}
