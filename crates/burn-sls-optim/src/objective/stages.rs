//! Models whose forward pass can begin in the middle.

use std::collections::HashMap;
use std::sync::Arc;

use burn::module::{Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Tensor};
use burn_sls_core::random;

use super::losses::{Losses, MicroBatch};

/// A model whose forward pass is a chain of stages, `h_0 → h_1 → … → losses`.
///
/// Where one unit is searched, nothing that is computed before its first stage changes from the
/// training forward to a trial: [`step_in_stages`](crate::LineSearchOptimizer::step_in_stages)
/// keeps the hidden states of the training forward, and begins its trials there. With as many units
/// as stages, of equal cost, a trial costs half a forward pass on average. Where all units are
/// searched together it is a whole one.
///
/// One hidden state per stage and micro-batch is kept for the length of a step.
///
/// # Random numbers
///
/// Every stage draws from a seed of its own, in the training forward as in the trials, so that a
/// stage sees the same dropout masks wherever a trial begins. A model with dropout therefore draws
/// other masks than in [`step`](crate::LineSearchOptimizer::step), from the same distribution. In
/// [`TrialMode::Deterministic`](crate::TrialMode::Deterministic) trials are whole, since what was
/// kept had dropout on.
///
/// # Example
///
/// ```
/// use burn::module::{Module, ModuleVisitor};
/// use burn::nn::Linear;
/// use burn::tensor::{Tensor, activation::relu};
/// use burn_sls_optim::Stages;
///
/// #[derive(Module, Debug)]
/// struct Mlp {
///     layers: Vec<Linear>,
/// }
///
/// /// Inputs `[batch, size]` and targets `[batch, 1]`.
/// type Batch = (Tensor<2>, Tensor<2>);
///
/// impl Stages<Batch> for Mlp {
///     type Hidden = Tensor<2>;
///
///     fn stages(&self) -> usize {
///         self.layers.len()
///     }
///     fn stage(&self, index: usize, (x, _): &Batch, before: Option<Tensor<2>>) -> Tensor<2> {
///         let input = before.map_or_else(|| x.clone(), relu);
///         self.layers[index].forward(input)
///     }
///     fn losses(&self, (_, y): &Batch, last: Tensor<2>) -> Tensor<1> {
///         (last - y.clone()).square().reshape([-1])
///     }
///     fn detach(hidden: Tensor<2>) -> Tensor<2> {
///         hidden.detach()
///     }
///     fn visit_stage<V: ModuleVisitor>(&self, index: usize, visitor: &mut V) {
///         self.layers[index].visit(visitor);
///     }
/// }
/// ```
pub trait Stages<I>: Module {
    /// The output of a stage: activations, and whatever else of the batch later stages need.
    type Hidden: Clone;

    /// The number of stages, at least 1.
    fn stages(&self) -> usize;

    /// Runs one stage on the output of the one before. The first gets `None`.
    fn stage(&self, index: usize, batch: &I, before: Option<Self::Hidden>) -> Self::Hidden;

    /// The losses from the output of the last stage, without parameters: one per example `[batch]`
    /// (preferred), or their mean `[1]`.
    fn losses(&self, batch: &I, last: Self::Hidden) -> Tensor<1>;

    /// The same values, off the graph of gradients.
    fn detach(hidden: Self::Hidden) -> Self::Hidden;

    /// Visits the parameters of one stage. A parameter of several stages is visited in each; one
    /// that is never visited counts as one of the first.
    fn visit_stage<V: ModuleVisitor>(&self, index: usize, visitor: &mut V);

    /// The cost of a stage, in any unit: the report's [`saved`](crate::StepReport::saved) is
    /// counted in it.
    fn cost(&self, index: usize) -> f64 {
        let _ = index;
        1.0
    }
}

/// A batch, and the hidden states of its training forward.
#[derive(Clone, Debug)]
pub(crate) struct Kept<'a, I, H> {
    batch: &'a I,
    hidden: Vec<H>,
}

/// The training forward, stage by stage.
pub(crate) fn forward<'a, M: Stages<I>, I>(
    model: &M,
    batch: &'a I,
    seed: Option<u64>,
) -> (Tensor<1>, Kept<'a, I, M::Hidden>) {
    let mut kept = Kept {
        batch,
        hidden: Vec::new(),
    };
    let losses = run(model, batch, seed, 0, None, |hidden| {
        kept.hidden.push(M::detach(hidden.clone()));
    });
    (losses, kept)
}

/// The stages from `first` on.
fn run<M: Stages<I>, I>(
    model: &M,
    batch: &I,
    seed: Option<u64>,
    first: usize,
    before: Option<M::Hidden>,
    mut keep: impl FnMut(&M::Hidden),
) -> Tensor<1> {
    let devices = model.devices();
    let stages = model.stages();
    let mut hidden = before;
    for index in first..stages {
        if let Some(seed) = seed {
            for device in &devices {
                Device::seed(device, random::seed(seed, index as u64, 0));
            }
        }
        let after = model.stage(index, batch, hidden);
        if index + 1 < stages {
            keep(&after);
        }
        hidden = Some(after);
    }
    model.losses(batch, hidden.expect("a model of at least one stage"))
}

/// The first stage of every parameter of a model, and what the stages cost. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StagePlan {
    stage_of: Arc<HashMap<ParamId, usize>>,
    /// The part of a forward pass that lies before each stage.
    before: Vec<f64>,
}

impl StagePlan {
    /// Makes sure that the plan is of this model. It is made in the first step, and again only when
    /// an unknown parameter appears, since ids change when a record is loaded.
    pub(crate) fn cover<M: Stages<I>, I>(&mut self, model: &M) {
        struct Known<'a> {
            stage_of: &'a HashMap<ParamId, usize>,
            all: bool,
        }
        impl ModuleVisitor for Known<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.all &= self.stage_of.contains_key(&param.id);
            }
        }
        struct Mark<'a> {
            stage_of: &'a mut HashMap<ParamId, usize>,
            stage: usize,
        }
        impl ModuleVisitor for Mark<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.stage_of.entry(param.id).or_insert(self.stage);
            }
        }
        let mut known = Known {
            stage_of: &self.stage_of,
            all: true,
        };
        model.visit(&mut known);
        if known.all {
            return;
        }
        let mut stage_of = HashMap::new();
        // In order, so that a parameter of several stages keeps the first of them.
        for stage in 0..model.stages() {
            let stage_of = &mut stage_of;
            model.visit_stage(stage, &mut Mark { stage_of, stage });
        }
        model.visit(&mut Mark {
            stage_of: &mut stage_of,
            stage: 0,
        });
        let costs: Vec<f64> = (0..model.stages()).map(|stage| model.cost(stage)).collect();
        let whole: f64 = costs.iter().sum();
        let spent = costs.iter().scan(0.0, |spent, cost| {
            let before = *spent / whole;
            *spent += cost;
            Some(before)
        });
        self.before = spent.collect();
        self.stage_of = Arc::new(stage_of);
    }
}

impl<'a, M: Stages<I>, I> Losses<M, Kept<'a, I, M::Hidden>> for &StagePlan {
    fn losses(
        &self,
        model: &M,
        batch: &MicroBatch<Kept<'a, I, M::Hidden>>,
        first: usize,
    ) -> Tensor<1> {
        let kept = &batch.item;
        let before = first.checked_sub(1).map(|last| kept.hidden[last].clone());
        run(model, kept.batch, batch.seed, first, before, |_| {})
    }

    fn stage_of(&self, parameter: ParamId) -> usize {
        self.stage_of.get(&parameter).copied().unwrap_or(0)
    }

    fn before(&self, stage: usize) -> f64 {
        self.before.get(stage).copied().unwrap_or(0.0)
    }
}
