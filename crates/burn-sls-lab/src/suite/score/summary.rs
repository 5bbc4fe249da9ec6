//! The scores of competitors.

use serde::Serialize;

use super::SOLVED_OR_NOT;
use super::bootstrap::{Estimate, Grouped, estimate};
use super::case::{Case, Judged};
use crate::suite::competitor::FIRST;

/// What the runs of a competitor come to, over the problems that count. Means are over families,
/// intervals are of 95 % over the choice of families, ratios are to the bar's.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The competitor.
    pub competitor: String,
    /// Its runs.
    pub runs: usize,
    /// The last training loss: geometric mean of ratios.
    pub loss: Option<Estimate>,
    /// The last loss on examples held out: geometric mean of ratios.
    pub held_out: Option<Estimate>,
    /// The share of runs that end within 1.1 times of the bar's loss.
    pub within: Option<Estimate>,
    /// The share of runs that end within twice the bar's loss.
    pub within_twice: Option<Estimate>,
    /// The share of runs that have reached the target at any time.
    pub reached: Option<f64>,
    /// Steps to the target: geometric mean of ratios, of the runs that have reached it.
    pub steps_where_reached: Option<f64>,
    /// Steps to the target: geometric mean of ratios, with twice its length for a run that has not
    /// reached it.
    pub steps: Option<Estimate>,
    /// Forward passes to the target, in the same way.
    pub costs: Option<Estimate>,
    /// Seconds a step: geometric mean of ratios.
    pub seconds: Option<f64>,
    /// The runs that have failed.
    pub failed: usize,
    /// Trials a step.
    pub trials: f64,
    /// The share of steps that have not moved the model.
    pub stayed: f64,
}

/// The scores of competitors over the problems that count.
pub fn summaries(cases: &[Case], competitors: &[&str], bar: &str) -> Vec<Summary> {
    let summary = |name: &&str| summary(cases, name, bar);
    competitors.iter().map(summary).collect()
}

/// Outcomes of a line search that leave the model where it is.
const STAYED: [&str; 7] = [
    "exhausted_stayed",
    "non_finite_loss",
    "non_finite_gradient",
    "zero_gradient",
    "ascent",
    "overflow",
    "waiting",
];

fn summary(cases: &[Case], competitor: &str, bar: &str) -> Summary {
    let counting = cases.iter().filter(|case| case.counts());
    let judged: Vec<(&Case, Judged)> = counting
        .filter_map(|case| Some((case, case.judged(competitor)?)))
        .collect();
    let of = |value: &dyn Fn(&Case, &Judged) -> Option<f64>| -> Grouped {
        let values = judged
            .iter()
            .filter_map(|(case, judged)| Some((case.key.problem.as_str(), value(case, judged)?)));
        values.collect()
    };
    let share = |holds: fn(&Judged) -> bool| of(&|_, run| Some(f64::from(u8::from(holds(run)))));
    let geometric = |ratio: fn(&Judged) -> f64| {
        estimate(&of(&|_, run| Some(ratio(run).ln()))).map(|mean| mean.map(f64::exp))
    };
    let held_out = estimate(&of(&|_, run| run.held_out.map(f64::ln)));
    let where_reached = of(&|_, run| run.steps.map(|_| run.steps_ratio.ln()));
    let seconds = of(&|case, run| {
        let bar = case.run(bar)?;
        let each = |seconds: f64, steps: usize| seconds / steps.max(1) as f64;
        let ratio = each(run.record.seconds, run.record.steps) / each(bar.seconds, bar.steps);
        (ratio.is_finite() && ratio > 0.0).then(|| ratio.ln())
    });
    let records = judged.iter().map(|(_, judged)| judged.record);
    let steps: usize = records.clone().map(|record| record.steps).sum();
    let forwards: u64 = records.clone().map(|record| record.forwards).sum();
    let stayed: u64 = records
        .flat_map(|record| STAYED.iter().filter_map(|name| record.counts.get(*name)))
        .sum();
    let per_step = |count: f64| count / steps.max(1) as f64;
    Summary {
        competitor: competitor.to_string(),
        runs: judged.len(),
        loss: geometric(|run| run.ratio),
        held_out: held_out.map(|mean| mean.map(f64::exp)),
        within: estimate(&share(|run| run.within)),
        within_twice: estimate(&share(|run| run.within_twice)),
        reached: share(|run| run.steps.is_some()).mean(),
        steps_where_reached: where_reached.mean().map(f64::exp),
        steps: geometric(|run| run.steps_ratio),
        costs: geometric(|run| run.costs_ratio),
        seconds: seconds.mean().map(f64::exp),
        failed: judged.iter().filter(|(_, run)| run.failed).count(),
        trials: per_step(forwards as f64 - steps as f64),
        stayed: per_step(stayed as f64),
    }
}

/// So many times the steps are not many more.
const SOON: f64 = 1.5;

/// How a competitor does whose steps are half or twice as long, or whose first search finds half or
/// twice as much.
#[derive(Clone, Debug, Serialize)]
pub struct Sensitivity {
    /// The competitor.
    pub competitor: String,
    /// What the factor is on.
    pub what: &'static str,
    /// The factor.
    pub factor: f64,
    /// The last training loss over that without the factor: geometric mean over families.
    pub loss: Estimate,
    /// The share of runs that end within 1.1 times of the bar's loss.
    pub within: f64,
    /// The same share without the factor, on the same problems.
    pub within_before: f64,
    /// The problems on which the target is reached with the factor or without.
    pub reached: usize,
    /// Those of them on which it is reached in less than 1.5 times the steps without the factor.
    pub soon: usize,
}

/// What a factor on the steps changes, for all competitors that were run with one.
pub fn sensitivities(cases: &[Case], competitors: &[&str]) -> Vec<Sensitivity> {
    let changed = competitors.iter().filter_map(|name| {
        let (base, changed) = name.rsplit_once('@')?;
        let (what, factor) = match changed.strip_prefix(FIRST) {
            Some(factor) => ("the first search", factor),
            None => ("every step", changed),
        };
        let factor: f64 = factor.parse().ok()?;
        let counting = cases.iter().filter(|case| case.counts());
        let pairs = counting.filter_map(|case| {
            let family = case.key.problem.as_str();
            Some((family, case.judged(base)?, case.judged(name)?))
        });
        let pairs: Vec<_> = pairs.collect();
        let of = |value: &dyn Fn(&Judged, &Judged) -> f64| -> Grouped {
            let values = pairs.iter().map(|(family, a, b)| (*family, value(a, b)));
            values.collect()
        };
        let share = |within: bool| f64::from(u8::from(within));
        let reached = pairs
            .iter()
            .filter(|(_, a, b)| a.steps.or(b.steps).is_some());
        let reached: Vec<f64> = reached
            .map(|(_, a, b)| b.steps_ratio / a.steps_ratio)
            .collect();
        Some(Sensitivity {
            competitor: base.to_string(),
            what,
            factor,
            loss: estimate(&of(&|a, b| (b.ratio / a.ratio).ln()))?.map(f64::exp),
            within: of(&|_, b| share(b.within)).mean()?,
            within_before: of(&|a, _| share(a.within)).mean()?,
            reached: reached.len(),
            soon: reached.iter().filter(|ratio| **ratio < SOON).count(),
        })
    });
    changed.collect()
}

/// The levels of difficulty of a problem that a competitor has solved, each with the share of its
/// runs that have.
#[derive(Clone, Debug, Serialize)]
pub struct Levels {
    /// The problem, such as `beale`.
    pub problem: String,
    /// How many levels were run.
    pub levels: usize,
    /// The solved ones, for each competitor in turn.
    pub solved: Vec<f64>,
}

/// The solved levels of problems that are judged by nothing else. A family `beale/3` is a level of
/// `beale`.
pub fn levels(cases: &[Case], competitors: &[&str]) -> Vec<Levels> {
    let problem = |case: &Case| {
        let name = case.key.problem.rsplit_once('/');
        name.map_or(case.key.problem.clone(), |(name, _)| name.to_string())
    };
    let cases = cases.iter().filter(|case| case.group == SOLVED_OR_NOT);
    let cases: Vec<&Case> = cases.collect();
    let mut names: Vec<String> = Vec::new();
    for case in &cases {
        let name = problem(case);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let levels = names.into_iter().map(|name| {
        let mut levels: Vec<&str> = cases
            .iter()
            .filter(|case| problem(case) == name)
            .map(|case| case.key.problem.as_str())
            .collect();
        levels.dedup();
        let solved = competitors.iter().map(|competitor| {
            let share = |level: &&str| {
                let of_level = cases.iter().filter(|case| case.key.problem == **level);
                let runs: Grouped = of_level
                    .filter_map(|case| case.run(competitor))
                    .map(|run| (*level, f64::from(u8::from(run.passed == Some(true)))))
                    .collect();
                runs.mean().unwrap_or(0.0)
            };
            levels.iter().map(share).sum()
        });
        Levels {
            problem: name,
            solved: solved.collect(),
            levels: levels.len(),
        }
    });
    levels.collect()
}
