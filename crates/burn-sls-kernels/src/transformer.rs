//! The operations of a transformer's layers.

use burn::tensor::activation::{gelu, softmax};
use burn::tensor::{FloatDType, Tensor, module};

/// `x·W + b`.
///
/// # Shapes
///
/// - `x`: `[rows, in]`, `weight`: `[in, out]`, `bias`: `[out]`
/// - output: `[rows, out]`
///
/// # Panics
///
/// If the shapes do not fit.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    check_linear(&x, &weight, &bias);
    #[cfg(feature = "flex")]
    let (x, weight, bias) = match crate::flex::linear(x, weight, bias) {
        Ok(out) => return out,
        Err(inputs) => inputs,
    };
    module::linear(x, weight, Some(bias))
}

/// `gelu(x·W + b)` with `gelu(z) = z·Φ(z)`, Φ the distribution function of the standard normal
/// distribution.
///
/// # Shapes
///
/// As of [`linear`].
///
/// # Panics
///
/// If the shapes do not fit.
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

/// `γ·(h - μ)/√(σ² + ε) + β` with `h = x + residual`, and the mean μ and the variance σ² of each row of h.
///
/// # Shapes
///
/// - `x`, `residual`, output: `[rows, width]`
/// - `gamma`, `beta`: `[width]`
///
/// # Panics
///
/// If the shapes do not fit.
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
    assert_eq!(residual.dims(), x.dims(), "a residual for every number");
    assert_eq!(gamma.dims(), [width], "a scale for every column");
    assert_eq!(beta.dims(), [width], "a shift for every column");
    #[cfg(feature = "flex")]
    let (x, residual, gamma, beta) =
        match crate::flex::residual_layer_norm(x, residual, gamma, beta, epsilon) {
            Ok(out) => return out,
            Err(inputs) => inputs,
        };
    // Half precision cannot hold sums of squares.
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

/// `softmax(scale·scores + bias)` over the last dimension. No gradient goes to the bias.
///
/// # Shapes
///
/// - `scores`, output: `[batch, heads, queries, keys]`
/// - `bias`: `[batch, 1, 1, keys]`, the same for all heads and queries
///
/// # Panics
///
/// If the shapes do not fit.
pub fn attention_weights(scores: Tensor<4>, scale: f64, bias: Tensor<4>) -> Tensor<4> {
    let [batch, _, _, keys] = scores.dims();
    assert_eq!(bias.dims(), [batch, 1, 1, keys], "a bias for every key");
    #[cfg(feature = "flex")]
    let (scores, bias) = match crate::flex::attention_weights(scores, scale, bias) {
        Ok(out) => return out,
        Err(inputs) => inputs,
    };
    softmax(scores * scale + bias.detach(), 3)
}

fn check_linear(x: &Tensor<2>, weight: &Tensor<2>, bias: &Tensor<1>) {
    let ([_, from], [rows, to]) = (x.dims(), weight.dims());
    assert_eq!(from, rows, "a row of the weight for every column of x");
    assert_eq!(bias.dims(), [to], "a bias for every column of the weight");
}
