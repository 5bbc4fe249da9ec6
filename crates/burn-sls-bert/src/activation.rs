//! The function inside a feed-forward block.

use serde::{Deserialize, Serialize};

/// The function between the two linear maps of a feed-forward block.
///
/// Mirrors the `ACT2FN` table in transformers/activations.py, which has several names for each of
/// the first two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Activation {
    /// `x Φ(x)` with the exact normal distribution function (by `erf`), as in BERT.
    #[serde(rename = "gelu", alias = "gelu_python")]
    Gelu,
    /// The approximation `x/2 (1 + tanh(√(2/π)(x + 0.044715 x³)))`.
    #[serde(
        rename = "gelu_new",
        alias = "gelu_pytorch_tanh",
        alias = "gelu_python_tanh",
        alias = "gelu_fast",
        alias = "gelu_accurate"
    )]
    GeluTanh,
    /// `max(x, 0)`.
    #[serde(rename = "relu")]
    Relu,
}
