//! Recurrent networks over sequences.

use burn::module::Module;
use burn::nn::{Gru, GruConfig, Linear, LinearConfig, Lstm, LstmConfig, Rnn, RnnConfig};
use burn::tensor::{Device, Tensor};

use super::Net;

/// A recurrent layer.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)] // as Burn's own enumerations of layers
pub enum Cell {
    /// Burn's GRU.
    Gru(Gru),
    /// Burn's LSTM.
    Lstm(Lstm),
    /// Burn's plain recurrent layer, with tanh.
    Rnn(Rnn),
}

/// Which [`Cell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// [`Cell::Gru`].
    Gru,
    /// [`Cell::Lstm`].
    Lstm,
    /// [`Cell::Rnn`].
    Rnn,
}

impl CellKind {
    /// The layer.
    pub fn init(self, inputs: usize, hidden: usize, device: &Device) -> Cell {
        match self {
            Self::Gru => Cell::Gru(GruConfig::new(inputs, hidden, true).init(device)),
            Self::Lstm => Cell::Lstm(LstmConfig::new(inputs, hidden, true).init(device)),
            Self::Rnn => Cell::Rnn(RnnConfig::new(inputs, hidden, true).init(device)),
        }
    }
}

impl Cell {
    /// The states `[batch, length, hidden]` of a sequence `[batch, length, inputs]`.
    pub fn forward(&self, sequence: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Gru(gru) => gru.forward(sequence, None),
            Self::Lstm(lstm) => lstm.forward(sequence, None).0,
            Self::Rnn(rnn) => rnn.forward(sequence, None).0,
        }
    }
}

/// What the outputs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readout {
    /// The last state.
    Last,
    /// All states at once.
    All,
}

/// The shape of a [`Recurrent`].
#[derive(Clone, Debug)]
pub struct RecurrentConfig {
    /// Which recurrent layer.
    pub cell: CellKind,
    /// Steps of a sequence, and numbers of a step. A row of inputs has them step by step.
    pub sequence: (usize, usize),
    /// Numbers of the state.
    pub hidden: usize,
    /// Numbers of a row of outputs.
    pub outputs: usize,
    /// What they are made of.
    pub readout: Readout,
}

/// A recurrent layer and a linear one.
#[derive(Module, Debug)]
pub struct Recurrent {
    cell: Cell,
    output: Linear,
    length: usize,
    width: usize,
    #[module(skip)]
    readout: Readout,
}

impl RecurrentConfig {
    /// The network, with the weights of Burn's layers.
    pub fn init(&self, device: &Device) -> Recurrent {
        let (length, width) = self.sequence;
        let states = match self.readout {
            Readout::Last => 1,
            Readout::All => length,
        };
        Recurrent {
            cell: self.cell.init(width, self.hidden, device),
            output: LinearConfig::new(self.hidden * states, self.outputs).init(device),
            length,
            width,
            readout: self.readout,
        }
    }
}

impl Net for Recurrent {
    fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [batch, _] = inputs.dims();
        let states = self
            .cell
            .forward(inputs.reshape([batch, self.length, self.width]));
        let read = match self.readout {
            Readout::Last => states.narrow(1, self.length - 1, 1),
            Readout::All => states,
        };
        let [_, count, hidden] = read.dims();
        self.output.forward(read.reshape([batch, count * hidden]))
    }
}
