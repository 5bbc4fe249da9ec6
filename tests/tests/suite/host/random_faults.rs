//! Faults that strike at random, in everything that a step reads: each has the outcome that names it,
//! nothing is worse after it, training goes on, and your own loop and the `Learner` agree.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::module::Param;
use burn::optim::{GradientsParams, OptimizerRecord};
use burn::tensor::{DType, Device, Tensor};
use burn_sls_core::random::Generator;
use burn_sls_optim::direction::{Adam, SearchDirection};
use burn_sls_optim::{LineSearchRecord, Outcome, Preset, StepReport, Verdict};
use burn_sls_tests::double;
use burn_sls_tests::network::float;
use burn_sls_tests::point::{Loss, Point, point};
use burn_sls_tests::trainer::Trainer;

/// What strikes in one step.
#[derive(Clone, Copy, Debug)]
enum Strike {
    /// An evaluation of the loss: 0 is the training forward.
    Evaluation(usize, Fault),
    /// The gradient alone is this. The loss is what it should be.
    Gradient(f64),
    /// The moments come of a gradient that is this.
    Moments(f64),
    /// The moments are those of a point with as many coordinates.
    MomentsOf(usize),
    /// A byte of the record is changed, at this part of it.
    Byte(f64, u8),
    /// The record ends there.
    Cut(f64),
}

/// What is wrong with an evaluation of the loss.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The loss has this value, and no gradient.
    Value(f64),
    /// The loss and its gradient are this many times as large.
    Factor(f64),
    /// There are twice as many losses.
    Shape,
    /// The closure panics.
    Panic,
}

impl Strike {
    fn draw(random: &mut Generator) -> Self {
        let bad = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
        let values = [bad[0], bad[1], bad[2], 1e38, -1e38, 0.0];
        let factors = [1e-30, 1e15, 1e160, 1e250, -1.0];
        let gradients = [bad[0], bad[1], 1e38, 1e200];
        let part = random.below(1000) as f64 / 1000.0;
        match random.below(12) {
            0 | 1 => {
                let fault = Fault::Value(values[random.below(values.len())]);
                Strike::Evaluation(random.below(4), fault)
            }
            2 | 3 => {
                let fault = Fault::Factor(factors[random.below(factors.len())]);
                Strike::Evaluation(random.below(4), fault)
            }
            4 => Strike::Evaluation(random.below(4), Fault::Shape),
            5 => Strike::Evaluation(random.below(4), Fault::Panic),
            6 | 7 => Strike::Gradient(gradients[random.below(gradients.len())]),
            8 => Strike::Moments([bad[0], bad[1], 1e200][random.below(3)]),
            9 => Strike::MomentsOf([1, 3][random.below(2)]),
            10 => Strike::Byte(part, 1 << random.below(8)),
            _ => Strike::Cut(part),
        }
    }

    /// The losses of the step, and how often they were asked for.
    fn loss(self) -> (Loss, Arc<AtomicUsize>) {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let loss = Loss::new(move |point| {
            let evaluation = counted.fetch_add(1, Ordering::Relaxed);
            match self {
                Strike::Evaluation(at, fault) if at == evaluation => match fault {
                    Fault::Value(value) => bowl(point).mul_scalar(0.0).add_scalar(value),
                    Fault::Factor(factor) => bowl(point).mul_scalar(factor),
                    Fault::Shape => Tensor::cat(vec![bowl(point), bowl(point)], 0),
                    Fault::Panic => panic!("struck"),
                },
                Strike::Gradient(gradient) if evaluation == 0 => {
                    bowl(point) + nothing(point, gradient)
                }
                _ => bowl(point),
            }
        });
        (loss, calls)
    }

    fn is_factor(self) -> bool {
        matches!(self, Strike::Evaluation(_, Fault::Factor(_)))
    }

    /// The outcome that names the fault of a training forward, if there is one alone.
    fn outcome(self) -> Option<Outcome> {
        match self {
            Strike::Evaluation(0, Fault::Value(value)) => Some(match value.is_finite() {
                true => Outcome::SkippedZeroGradient,
                false => Outcome::SkippedNonFiniteLoss,
            }),
            Strike::Evaluation(0, Fault::Factor(factor)) if factor > 1e100 => {
                Some(Outcome::SkippedOverflow)
            }
            Strike::Gradient(gradient) if !gradient.is_finite() => {
                Some(Outcome::SkippedNonFiniteGradient)
            }
            Strike::Gradient(gradient) if gradient > 1e100 => Some(Outcome::SkippedOverflow),
            _ => None,
        }
    }
}

fn bowl(point: &Point) -> Tensor<1> {
    point.at.val().square()
}

/// Zeros, with this gradient.
fn nothing(point: &Point, gradient: f64) -> Tensor<1> {
    let zero = point.at.val() - point.at.val().detach();
    match gradient {
        gradient if gradient.is_finite() => zero.mul_scalar(gradient),
        // 0 · ∞, and ∞.
        gradient if gradient.is_nan() => zero.abs().sqrt(),
        _ => zero.sqrt(),
    }
}

/// Adam's moments after a gradient that is this, of the parameter of a point as if it had as many
/// coordinates.
fn moments(point: &Point, coordinates: usize, gradient: f64) -> OptimizerRecord {
    let tensor = |value: f64, device: &Device| {
        let values = vec![value; coordinates];
        float(values, [coordinates], DType::F64, device)
    };
    let other = Point {
        at: Param::initialized(point.at.id, tensor(1.0, &double().autodiff())),
    };
    let mut grads = GradientsParams::new();
    grads.register(other.at.id, tensor(gradient, &double()));
    let mut optim = Adam::default().into_optimizer();
    optim.step(0.0, other, grads);
    optim.to_record()
}

/// The record of your own loop with a fault in it.
fn damaged(trainer: &Trainer<Point>, strike: Strike) -> Option<Vec<u8>> {
    let Trainer::Loop(_, optim) = trainer else {
        return None;
    };
    let mut bytes = optim.to_record().into_bytes().expect("bytes");
    let at = |part: f64| (part * bytes.len() as f64) as usize;
    match strike {
        Strike::Byte(part, bit) => {
            let at = at(part);
            bytes[at] ^= bit;
        }
        Strike::Cut(part) => bytes.truncate(at(part)),
        _ => return None,
    }
    Some(bytes)
}

/// The outcome of a step, if it was no error and no panic, and the parameters and step size after it.
type Told = (Option<Outcome>, Vec<f64>, f64);

/// A step in which something strikes, and everything that must hold after it.
fn step(trainer: &mut Trainer<Point>, strike: Option<Strike>, place: &str) -> Told {
    if let Some(bytes) = strike.and_then(|strike| damaged(trainer, strike)) {
        read_and_use(trainer, &bytes, place);
    }
    let before = trainer.fingerprint();
    let sound = trainer.optimizer_record();
    let kept_moments = !sound.is_empty();
    let bad = match strike {
        Some(Strike::Moments(gradient)) => Some(moments(trainer.model(), 2, gradient)),
        Some(Strike::MomentsOf(count)) => Some(moments(trainer.model(), count, 1.0)),
        _ => None,
    };
    // SGDSLS has no moments.
    let bad = bad.filter(|_| kept_moments);
    let spoiled = bad.is_some();
    if let Some(bad) = bad {
        trainer.load_optimizer(bad);
    }
    let (loss, calls) = strike.map_or_else(|| (Loss::bowl(), Arc::default()), Strike::loss);
    let step = catch_unwind(AssertUnwindSafe(|| trainer.try_step(&loss)));
    if spoiled {
        let error = step
            .expect("no panic")
            .expect_err("moments that cannot be used");
        assert!(error.contains("its moment_"), "{place}: {error}");
        trainer.load_optimizer(sound);
        assert_eq!(before, trainer.fingerprint(), "{place}");
        return told(trainer, None);
    }
    let after = trainer.fingerprint();
    let evaluations = calls.load(Ordering::Relaxed);
    let said = step
        .map_err(|_| Ended::Panic)
        .and_then(|step| step.map_err(Ended::Error));
    let report = said.as_ref().ok();
    match report {
        Some(report) if report.outcome.moved() => {}
        Some(report) if report.outcome.exhausted() => {
            assert_eq!((&before.0, &before.1), (&after.0, &after.1), "{place}");
        }
        _ => assert_eq!(before, after, "{place}: {said:?}"),
    }
    let outcome = report.map(|report| report.outcome);
    match (&said, strike) {
        // The self-check of the first search has noticed.
        (Err(Ended::Error(error)), Some(Strike::Evaluation(0 | 1, fault)))
            if error.contains("a second forward at the same point") =>
        {
            assert!(
                matches!(fault, Fault::Value(_) | Fault::Factor(_)),
                "{place}"
            );
        }
        (_, Some(strike)) if strike.outcome().is_some() => {
            let expected = match report {
                // The paper's presets may have moved far away, where a factor makes the loss infinite.
                Some(report) if !report.loss.is_finite() => Some(Outcome::SkippedNonFiniteLoss),
                // Near the minimum the gradient may be so small that nothing overflows.
                Some(report) if report.slope.is_normal() => outcome,
                Some(report) if report.loss == 0.0 && strike.is_factor() => {
                    Some(Outcome::SkippedZeroGradient)
                }
                _ => strike.outcome(),
            };
            assert_eq!(outcome, expected, "{place}: {said:?}");
        }
        (_, Some(Strike::Evaluation(at, fault))) if evaluations > at => {
            assert!(is_named(&said, at, fault, evaluations), "{place}: {said:?}");
        }
        _ => assert!(report.is_some(), "{place}: {said:?}"),
    }
    told(trainer, outcome)
}

/// How a step ended that has no report.
#[derive(Debug)]
enum Ended {
    Panic,
    Error(String),
}

/// Whether a fault in an evaluation that was made is named.
fn is_named(said: &Result<StepReport, Ended>, at: usize, fault: Fault, evaluations: usize) -> bool {
    match (said, fault) {
        (Err(ended), Fault::Panic) => matches!(ended, Ended::Panic),
        (Err(Ended::Error(error)), Fault::Shape) => error.contains("losses and a trial gave"),
        // Nothing to compare them with.
        (Ok(_), Fault::Shape) => at == 0 && evaluations == 1,
        (Ok(report), Fault::Value(value)) if !value.is_finite() => {
            let mut verdicts = report.trials.iter().map(|trial| trial.verdict);
            verdicts.any(|verdict| verdict == Verdict::NonFinite)
        }
        (Ok(_), Fault::Value(_) | Fault::Factor(_)) => true,
        _ => false,
    }
}

/// What a step has left. All of it must be finite.
fn told(trainer: &Trainer<Point>, outcome: Option<Outcome>) -> Told {
    let models = [trainer.model().clone(), trainer.averaged()];
    let at = models.map(|model| model.at.val().into_data().iter::<f64>().collect());
    let at: Vec<f64> = at.into_iter().flat_map(|at: Vec<f64>| at).collect();
    assert!(at.iter().all(|x| x.is_finite()), "{outcome:?}: {at:?}");
    let size = trainer.state().step_sizes()[0];
    assert!(size > 0.0 && size.is_finite(), "{outcome:?}: {size}");
    (outcome, at, size)
}

/// A damaged record is refused or, if nothing shows the damage, trains on from finite numbers.
fn read_and_use(trainer: &Trainer<Point>, bytes: &[u8], place: &str) {
    let Trainer::Loop(model, optim) = trainer else {
        return;
    };
    let Ok(record) = LineSearchRecord::from_bytes(bytes) else {
        return;
    };
    let Ok(mut optim) = optim.clone().load_record(record) else {
        return;
    };
    let at = match optim.step(model.clone(), bowl) {
        Ok(step) => step.model.at,
        Err(error) => error.model.at,
    };
    let mut at = at
        .val()
        .into_data()
        .iter::<f64>()
        .collect::<Vec<_>>()
        .into_iter();
    assert!(at.all(f64::is_finite), "{place}");
}

/// One run: steps with faults at random, and then some without.
fn run(number: u64) {
    let mut random = Generator::new(number);
    let configs = [
        Preset::Default.adamsls(),
        Preset::Default.sgdsls(),
        Preset::Default.adamsls().with_budget(None),
        Preset::Amortized.adamsls(),
        Preset::Amortized.adamsls().with_budget(None),
        Preset::Amortized.sgdsls(),
        Preset::Salsa.adamsls(),
        Preset::Paper.adamsls(),
        Preset::Paper.sgdsls(),
    ];
    let config = configs[random.below(configs.len())]
        .clone()
        .with_seed(number);
    let strikes: Vec<Option<Strike>> = (0..12)
        .map(|_| (random.below(3) > 0).then(|| Strike::draw(&mut random)))
        .collect();
    let told = Trainer::both(&point(&[1.0, -2.0]), &config).map(|mut trainer| {
        let name = trainer.name();
        let strikes = strikes.iter().zip(0..);
        let told: Vec<Told> = strikes
            .map(|(strike, k)| {
                let place = format!("run {number}, {name}, step {k}, {strike:?}");
                step(&mut trainer, *strike, &place)
            })
            .collect();
        // Training goes on, unless the model is at the minimum. The first search may wait for up to
        // 63 steps.
        let reports: Vec<_> = (0..80).map(|_| trainer.step(&Loss::bowl())).collect();
        let goes_on = reports.iter().any(|report| report.outcome.moved());
        assert!(goes_on || reports[0].loss == 0.0, "run {number}, {name}");
        told
    });
    assert_eq!(told[0], told[1], "run {number}: the loop and the learner");
}

/// A thousand runs; `BURN_SLS_CAMPAIGN=100000` makes as many.
#[test]
fn faults_at_random_are_named_and_leave_nothing_worse() {
    let runs = std::env::var("BURN_SLS_CAMPAIGN").ok();
    let runs = runs.and_then(|runs| runs.parse().ok()).unwrap_or(1000);
    (0..runs).for_each(run);
}
