//! Losses of any magnitude, and steps of limited length.

use burn::module::ParamGroup;
use burn::tensor::{DType, Tensor};
use burn_sls_optim::direction::{AsOptimizer, Directions, SearchDirection, Sgd};
use burn_sls_optim::{InitialStep, LineSearchConfig, Outcome, Preset};
use burn_sls_tests::network::parameter;
use burn_sls_tests::point::{Point, point};
use burn_sls_tests::{TRAINING, plain};

use super::points::{at, bowl, mean, searches, train, train_from};

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
    let config = || {
        let config = Preset::Paper.sgdsls().with_gamma(1e6);
        config.with_batches_per_epoch(10.0)
    };
    let decayed = Sgd {
        weight_decay: decay,
    };
    let less = Sgd { weight_decay: 0.01 };
    let groups = less.into_optimizer().with_group(
        ParamGroup::from_predicate("at"),
        AsOptimizer(decayed),
        None,
    );
    for mut optim in [
        config().with_weight_decay(decay).init(),
        config().init_with(Directions::of(decayed)),
        config().init_with(Directions::groups(groups)),
    ] {
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
}
