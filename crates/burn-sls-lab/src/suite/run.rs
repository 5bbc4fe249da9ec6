//! One run: a competitor trains a problem's model, and is measured on its way.

use std::time::Instant;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Int, Tensor};
use burn_sls_core::random;

use crate::suite::competitor::Competitor;
use crate::suite::problem::Problem;
use crate::suite::record::{Key, Point, Record};
use crate::suite::trainer::Trainer;
use crate::suite::variant::Variant;

/// Which run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The family of the problem.
    pub problem: String,
    /// What the family belongs to.
    pub group: String,
    /// Which of its problems.
    pub variant: Variant,
    /// The length, as a part of the problem's own.
    pub length: f64,
    /// Where to compute, without autodiff.
    pub device: Device,
}

/// A step was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("step {step}: {reason}")]
pub struct StepError {
    /// The step, from 0.
    pub step: usize,
    /// The message of the line search's error.
    pub reason: String,
}

/// What the draws of a run are for.
const MODEL: u64 = u64::MAX;
const STEP: u64 = 1;

/// Trains a problem's model from its beginning.
///
/// The device is seeded before the model is made and before every step, so that the random numbers
/// of a step, such as dropout masks, are a function of the problem's seed and of the step. A line
/// search has its own from the same seed.
pub(crate) fn train<P: Problem>(
    problem: &P,
    competitor: &Competitor,
    run: &Run,
) -> Result<Record, StepError> {
    let plan = problem.plan();
    let planned = ((plan.steps as f64 * run.length).round() as usize).max(1);
    let inner = run.device.clone();
    let device = inner.clone().autodiff();
    let seed = run.variant.seed;

    device.seed(random::seed(seed, MODEL, 0));
    let model = problem.model(&device);
    initialize(&model);
    let mut trainer = Trainer::new(competitor, model, &plan, planned, seed);

    let measured =
        |trainer: &Trainer<P::Model>| problem.evaluate(&trainer.answer().valid(), &inner);
    let mut curve = vec![Point::new(0, 0, measured(&trainer))];
    let (mut steps, mut forwards, mut seconds) = (0, 0, 0.0);
    let mut passed = plan.threshold.map(|_| false);
    let mut non_finite = false;
    let due = |steps: usize| steps * plan.evaluations.max(1) / planned;
    while steps < planned && passed != Some(true) && !non_finite {
        let batch = problem.batch(steps, &device);
        device.seed(random::seed(seed, steps as u64, STEP));
        let began = Instant::now();
        let made = trainer.step(steps, |model| problem.losses(model, &batch));
        forwards += made.map_err(|reason| StepError {
            step: steps,
            reason,
        })?;
        seconds += began.elapsed().as_secs_f64();
        steps += 1;
        if steps == planned || due(steps) > due(steps - 1) {
            let equivalents = equivalents(steps, forwards);
            let point = Point {
                step_size: trainer.step_size(),
                ..Point::new(steps, equivalents, measured(&trainer))
            };
            non_finite = !point.loss.is_finite();
            passed = plan.threshold.map(|threshold| point.loss <= threshold);
            curve.push(point);
        }
    }
    Ok(Record {
        key: Key {
            problem: run.problem.clone(),
            variant: run.variant,
            competitor: competitor.name.clone(),
            length: run.length,
        },
        group: run.group.clone(),
        chosen: None,
        planned,
        steps,
        batch: plan.batch,
        lower_bound: plan.lower_bound,
        passed,
        forwards,
        equivalents: equivalents(steps, forwards),
        seconds,
        non_finite,
        counts: trainer.counts(),
        curve,
        kept_for: None,
    })
}

/// The costs of steps in forward passes: a backward pass costs two.
fn equivalents(steps: usize, forwards: u64) -> u64 {
    2 * steps as u64 + forwards
}

/// Draws the parameters that are drawn at their first use.
fn initialize<M: Module>(model: &M) {
    struct Touch;
    impl ModuleVisitor for Touch {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            param.base();
        }
        fn visit_int<const D: usize>(&mut self, param: &Param<Tensor<D, Int>>) {
            param.base();
        }
    }
    model.visit(&mut Touch);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::testing::{Small, alone_with_the_device};

    fn run(competitor: &str, seed: u64, threshold: Option<f64>) -> Record {
        let run = Run {
            problem: "small".to_string(),
            group: "made".to_string(),
            variant: Variant::nominal(seed),
            length: 0.5,
            device: Device::flex(),
        };
        let competitor = Competitor::named(competitor).expect(competitor);
        let record = train(&Small { threshold }, &competitor, &run).expect("a run");
        Record {
            seconds: 0.0,
            ..record
        }
    }

    #[test]
    fn a_run_is_a_function_of_its_key() {
        let _alone = alone_with_the_device();
        for competitor in [
            "default",
            "default+tail=0.5@0.5",
            "adam",
            "adamw",
            "adam-cosine:1e-2",
            "prodigy",
            "schedule-free",
            "schedule-free-warm:5e-3",
        ] {
            let first = run(competitor, 1, None);
            assert_eq!(run(competitor, 1, None), first, "{competitor}");
            let other = run(competitor, 2, None);
            assert_ne!(other.start(), first.start(), "{competitor}");
            assert_eq!((first.steps, first.curve.len()), (20, 11), "{competitor}");
            assert!(first.end().loss < first.start(), "{competitor}");
            assert!(first.equivalents >= 60 && first.passed.is_none());
        }
        let search = run("default", 1, None);
        assert_eq!(search.equivalents, 40 + search.forwards);
        assert_eq!(search.counts["forwards"], search.forwards);

        let solved = run("default", 1, Some(0.5));
        assert_eq!(solved.passed, Some(true));
        assert!(solved.steps < 20 && solved.end().loss <= 0.5);
        assert_eq!(run("adam:1e-9", 1, Some(1e-9)).passed, Some(false));
        assert!(run("adam:1e38", 1, None).non_finite);
    }
}
