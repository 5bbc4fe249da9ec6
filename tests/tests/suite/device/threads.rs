//! Trainings side by side, on threads of one process that share a device and its random generator.

use std::thread;

use burn_sls_optim::{BatchLoss, LineSearchConfig, Preset, Units};
use burn_sls_tests::classifier::{self, Batch, Classifier};
use burn_sls_tests::trainer::Trainer;
use burn_sls_tests::{bits, device, plain};

type Problem = (Classifier, Vec<Batch>);

/// A problem with dropout.
fn problem(seed: u64) -> Problem {
    classifier::problem(&device().autodiff(), seed, 0.3, 6, 32)
}

fn config(thread: usize) -> LineSearchConfig {
    let units = Units::named([("lower", vec!["hidden"]), ("upper", vec!["output"])]);
    let config = match thread {
        0 => Preset::Default.adamsls(),
        1 => Preset::Amortized.adamsls(),
        2 => plain::adamsls(),
        _ => plain::plasls(units),
    };
    config.with_batches_per_epoch(6.0).with_seed(thread as u64)
}

/// The bits of the weights at the end of a training, in each of the two ways.
fn train((model, batches): &Problem, config: &LineSearchConfig) -> [Vec<u64>; 2] {
    Trainer::both(model, config).map(|mut trainer| {
        for batch in batches.iter().cycle().take(30) {
            trainer.step(batch);
        }
        bits(trainer.model())
    })
}

#[test]
fn four_threads_that_train_at_once_each_end_where_they_end_alone() {
    let problems: Vec<Problem> = (0..4).map(problem).collect();
    let configs: Vec<LineSearchConfig> = (0..4).map(config).collect();
    let pairs = || problems.iter().zip(&configs);
    let alone: Vec<_> = pairs()
        .map(|(problem, config)| train(problem, config))
        .collect();
    let at_once: Vec<_> = thread::scope(|scope| {
        let threads = pairs().map(|(problem, config)| scope.spawn(|| train(problem, config)));
        let threads: Vec<_> = threads.collect();
        let ends = threads.into_iter().map(|thread| thread.join());
        ends.map(|end| end.expect("it ends")).collect()
    });
    for (thread, (alone, at_once)) in alone.into_iter().zip(at_once).enumerate() {
        assert!(
            alone == at_once,
            "thread {thread} ends elsewhere than alone"
        );
    }
}

#[test]
fn trainings_in_a_pool_do_not_wait_for_each_other() {
    let problems: Vec<Problem> = (0..8).map(problem).collect();
    let config = &config(0);
    rayon::scope(|scope| {
        for (model, batches) in &problems {
            scope.spawn(move |_| {
                let mut optim = config.clone().init();
                let mut model = model.clone();
                for batch in batches {
                    // Masks that are not replayed are an error here, and that is an answer.
                    match optim.step(model, |m| m.batch_loss(batch)) {
                        Ok(step) => model = step.model,
                        Err(error) => model = error.model,
                    }
                }
            });
        }
    });
}

#[test]
fn an_optimizer_in_the_loss_of_another_has_no_turn_to_wait_for() {
    let [outer, inner] = [0, 1].map(problem);
    let [mut outside, inside] = [0, 1].map(|thread| config(thread).init());
    let step = outside.step(outer.0, |model| {
        let step = inside
            .clone()
            .step(inner.0.clone(), |m| m.batch_loss(&inner.1[0]));
        step.expect("an inner step");
        model.batch_loss(&outer.1[0])
    });
    step.expect("an outer step");
}
