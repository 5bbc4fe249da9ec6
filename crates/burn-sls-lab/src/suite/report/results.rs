//! `results.json`: all numbers of a report, and its runs. For other programs, and for a later
//! report that adds runs to them.

use serde_json::{Value, json};

use super::Judgement;
use super::failures::{Failed, Missing};
use super::tables::FACTORS;
use crate::suite::reported::Line;
use crate::suite::score::{Levels, Measure, Profile, Sensitivity, Summary};

/// The text of `results.json`.
pub(super) fn json(
    judgement: &Judgement,
    summaries: &[Summary],
    levels: &[Levels],
    sensitivities: &[Sensitivity],
    profiles: &[(Measure, Vec<Profile>)],
    (failed, missing): (&[Failed], &[Missing]),
) -> String {
    let profile = |profile: &Profile| {
        let shares = FACTORS.map(|factor| json!([factor, profile.at(factor)]));
        json!({
            "competitor": profile.competitor,
            "area": profile.area(),
            "shares": shares,
            "reached": profile.at(f64::INFINITY),
        })
    };
    let profiles = profiles.iter().map(|(measure, profiles)| {
        let profiles: Vec<Value> = profiles.iter().map(profile).collect();
        json!({"of": measure.name(), "profiles": profiles})
    });
    let results = json!({
        "bar": judgement.bar,
        "competitors": judgement.competitors,
        "scores": summaries,
        "levels": levels,
        "profiles": profiles.collect::<Vec<Value>>(),
        "sensitivity": sensitivities,
        "failed": failed,
        "missing": missing,
    });
    let scores = serde_json::to_string_pretty(&results).unwrap_or_default();
    let scores = scores.trim_end_matches("\n}");
    format!("{scores},\n  \"runs\": [\n{}\n  ]\n}}\n", lines(judgement))
}

/// A line for every run: the run in brief, and how it compares with the bar's.
fn lines(judgement: &Judgement) -> String {
    let mut lines = Vec::new();
    for case in &judgement.cases {
        for competitor in &judgement.competitors {
            let Some(run) = case.run(competitor) else {
                continue;
            };
            let judged = case.judged(competitor);
            let line = Line {
                run: match case.scale {
                    Some(scale) => run.brief(scale.target()),
                    None => run.clone(),
                },
                ratio: judged.as_ref().map(|judged| judged.ratio),
                steps_to_target: judged.as_ref().and_then(|judged| judged.steps),
                costs_to_target: judged.as_ref().and_then(|judged| judged.costs),
                failed: judged.as_ref().map(|judged| judged.failed),
            };
            lines.push("    ".to_string() + &serde_json::to_string(&line).unwrap_or_default());
        }
    }
    lines.join(",\n")
}
