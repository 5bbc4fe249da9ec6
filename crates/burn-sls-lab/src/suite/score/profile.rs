//! Performance profiles.

use super::case::{Case, Judged};

/// What a profile compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Steps to the target.
    Steps,
    /// Forward passes to the target: 3 a step, 1 a trial.
    Costs,
}

impl Measure {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Steps, Self::Costs];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Costs => "forward passes",
        }
    }

    fn of(self, judged: &Judged) -> Option<f64> {
        match self {
            Self::Steps => judged.steps,
            Self::Costs => judged.costs,
        }
    }
}

/// The profile of a competitor: for every factor `τ`, the share of problems on which it has reached
/// the target at no more than `τ` times the costs of whoever was the fastest there.
///
/// # References
///
/// E. Dolan, J. Moré: *Benchmarking optimization software with performance profiles*, Mathematical
/// Programming 91, 2002.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The competitor.
    pub competitor: String,
    /// Its costs over the lowest, rising, each with its weight; those it never reached are missing.
    ratios: Vec<(f64, f64)>,
}

impl Profile {
    /// The share of problems within a factor `τ >= 1`.
    pub fn at(&self, factor: f64) -> f64 {
        let within = self.ratios.iter().take_while(|(ratio, _)| *ratio <= factor);
        within.fold(0.0, |share, (_, weight)| share + weight)
    }

    /// The mean of the profile over factors from 1 to 4, as AlgoPerf has it.
    pub fn area(&self) -> f64 {
        let inside = self.ratios.iter().filter(|(ratio, _)| *ratio < 4.0);
        inside.fold(0.0, |area, (ratio, weight)| {
            area + weight * (4.0 - ratio) / 3.0
        })
    }

    /// Where the profile rises: a factor, and the share from there on.
    pub fn corners(&self) -> Vec<(f64, f64)> {
        let mut share = 0.0;
        let rising = self.ratios.iter().map(|&(ratio, weight)| {
            share += weight;
            (ratio, share)
        });
        rising.collect()
    }
}

/// The profiles of competitors over the problems that count and that all of them were run on.
pub fn profiles(cases: &[Case], competitors: &[&str], measure: Measure) -> Vec<Profile> {
    let complete = |case: &&Case| competitors.iter().all(|name| case.run(name).is_some());
    let counting = cases.iter().filter(|case| case.counts());
    let cases: Vec<&Case> = counting.filter(complete).collect();
    let of_family = |case: &Case| {
        let same = cases.iter().filter(|c| c.key.problem == case.key.problem);
        same.count() as f64
    };
    let mut families: Vec<&str> = cases.iter().map(|c| c.key.problem.as_str()).collect();
    families.dedup();
    let mut profiles: Vec<Profile> = competitors
        .iter()
        .map(|name| Profile {
            competitor: (*name).to_string(),
            ratios: Vec::new(),
        })
        .collect();
    for case in &cases {
        let weight = 1.0 / (of_family(case) * families.len() as f64);
        let costs: Vec<Option<f64>> = competitors
            .iter()
            .map(|name| measure.of(&case.judged(name)?).map(|costs| costs.max(1.0)))
            .collect();
        let best = costs
            .iter()
            .flatten()
            .copied()
            .fold(f64::INFINITY, f64::min);
        for (profile, costs) in profiles.iter_mut().zip(costs) {
            profile
                .ratios
                .extend(costs.map(|costs| (costs / best, weight)));
        }
    }
    for profile in &mut profiles {
        profile.ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::score::cases;
    use crate::suite::testing::record;

    /// Steps to the targets: on `p` the bar 10 and the other 20, on `q` 20 and never.
    #[test]
    fn the_profile_of_a_table_made_by_hand() {
        let runs = [
            record("p", "bar", &[1.0, 0.0, 0.0]),
            record("p", "other", &[1.0, 1.0, 0.0]),
            record("q", "bar", &[1.0, 0.5, 0.0]),
            record("q", "other", &[1.0, 0.9, 0.8]),
            record("r", "bar", &[1.0, 0.0]),
        ];
        let cases = cases(&runs, "bar", &["p", "q", "r"]);
        let profiles = profiles(&cases, &["bar", "other"], Measure::Steps);
        assert_eq!(profiles[0].at(1.0), 1.0);
        assert_eq!(profiles[0].area(), 1.0);
        // 10.0 + 9.99 over 9.99 on the one, and nothing on the other.
        let ratio = 19.99 / 9.99;
        assert_eq!(profiles[1].at(2.0), 0.0);
        assert_eq!(profiles[1].at(2.1), 0.5);
        assert_eq!(profiles[1].at(f64::INFINITY), 0.5);
        assert!((profiles[1].area() - 0.5 * (4.0 - ratio) / 3.0).abs() < 1e-9);
        assert_eq!(profiles[1].corners().len(), 1);
    }
}
