//! Processes that train replicas of one model, here threads: all take the decisions of one device
//! that has all micro-batches.

use std::sync::{Barrier, Mutex};

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use burn_sls_optim::{
    BatchLoss, LineSearchConfig, LineSearchError, LineSearchOptimizer, Peers, PeersError, Preset,
    StepOptions, StepReport, Units,
};
use burn_sls_tests::classifier::{self, Batch, Classifier, FEATURES};
use burn_sls_tests::{bits, device, plain};

/// What threads hand in, and when all have.
struct Table {
    places: Mutex<Vec<Vec<u8>>>,
    all: Barrier,
}

/// One of the threads.
struct Thread<'a> {
    rank: usize,
    table: &'a Table,
}

impl Peers for Thread<'_> {
    fn rank(&self) -> usize {
        self.rank
    }

    fn gather(&self, own: &[u8]) -> Result<Vec<Vec<u8>>, PeersError> {
        self.table.places.lock().unwrap()[self.rank] = own.to_vec();
        self.table.all.wait();
        let all = self.table.places.lock().unwrap().clone();
        self.table.all.wait();
        Ok(all)
    }

    fn sum(&self, values: &mut [f32]) -> Result<(), PeersError> {
        let own: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        for (rank, bytes) in self.gather(&own)?.iter().enumerate() {
            let (numbers, _) = bytes.as_chunks::<4>();
            assert_eq!(numbers.len(), values.len());
            for (value, &bytes) in values.iter_mut().zip(numbers) {
                let number = f32::from_le_bytes(bytes);
                *value = if rank == 0 { number } else { *value + number };
            }
        }
        Ok(())
    }
}

/// What every thread makes of its rank.
fn threads<R: Send>(count: usize, work: impl Fn(&Thread) -> R + Sync) -> Vec<R> {
    let table = Table {
        places: Mutex::new(vec![Vec::new(); count]),
        all: Barrier::new(count),
    };
    std::thread::scope(|scope| {
        let (table, work) = (&table, &work);
        let thread = |rank| scope.spawn(move || work(&Thread { rank, table }));
        let threads: Vec<_> = (0..count).map(thread).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread"))
            .collect()
    })
}

fn problem(device: &Device, batches: usize) -> (Classifier, Vec<Batch>) {
    classifier::problem(device, 8, 0.3, batches, 16)
}

fn losses(model: &Classifier, batch: &Batch) -> Tensor<1> {
    model.batch_loss(batch)
}

fn configs() -> [LineSearchConfig; 4] {
    let units = Units::named([("hidden", vec!["hidden"]), ("output", vec!["output"])]);
    [
        plain::adamsls(),
        plain::plasls(units),
        Preset::Default.adamsls().with_seed(5),
        Preset::Amortized.adamsls().with_seed(5),
    ]
}

#[test]
fn every_process_takes_the_step_of_one_device_that_has_all_micro_batches() {
    let device = device().autodiff();
    for config in configs() {
        let (mut model, batches) = problem(&device, 12);
        let begin = model.clone();
        let mut optim = config.clone().init();
        let mut expected: Vec<StepReport> = Vec::new();
        for pair in batches.chunks(2) {
            let step = optim.step_with(StepOptions::new(), model, pair, losses);
            let step = step.expect("a step");
            expected.push(step.report);
            model = step.model;
        }
        let ranks = threads(2, |peers| {
            let (mut model, mut optim) = (begin.clone(), config.clone().init());
            let mut reports = Vec::new();
            for pair in batches.chunks(2) {
                let own = &pair[peers.rank..=peers.rank];
                let step = optim.step_among(peers, StepOptions::new(), model, own, losses);
                let step = step.expect("a step");
                reports.push(step.report);
                model = step.model;
            }
            (bits(&model), reports)
        });
        for (weights, reports) in ranks {
            assert_eq!(reports, expected, "{config:?}");
            assert!(weights == bits(&model), "{config:?}");
        }
    }
}

#[test]
fn uneven_shares_are_one_objective() {
    let device = device().autodiff();
    let (model, batches) = problem(&device, 4);
    let mut one = plain::adamsls().init();
    let whole = one.step_with(StepOptions::new(), model.clone(), &batches, losses);
    let whole = whole.expect("a step").report;
    let shares = [&batches[..1], &batches[1..2], &batches[2..]];
    let reports = threads(3, |peers| {
        let mut optim = plain::adamsls().init();
        let own = shares[peers.rank];
        let step = optim.step_among(peers, StepOptions::new(), model.clone(), own, losses);
        step.expect("a step").report
    });
    for report in reports {
        assert_eq!((report.loss, report.backwards), (whole.loss, 4));
        assert_eq!(report.trials.len(), whole.trials.len());
        assert!((report.slope / whole.slope - 1.0).abs() < 1e-5);
    }
}

/// The errors of two processes, which each make one step.
fn errors(
    device: &Device,
    step: impl Fn(&Thread, Classifier, &[Batch], &mut LineSearchOptimizer) -> LineSearchError + Sync,
) -> Vec<LineSearchError> {
    let (model, batches) = problem(device, 2);
    let before = bits(&model);
    let errors = threads(2, |peers| {
        let mut optim = plain::adamsls().init();
        let own = &batches[peers.rank..=peers.rank];
        step(peers, model.clone(), own, &mut optim)
    });
    assert!(bits(&model) == before);
    errors
}

#[test]
fn an_error_of_one_process_is_an_error_of_all_and_hangs_nobody() {
    let device = device().autodiff();
    let text = |error: &LineSearchError| error.to_string();

    // In the training forward.
    let found = errors(&device, |peers, model, own, optim| {
        let detached = |model: &Classifier, batch: &Batch| match peers.rank {
            0 => losses(model, batch),
            _ => losses(model, batch).detach(),
        };
        let step = optim.step_among(peers, StepOptions::new(), model, own, detached);
        step.expect_err("a mistake").source
    });
    assert!(
        text(&found[0]).contains("the process of rank 1 had an error"),
        "{found:?}"
    );
    assert_eq!(found[1], LineSearchError::NoGradient);

    // Other gradients.
    let found = errors(&device, |peers, mut model, own, optim| {
        if peers.rank == 1 {
            model.hidden = model.hidden.no_grad();
        }
        let step = optim.step_among(peers, StepOptions::new(), model, own, losses);
        step.expect_err("a mistake").source
    });
    assert!(
        found
            .iter()
            .all(|error| text(error).contains("other parameters")),
        "{found:?}"
    );

    // No micro-batch.
    let found = errors(&device, |peers, model, own, optim| {
        let own = &own[peers.rank..];
        let step = optim.step_among(peers, StepOptions::new(), model, own, losses);
        step.expect_err("a mistake").source
    });
    assert!(
        found
            .iter()
            .all(|error| text(error).contains("every process needs")),
        "{found:?}"
    );

    // In a trial: the first call is the training forward.
    let found = errors(&device, |peers, model, own, optim| {
        let calls = std::cell::Cell::new(0);
        let narrow = |model: &Classifier, batch: &Batch| {
            calls.set(calls.get() + 1);
            match (peers.rank, calls.get()) {
                (1, 2..) => losses(model, batch).cast(burn::tensor::FloatDType::F16),
                _ => losses(model, batch),
            }
        };
        let step = optim.step_among(peers, StepOptions::new(), model, own, narrow);
        step.expect_err("a mistake").source
    });
    assert!(
        text(&found[0]).contains("the process of rank 1 had an error"),
        "{found:?}"
    );
    assert!(
        matches!(found[1], LineSearchError::LossPrecision { .. }),
        "{found:?}"
    );

    // Options that differ, and settings.
    let found = errors(&device, |peers, model, own, optim| {
        let options = match peers.rank {
            0 => StepOptions::new(),
            _ => StepOptions::new().with_factor(f64::NAN),
        };
        let step = optim.step_among(peers, options, model, own, losses);
        step.expect_err("a mistake").source
    });
    assert!(
        found
            .iter()
            .all(|error| text(error).contains("settings or options")),
        "{found:?}"
    );
    let found = errors(&device, |peers, model, own, optim| {
        if peers.rank == 1 {
            *optim = plain::adamsls().with_c(0.7).init();
        }
        let step = optim.step_among(peers, StepOptions::new(), model, own, losses);
        step.expect_err("a mistake").source
    });
    assert!(
        found
            .iter()
            .all(|error| text(error).contains("settings or options")),
        "{found:?}"
    );

    // Of the engine, after the gradients: averaged weights of another model.
    let config = Preset::Default.adamsls().with_seed(5);
    let mut foreign = config.clone().init();
    let (other, batches) = problem(&device, 1);
    let step = foreign.step(other, |model| losses(model, &batches[0]));
    step.expect("a step");
    let found = errors(&device, |peers, model, own, optim| {
        let loaded = config
            .clone()
            .init()
            .load_record(foreign.clone().to_record());
        *optim = loaded.expect("a record");
        let step = optim.step_among(peers, StepOptions::new(), model, own, losses);
        step.expect_err("a mistake").source
    });
    assert!(
        found
            .iter()
            .all(|error| matches!(error, LineSearchError::Record { .. })),
        "{found:?}"
    );

    // Another step.
    let found = errors(&device, |peers, model, own, optim| {
        let model = match peers.rank {
            0 => model,
            _ => {
                optim
                    .step(model, |model| losses(model, &own[0]))
                    .expect("a step")
                    .model
            }
        };
        let step = optim.step_among(peers, StepOptions::new(), model, own, losses);
        step.expect_err("a mistake").source
    });
    assert!(
        found
            .iter()
            .all(|error| text(error).contains("different steps")),
        "{found:?}"
    );
}

#[test]
fn a_panic_in_the_losses_of_one_process_is_an_error_of_the_others() {
    let device = device().autodiff();
    let (model, batches) = problem(&device, 2);
    for call in [1, 2] {
        let found = threads(2, |peers| {
            let mut optim = plain::adamsls().init();
            let own = &batches[peers.rank..=peers.rank];
            let calls = std::cell::Cell::new(0);
            let wrong = |model: &Classifier, batch: &Batch| {
                calls.set(calls.get() + 1);
                assert!(peers.rank == 0 || calls.get() < call, "a wrong shape");
                losses(model, batch)
            };
            let step = || {
                let step = optim.step_among(peers, StepOptions::new(), model.clone(), own, wrong);
                step.expect_err("a mistake").to_string()
            };
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).ok()
        });
        assert!(found[1].is_none(), "it goes on as a panic");
        let error = found[0].as_deref().expect("an error");
        assert!(
            error.contains("the process of rank 1 had an error"),
            "{error}"
        );
    }
}

#[test]
fn a_batch_that_is_broken_for_one_process_is_skipped_by_all() {
    let device = device().autodiff();
    let (model, mut batches) = problem(&device, 2);
    batches[1].inputs = Tensor::full([16, FEATURES], f32::NAN, &device);
    let moved = threads(2, |peers| {
        let mut optim = plain::adamsls().init();
        let own = &batches[peers.rank..=peers.rank];
        let step = optim.step_among(peers, StepOptions::new(), model.clone(), own, losses);
        let step = step.expect("a step");
        (step.report.outcome, bits(&step.model))
    });
    for (outcome, weights) in moved {
        assert_eq!(outcome, burn_sls_optim::Outcome::SkippedNonFiniteLoss);
        assert!(weights == bits(&model));
    }
}
