//! What goes beyond the paper, each option alone.

use burn::tensor::DType;
use burn_sls_core::random::Generator;
use burn_sls_optim::{
    Acceptance, Extrapolation, Frequency, Hypergradient, InitialStep, LineSearchConfig,
    LineSearchOptimizer, Outcome, ReduceOnPlateau, SearchAlong, SelfCheck, Shrink, StepReport,
    Units, Verdict,
};
use burn_sls_tests::classifier::{Batch, Classifier};
use burn_sls_tests::network::float;
use burn_sls_tests::point::{Loss, Point, point};
use burn_sls_tests::trainer::{Trainer, forwards};
use burn_sls_tests::{flex, plain};

const PARABOLA: Shrink = Shrink::Parabola {
    least: 0.1,
    most: 0.7,
};

/// A classifier and batches of one problem.
fn problem(batches: usize) -> (Classifier, Vec<Batch>) {
    let device = flex().autodiff();
    device.seed(7);
    let model = Classifier::new(0.0, &device);
    let batch = |_| Batch::random(32, &device);
    (model, (0..batches).map(batch).collect())
}

/// The reports of a training of the classifier.
fn reports(config: &LineSearchConfig, steps: usize) -> Vec<StepReport> {
    let (model, batches) = problem(4);
    let [mut trainer, _] = Trainer::both(&model, config);
    let cycle = batches.iter().cycle().take(steps);
    cycle.map(|batch| trainer.step(batch)).collect()
}

/// A bowl that is a hundred times steeper along one coordinate than along the other, with its
/// lowest point there.
fn valley(lowest: f64) -> Loss {
    Loss::new(move |point: &Point| {
        let steepness = float(vec![50.0, 0.5], [2], DType::F64, &point.at.device());
        (point.at.val() - lowest).square() * steepness
    })
}

#[test]
fn the_step_that_is_taken_is_the_one_that_is_tested() {
    let config = plain::adamsls()
        .with_search_along(SearchAlong::Update)
        .with_initial_step(InitialStep::Fixed(1.0));
    for mut trainer in Trainer::both(&point(&[1.0, -2.0]), &config) {
        let mut fell_back = 0;
        let mut promised: Option<f64> = None;
        for _ in 0..60 {
            let report = trainer.step(&valley(0.0));
            if let Some(promised) = promised {
                let error = (report.loss - promised).abs();
                assert!(error <= 1e-12 * promised, "{} for {promised}", report.loss);
            }
            assert_eq!(report.outcome, Outcome::Accepted);
            assert!(report.slope > 0.0);
            let last = report.trials.last().expect("a trial");
            let taken = report.along == SearchAlong::Update;
            promised = taken.then_some(last.loss);
            fell_back += usize::from(!taken);
            // One more read of slopes where the direction had to be another.
            let reads = forwards(&report) + usize::from(!taken);
            assert_eq!(report.reads, reads, "{}", trainer.name());
        }
        assert!(fell_back > 0, "the momentum never led uphill");
        assert!(fell_back < 30, "it nearly always did: {fell_back}");
    }
}

#[test]
fn a_first_search_finds_the_magnitude_in_a_few_trials_wherever_the_step_size_stands() {
    let config = plain::adamsls().with_shrink(PARABOLA).with_expansion(2.0);
    let of = |otherwise: f64| {
        let config = config
            .clone()
            .with_initial_step(InitialStep::Polyak { c: 1.0, otherwise });
        reports(&config, 1).remove(0)
    };
    let (small, large) = (of(1e-9), of(1e9));
    assert_eq!(small, large, "nobody looks at it");
    assert!(small.forwards <= 7, "{} forward passes", small.forwards);
    // The paper's search, from as far away.
    let paper = plain::adamsls().with_initial_step(InitialStep::Fixed(1e3));
    assert!(reports(&paper, 1)[0].forwards > 50);
}

#[test]
fn a_search_that_saw_room_is_followed_by_one_that_begins_there() {
    // Two coordinates that are alike, so nothing is uncertain; the minimum is at a step size of 1.
    let config = plain::sgdsls()
        .with_initial_step(InitialStep::Fixed(1e-3))
        .with_gamma(1.0)
        .with_extrapolation(Extrapolation {
            most: 2.0,
            ..Extrapolation::default()
        })
        .with_hypergradient(Hypergradient::default());
    for mut trainer in Trainer::both(&point(&[1.0, 1.0]), &config) {
        let begun: Vec<f64> = (0..9)
            .map(|_| trainer.step(&Loss::bowl()).trials[0].step_size)
            .collect();
        for (k, step_size) in begun.iter().enumerate() {
            let expected = 1e-3 * 2f64.powi(k as i32);
            let error = (step_size / expected - 1.0).abs();
            assert!(error < 1e-6, "{}: {begun:?}", trainer.name());
        }
    }
}

/// Adam's moments by hand, in mini-batches that agree from afar, and contradict each other in the
/// end.
#[test]
fn a_search_begins_shorter_where_the_gradients_say_that_steps_went_too_far() {
    let config = plain::adamsls()
        .with_search_along(SearchAlong::Update)
        .with_shrink(PARABOLA)
        .with_gamma(1.0)
        .with_extrapolation(Extrapolation::default())
        .with_hypergradient(Hypergradient::default());
    for mut trainer in Trainer::both(&point(&[10.0, -20.0]), &config) {
        let (mut m, mut v, mut mean) = ([0.0; 2], [0.0; 2], 0.0);
        let mut followed = [0; 2];
        for t in 1..=120 {
            let lowest = f64::from(t % 2 * 2 - 1);
            let at: Vec<f64> = trainer.model().at.val().into_data().iter().collect();
            let gradient = [50.0 * (at[0] - lowest), 0.5 * (at[1] - lowest)];
            let (mut along_last, mut slope) = (0.0, 0.0);
            for ((m, v), g) in m.iter_mut().zip(&mut v).zip(gradient) {
                *v = 0.999 * *v + 0.001 * g * g;
                let root = (*v / (1.0 - 0.999f64.powi(t))).sqrt() + 1e-8;
                if t > 1 {
                    along_last += g * *m / (1.0 - 0.9f64.powi(t - 1)) / root;
                }
                *m = 0.9 * *m + 0.1 * g;
                slope += g * *m / (1.0 - 0.9f64.powi(t)) / root;
            }
            mean = 0.97 * mean + 0.03 * (along_last / slope.abs()).clamp(-1.0, 1.0);
            let unit = trainer.state().units[0];
            let (last, before) = (unit.step_size, unit.history);
            let report = trainer.step(&valley(lowest));
            let seen = trainer.state().units[0].history.hypergradient_mean;
            assert!((seen - mean).abs() < 1e-9, "{seen} for {mean}");
            if t == 1 {
                continue;
            }
            let limit = before.extrapolation_limit.min(1.5);
            let (which, factor) = match mean <= -0.1 {
                true => (
                    0,
                    (0.5 * before.first_step_size / last).clamp(1.0 / 1.5, 1.0),
                ),
                false => (1, limit.min((4.0 * before.first_step_size / last).max(1.0))),
            };
            followed[which] += 1;
            let begun = report.trials[0].step_size / last;
            assert!((begun / factor - 1.0).abs() < 1e-12, "{begun} for {factor}");
        }
        assert!(followed.iter().all(|times| *times > 2), "{followed:?}");
    }
}

#[test]
fn after_a_budget_is_spent_the_next_search_looks_for_the_magnitude_again() {
    // No trial is good enough, then every one is.
    let config = plain::sgdsls()
        .with_max_trials(3)
        .with_initial_step(InitialStep::Polyak {
            c: 1.0,
            otherwise: 1.0,
        })
        .with_self_check(SelfCheck::Never);
    for mut trainer in Trainer::both(&point(&[1.0, -2.0]), &config) {
        // A first-order model that is wrong everywhere: |x| has a gradient, the trials do not see
        // it.
        let deaf = Loss::new(|point: &Point| {
            let at = point.at.val();
            match at.is_tracked() {
                true => at.square(),
                false => at.zeros_like() + 100.0,
            }
        });
        assert_eq!(trainer.step(&deaf).outcome, Outcome::ExhaustedStayed);
        let waited = trainer.step(&Loss::bowl());
        assert_eq!(waited.outcome, Outcome::WaitingAfterFailure);
        let report = trainer.step(&Loss::bowl());
        assert_eq!(report.outcome, Outcome::Accepted);
        // f = 5/2 and s = ‖g‖² = 5: a Polyak step of 1/2, where the bowl has its minimum of a half.
        assert_eq!(report.trials[0].step_size, 0.5, "{}", trainer.name());
    }
}

#[test]
fn no_search_begins_above_the_polyak_cap() {
    let config = plain::adamsls()
        .with_initial_step(InitialStep::Fixed(1e6))
        .with_gamma(1e6)
        .with_batches_per_epoch(10.0)
        .with_polyak_cap(0.5);
    for report in reports(&config, 30) {
        let cap = report.loss / (0.5 * report.slope);
        assert!(report.trials[0].step_size <= cap * (1.0 + 1e-12));
    }
}

#[test]
fn a_step_that_is_used_again_promises_no_more_than_the_loss_allows() {
    const C: f64 = 2.5;
    let free = plain::adamsls()
        .with_search_along(SearchAlong::Update)
        .with_initial_step(InitialStep::Fixed(0.3))
        .with_budget(1e-9);
    let capped = free.clone().with_polyak_cap(C);
    let start = point(&[1.0, -2.0]);
    let at = |trainer: &Trainer<Point>| -> Vec<f64> {
        let data = trainer.model().at.val().into_data();
        data.iter::<f64>().collect()
    };
    for (mut free, mut capped) in Trainer::both(&start, &free)
        .into_iter()
        .zip(Trainer::both(&start, &capped))
    {
        // Alike up to the first step that is too long.
        for step in 0.. {
            assert!(step < 200, "no step was too long");
            let before = at(&free);
            let long = free.step(&Loss::bowl());
            let report = capped.step(&Loss::bowl());
            assert_eq!((long.polyak, &long.step_sizes), (1.0, &report.step_sizes));
            if report.polyak == 1.0 {
                assert_eq!(long, report);
                continue;
            }
            assert_eq!(report.outcome, Outcome::Reused);
            let promised = report.polyak * report.step_sizes[0] * report.slope;
            assert!((C * promised / report.loss - 1.0).abs() < 1e-12);
            let moved = at(&free).into_iter().zip(at(&capped)).zip(before);
            for ((free, capped), before) in moved {
                let factor = (capped - before) / (free - before);
                assert!((factor / report.polyak - 1.0).abs() < 1e-9, "{factor}");
            }
            break;
        }
    }
}

#[test]
fn a_budget_bounds_what_the_trials_cost_and_the_step_sizes_are_used_again() {
    let budget = 0.05;
    for config in [
        plain::adamsls(),
        plain::plasls(Units::named([
            ("lower", vec!["hidden"]),
            ("upper", vec!["output"]),
        ])),
    ] {
        let config = config.with_budget(budget).with_shrink(PARABOLA);
        let reports = reports(&config, 100);
        let (first, later) = reports.split_first().expect("reports");
        assert_eq!(
            first.outcome,
            Outcome::Accepted,
            "the first search is always made"
        );
        let mut trials = 0;
        let mut step_sizes = &first.step_sizes;
        for (k, report) in later.iter().enumerate() {
            // What a search takes beyond its first trial is known only afterwards.
            let allowed = budget * 3.0 * (k + 2) as f64;
            if !report.trials.is_empty() {
                assert!((trials + 1) as f64 <= allowed, "step {}", report.step);
            } else {
                assert_eq!(report.outcome, Outcome::Reused);
                assert_eq!((report.forwards, report.reads), (1, 1));
                assert_eq!(report.step_sizes, *step_sizes);
            }
            trials += report.trials.len();
            step_sizes = &report.step_sizes;
        }
        assert!(
            (10..=20).contains(&trials),
            "{trials} trials for 0.15 a step"
        );
    }
}

#[test]
fn step_sizes_that_settle_are_searched_more_rarely() {
    let config = plain::adamsls()
        .with_initial_step(InitialStep::Fixed(0.01))
        .with_frequency(Frequency::settling(10));
    let reports = reports(&config, 200);
    let searched = |range: std::ops::Range<usize>| {
        let reports = reports[range].iter();
        reports
            .filter(|report| report.outcome != Outcome::Reused)
            .count()
    };
    assert_eq!(searched(0..10), 10);
    assert!(searched(100..200) < 60, "{}", searched(100..200));
}

#[test]
fn what_rounding_hides_neither_shrinks_nor_grows_a_step_size() {
    // A loss of 1 whose changes are far below the spacing of f32 at 1.
    let flat = |point: &Point| {
        let losses = point.at.val().square() * 1e-12 + 1.0;
        losses
            .cast(burn::tensor::DType::F32)
            .cast(burn::tensor::DType::F64)
    };
    let config = plain::sgdsls().with_initial_step(InitialStep::Fixed(1e3));
    let with = config.clone().with_rounding(3e-8);
    for mut trainer in Trainer::both(&point(&[1.0, -2.0]), &with) {
        for _ in 0..5 {
            let before = trainer.state().step_sizes();
            let report = trainer.step(&Loss::new(flat));
            assert_eq!(report.outcome, Outcome::Indistinguishable);
            assert_eq!(report.trials.len(), 1);
            assert_eq!(report.trials[0].verdict, Verdict::Indistinguishable);
            assert_eq!(report.step_sizes, before, "{}", trainer.name());
        }
        assert_eq!(trainer.state().counts.indistinguishable, 5);
        // Where there is something to see, it is judged as ever.
        assert_eq!(trainer.step(&Loss::bowl()).outcome, Outcome::Accepted);
    }
}

/// Up to the first decision that differs, a rule sees what Armijo's sees: where its slack never
/// asks for more, that decision is to take a longer step.
#[test]
fn a_rule_with_a_slack_takes_longer_steps_than_armijos_and_learns_all_the_same() {
    let run = |acceptance: Acceptance| {
        let config = plain::adamsls()
            .with_c(0.5)
            .with_acceptance(acceptance)
            .with_batches_per_epoch(4.0);
        reports(&config, 80)
    };
    let armijo = run(Acceptance::Monotone);
    for (rule, never_shorter) in [
        // Its mean of demands may ask for more than the demand of the mini-batch at hand.
        (Acceptance::Smoothed { beta: 0.9 }, false),
        (Acceptance::Nonmonotone { xi: 0.9 }, true),
        (Acceptance::Paired { z: 1.0 }, true),
    ] {
        let reports = run(rule);
        let mut pairs = reports.iter().zip(&armijo);
        let first = pairs.find(|(by_rule, by_armijo)| by_rule.step_sizes != by_armijo.step_sizes);
        let (by_rule, by_armijo) = first.unwrap_or_else(|| panic!("{rule:?} changes nothing"));
        assert_eq!(by_rule.loss, by_armijo.loss, "{rule:?}: the same until now");
        let (longer, shorter) = (by_rule.step_sizes[0], by_armijo.step_sizes[0]);
        assert!(
            longer > shorter || !never_shorter,
            "{rule:?}: {longer} beside {shorter}"
        );
        let end = reports[40..].iter().map(|report| report.loss).sum::<f64>() / 40.0;
        let start = reports[0].loss;
        assert!(end < 0.5 * start, "{rule:?}: from {start} to {end}");
    }
}

/// Mini-batches that pull to -1 and to 1: their mean loss is least at 0, where it is 1.
#[test]
fn on_a_plateau_steps_become_shorter_where_mini_batches_disagree() {
    let pull = |to: f64| Loss::new(move |point: &Point| (point.at.val() - to).square());
    let mut generator = Generator::new(1);
    let pulls: Vec<Loss> = (0..1500)
        .map(|_| pull(generator.below(2) as f64 * 2.0 - 1.0))
        .collect();
    let config = plain::sgdsls();
    let last_losses = |config: &LineSearchConfig| {
        Trainer::both(&point(&[3.0]), config).map(|mut trainer| {
            let reports: Vec<_> = pulls.iter().map(|pull| trainer.step(pull)).collect();
            let losses = reports[1200..].iter().map(|report| report.loss);
            (losses.sum::<f64>() / 300.0, reports[1499].plateau)
        })
    };
    for (loss, factor) in last_losses(&config) {
        assert!(loss > 1.5 && factor == 1.0, "{loss}");
    }
    for (loss, factor) in last_losses(&config.with_reduce_on_plateau(ReduceOnPlateau::new(50))) {
        assert!(loss < 1.1 && factor < 0.1, "{loss}, factor {factor}");
    }
}

#[test]
fn the_factor_of_a_plateau_is_left_behind_with_its_rule() {
    let config = plain::sgdsls();
    let with = config
        .clone()
        .with_reduce_on_plateau(ReduceOnPlateau::new(5));
    let mut optim = with.clone().init();
    let mut model = point(&[3.0]);
    let step = |optim: &mut LineSearchOptimizer, model: Point, k: usize| {
        let to = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        let step = optim.step(model, |point: &Point| (point.at.val() - to).square());
        step.expect("a step")
    };
    for k in 0..200 {
        model = step(&mut optim, model, k).model;
    }
    for (config, shortened) in [(with, true), (config, false)] {
        let mut resumed = config
            .init()
            .load_record(optim.to_record())
            .expect("it fits");
        let report = step(&mut resumed, model.clone(), 0).report;
        assert_eq!(report.plateau < 1.0, shortened, "{}", report.plateau);
    }
}
