//! Small networks that have to find a rule.

use burn::module::Module;
use burn::nn::{
    Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig, Lstm, LstmConfig,
    Rnn, RnnConfig,
};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor};

use crate::suite::family::{Family, Make};
use crate::suite::nets::{Cell, CellKind, Net};
use crate::suite::problem::{Plan, Problem};
use crate::suite::variant::Variant;

use super::super::loss::Loss;
use super::super::numbers::Numbers;
use super::super::shape::Shape;
use super::super::supervised::Supervised;
use super::levels;

/// Recurrent networks, and one of linear layers.
pub fn families() -> Vec<Family> {
    let mut families = levels![
        "xor of two marked bits, an LSTM of 64", |length, v| spot(CellKind::Lstm, length, v),
        "xor-spot-lstm/1": 4,
        "xor-spot-lstm/2": 8,
        "xor-spot-lstm/3": 16,
    ];
    families.extend(levels![
        "xor of two marked bits, a plain recurrent layer of 64",
        |length, v| spot(CellKind::Rnn, length, v),
        "xor-spot-rnn/1": 4,
        "xor-spot-rnn/2": 8,
        "xor-spot-rnn/3": 16,
    ]);
    families.extend(levels![
        "xor of two sequences, LSTMs of 16 to read one and the other",
        |length, v| sequence(CellKind::Lstm, length, v),
        "xor-sequence-lstm/1": 2,
        "xor-sequence-lstm/2": 4,
        "xor-sequence-lstm/3": 6,
        "xor-sequence-lstm/4": 9,
    ]);
    families.extend(levels![
        "xor of two sequences, plain recurrent layers of 16 to read one and the other",
        |length, v| sequence(CellKind::Rnn, length, v),
        "xor-sequence-rnn/1": 2,
        "xor-sequence-rnn/2": 4,
        "xor-sequence-rnn/3": 6,
        "xor-sequence-rnn/4": 9,
    ]);
    families.push(Family {
        name: "sum-modulo",
        group: "architectures",
        doc: "the sum of two numbers modulo 64, embeddings of 4, a hidden layer of 32",
        varies: false,
        make: Make::Scratch(|v| Box::new(sum_modulo(v))),
    });
    families
}

/// A stream of examples, with a mini-batch, steps, and perhaps a threshold.
fn stream<N: Net>(
    variant: &Variant,
    (batch, steps, threshold): (usize, usize, Option<f64>),
    loss: Loss,
    example: impl Fn(&mut Numbers) -> (Vec<f32>, Vec<f32>) + 'static,
    build: impl Fn(&Device) -> N + 'static,
) -> Supervised<N> {
    let shape = Shape::new(0, 0, batch, steps);
    let build = move |_: &Shape, device: &Device| build(device);
    let problem = Supervised::stream(variant.seed, shape, loss, example, build);
    problem.planned(|plan| Plan { threshold, ..plan })
}

pub(super) fn spot(kind: CellKind, length: usize, variant: &Variant) -> impl Problem + use<> {
    let example = move |n: &mut Numbers| {
        let bits: Vec<usize> = (0..length).map(|_| n.below(2)).collect();
        let mut places: Vec<usize> = (0..length).collect();
        n.shuffle(&mut places);
        let marks = (0..length).map(|i| 2 + usize::from(places[..2].contains(&i)));
        let inputs = bits.iter().copied().chain(marks);
        let target = bits[places[0]] ^ bits[places[1]];
        (inputs.map(|x| x as f32).collect(), vec![target as f32])
    };
    let plan = (64, 1000, Some(1e-2));
    stream(variant, plan, Loss::Binary, example, move |device| Spot {
        tokens: EmbeddingConfig::new(4, 64).init(device),
        cell: kind.init(64, 64, device),
        norm: LayerNormConfig::new(64).init(device),
        output: LinearConfig::new(64, 1).init(device),
    })
}

/// A recurrent layer over bits and marks, and the logit of its last state.
#[derive(Module, Debug)]
pub struct Spot {
    tokens: Embedding,
    cell: Cell,
    norm: LayerNorm,
    output: Linear,
}

impl Net for Spot {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let length = inputs.dims()[1] / 2;
        let embedded = self.tokens.forward(inputs.int());
        let sum = embedded.clone().narrow(1, 0, length) + embedded.narrow(1, length, length);
        let last = self.cell.forward(sum).narrow(1, length - 1, 1);
        self.output
            .forward(self.norm.forward(last.squeeze_dim::<2>(1)))
    }
}

pub(super) fn sequence(kind: CellKind, length: usize, variant: &Variant) -> impl Problem + use<> {
    let example = move |n: &mut Numbers| {
        let bits: Vec<usize> = (0..2 * length).map(|_| n.below(2)).collect();
        let (first, second) = bits.split_at(length);
        let xor = first.iter().zip(second).map(|(a, b)| (a ^ b) as f32);
        (bits.iter().map(|&x| x as f32).collect(), xor.collect())
    };
    let plan = (64, 1000, Some(1e-2));
    stream(variant, plan, Loss::Binary, example, move |device| {
        let coder = || match kind {
            CellKind::Rnn => Coder::Rnn(RnnConfig::new(16, 16, true).init(device)),
            _ => Coder::Lstm(LstmConfig::new(16, 16, true).init(device)),
        };
        EncoderDecoder {
            tokens: vec![
                EmbeddingConfig::new(2, 16).init(device),
                EmbeddingConfig::new(2, 16).init(device),
            ],
            encoder: coder(),
            decoder: coder(),
            norm: LayerNormConfig::new(16).init(device),
            output: LinearConfig::new(16, 1).init(device),
        }
    })
}

/// A recurrent layer that hands its state on.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // as Burn's own enumerations of layers
pub enum Coder {
    /// Burn's LSTM.
    Lstm(Lstm),
    /// Burn's plain recurrent layer.
    Rnn(Rnn),
}

/// A layer that reads the first sequence, one that starts from its state and reads the second, and
/// a logit for each of its states.
#[derive(Module, Debug)]
pub struct EncoderDecoder {
    tokens: Vec<Embedding>,
    encoder: Coder,
    decoder: Coder,
    norm: LayerNorm,
    output: Linear,
}

impl Net for EncoderDecoder {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [batch, bits] = inputs.dims();
        let length = bits / 2;
        let bits: Tensor<2, Int> = inputs.int();
        let embedded = |i: usize| {
            let part = bits.clone().narrow(1, i * length, length);
            self.tokens[i].forward(part)
        };
        let states = match (&self.encoder, &self.decoder) {
            (Coder::Lstm(encoder), Coder::Lstm(decoder)) => {
                let (_, state) = encoder.forward(embedded(0), None);
                decoder.forward(embedded(1), Some(state)).0
            }
            (Coder::Rnn(encoder), Coder::Rnn(decoder)) => {
                let (_, state) = encoder.forward(embedded(0), None);
                decoder.forward(embedded(1), Some(state)).0
            }
            _ => unreachable!("both are of one kind"),
        };
        let logits = self.output.forward(self.norm.forward(states));
        logits.reshape([batch, length])
    }
}

const MODULUS: usize = 64;

pub(super) fn sum_modulo(variant: &Variant) -> impl Problem + use<> {
    let example = |n: &mut Numbers| {
        let numbers = [n.below(MODULUS), n.below(MODULUS)];
        let sum = numbers.iter().sum::<usize>() % MODULUS;
        (numbers.map(|x| x as f32).to_vec(), vec![sum as f32])
    };
    let plan = (16, 6000, None);
    stream(variant, plan, Loss::Classes(MODULUS), example, |device| {
        Sum {
            numbers: EmbeddingConfig::new(MODULUS, 4).init(device),
            hidden: LinearConfig::new(8, 32).init(device),
            output: LinearConfig::new(32, MODULUS).init(device),
        }
    })
}

/// Embeddings side by side, and linear layers.
#[derive(Module, Debug)]
pub struct Sum {
    numbers: Embedding,
    hidden: Linear,
    output: Linear,
}

impl Net for Sum {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let embedded = self.numbers.forward(inputs.int()).reshape([batch, 8]);
        self.output.forward(relu(self.hidden.forward(embedded)))
    }
}
