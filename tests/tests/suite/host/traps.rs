//! Mistakes that are easily made, and losses that are unlike others: each works, or is refused with
//! its reason. So it is with losses of any magnitude, with steps of limited length, and with a
//! batch that stays the same.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::grad_clipping::GradientClippingConfig;
use burn::module::{Module, ParamGroup};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, RmsPropConfig, SgdConfig};
use burn::tensor::{DType, Device, Tensor};
use burn_sls_core::random::Generator;
use burn_sls_optim::direction::{
    Adam, AsOptimizer, Directions, NoState, SearchDirection, Sgd, Update,
};
use burn_sls_optim::{
    Frequency, InitialStep, LineSearchConfig, LineSearchError, LineSearchOptimizer, Outcome,
    Preset, SearchAlong, SelfCheck, StepOptions, StepReport, TrialMode,
};
use burn_sls_tests::network::{Network, network, parameter};
use burn_sls_tests::point::{Point, point};
use burn_sls_tests::{TRAINING, bits, plain};

fn bowl(point: &Point) -> Tensor<1> {
    point.at.val().square()
}

/// The coordinates of a point.
fn at(point: &Point) -> Vec<f64> {
    point.at.val().into_data().iter::<f64>().collect()
}

/// Every preset for training, with each direction.
fn searches() -> Vec<LineSearchConfig> {
    let both = TRAINING.map(|preset| [preset.sgdsls(), preset.adamsls()]);
    both.into_iter().flatten().collect()
}

/// The mean loss at a point.
fn mean(losses: impl Fn(&Point) -> Tensor<1>, point: &Point) -> f64 {
    losses(point).mean().into_scalar::<f64>()
}

/// The reports of a training, and the point that is used after it.
fn train(
    config: &LineSearchConfig,
    losses: impl Fn(&Point) -> Tensor<1>,
    steps: usize,
) -> (Vec<StepReport>, Point) {
    train_from(point(&[1.0, -2.0]), config, losses, steps)
}

fn train_from(
    mut model: Point,
    config: &LineSearchConfig,
    losses: impl Fn(&Point) -> Tensor<1>,
    steps: usize,
) -> (Vec<StepReport>, Point) {
    let mut optim = config.clone().init();
    let mut reports = Vec::new();
    for _ in 0..steps {
        let step = optim.step(model, &losses).expect("a step");
        model = step.model;
        reports.push(step.report);
    }
    (reports, optim.averaged(&model))
}

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

#[test]
fn tiny_losses_are_trained_on_as_others_are() {
    let relative = |config: &LineSearchConfig, scale: f64| {
        let losses = move |point: &Point| bowl(point).mul_scalar(scale);
        let (reports, model) = train(config, losses, 200);
        let moved = reports.iter().filter(|report| report.outcome.moved());
        assert!(moved.count() > 150, "{scale}: it stands still");
        mean(losses, &model) / reports[0].loss
    };
    for config in searches()
        .into_iter()
        .chain([Preset::Amortized.adamsls().with_budget(None)])
    {
        let [whole, tiny] = [1.0, 1e-10].map(|scale| relative(&config, scale));
        println!("{whole:e} of the loss is left, and {tiny:e} of the tiny one");
        assert!(whole < 0.05 && tiny < 0.05, "{whole} and {tiny}");
    }
    // Along the gradient the step size is ten orders of magnitude longer, and all else is the same.
    for preset in TRAINING {
        let config = preset.sgdsls().with_budget(None);
        let steps = [1.0, 1e-10].map(|scale| {
            let (reports, _) = train(&config, |m| bowl(m).mul_scalar(scale), 12);
            let decisions = reports.iter().map(|r| (r.outcome, r.trials.len()));
            decisions.collect::<Vec<(Outcome, usize)>>()
        });
        assert_eq!(steps[0], steps[1]);
    }
}

/// Least squares with inputs of the size `scale`: the loss is as steep as its square.
fn squares(scale: f64, target: f64) -> impl Fn(&Point) -> Tensor<1> {
    move |point| {
        let error = point.at.val().sub_scalar(target);
        error.mul_scalar(scale).square()
    }
}

#[test]
fn a_step_size_that_an_absurd_batch_made_tiny_recovers() {
    let config = Preset::Amortized.sgdsls().with_budget(None);
    for config in [config.clone(), config.with_hypergradient(None)] {
        let mut optim = config.init();
        let mut model = point(&[1.0, -2.0]);
        let mut step = |losses: &dyn Fn(&Point) -> Tensor<1>| {
            let step = optim.step(model.clone(), losses).expect("a step");
            model = step.model;
            step.report
        };
        for _ in 0..3 {
            step(&squares(1.0, 0.0));
        }
        // More than one, since a search may spend no more than its trials.
        let absurd: Vec<_> = (0..6).map(|_| step(&squares(1e12, 3.0))).collect();
        let tiny = absurd[5].step_sizes[0];
        assert!(tiny < 1e-20, "{tiny:e}");
        let after: Vec<_> = (0..60).map(|_| step(&squares(1.0, 0.0))).collect();
        let restarts = after.iter().filter(|report| report.restarted).count();
        assert!((1..=3).contains(&restarts), "{restarts} restarts");
        let first = after.iter().position(|report| report.restarted);
        assert!(first.is_some_and(|k| k < 20), "{first:?}");
        let last = after.last().expect("a report");
        assert!(last.loss < 1e-6 * after[0].loss, "{}", last.loss);
        assert!(last.step_sizes[0] > 1e-3, "{:?}", last.step_sizes);
        assert_eq!(optim.counts().restarted, restarts as u64);
    }
}

/// Where steps are averaged, no later search would find out: the gradients ask for longer steps, and
/// in the end for a search.
#[test]
fn a_first_batch_that_was_absurd_is_recovered_from() {
    for preset in TRAINING {
        let mut optim = preset.sgdsls().init();
        let mut model = point(&[1.0, -2.0]);
        let mut step = |losses: &dyn Fn(&Point) -> Tensor<1>| {
            let step = optim.step(model.clone(), losses).expect("a step");
            model = step.model;
            step.report
        };
        let tiny = step(&squares(1e12, 3.0)).step_sizes[0];
        assert!(tiny < 1e-20, "{tiny:e}");
        let after: Vec<_> = (0..150).map(|_| step(&squares(1.0, 0.0))).collect();
        let restarts = after.iter().filter(|report| report.restarted).count();
        assert!(
            (1..=4).contains(&restarts),
            "{preset:?}: {restarts} restarts"
        );
        let (first, last) = (&after[0], after.last().expect("a report"));
        assert!(last.step_sizes[0] > 1e-3, "{:?}", last.step_sizes);
        assert!(last.loss < 1e-3 * first.loss, "{preset:?}: {}", last.loss);
    }
}

#[test]
fn a_first_step_size_that_is_far_too_short_recovers() {
    // Gradients have to ask for longer steps for a while before a search begins again, and averaged
    // steps warm up after it.
    for (preset, steps) in [(Preset::Amortized, 50), (Preset::Default, 100)] {
        for config in [preset.sgdsls(), preset.adamsls()] {
            let config = config.with_initial_step(InitialStep::Fixed(1e-10));
            for expansion in [None, Some(2.0)] {
                // In f32 so short a step moves no weight at all.
                for dtype in [DType::F64, DType::F32] {
                    let device = burn_sls_tests::double().autodiff();
                    let start = Point {
                        at: parameter(vec![1.0, -2.0], [2], dtype, &device),
                    };
                    let config = config.clone().with_expansion(expansion);
                    let (reports, model) = train_from(start, &config, bowl, steps);
                    let restarted = reports.iter().filter(|report| report.restarted).count();
                    let (first, last) = (reports[0].loss, mean(bowl, &model));
                    assert!(
                        restarted > 0 && last < 0.5 * first,
                        "{preset:?}, {dtype:?}: {first} to {last}, {restarted}"
                    );
                }
            }
        }
    }
}

/// Where the classes can be told apart, the loss falls towards 0 however long the steps are. Then
/// comes an example of the other class.
#[test]
fn a_vanishing_loss_is_no_reason_for_steps_that_the_next_example_cannot_bear() {
    // log(1 + exp(-w)), and for the other class of w, without overflow.
    let logistic = |sign: f64| {
        move |point: &Point| {
            let margin = point.at.val().mul_scalar(sign);
            let least = margin.clone().neg().clamp_min(0.0);
            least + margin.abs().neg().exp().log1p()
        }
    };
    let end = |preset: Preset| {
        let mut optim = preset.adamsls().init();
        let mut model = point(&[0.1, -0.2]);
        for k in 0..2200 {
            let sign = if k == 2000 { -1.0 } else { 1.0 };
            model = optim.step(model, logistic(sign)).expect("a step").model;
        }
        mean(logistic(1.0), &optim.averaged(&model))
    };
    let ends = TRAINING.map(|preset| (preset, end(preset)));
    assert!(ends.iter().all(|(_, loss)| *loss < 0.1), "{ends:?}");
}

#[test]
fn no_step_is_longer_than_allowed() {
    let longest = 0.01;
    let training = TRAINING.map(Preset::sgdsls);
    for config in training.into_iter().chain([plain::sgdsls()]) {
        for config in [config.clone().with_budget(None), config] {
            let mut optim = config.with_max_step_size(longest).init();
            let mut model = point(&[1.0, -2.0]);
            let (mut capped, mut searched) = (0, 0);
            for _ in 0..40 {
                let before = at(&model);
                let step = optim.step(model, bowl).expect("a step");
                model = step.model;
                let report = step.report;
                assert!(report.trials.iter().all(|trial| trial.step_size <= longest));
                assert!(report.step_sizes[0] <= longest, "{:?}", report.step_sizes);
                capped += usize::from(report.capped);
                searched += usize::from(!report.trials.is_empty());
                // The gradient of the mean of two squares is the point itself.
                for (after, before) in at(&model).iter().zip(before) {
                    let moved = (after - before).abs();
                    assert!(moved <= longest * before.abs() * (1.0 + 1e-12), "{moved}");
                    assert!(moved > 0.0);
                }
            }
            assert!(2 * capped > searched, "{capped} of {searched}");
        }
    }
}

/// On a separable problem gradients vanish, and a step size of steepest descent grows for ever.
/// With decoupled weight decay it must not come to turn the signs of the weights.
#[test]
fn weight_decay_takes_at_most_the_whole_weight_away() {
    let decay = 0.1;
    let config = Preset::Paper
        .sgdsls()
        .with_weight_decay(decay)
        .with_gamma(1e6);
    let mut optim = config.with_batches_per_epoch(10.0).init();
    // log(1 + exp(-w)) of four examples.
    let logistic = |point: &Point| point.at.val().neg().exp().log1p();
    let mut model = point(&[0.5, 1.0, 2.0, 3.0]);
    let mut capped = 0;
    for _ in 0..300 {
        let step = optim.step(model, logistic).expect("a step");
        model = step.model;
        let report = step.report;
        capped += usize::from(report.capped);
        assert!(report.step_sizes[0] <= 1.0 / decay, "{report:?}");
        assert!(
            at(&model).iter().all(|w| w.abs() < 20.0),
            "{:?}",
            at(&model)
        );
    }
    assert!(capped > 0, "the bound was never met");
}

/// A bowl that is twice as steep along one coordinate as along the other.
fn valley(point: &Point) -> Tensor<1> {
    let at = point.at.val();
    Tensor::cat(vec![at.clone(), at.narrow(0, 0, 1)], 0).square()
}

#[test]
fn a_batch_that_stays_the_same_needs_no_training_forward_after_an_accepted_trial() {
    for config in [
        plain::sgdsls().with_search_along(SearchAlong::Update),
        Preset::Amortized.sgdsls().with_budget(None),
        Preset::Amortized.adamsls().with_budget(None),
        Preset::Amortized.adamsls(),
        // Its only trials are those of the first search, and it moves less far than that.
        LineSearchConfig::adamsls(),
    ] {
        let averages = config.averaging.is_some();
        let run = |options: StepOptions| {
            let mut optim = config.clone().init();
            let mut model = point(&[1.0, -2.0]);
            let mut points = Vec::new();
            for _ in 0..60 {
                let step = optim.step_with(options.clone(), model, &[()], |m, ()| valley(m));
                model = step.expect("a step").model;
                points.extend(at(&model));
            }
            (points, optim.counts().forwards)
        };
        let (fresh, forwards) = run(StepOptions::new());
        let (again, fewer) = run(StepOptions::new().with_same_batch());
        for (k, (fresh, again)) in fresh.iter().zip(&again).enumerate() {
            let error = (fresh - again).abs();
            assert!(error < 1e-6, "coordinate {k}: {fresh} and {again}");
        }
        println!("{forwards} forward passes, and {fewer} with the same batch");
        assert_eq!(fewer < forwards, !averages, "{fewer} of {forwards}");
    }
}

#[test]
fn a_model_that_has_changed_since_is_not_stepped_by_the_gradients_of_the_trial() {
    let modes = [TrialMode::ReplayDropout, TrialMode::Deterministic];
    let both = |mode| TRAINING.map(|preset| preset.sgdsls().with_trial_mode(mode));
    for config in modes.into_iter().flat_map(both) {
        let mut optim = config.with_budget(None).init();
        let mut model = point(&[1.0, -2.0]);
        for k in 0..6 {
            if k % 2 == 1 {
                model = point(&[3.0 + f64::from(k), 2.0]);
            }
            let loss = mean(valley, &model);
            let options = StepOptions::new().with_same_batch();
            let step = optim.step_with(options, model, &[()], |m, ()| valley(m));
            let step = step.expect("a step");
            assert_eq!(step.report.loss, loss, "step {k}");
            assert!(mean(valley, &step.model) < loss, "step {k}");
            model = step.model;
        }
    }
}

#[test]
fn another_batch_than_was_promised_is_refused() {
    let mut optim = Preset::Amortized
        .sgdsls()
        .with_expansion(None)
        .with_budget(None)
        .init();
    let same = || StepOptions::new().with_same_batch();
    let step = optim.step_with(same(), point(&[1.0, -2.0]), &[()], |m, ()| valley(m));
    let model = step.expect("a step").model;
    let error = optim.step_with(same(), model, &[()], |m, ()| valley(m).mul_scalar(3.0));
    let error = error.expect_err("another batch").source;
    let refused = matches!(error, LineSearchError::NotReproducible { .. });
    assert!(refused, "{error}");
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

/// Every coordinate by the same length, downhill: `d = -sign(g)`, `s = ‖g‖₁`.
#[derive(Clone)]
struct Sign;

impl SearchDirection for Sign {
    type State<const D: usize> = NoState<D>;

    fn search_direction<const D: usize>(
        &self,
        grad: Tensor<D>,
        _state: Option<&Self::State<D>>,
    ) -> Tensor<D> {
        grad.sign().neg()
    }

    fn update_direction<const D: usize>(
        &self,
        _tensor: &Tensor<D>,
        grad: Tensor<D>,
        _state: Option<Self::State<D>>,
        _along_last: bool,
    ) -> Update<D, Self::State<D>> {
        Update::of(grad.sign().neg())
    }

    fn to_device<const D: usize>(state: Self::State<D>, _device: &Device) -> Self::State<D> {
        state
    }
}

#[test]
fn a_users_own_direction_is_searched_and_taken() {
    let training = TRAINING.map(Preset::sgdsls);
    for config in training.into_iter().chain([plain::sgdsls()]) {
        let mut optim = config.init_with(Directions::of(Sign));
        let mut model = point(&[1.0, -2.0]);
        let start = mean(bowl, &model);
        let step = optim.step(model, bowl).expect("a step");
        // The gradient of the mean of two squares is the point itself.
        assert!((step.report.slope - 3.0).abs() < 1e-12);
        let step_size = step.report.step_sizes[0] * step.report.factor();
        let moved = [1.0 - step_size, -2.0 + step_size];
        for (at, expected) in at(&step.model).iter().zip(moved) {
            assert!((at - expected).abs() < 1e-12, "{at} for {expected}");
        }
        model = step.model;
        for _ in 0..200 {
            model = optim.step(model, bowl).expect("a step").model;
        }
        let loss = mean(bowl, &optim.averaged(&model));
        assert!(loss < 0.1 * start, "{loss} from {start}");
        assert_eq!(optim.counts().ascent, 0);
    }
}

/// Trains a small network, and gives the losses of all steps.
fn losses(optim: &mut LineSearchOptimizer, steps: usize) -> Result<Vec<f64>, LineSearchError> {
    let (mut model, inputs, targets) = network(&[3, 6, 2]);
    let mut losses = Vec::new();
    for _ in 0..steps {
        let step = optim.step(model, |m: &Network| {
            m.losses(inputs.clone(), targets.clone())
        })?;
        model = step.model;
        losses.push(step.report.loss);
    }
    Ok(losses)
}

#[test]
fn groups_of_parameters_have_directions_of_their_own() {
    let groups = || {
        Adam::default().into_optimizer().with_group(
            ParamGroup::from_predicate("layers.1"),
            AsOptimizer(Sgd::default()),
            None,
        )
    };
    let training = TRAINING.map(Preset::adamsls);
    for config in training.into_iter().chain([plain::adamsls()]) {
        let mut optim = config.clone().init_with(Directions::groups(groups()));
        let mixed = losses(&mut optim, 120).expect("steps");
        assert!(
            mixed[119] < 0.3 * mixed[0],
            "{} to {}",
            mixed[0],
            mixed[119]
        );
        let one = losses(&mut config.init(), 120).expect("steps");
        assert_eq!(one[0], mixed[0]);
        assert_ne!(one[119], mixed[119], "the second layer goes another way");
    }
}

#[test]
fn an_ordinary_optimizer_among_groups_of_directions_is_an_error() {
    let mixed = Adam::default().into_optimizer().with_group(
        ParamGroup::from_predicate("layers.1"),
        SgdConfig::new().build(),
        None,
    );
    let foreign = AdamConfig::new().init();
    for (optimizer, answered) in [(mixed, 2), (foreign, 0)] {
        let training = TRAINING.map(Preset::adamsls);
        for config in training.into_iter().chain([plain::adamsls()]) {
            let mut optim = config.init_with(Directions::groups(optimizer.clone()));
            let error = losses(&mut optim, 1).expect_err("refused");
            let expected = LineSearchError::ForeignOptimizer {
                answered,
                parameters: 4,
            };
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn any_burn_optimizer_is_adopted_and_a_direction_is_not() {
    let adopted = Directions::adopted(RmsPropConfig::new().init());
    let training = TRAINING.map(Preset::adamsls);
    for config in training.into_iter().chain([plain::adamsls()]) {
        let mut optim = config.init_with(adopted.clone());
        let trained = losses(&mut optim, 120).expect("steps");
        assert!(
            trained[119] < 0.3 * trained[0],
            "{} to {}",
            trained[0],
            trained[119]
        );
    }

    let directions = [
        Adam::default().into_optimizer(),
        Sgd::default().into_optimizer(),
    ];
    for direction in directions {
        let optim = plain::adamsls().try_init_with(Directions::adopted(direction));
        let refused = optim.and_then(|mut optim| losses(&mut optim, 1));
        assert_eq!(refused.err(), Some(LineSearchError::AdoptedDirection));
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
