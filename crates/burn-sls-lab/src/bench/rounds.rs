//! The measurement: every method makes a step in turn, so that whatever slows the machine slows
//! all.

use std::sync::Arc;

use burn::module::Module;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;
use burn::train::TrainStep;
use burn_sls_optim::{LineSearch, Outcome};
use serde::Serialize;

use super::method::{RATE, Rule};
use super::network::Network;
use super::progress::Progress;
use super::timed::{Clock, Timed};

/// What a step was seen to cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    /// From before its forward pass until the device is done.
    pub seconds: f64,
    /// Of these, the seconds of forward and backward passes, if they were timed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes: Option<f64>,
    /// Forward passes.
    pub forwards: f64,
    /// Backward passes.
    pub backwards: usize,
    /// Trials of the search.
    pub trials: usize,
    /// Blocking reads from the device.
    pub reads: usize,
    /// How a line search ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Sample {
    /// Forward passes, with a backward pass as two.
    pub fn equivalents(&self) -> f64 {
        self.forwards + 2.0 * self.backwards as f64
    }

    /// Whether exactly one trial was made, and accepted.
    pub fn one_trial(&self) -> bool {
        self.trials == 1 && self.outcome == Some(Outcome::Accepted)
    }

    /// The seconds outside all passes: the optimizer's own.
    pub fn own(&self) -> Option<f64> {
        Some(self.seconds - self.passes?)
    }
}

/// A method at work on its copy of a network.
pub struct Trainer<N: Network> {
    /// None only while a step is made.
    model: Option<Trained<N>>,
    optim: ModuleOptimizer,
    clock: Arc<Clock>,
}

enum Trained<N: Network> {
    AtRate(Timed<N>),
    Searched(Box<LineSearch<Timed<N>>>),
}

impl<N: Network> Trainer<N> {
    /// Before the first step.
    pub fn new(rule: Rule, network: N, device: &Device) -> Self {
        let clock = Arc::new(Clock::new(device));
        let model = Timed::new(network, clock.clone());
        let (model, optim) = match rule {
            Rule::Rate(optim) => (Trained::AtRate(model), optim),
            Rule::Search(config) => {
                let (model, optim) = config.for_learner(model).into_parts();
                (Trained::Searched(Box::new(model)), optim)
            }
        };
        Self {
            model: Some(model),
            optim,
            clock,
        }
    }

    /// A step as Burn's `Learner` makes it; `inside` says whether its passes are timed.
    pub fn step(&mut self, batch: &N::Batch, inside: bool) -> Sample {
        let model = self.model.take().expect("every step leaves a model");
        self.clock.time_passes(inside);
        self.clock.take();
        let begin = self.clock.now();
        let model = match model {
            Trained::AtRate(model) => Trained::AtRate(advance(model, &mut self.optim, RATE, batch)),
            Trained::Searched(model) => {
                // The search alone decides.
                Trained::Searched(Box::new(advance(*model, &mut self.optim, 1.0, batch)))
            }
        };
        let seconds = (self.clock.now() - begin).as_secs_f64();
        let passes = inside.then(|| self.clock.take());
        let sample = match &model {
            Trained::AtRate(_) => Sample {
                seconds,
                passes,
                forwards: 1.0,
                backwards: 1,
                trials: 0,
                reads: 0,
                outcome: None,
            },
            Trained::Searched(model) => {
                let report = model.last_report().expect("a step was made");
                Sample {
                    seconds,
                    passes,
                    forwards: report.forwards as f64 - report.saved,
                    backwards: report.backwards,
                    trials: report.trials.len(),
                    reads: report.reads,
                    outcome: Some(report.outcome),
                }
            }
        };
        self.model = Some(model);
        sample
    }
}

fn advance<M: TrainStep + Module>(
    model: M,
    optim: &mut ModuleOptimizer,
    lr: f64,
    batch: &M::Input,
) -> M
where
    M::Input: Clone,
{
    let output = model.step(batch.clone());
    model.optimize(optim, lr.into(), output.grads)
}

/// How many rounds are made.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rounds that are not counted.
    pub warm_up: usize,
    /// Rounds that are.
    pub steps: usize,
    /// Rounds after those in which the passes are timed; 0 if they are in all rounds.
    ///
    /// On a device that computes while the program goes on, timing a pass means to wait for it,
    /// which would make the step longer.
    pub apart: usize,
}

impl Plan {
    /// All rounds.
    pub fn rounds(self) -> usize {
        self.warm_up + self.steps + self.apart
    }
}

/// Makes the rounds. Returns the samples of every trainer, a sample for each round after the
/// warm-up.
pub fn rounds<N: Network>(
    trainers: &mut [Trainer<N>],
    batches: &[N::Batch],
    plan: Plan,
    progress: &mut Progress,
) -> Vec<Vec<Sample>> {
    let mut samples = vec![Vec::new(); trainers.len()];
    for round in 0..plan.rounds() {
        let inside = plan.apart == 0 || round >= plan.warm_up + plan.steps;
        let batch = &batches[round % batches.len()];
        for (trainer, samples) in trainers.iter_mut().zip(&mut samples) {
            let sample = trainer.step(batch, inside);
            if round >= plan.warm_up {
                samples.push(sample);
            }
        }
        progress.advance();
    }
    samples
}

#[cfg(test)]
mod tests {
    use burn_sls_optim::Units;

    use super::*;
    use crate::bench::method::MethodName;
    use crate::bench::network::Mlp;
    use crate::suite::testing::alone_with_the_device;

    #[test]
    fn passes_are_timed_in_all_rounds_or_in_those_apart() {
        let _alone = alone_with_the_device();
        let device = Device::flex().autodiff();
        let sizes = [3, 4, 2];
        let network = Mlp::new(&sizes, &device);
        let batches = Mlp::batches(&sizes, 5, &device);
        for (apart, timed) in [(0, vec![true, true]), (1, vec![false, false, true])] {
            let trainer = |method: MethodName| {
                Trainer::new(method.rule(&Units::one()), network.clone(), &device)
            };
            let mut trainers = [trainer(MethodName::Adam), trainer(MethodName::Adamsls)];
            let plan = Plan {
                warm_up: 1,
                steps: 2,
                apart,
            };
            let mut progress = Progress::new("rounds", plan.rounds());
            let samples = rounds(&mut trainers, &batches, plan, &mut progress);
            assert_eq!(samples.len(), 2);
            for samples in &samples {
                let passes = samples.iter().map(|sample| sample.passes.is_some());
                assert!(passes.eq(timed.iter().copied()), "{samples:?}");
                assert!(
                    samples
                        .iter()
                        .all(|sample| sample.own() <= Some(sample.seconds))
                );
            }
            assert!(samples[0].iter().all(|sample| sample.outcome.is_none()));
            assert!(samples[1].iter().all(|sample| sample.outcome.is_some()));
        }
    }
}
