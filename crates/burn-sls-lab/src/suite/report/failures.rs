//! Runs that have failed, and runs that are not there, by name.

use serde::Serialize;

use crate::suite::score::{Case, SOLVED_OR_NOT};

/// A run that has failed.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// Who.
    pub competitor: String,
    /// Where.
    pub problem: String,
    /// How.
    pub reason: String,
}

/// The runs of a competitor that are not there, though the competitor and the problems have others.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Missing {
    /// Who.
    pub competitor: String,
    /// How many of each family, in the order of the catalogue.
    pub families: Vec<(String, usize)>,
}

impl Missing {
    /// How many runs there are not.
    pub fn runs(&self) -> usize {
        self.families.iter().map(|(_, runs)| runs).sum()
    }
}

/// The failed runs: on problems with a target, those that end above half of the way to it; on
/// others, those that do not end with a number.
pub fn failures(cases: &[Case], competitors: &[&str]) -> Vec<Failed> {
    let mut failed = Vec::new();
    for competitor in competitors {
        for case in cases {
            let Some(run) = case.run(competitor) else {
                continue;
            };
            let judged = case.judged(competitor);
            let high = case.group != SOLVED_OR_NOT && judged.is_some_and(|judged| judged.failed);
            let last = run.end();
            let reason = match (run.non_finite, high) {
                (true, _) => format!("not finite after {} of {} steps", run.steps, run.planned),
                (false, true) => {
                    let target = case.scale.map_or(f64::NAN, |scale| scale.target());
                    let (start, end) = (run.start(), last.loss);
                    format!("from {start:.4} to {end:.4}, target {target:.4}")
                }
                (false, false) => continue,
            };
            failed.push(Failed {
                competitor: (*competitor).to_string(),
                problem: case.key.problem_name(),
                reason,
            });
        }
    }
    failed
}

/// The missing runs. A competitor with a factor on its steps is only expected in families that it
/// was run on.
pub fn missing(cases: &[Case], competitors: &[&str]) -> Vec<Missing> {
    let of = |competitor: &&str| {
        let on_family = |family: &str| {
            let mut same = cases.iter().filter(|case| case.key.problem == family);
            same.any(|case| case.run(competitor).is_some())
        };
        let mut families: Vec<(String, usize)> = Vec::new();
        for case in cases.iter().filter(|case| case.run(competitor).is_none()) {
            let family = &case.key.problem;
            if competitor.contains('@') && !on_family(family) {
                continue;
            }
            match families.iter_mut().find(|(name, _)| name == family) {
                Some((_, runs)) => *runs += 1,
                None => families.push((family.clone(), 1)),
            }
        }
        Missing {
            competitor: (*competitor).to_string(),
            families,
        }
    };
    let all = competitors.iter().map(of);
    all.filter(|missing| missing.runs() > 0).collect()
}

/// The levels of problems that are judged by nothing else and that a competitor has not solved with
/// every seed, by name.
pub(super) fn unsolved(cases: &[Case], competitors: &[&str]) -> String {
    let mut words = "### Levels that are not solved with every seed\n".to_string();
    for competitor in competitors {
        let mut problems: Vec<(&str, Vec<&str>)> = Vec::new();
        let levels = cases.iter().filter(|case| case.group == SOLVED_OR_NOT);
        let failed = |case: &&Case| {
            let run = case.run(competitor);
            run.is_some_and(|run| run.passed != Some(true))
        };
        for case in levels.filter(failed) {
            let name = case.key.problem.as_str();
            let (problem, level) = name.rsplit_once('/').unwrap_or((name, ""));
            match problems.iter_mut().find(|(known, _)| *known == problem) {
                Some((_, levels)) if levels.contains(&level) => {}
                Some((_, levels)) => levels.push(level),
                None => problems.push((problem, vec![level])),
            }
        }
        let problems = problems.iter().map(|(problem, levels)| {
            let levels = levels.join(" ");
            format!("{problem} {levels}").trim_end().to_string()
        });
        let problems = problems.collect::<Vec<_>>().join(", ");
        words += &format!("\n- `{competitor}`: {problems}");
    }
    words
}

/// Both lists as a part of the page.
pub(super) fn words(failed: &[Failed], missing: &[Missing]) -> String {
    let mut words = "## Runs that have failed\n\nThey end above half of the way from the start to \
                     the target, or without a number.\n"
        .to_string();
    for Failed {
        competitor,
        problem,
        reason,
    } in failed
    {
        words += &format!("\n- `{competitor}` on {problem}: {reason}");
    }
    if failed.is_empty() {
        words += "\nNone.";
    }
    words += "\n\n## Runs that are missing\n";
    for Missing {
        competitor,
        families,
    } in missing
    {
        let families = families.iter().map(|(name, runs)| format!("{name} {runs}"));
        let families = families.collect::<Vec<_>>().join(", ");
        words += &format!("\n- `{competitor}`: {families}");
    }
    if missing.is_empty() {
        words += "\nNone.";
    }
    words
}
