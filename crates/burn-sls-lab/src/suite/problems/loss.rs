//! Losses of single examples.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_softmax, relu};

/// What the outputs of an example are compared with its targets by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Cross-entropy of this many classes, mean over an example's targets, each of which has as
    /// many outputs.
    Classes(usize),
    /// Binary cross-entropy: an output is the logit of a target of 0 or 1; mean over them.
    Binary,
    /// The square of the difference, mean over the outputs.
    Square,
    /// The negative logarithm of a normal density without its constant, ½(s + (y - m)²·e⁻ˢ), mean
    /// over the targets y: the first half of the outputs are the means m, the others the logarithms
    /// s of the variances. It has no lower bound.
    Gaussian,
}

impl Loss {
    /// The loss of every example, `[batch]`.
    pub fn of(self, outputs: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        let [batch, count] = targets.dims();
        let losses = match self {
            Self::Classes(classes) => {
                let logits = outputs.reshape([batch * count, classes]);
                let classes = targets.reshape([batch * count, 1]).int();
                let right = log_softmax(logits, 1).gather(1, classes);
                right.neg().reshape([batch, count])
            }
            // log(1 + eˣ) - x·y, where eˣ cannot overflow.
            Self::Binary => {
                let tail = outputs.clone().abs().neg().exp().log1p();
                relu(outputs.clone()) + tail - outputs * targets
            }
            Self::Square => (outputs - targets).square(),
            Self::Gaussian => {
                let mean = outputs.clone().narrow(1, 0, count);
                let log_variance = outputs.narrow(1, count, count);
                let square = (targets - mean).square() * log_variance.clone().neg().exp();
                (log_variance + square) * 0.5
            }
        };
        match count {
            1 => losses.reshape([batch]),
            _ => losses.mean_dim(1).reshape([batch]),
        }
    }

    /// Whether every target is right, 0 or 1, `[batch · targets]`; `None` where that has no
    /// meaning.
    pub fn right(self, outputs: Tensor<2>, targets: Tensor<2>) -> Option<Tensor<1>> {
        let [batch, count] = targets.dims();
        let targets = targets.reshape([batch * count]);
        let predicted = match self {
            Self::Classes(classes) => outputs
                .reshape([batch * count, classes])
                .argmax(1)
                .reshape([batch * count])
                .float(),
            Self::Binary => outputs.reshape([batch * count]).greater_scalar(0.0).float(),
            Self::Square | Self::Gaussian => return None,
        };
        Some(predicted.equal(targets).float())
    }
}
