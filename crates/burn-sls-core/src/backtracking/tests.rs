use super::*;
use proptest::prelude::*;

const PAPER: Backtracking = Backtracking::new(0.1, 0.9, 100);

fn run(
    rule: &Backtracking,
    first: f64,
    slope: f64,
    f: impl Fn(f64) -> f64,
) -> (Vec<Trial>, Conclusion) {
    let mut search = Search::begin(rule, f(0.0), slope, first);
    while let Some(step_size) = search.next_trial() {
        search.tell(f(step_size));
    }
    search.finish()
}

#[test]
fn a_search_without_success_ends_after_its_last_trial_with_the_shortened_step_size() {
    let (trials, conclusion) = run(&PAPER, 1.0, 1.0, |step| step); // uphill
    assert_eq!(trials.len(), 100);
    let Conclusion::Exhausted { step_size } = conclusion else {
        panic!("{conclusion:?}");
    };
    assert!((step_size - 0.9f64.powi(100)).abs() < 1e-15);
}

#[test]
fn the_extrapolation_limit_is_that_of_the_parabola_with_the_decrease_less_standard_errors() {
    // f(η) = -η + K·η²/2 with K = 1: the rule with c = 0.8 holds up to 2·(1-c)/K = 0.4.
    let rule = Backtracking::new(0.8, 0.5, 10);
    let limit = |step: f64, standard_error: f64, standard_errors: f64| {
        let mut search = Search::begin(&rule, 0.0, 1.0, step);
        search.tell_compared(Comparison {
            standard_error,
            ..Comparison::of_means(0.0, step * step / 2.0 - step)
        });
        search.extrapolation_limit(standard_errors)
    };
    assert!((limit(0.1, 0.0, 0.5) - 4.0).abs() < 1e-12);
    assert!((limit(0.4, 0.0, 0.5) - 1.0).abs() < 1e-12);
    // The slope promised a decrease of 0.1. It is 0.095 ± 0.01, and is taken as 0.09.
    assert!((limit(0.1, 0.01, 0.5) - 2.0).abs() < 1e-12);
    assert!((limit(0.1, 0.005, 1.0) - 2.0).abs() < 1e-12);
    assert!((limit(0.1, 0.01, 0.0) - 4.0).abs() < 1e-12);
    assert_eq!(limit(0.1, 0.1, 0.5), 1.0, "too uncertain");
    assert_eq!(limit(1.0, 0.0, 0.5), 1.0, "not accepted");
    let mut steep = Search::begin(&rule, 0.0, 1.0, 0.1);
    steep.tell(-0.2);
    assert_eq!(
        steep.extrapolation_limit(0.5),
        f64::MAX,
        "steeper than promised"
    );
}

#[test]
fn a_search_backtracks_from_a_loss_that_is_not_finite() {
    let f = |step: f64| if step > 0.5 { f64::NAN } else { 1.0 - step };
    let (trials, conclusion) = run(&PAPER, 1.0, 1.0, f);
    assert_eq!(trials[0].verdict, Verdict::NonFinite);
    let Conclusion::Accepted { step_size } = conclusion else {
        panic!("{conclusion:?}");
    };
    assert!(step_size <= 0.5 && step_size > 0.45);
}

#[test]
fn an_expanding_search_stops_after_the_best_step_size() {
    // The minimum is at 5: of 1, 2, 4, 8 the third is lowest.
    let f = |step: f64| (step - 5.0).powi(2);
    let expanding = |first: f64| {
        let mut search = Search::begin(&PAPER, f(0.0), 10.0, first).expanding(2.0);
        while let Some(step_size) = search.next_trial() {
            search.tell(f(step_size));
        }
        search.finish()
    };
    let (trials, conclusion) = expanding(1.0);
    assert_eq!(conclusion, Conclusion::Accepted { step_size: 4.0 });
    let tried: Vec<f64> = trials.iter().map(|trial| trial.step_size).collect();
    assert_eq!(tried, [1.0, 2.0, 4.0, 8.0]);
    // A step size that had to be shortened is not expanded again.
    let (trials, conclusion) = expanding(12.0);
    let Conclusion::Accepted { step_size } = conclusion else {
        panic!("{conclusion:?}");
    };
    assert!((step_size - 12.0 * 0.9f64.powi(3)).abs() < 1e-12);
    assert_eq!(trials.len(), 4);
    // When the trials end while the search expands, the best one is accepted.
    let rule = Backtracking {
        max_trials: 2,
        ..PAPER
    };
    let mut search = Search::begin(&rule, f(0.0), 10.0, 1.0).expanding(2.0);
    while let Some(step_size) = search.next_trial() {
        search.tell(f(step_size));
    }
    let accepted = Conclusion::Accepted { step_size: 2.0 };
    assert_eq!(search.finish().1, accepted);
}

#[test]
fn a_search_ends_at_a_point_that_cannot_be_told_apart_from_the_first() {
    let mut search = Search::begin(&PAPER, 1.0, 1.0, 1e-6);
    let trial = Comparison {
        noise: 1e-6,
        ..Comparison::of_means(1.0, 1.0 + 1e-9)
    };
    assert_eq!(search.tell_compared(trial), Verdict::Indistinguishable);
    assert_eq!(search.next_trial(), None);
    let stands = Conclusion::Indistinguishable { step_size: 1e-6 };
    assert_eq!(search.finish().1, stands);
}

#[test]
fn a_state_is_updated_by_accepted_trials_alone() {
    let rule = Backtracking {
        acceptance: Acceptance::Smoothed { beta: 0.5 },
        ..Backtracking::new(0.5, 0.5, 1)
    };
    let before = AcceptanceState::Smoothed {
        decrease: 1.0,
        slope: 2.0,
    };
    let after = |loss: f64| {
        let mut search = Search::begin(&rule, 1.0, 4.0, 0.25).with_state(before);
        search.tell(loss);
        search.acceptance_state()
    };
    assert_eq!(after(4.0), before);
    let updated = AcceptanceState::Smoothed {
        decrease: 0.75,
        slope: 3.0,
    };
    assert_eq!(after(0.5), updated);
}

proptest! {
    // f(η) = -s·η + a·η²/2 + b: any slope, curvature and first step.
    #[test]
    fn trials_decrease_strictly_and_an_accepted_one_satisfies_the_condition(
        slope in 1e-6..1e6f64, curvature in -1e3..1e9f64, first in 1e-12..1e12f64,
    ) {
        let f = |step: f64| 1.0 - slope * step + 0.5 * curvature * step * step;
        let (trials, conclusion) = run(&PAPER, first, slope, f);
        for pair in trials.windows(2) {
            prop_assert!(pair[1].step_size < pair[0].step_size);
        }
        for trial in &trials {
            prop_assert!(trial.step_size > 0.0 && trial.step_size.is_finite());
        }
        if let Conclusion::Accepted { step_size } = conclusion {
            let last = trials.last().unwrap();
            prop_assert_eq!(last.step_size, step_size);
            prop_assert!(
                last.loss == 1.0
                    || PAPER.rule.decrease_error(1.0, slope, step_size, last.loss) <= 0.0
            );
        }
    }
}
