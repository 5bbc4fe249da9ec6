//! How what a line search adds to a step grows: with units, with tensors, with parameters.

use burn::tensor::Device;
use burn_sls_optim::{InitialStep, Preset};
use serde::Serialize;

use super::method::MethodName;
use super::method::{Rule, SEED};
use super::network::Mlp;
use super::progress::Progress;
use super::rounds::{Plan, Sample, Trainer, rounds};
use super::statistics::Spread;
use super::timed::Timed;

/// What differs from row to row of a part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Varied {
    /// The units, of one network.
    Units,
    /// The tensors, of as many parameters.
    Tensors,
    /// The parameters, of as many tensors.
    Parameters,
}

/// A network of equal layers.
struct Shape {
    layers: usize,
    width: usize,
    units: usize,
}

const fn shape(layers: usize, width: usize, units: usize) -> Shape {
    Shape {
        layers,
        width,
        units,
    }
}

/// Doubling the width and quartering the layers leaves the number of parameters.
const SHAPES: [(Varied, Shape); 13] = [
    (Varied::Units, shape(32, 256, 1)),
    (Varied::Units, shape(32, 256, 2)),
    (Varied::Units, shape(32, 256, 4)),
    (Varied::Units, shape(32, 256, 10)),
    (Varied::Units, shape(32, 256, 32)),
    (Varied::Tensors, shape(2, 1024, 1)),
    (Varied::Tensors, shape(8, 512, 1)),
    (Varied::Tensors, shape(32, 256, 1)),
    (Varied::Tensors, shape(128, 128, 1)),
    (Varied::Parameters, shape(32, 64, 1)),
    (Varied::Parameters, shape(32, 128, 1)),
    (Varied::Parameters, shape(32, 256, 1)),
    (Varied::Parameters, shape(32, 512, 1)),
];

/// Where the first search begins: so low that the deepest network accepts it.
const FIRST_STEP: f64 = 1e-5;

/// The most steps of every row.
pub const STEPS: usize = 20;

/// What Adam and a line search do outside the passes of one network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// What differs from the rows beside it.
    pub varied: Varied,
    /// Units.
    pub units: usize,
    /// Layers.
    pub layers: usize,
    /// Tensors of parameters.
    pub tensors: usize,
    /// Parameters.
    pub parameters: usize,
    /// Seconds of a step of Burn's Adam outside its passes.
    pub adam: Option<Spread>,
    /// The same of ADAMSLS, or PLASLS with several units, in steps with one accepted trial.
    pub search: Option<Spread>,
    /// The same over Adam's of the same round.
    pub ratio: Option<Spread>,
    /// As a part of the whole step.
    pub share: Option<Spread>,
    /// How many such steps there were.
    pub steps: usize,
}

/// Makes the second table, with so many rounds for each row and batches of so many examples.
pub fn growth(device: &Device, batch: usize, warm_up: usize, steps: usize) -> Vec<Growth> {
    let plan = Plan {
        warm_up,
        steps,
        apart: 0,
    };
    let mut progress = Progress::new("growth", SHAPES.len() * plan.rounds());
    let shapes = SHAPES.iter();
    shapes
        .map(|(varied, shape)| row(*varied, shape, device, batch, plan, &mut progress))
        .collect()
}

fn row(
    varied: Varied,
    shape: &Shape,
    device: &Device,
    batch: usize,
    plan: Plan,
    progress: &mut Progress,
) -> Growth {
    let sizes = vec![shape.width; shape.layers + 1];
    let network = Mlp::new(&sizes, device);
    let units = Mlp::units(Timed::<Mlp>::NETWORK, shape.layers, shape.units);
    let config = Preset::Paper.plasls(units.clone()).with_seed(SEED);
    let config = config.with_initial_step(InitialStep::Fixed(FIRST_STEP));
    let search = Rule::Search(Box::new(config));
    let mut trainers = [
        Trainer::new(MethodName::Adam.rule(&units), network.clone(), device),
        Trainer::new(search, network, device),
    ];
    let batches = Mlp::batches(&sizes, batch, device);
    let samples = rounds(&mut trainers, &batches, plan, progress);
    let [adam, search] = [&samples[0], &samples[1]];
    let one_trial = || search.iter().zip(adam).filter(|(step, _)| step.one_trial());
    let owns = || one_trial().filter_map(|(step, adam)| Some((step, step.own()?, adam.own()?)));
    let size = Mlp::size(&sizes);
    Growth {
        varied,
        units: shape.units,
        layers: shape.layers,
        tensors: size.tensors,
        parameters: size.parameters,
        adam: Spread::of(adam.iter().filter_map(Sample::own)),
        search: Spread::of(owns().map(|(_, own, _)| own)),
        ratio: Spread::of(owns().map(|(_, own, adam)| own / adam)),
        share: Spread::of(owns().map(|(step, own, _)| own / step.seconds)),
        steps: one_trial().count(),
    }
}
