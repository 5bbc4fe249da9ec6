//! The tables of a report.

use super::Judgement;
use super::table::{Table, percent, percent_with_interval, ratio, with_interval};
use crate::suite::score::{Case, Grouped, Levels, Measure, Profile, Sensitivity, Summary};

/// The factors of a profile's table.
pub(super) const FACTORS: [f64; 7] = [1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 8.0];

/// The title, and what was run.
pub(super) fn head(judgement: &Judgement) -> String {
    let counting = judgement.cases.iter().filter(|case| case.counts());
    let mut families: Vec<&str> = counting.clone().map(|c| c.key.problem.as_str()).collect();
    families.dedup();
    let mut drawn: Vec<bool> = counting
        .clone()
        .map(|c| c.key.variant.drawn.is_some())
        .collect();
    drawn.retain(|drawn| *drawn);
    let without = judgement.cases.iter().filter(|case| case.scale.is_none());
    format!(
        "# Training problems\n\n{} problems of {} families count, {} of them drawn variants; {} \
         runs are compared. The bar is `{}`: its last training loss on a problem, plus a tenth of what \
         lies above the lower bound and a thousandth of the start's, is the target there. Without \
         the bar's run, and so without a target, are {} problems. Every family counts as much as \
         any other; intervals are of 95 % over the choice of families.",
        counting.count(),
        families.len(),
        drawn.len(),
        judgement
            .cases
            .iter()
            .map(|case| case.runs().len())
            .sum::<usize>(),
        judgement.bar,
        without.count(),
    )
}

/// The scores.
pub(super) fn summary(summaries: &[Summary], bar: &str) -> Table {
    let words = format!(
        "Ratios are geometric means, relative to `{bar}` on the same problem; less is better. \
         `within 1.1` and `within 2` are shares of runs that end no further above the lower bound \
         than so many times the bar. In the last two columns a run that never reaches the target \
         counts as twice its length."
    );
    let mut table = Table::new(
        "Scores",
        &words,
        &[
            "competitor",
            "runs",
            "training loss",
            "held out",
            "within 1.1",
            "within 2",
            "failed",
            "steps to the target",
            "forward passes to the target",
        ],
    );
    for summary in summaries {
        table.rows.push(vec![
            summary.competitor.clone(),
            summary.runs.to_string(),
            with_interval(summary.loss),
            ratio(summary.held_out.map(|held_out| held_out.mean)),
            percent_with_interval(summary.within),
            percent(summary.within_twice.map(|within| within.mean)),
            summary.failed.to_string(),
            with_interval(summary.steps),
            with_interval(summary.costs),
        ]);
    }
    table
}

/// How often the target is reached at all, and what a step costs.
pub(super) fn work(summaries: &[Summary]) -> Table {
    let mut table = Table::new(
        "Targets and costs",
        "Runs that have reached the target at any time, and the steps of these alone, relative to \
         the bar. Trials and steps that left the model where it was are over all steps.",
        &[
            "competitor",
            "reached",
            "steps, where reached",
            "seconds a step",
            "trials a step",
            "steps that stayed",
        ],
    );
    for summary in summaries {
        table.rows.push(vec![
            summary.competitor.clone(),
            percent(summary.reached),
            ratio(summary.steps_where_reached),
            ratio(summary.seconds),
            format!("{:.3}", summary.trials),
            format!("{:.2} %", 100.0 * summary.stayed),
        ]);
    }
    table
}

/// The solved levels of each problem.
pub(super) fn levels(levels: &[Levels], competitors: &[&str]) -> String {
    let heads = ["problem", "levels"].into_iter();
    let heads: Vec<&str> = heads.chain(competitors.iter().copied()).collect();
    let mut table = Table::new(
        "Solved levels",
        "Levels of difficulty that are solved within the steps there are, in one attempt; a part \
         of a level where some seeds are solved and some are not.",
        &heads,
    );
    let count = |value: f64| match value.fract() == 0.0 {
        true => format!("{value:.0}"),
        false => format!("{value:.1}"),
    };
    let row = |name: &str, levels: usize, solved: &[f64]| {
        let solved = solved.iter().map(|solved| count(*solved));
        [name.to_string(), levels.to_string()]
            .into_iter()
            .chain(solved)
            .collect::<Vec<String>>()
    };
    let sums: Vec<f64> = (0..competitors.len())
        .map(|index| levels.iter().map(|level| level.solved[index]).sum())
        .collect();
    let all = levels.iter().map(|level| level.levels).sum();
    table.rows.push(row("**all**", all, &sums));
    for level in levels {
        table
            .rows
            .push(row(&level.problem, level.levels, &level.solved));
    }
    table.markdown()
}

/// A profile at some factors.
pub(super) fn profile(measure: Measure, profiles: &[Profile]) -> Table {
    let factors = FACTORS.map(|factor| format!("{factor}"));
    let mut heads = vec!["competitor", "mean of 1 to 4"];
    heads.extend(factors.iter().map(String::as_str));
    heads.push("ever");
    let words = format!(
        "Over the problems that all of them were run on: the share on which the target is reached \
         at no more than so many times the {} of whoever was the fastest there.",
        measure.name()
    );
    let title = format!("Profile of {} to the target", measure.name());
    let mut table = Table::new(&title, &words, &heads);
    for profile in profiles {
        let mut row = vec![profile.competitor.clone(), ratio(Some(profile.area()))];
        row.extend(FACTORS.map(|factor| percent(Some(profile.at(factor)))));
        row.push(percent(Some(profile.at(f64::INFINITY))));
        table.rows.push(row);
    }
    table
}

/// What a factor on the steps changes.
pub(super) fn sensitivity(sensitivities: &[Sensitivity]) -> Table {
    let mut table = Table::new(
        "Sensitivity",
        "Every step half or twice as long, or what the first search has found: the last training \
         loss, relative to that of steps as they are, the share of runs within 1.1 times of the \
         bar before and after, and on how many of the problems where either gets to the target it \
         takes less than 1.5 times the steps.",
        &[
            "competitor",
            "what",
            "factor",
            "training loss",
            "within 1.1 before",
            "after",
            "soon there",
        ],
    );
    for sensitivity in sensitivities {
        table.rows.push(vec![
            sensitivity.competitor.clone(),
            sensitivity.what.to_string(),
            sensitivity.factor.to_string(),
            with_interval(Some(sensitivity.loss)),
            percent(Some(sensitivity.within_before)),
            percent(Some(sensitivity.within)),
            format!("{} of {}", sensitivity.soon, sensitivity.reached),
        ]);
    }
    table
}

/// The mean ratio of training losses in each group.
pub(super) fn groups(judgement: &Judgement) -> Table {
    let counting = judgement.cases.iter().filter(|case| case.counts());
    let mut groups: Vec<&str> = Vec::new();
    for case in counting {
        if !groups.contains(&case.group) {
            groups.push(case.group);
        }
    }
    let mut table = Table::new(
        "Groups",
        "The last training loss, relative to the bar, in each group of families.",
        &heads("group", judgement),
    );
    for group in groups {
        let row = ratios(judgement, |case| case.group == group);
        table.rows.push([vec![group.to_string()], row].concat());
    }
    table
}

/// The mean ratio of training losses in each family, drawn variants apart.
pub(super) fn problems(judgement: &Judgement) -> Table {
    let name = |case: &Case| match case.key.variant.drawn {
        Some(_) => format!("{}, drawn", case.key.problem),
        None => case.key.problem.clone(),
    };
    let counting = judgement.cases.iter().filter(|case| case.counts());
    let mut names: Vec<String> = counting.map(name).collect();
    names.dedup();
    let mut table = Table::new(
        "Families",
        "The last training loss, relative to the bar: the geometric mean over seeds, or over drawn \
         variants.",
        &heads("family", judgement),
    );
    for family in names {
        let row = ratios(judgement, |case| name(case) == family);
        table.rows.push([vec![family], row].concat());
    }
    table
}

fn heads<'a>(first: &'a str, judgement: &Judgement<'a>) -> Vec<&'a str> {
    let competitors = judgement.competitors.iter().copied();
    [first].into_iter().chain(competitors).collect()
}

fn ratios(judgement: &Judgement, belongs: impl Fn(&Case) -> bool) -> Vec<String> {
    let mean = |competitor: &&str| {
        let cases = judgement.cases.iter();
        let ratios: Grouped = cases
            .filter(|case| case.counts() && belongs(case))
            .filter_map(|case| {
                let judged = case.judged(competitor)?;
                Some((case.key.problem.as_str(), judged.ratio.ln()))
            })
            .collect();
        ratio(ratios.mean().map(f64::exp))
    };
    judgement.competitors.iter().map(mean).collect()
}
