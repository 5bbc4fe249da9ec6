//! Which units an iteration searches, and what the search does with them.

use burn::module::{Module, Param};
use burn::optim::SgdConfig;
use burn::optim::momentum::MomentumConfig;
use burn::tensor::{DType, Tensor};
use burn_sls_optim::direction::Directions;
use burn_sls_optim::{
    InitialStep, LineSearchError, Outcome, Searched, StepReport, Turn, UnitChoice, Units,
};
use burn_sls_tests::classifier::{Batch, Classifier};
use burn_sls_tests::network::{Network, parameter};
use burn_sls_tests::network::{layers, network, run};
use burn_sls_tests::trainer::Trainer;
use burn_sls_tests::{device, double, plain};

fn searched(reports: &[StepReport]) -> Vec<Searched> {
    reports.iter().map(|report| report.searched).collect()
}

#[test]
fn units_are_searched_in_turn_after_a_first_search_of_all() {
    let (reports, _) = run(plain::plasls(layers()), 8);
    let turns = [0, 1, 2, 0, 1, 2, 0].map(Searched::Unit);
    assert_eq!(searched(&reports)[0], Searched::All);
    assert_eq!(searched(&reports)[1..], turns);
    // Each search changes the step size of its unit alone.
    for pair in reports.windows(2) {
        let Searched::Unit(unit) = pair[1].searched else {
            panic!("{:?}", pair[1].searched)
        };
        for other in (0..3).filter(|&other| other != unit) {
            assert_eq!(pair[1].step_sizes[other], pair[0].step_sizes[other]);
        }
        assert_ne!(pair[1].step_sizes[unit], pair[0].step_sizes[unit]);
    }
}

#[test]
fn a_fixed_unit_is_searched_alone() {
    let config = plain::plasls(layers()).with_unit_choice(UnitChoice::Fixed("layer 1".into()));
    let (reports, _) = run(config, 5);
    assert!(
        searched(&reports)[1..]
            .iter()
            .all(|&s| s == Searched::Unit(1))
    );
    let (first, last) = (&reports[0].step_sizes, &reports[4].step_sizes);
    assert_eq!((first[0], first[2]), (last[0], last[2]));
}

#[test]
fn units_searched_jointly_are_one_unit() {
    let joint = plain::plasls(layers()).with_unit_choice(UnitChoice::Joint);
    let (joint, moved) = run(joint, 20);
    let (one, expected) = run(plain::adamsls(), 20);
    for (joint, one) in joint.iter().zip(&one) {
        assert_eq!(joint.trials, one.trials);
        assert!(
            joint
                .step_sizes
                .iter()
                .all(|&size| size == one.step_sizes[0])
        );
    }
    assert_eq!(moved.norm(), expected.norm());
}

#[test]
fn units_of_different_step_sizes_keep_their_proportions_when_searched_together() {
    // All together in every fourth iteration, by your own rule.
    let config = plain::plasls(layers()).with_batches_per_epoch(2.0);
    let (model, inputs, targets) = network(&[3, 6, 6, 2]);
    let mut optim = config.init().with_unit_rule(|turn| match turn.step % 4 {
        0 => Searched::All,
        _ => Searched::Unit(turn.cyclic),
    });
    let (mut model, mut before, mut joint) = (model, Vec::<f64>::new(), 0);
    for k in 0..60 {
        let losses = |m: &Network| m.losses(inputs.clone(), targets.clone());
        let step = optim.step(model, losses).expect("a step");
        model = step.model;
        let report = step.report;
        if k > 0 && report.searched == Searched::All {
            let factor = report.step_sizes[0] / before[0];
            for (now, before) in report.step_sizes.iter().zip(&before) {
                assert!((now / before / factor - 1.0).abs() < 1e-12);
            }
            // What was tried is the largest step size, and the slope is of the joint direction.
            let largest = report.step_sizes.iter().copied().fold(0.0, f64::max);
            assert_eq!(report.trials.last().map(|t| t.step_size), Some(largest));
            joint += usize::from(before.iter().any(|size| *size != before[0]));
        }
        before = report.step_sizes;
    }
    assert!(joint > 5, "their step sizes never differed");
}

#[test]
fn a_rule_that_chooses_a_unit_that_is_not_there_is_an_error() {
    let (model, inputs, targets) = network(&[3, 6, 6, 2]);
    let mut optim = plain::plasls(layers()).init();
    let losses = |m: &Network| m.losses(inputs.clone(), targets.clone());
    let model = optim.step(model, losses).expect("a step").model;
    let mut optim = optim.with_unit_rule(|_| Searched::Unit(3));
    let error = optim.step(model, losses).unwrap_err().source;
    assert_eq!(error, LineSearchError::NoSuchUnit { unit: 3, units: 3 });
}

#[test]
fn your_own_rule_works_under_the_learner_too() {
    let device = device().autodiff();
    device.seed(2);
    let model = Classifier::new(0.0, &device);
    let batch = Batch::random(32, &device);
    let units = Units::named([("lower", vec!["hidden"]), ("upper", vec!["output"])]);
    let config = plain::plasls(units);
    let rule = |turn: &Turn<'_>| Searched::Unit(usize::from(turn.step.is_multiple_of(3)));
    let [
        Trainer::Loop(model, optim),
        Trainer::Learner(wrapped, module_optim),
    ] = Trainer::both(&model, &config)
    else {
        unreachable!("both")
    };
    for mut trainer in [
        Trainer::Loop(model, optim.with_unit_rule(rule)),
        Trainer::Learner(wrapped.with_unit_rule(rule), module_optim),
    ] {
        let searched: Vec<Searched> = (0..6).map(|_| trainer.step(&batch).searched).collect();
        let turns = [0, 0, 1, 0, 0].map(Searched::Unit);
        assert_eq!((searched[0], &searched[1..]), (Searched::All, &turns[..]));
    }
}

#[test]
fn a_unit_that_would_be_moved_uphill_is_passed_over() {
    // Two bowls of different steepness, under one optimizer of heavy momentum: they overshoot their
    // minima at different times.
    let losses = |m: &Pair| Tensor::cat(vec![m.a.val().square(), m.b.val().square() * 25.0], 0);
    let units = Units::named([("a", vec!["a"]), ("b", vec!["b"])]);
    let config = plain::plasls(units).with_initial_step(InitialStep::Fixed(0.01));
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
    let sgd = SgdConfig::new().with_momentum(Some(momentum)).init();
    let mut optim = config.init_with(Directions::adopted(sgd));
    let device = double().autodiff();
    let number = |x: f64| parameter(vec![x], [1], DType::F64, &device);
    let (a, b) = (number(1.0), number(-1.0));
    let (mut model, mut passed_over) = (Pair { a, b }, 0);
    for _ in 0..200 {
        let turn = optim.state().turn;
        let step = optim.step(model, losses).expect("a step");
        model = step.model;
        let searched = step.report.searched;
        passed_over += usize::from(searched == Searched::Unit(1 - turn));
    }
    assert!(passed_over > 0, "neither ever pointed uphill at its turn");
    let loss = losses(&model).sum().into_scalar::<f64>();
    assert!(loss < 1e-3, "{loss}");
}

/// Two numbers.
#[derive(Module, Debug)]
struct Pair {
    a: Param<Tensor<1>>,
    b: Param<Tensor<1>>,
}

#[test]
fn a_unit_without_a_gradient_is_passed_over() {
    let (mut model, inputs, targets) = network(&[3, 6, 6, 2]);
    model.layers[1] = model.layers[1].clone().no_grad();
    let mut optim = plain::plasls(layers()).init();
    let mut searched = Vec::new();
    for _ in 0..5 {
        let losses = |m: &Network| m.losses(inputs.clone(), targets.clone());
        let step = optim.step(model, losses).expect("a step");
        assert_eq!(step.report.outcome, Outcome::Accepted);
        searched.push(step.report.searched);
        model = step.model;
    }
    let turns = [0, 2, 0, 2].map(Searched::Unit);
    assert_eq!((searched[0], &searched[1..]), (Searched::All, &turns[..]));
}

#[test]
fn accepted_steps_satisfy_the_rule_and_the_order_within_a_unit_is_nothing() {
    let groups = [
        vec!["layers.0", "layers.2.bias"],
        vec!["layers.1", "layers.2.weight"],
    ];
    let named = |order: fn(Vec<&'static str>) -> Vec<&'static str>| {
        let [a, b] = groups.clone();
        Units::named([("a", order(a)), ("b", order(b))])
    };
    let config = |units| plain::plasls(units).with_batches_per_epoch(2.0);
    let (reports, model) = run(config(named(|paths| paths)), 60);
    let reversed = |mut paths: Vec<&'static str>| {
        paths.reverse();
        paths
    };
    let (again, same) = run(config(named(reversed)), 60);
    assert_eq!(reports, again);
    assert_eq!(model.norm(), same.norm());

    for report in &reports {
        let sizes = report.trials.iter().map(|trial| trial.step_size);
        assert!(
            sizes.clone().zip(sizes.skip(1)).all(|(a, b)| b < a),
            "{:?}",
            report.trials
        );
        assert!(
            report
                .step_sizes
                .iter()
                .all(|&size| size > 0.0 && size.is_finite())
        );
        if report.outcome == Outcome::Accepted {
            let last = report.trials.last().expect("a trial");
            let decrease = report.loss - last.loss;
            assert!(
                decrease == 0.0 || decrease >= 0.1 * last.step_size * report.slope,
                "{report:?}"
            );
        }
    }
    assert!(reports.iter().any(|report| report.trials.len() > 1));
}
