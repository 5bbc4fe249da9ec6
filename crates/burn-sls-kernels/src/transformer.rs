//! The operations of a transformer's layers.

use burn::tensor::activation::{gelu, softmax};
use burn::tensor::{Distribution, FloatDType, Tensor, module};

/// The linear map `x·W + b`.
///
/// # Shapes
///
/// - `x`: `[rows, in]`, `weight`: `[in, out]`, `bias`: `[out]`
/// - output: `[rows, out]`
///
/// # Panics
///
/// If the shapes do not match.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    check_linear(&x, &weight, &bias);
    #[cfg(feature = "flex")]
    let (x, weight, bias) = match crate::flex::linear(x, weight, bias) {
        Ok(out) => return out,
        Err(inputs) => inputs,
    };
    module::linear(x, weight, Some(bias))
}

/// `gelu(x·W + b)`, with `gelu(z) = z·Φ(z)` and the standard normal distribution function Φ.
///
/// # Shapes
///
/// Those of [`linear`].
///
/// # Panics
///
/// If the shapes do not match.
///
/// # References
///
/// D. Hendrycks, K. Gimpel: *Gaussian Error Linear Units (GELUs)*, 2016.
pub fn linear_gelu(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    check_linear(&x, &weight, &bias);
    #[cfg(feature = "flex")]
    let (x, weight, bias) = match crate::flex::linear_gelu(x, weight, bias) {
        Ok(out) => return out,
        Err(inputs) => inputs,
    };
    gelu(module::linear(x, weight, Some(bias)))
}

/// `γ·(h - μ)/√(σ² + ε) + β` with `h = x + residual`. Each row of h has its mean μ and variance σ².
///
/// # Shapes
///
/// - `x`, `residual`, output: `[rows, width]`
/// - `gamma`, `beta`: `[width]`
///
/// # Panics
///
/// If the shapes do not match.
///
/// # References
///
/// J. L. Ba, J. R. Kiros, G. E. Hinton: *Layer Normalization*, 2016.
pub fn residual_layer_norm(
    x: Tensor<2>,
    residual: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Tensor<2> {
    let [_, width] = x.dims();
    assert_eq!(
        residual.dims(),
        x.dims(),
        "x and residual have the same shape"
    );
    assert_eq!(gamma.dims(), [width], "gamma has one number per column");
    assert_eq!(beta.dims(), [width], "beta has one number per column");
    #[cfg(feature = "flex")]
    let (x, residual, gamma, beta) =
        match crate::flex::residual_layer_norm(x, residual, gamma, beta, epsilon) {
            Ok(out) => return out,
            Err(inputs) => inputs,
        };
    // Sums of squares can overflow in half precision.
    let h = x + residual;
    let own: FloatDType = h.dtype().into();
    match own {
        FloatDType::F16 | FloatDType::BF16 => {
            let wide = h.cast(FloatDType::F32);
            let [gamma, beta] = [gamma, beta].map(|vector| vector.cast(FloatDType::F32));
            module::layer_norm(wide, gamma, Some(beta), epsilon).cast(own)
        }
        _ => module::layer_norm(h, gamma, Some(beta), epsilon),
    }
}

/// `a·b`, a product of two matrices for every example and head.
///
/// # Shapes
///
/// - `a`: `[batch, heads, m, k]`, `b`: `[batch, heads, k, n]`
/// - output: `[batch, heads, m, n]`
///
/// # Panics
///
/// If the shapes do not match.
pub fn batch_matmul(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    let ([batch, heads, _, columns], [b_batch, b_heads, rows, _]) = (a.dims(), b.dims());
    assert_eq!(
        [b_batch, b_heads],
        [batch, heads],
        "a and b have as many matrices"
    );
    assert_eq!(columns, rows, "b has one row per column of a");
    #[cfg(feature = "flex")]
    let (a, b) = match crate::flex::batch_matmul(a, b) {
        Ok(out) => return out,
        Err(inputs) => inputs,
    };
    a.matmul(b)
}

/// `softmax(scale·scores + bias)` over the last dimension. The bias gets no gradient.
///
/// # Shapes
///
/// - `scores`, output: `[batch, heads, queries, keys]`
/// - `bias`: `[batch, 1, 1, keys]`, the same for all heads and queries
///
/// # Panics
///
/// If the shapes do not match.
pub fn attention_weights(scores: Tensor<4>, scale: f64, bias: Tensor<4>) -> Tensor<4> {
    let [batch, _, _, keys] = scores.dims();
    assert_eq!(
        bias.dims(),
        [batch, 1, 1, keys],
        "bias has one number per key"
    );
    #[cfg(feature = "flex")]
    let (scores, bias) = match crate::flex::attention_weights(scores, scale, bias) {
        Ok(out) => return out,
        Err(inputs) => inputs,
    };
    softmax(scores * scale + bias.detach(), 3)
}

/// `m·x`. Each number of the mask m is 0 with the given probability `p`, and `1/(1 - p)` otherwise.
///
/// The kernel draws 64 bits from the device's generator, and makes the mask of them with
/// Philox4x32-10, in the forward pass and again in the backward pass, so it keeps none. `p` is
/// rounded to a multiple of 2⁻³². The same seed of the device gives the same mask, with autodiff and
/// without. Where there is no kernel, the mask is Burn's and is kept: another one for the same seed.
///
/// Unlike [Burn's layer](https://docs.rs/burn/0.22.1/burn/nn/struct.Dropout.html), it applies
/// without autodiff, too. A probability of 0 draws nothing.
///
/// # Shapes
///
/// - `x`, output: any
///
/// # Panics
///
/// If the probability is not in [0, 1).
///
/// # References
///
/// - N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov: *Dropout: A Simple
///   Way to Prevent Neural Networks from Overfitting*, JMLR 2014.
/// - J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: *Parallel random numbers: as easy as 1, 2,
///   3*, SC 2011.
pub fn dropout<const D: usize>(x: Tensor<D>, probability: f64) -> Tensor<D> {
    assert!(
        (0.0..1.0).contains(&probability),
        "a probability of dropout is in [0, 1), and not {probability}"
    );
    if probability == 0.0 {
        return x;
    }
    #[cfg(feature = "flex")]
    let x = match crate::flex::dropout(x, probability) {
        Ok(out) => return out,
        Err(x) => x,
    };
    let kept = 1.0 - probability;
    let mask = x.random_like(Distribution::Bernoulli(kept));
    x * mask * (1.0 / kept)
}

fn check_linear(x: &Tensor<2>, weight: &Tensor<2>, bias: &Tensor<1>) {
    let ([_, from], [rows, to]) = (x.dims(), weight.dims());
    assert_eq!(from, rows, "the weight has one row per column of x");
    assert_eq!(
        bias.dims(),
        [to],
        "bias has one number per column of the weight"
    );
}
