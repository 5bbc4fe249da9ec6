//! Mistakes that are easily made: each works, or is refused with its reason.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Tensor};
use burn_sls_core::random::Generator;
use burn_sls_optim::{
    Frequency, LineSearchConfig, LineSearchError, Outcome, Preset, SelfCheck, StepOptions,
    TrialMode,
};
use burn_sls_tests::network::parameter;
use burn_sls_tests::point::{Point, point};
use burn_sls_tests::{TRAINING, bits, double, plain};

use super::points::{at, bowl, mean, train};

/// A bowl whose height depends on a random generator of the host, which nothing seeds again.
fn irreproducible() -> impl Fn(&Point) -> Tensor<1> {
    let draws = AtomicU64::new(0);
    move |point| {
        let draw = Generator::new(draws.fetch_add(1, Ordering::Relaxed)).below(1000);
        bowl(point).mul_scalar(1.0 + draw as f64 / 1000.0)
    }
}

#[test]
fn a_loss_with_a_random_generator_of_its_own_is_refused_with_both_values() {
    let model = point(&[1.0, -2.0]);
    let training = TRAINING.map(Preset::adamsls);
    for config in training.into_iter().chain([plain::sgdsls()]) {
        assert_eq!(config.search.self_check, SelfCheck::FirstSearch);
        let mut optim = config.clone().init();
        let state = optim.state().clone();
        let error = optim.step(model.clone(), irreproducible()).unwrap_err();
        let message = error.to_string();
        let LineSearchError::NotReproducible { base, again } = error.source else {
            panic!("{message}");
        };
        let start = mean(bowl, &model);
        for value in [base, again] {
            assert!((start..=2.0 * start).contains(&value), "{value}");
            let shown = format!("{value}");
            assert!(message.contains(&shown[..5.min(shown.len())]), "{message}");
        }
        assert_ne!(base, again);
        assert_eq!(optim.state(), &state, "an error changes nothing");

        // Whoever wants it all the same has to say so.
        let mut optim = config.with_self_check(SelfCheck::Never).init();
        let step = optim.step(model.clone(), irreproducible());
        assert!(!step.expect("unnoticed").report.checked);
    }
}

#[test]
fn a_tiny_loss_that_is_not_reproducible_is_refused_as_others_are() {
    for preset in TRAINING {
        let losses = irreproducible();
        let mut optim = preset.adamsls().init();
        let step = optim.step(point(&[1.0, -2.0]), |m| losses(m).mul_scalar(1e-10));
        let source = step.expect_err("refused").source;
        assert!(
            matches!(source, LineSearchError::NotReproducible { .. }),
            "{source}"
        );
    }
}

#[test]
fn a_loss_can_be_checked_in_any_later_step() {
    let config = plain::sgdsls().with_self_check(SelfCheck::Never);
    let mut optim = config.init();
    let mut model = point(&[1.0, -2.0]);
    for _ in 0..3 {
        let step = optim.step(model, bowl).expect("a step");
        assert!(!step.report.checked);
        model = step.model;
    }
    let checked = || StepOptions::new().with_self_check();
    let step = optim.step_with(checked(), model, &[()], |m, ()| bowl(m));
    let step = step.expect("it is reproducible");
    assert!(step.report.checked);
    assert_eq!(step.report.forwards, 2 + step.report.trials.len());
    // Far from the minimum, so that there is something to see.
    let losses = irreproducible();
    let error = optim.step_with(checked(), point(&[1.0, -2.0]), &[()], |m, ()| losses(m));
    let source = error.unwrap_err().source;
    assert!(
        matches!(source, LineSearchError::NotReproducible { .. }),
        "{source}"
    );

    let (reports, _) = train(
        &plain::sgdsls().with_self_check(SelfCheck::Every(4)),
        bowl,
        9,
    );
    let checked: Vec<u64> = reports
        .iter()
        .filter(|r| r.checked)
        .map(|r| r.step)
        .collect();
    assert_eq!(checked, [0, 4, 8]);
}

#[test]
fn a_loss_whose_trials_are_never_finite_is_searched_ever_more_rarely() {
    let start = point(&[1.0, -2.0]);
    let of_start = at(&start);
    let walled = move |point: &Point| {
        let here = at(point) == of_start;
        bowl(point).mul_scalar(if here { 1.0 } else { f64::NAN })
    };
    for preset in TRAINING {
        let mut optim = preset.adamsls().init();
        let mut model = start.clone();
        let mut reports = Vec::new();
        for _ in 0..100 {
            let step = optim.step(model, &walled).expect("a step");
            model = step.model;
            reports.push(step.report);
        }
        assert_eq!(bits(&model), bits(&start), "nothing moves");
        let searches: Vec<u64> = reports
            .iter()
            .filter(|report| !report.trials.is_empty())
            .map(|report| report.step)
            .collect();
        assert_eq!(searches, [0, 2, 6, 14, 30, 62]);
        for report in &reports {
            let searched = searches.contains(&report.step);
            let outcome = match searched {
                true => Outcome::ExhaustedStayed,
                false => Outcome::WaitingAfterFailure,
            };
            assert_eq!(report.outcome, outcome, "step {}", report.step);
            assert!(searched || report.forwards == 1);
            assert!(!report.outcome.moved());
        }
        assert_eq!(optim.counts().waiting, 94);
        // Where the loss can be searched again, so it is, soon enough.
        let moved = (0..64).any(|_| {
            let step = optim.step(model.clone(), bowl).expect("a step");
            model = step.model;
            step.report.outcome.moved()
        });
        assert!(moved);
    }
}

#[test]
fn an_error_gives_the_model_back_and_the_loop_goes_on() {
    let none = |point: &Point| point.at.val().slice(0..0);
    for preset in TRAINING {
        let mut optim = preset.adamsls().init();
        let mut model = point(&[1.0, -2.0]);
        let start = mean(bowl, &model);
        let mut errors = 0;
        for k in 0..60 {
            let before = bits(&model);
            let step = match k % 5 {
                4 => optim.step(model, none),
                _ => optim.step(model, bowl),
            };
            model = match step {
                Ok(step) => step.model,
                Err(error) => {
                    errors += 1;
                    assert_eq!(error.source, LineSearchError::EmptyLoss);
                    assert_eq!(bits(&error.model), before);
                    error.model
                }
            };
        }
        assert_eq!(errors, 12);
        assert_eq!(optim.state().step, 48);
        let loss = mean(bowl, &model);
        assert!(loss < 0.1 * start, "{loss} from {start}");
    }

    // `?` takes the reason alone.
    let question_mark = |model: Point| -> Result<Point, LineSearchError> {
        let mut optim = LineSearchConfig::adamsls().init();
        Ok(optim.step(model, none)?.model)
    };
    let refused = question_mark(point(&[1.0, -2.0]));
    assert_eq!(refused.err(), Some(LineSearchError::EmptyLoss));
}

#[test]
fn settings_can_be_made_in_any_order() {
    type Setter = fn(LineSearchConfig) -> LineSearchConfig;
    let setters: [Setter; 8] = [
        |config| config.with_gamma(3.0),
        |config| config.with_batches_per_epoch(7.0),
        |config| config.with_c(0.4),
        |config| config.with_weight_decay(0.1),
        |config| config.with_clipping(GradientClippingConfig::Norm(1.0)),
        |config| config.with_max_step_size(2.0),
        |config| config.with_frequency(Frequency::Always),
        |config| config.with_trial_mode(TrialMode::NoRandomNumbers),
    ];
    let begin = LineSearchConfig::adamsls;
    let forwards = setters.iter().fold(begin(), |config, set| set(config));
    let backwards = setters
        .iter()
        .rev()
        .fold(begin(), |config, set| set(config));
    assert_eq!(forwards, backwards);
    assert_ne!(forwards, begin());
    let text = serde_json::to_string(&forwards).expect("JSON");
    let read: LineSearchConfig = serde_json::from_str(&text).expect("settings");
    assert_eq!(read, forwards);
}

#[test]
fn an_optional_setting_is_unset_by_none() {
    TRAINING.into_iter().for_each(options_are_unset);
}

fn options_are_unset(preset: Preset) {
    let config = preset
        .adamsls()
        .with_clipping(GradientClippingConfig::Norm(1.0))
        .with_max_step_size(2.0)
        .with_seed(4);
    assert_eq!(config.start.max_step_size, Some(2.0));
    let config = config
        .with_clipping(None)
        .with_max_step_size(None)
        .with_seed(None);
    assert_eq!(config, preset.adamsls());
    let config = config
        .with_rounding(None)
        .with_loss_lower_bound(None)
        .with_expansion(None)
        .with_extrapolation(None)
        .with_hypergradient(None)
        .with_polyak_cap(None)
        .with_budget(None)
        .with_averaging(None);
    assert_eq!(config.search.rounding, None);
    assert_eq!(config.search.loss_lower_bound, None);
    assert_eq!(config.start.expand, None);
    assert_eq!(config.start.extrapolation, None);
    assert_eq!(config.start.hypergradient, None);
    assert_eq!(config.start.polyak_cap, None);
    assert_eq!(config.schedule.budget, None);
    assert_eq!(config.averaging, None);
    let (_, model) = train(&config, bowl, 60);
    assert!(mean(bowl, &model) < 0.25);
}

/// Burn initialises layers when they are first used. The weights are those of the program's seed,
/// and the seed of the run is drawn after them.
#[test]
fn a_line_search_does_not_change_the_weights_that_a_model_begins_with() {
    let device = burn_sls_tests::double().autodiff();
    let weights = |search: Option<Preset>| {
        device.seed(7);
        let linear = LinearConfig::new(3, 1).init(&device);
        if let Some(preset) = search {
            let x = Tensor::<2>::ones([4, 3], &device);
            let losses = |m: &Linear| m.forward(x.clone()).square().reshape([-1]);
            let mut optim = preset.adamsls().init();
            optim.step(linear.clone(), losses).expect("a step");
        }
        linear.weight.val().into_data()
    };
    for preset in TRAINING {
        assert_eq!(weights(Some(preset)), weights(None));
    }
}

#[test]
fn a_record_of_another_model_is_refused_at_the_next_step() {
    for preset in TRAINING {
        record_of_another_model(&preset.adamsls());
    }
    // Without moments, but with averaged weights.
    record_of_another_model(&Preset::Default.sgdsls());
}

fn record_of_another_model(config: &LineSearchConfig) {
    let mut optim = config.clone().init();
    let mut model = point(&[1.0, -2.0]);
    for _ in 0..3 {
        model = optim.step(model, bowl).expect("a step").model;
    }

    // The model's own record was forgotten: the parameters of a fresh one have other ids.
    let fresh = point(&[1.0, -2.0]);
    let loaded = config.clone().init().load_record(optim.to_record());
    let mut resumed = loaded.expect("it fits the settings");
    let before = bits(&fresh);
    let error = resumed.step(fresh, bowl).expect_err("refused");
    let message = error.to_string();
    assert!(
        matches!(error.source, LineSearchError::Record { .. }),
        "{message}"
    );
    assert!(message.contains("model"), "{message}");
    assert_eq!(bits(&error.model), before);

    // With it, training goes on.
    let fresh = error.model.load_record(model.clone().into_record());
    let loaded = config.clone().init().load_record(optim.to_record());
    let mut resumed = loaded.expect("it fits the settings");
    let there = resumed.step(fresh, bowl).expect("a step").model;
    let here = optim.step(model, bowl).expect("a step").model;
    assert_eq!(bits(&there), bits(&here));
}

/// A vector, and a parameter without numbers.
#[derive(Module, Debug)]
struct WithNothing {
    point: Point,
    nothing: Param<Tensor<1>>,
}

#[test]
fn a_parameter_without_numbers_is_in_nobodys_way() {
    let start = || WithNothing {
        point: point(&[1.0, -2.0]),
        nothing: parameter(vec![], [0], DType::F64, &double().autodiff()),
    };
    let with = |at: fn(Tensor<1>) -> Tensor<1>| {
        let losses = move |m: &WithNothing| at(m.point.at.val()) + m.nothing.val().sum();
        let mut optim = LineSearchConfig::adamsls().init();
        optim.step(start(), losses).expect("a step").report.outcome
    };
    assert_eq!(with(|at| at.square()), Outcome::Accepted);
    assert_eq!(with(|at| at.mul_scalar(0.0)), Outcome::SkippedZeroGradient);
    // The slope of a root at 0.
    let root = |at: Tensor<1>| (at.clone() - at.detach()).square().sqrt();
    assert_eq!(with(root), Outcome::SkippedNonFiniteGradient);
}
