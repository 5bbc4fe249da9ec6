//! Linear maps with a bias, with or without an activation.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;

use super::product::{product, transposed};
use super::values::{
    Home, Values, dense, home, numbers, numbers_mut, plain, register, tracked, view, zeros,
};
use crate::slices::{bias, gelu};

type Inputs = (Tensor<2>, Tensor<2>, Tensor<1>);

/// The activation after the bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Activation {
    None,
    Gelu,
}

#[derive(Debug)]
struct Linear;

/// The values of the forward pass that the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    /// If the weight gets a gradient.
    x: Option<Values>,
    /// If x gets a gradient.
    weight: Option<Values>,
    /// `x·W + b`, if an activation follows.
    z: Option<Values>,
}

/// `x·W + b`.
pub(crate) fn linear(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Result<Tensor<2>, Inputs> {
    apply(Activation::None, (x, weight, bias))
}

/// `gelu(x·W + b)`.
pub(crate) fn linear_gelu(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
) -> Result<Tensor<2>, Inputs> {
    apply(Activation::Gelu, (x, weight, bias))
}

fn apply(activation: Activation, (x, weight, bias): Inputs) -> Result<Tensor<2>, Inputs> {
    let homes = (home(&x), home(&weight), home(&bias));
    match homes {
        (Some(Home::Plain), Some(Home::Plain), Some(Home::Plain)) => {
            let product = product(view(x), view(weight));
            let out = forward(activation, product, &plain(bias));
            Ok(Tensor::from_primitive::<Flex>(out))
        }
        (Some(Home::Autodiff), Some(Home::Autodiff), Some(Home::Autodiff)) => {
            let (x, weight) = (tracked(x), tracked(weight));
            let (x_tracked, weight_tracked) = (x.is_tracked(), weight.is_tracked());
            let ((x, x_node), (weight, weight_node)) = (x.into_parts(), weight.into_parts());
            let (bias, bias_node) = tracked(bias).into_parts();
            let bias = dense(bias);
            let nodes = [x_node, weight_node, bias_node];
            let prepared = Linear.prepare::<NoCheckpointing>(nodes);
            let out = match prepared.compute_bound().stateful() {
                OpsKind::UnTracked(prepared) => {
                    prepared.finish(forward(activation, product(x, weight), &bias))
                }
                OpsKind::Tracked(prepared) => {
                    let kept_x = weight_tracked.then(|| x.clone());
                    let kept_weight = x_tracked.then(|| weight.clone());
                    let (out, z) = forward_keeping(activation, product(x, weight), &bias);
                    let state = State {
                        x: kept_x,
                        weight: kept_weight,
                        z,
                    };
                    prepared.finish(state, out)
                }
            };
            Ok(Tensor::from_primitive::<Autodiff<Flex>>(out))
        }
        _ => Err((x, weight, bias)),
    }
}

/// The output, in place of the product.
fn forward(activation: Activation, mut product: Values, bias: &Values) -> Values {
    let x = numbers_mut(&mut product);
    match activation {
        Activation::None => bias::add_bias(x, numbers(bias)),
        Activation::Gelu => gelu::forward_in_place(x, numbers(bias)),
    }
    product
}

/// The output, and if there is an activation, its input in place of the product.
fn forward_keeping(
    activation: Activation,
    mut product: Values,
    bias: &Values,
) -> (Values, Option<Values>) {
    match activation {
        Activation::None => (forward(activation, product, bias), None),
        Activation::Gelu => {
            let mut out = zeros(product.layout().shape().clone());
            let z = numbers_mut(&mut product);
            gelu::forward(z, numbers(bias), numbers_mut(&mut out));
            (out, Some(product))
        }
    }
}

impl Backward<Flex, 3> for Linear {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut grad = dense(grads.consume::<Flex>(&ops.node));
        let [x, weight, bias] = ops.parents;
        let State {
            x: input,
            weight: matrix,
            z,
        } = ops.state;
        let shape = grad.layout().shape().clone();
        let width = shape[1];
        let of_bias = match z {
            Some(z) => {
                let of_bias = gelu::backward(numbers(&z), numbers_mut(&mut grad), width);
                Some(of_bias)
            }
            None => (bias.is_some()).then(|| bias::sum_of_rows(numbers(&grad), width)),
        };
        if let Some(of_bias) = of_bias {
            let of_bias = super::values::from_numbers(of_bias, [width].into());
            register!(grads, bias, of_bias);
        }
        if let Some(matrix) = matrix {
            register!(grads, &x, product(grad.clone(), transposed(matrix)));
        }
        if let Some(input) = input {
            register!(grads, &weight, product(transposed(input), grad));
        }
    }
}
