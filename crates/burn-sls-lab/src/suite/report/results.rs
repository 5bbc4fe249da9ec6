//! All numbers of a report, for other programs.

use serde_json::{Value, json};

use super::Judgement;
use super::failures::{Failed, Missing};
use super::tables::FACTORS;
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
        "problems": problems(judgement),
        "failed": failed,
        "missing": missing,
    });
    serde_json::to_string_pretty(&results).unwrap_or_default() + "\n"
}

fn problems(judgement: &Judgement) -> Vec<Value> {
    let of_case = judgement.cases.iter().map(|case| {
        let runs = judgement.competitors.iter().filter_map(|competitor| {
            let run = case.run(competitor)?;
            let judged = case.judged(competitor);
            Some(json!({
                "competitor": competitor,
                "chosen": run.chosen,
                "loss": Some(run.end().loss).filter(|loss| loss.is_finite()),
                "held_out": run.end().held_out,
                "accuracy": run.end().accuracy,
                "passed": run.passed,
                "ratio": judged.as_ref().map(|judged| judged.ratio),
                "steps_to_target": judged.as_ref().and_then(|judged| judged.steps),
                "costs_to_target": judged.as_ref().and_then(|judged| judged.costs),
                "failed": judged.as_ref().map(|judged| judged.failed),
            }))
        });
        json!({
            "problem": case.key.problem,
            "group": case.group,
            "variant": case.key.variant,
            "length": case.key.length,
            "target": case.scale.map(|scale| scale.target()),
            "runs": runs.collect::<Vec<Value>>(),
        })
    });
    of_case.collect()
}
