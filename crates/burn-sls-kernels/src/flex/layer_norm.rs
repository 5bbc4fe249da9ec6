//! Layer normalisation of a residual sum.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;

use super::values::{
    Home, Values, dense, from_numbers, home, numbers, numbers_mut, plain, register, tracked, zeros,
};
use crate::slices::layer_norm;

type Inputs = (Tensor<2>, Tensor<2>, Tensor<1>, Tensor<1>);

#[derive(Debug)]
struct ResidualLayerNorm;

/// The values of the forward pass that the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    /// The residual sum.
    h: Values,
    gamma: Values,
    epsilon: f32,
}

/// `LayerNorm(x + residual)`.
pub(crate) fn residual_layer_norm(
    x: Tensor<2>,
    residual: Tensor<2>,
    gamma: Tensor<1>,
    beta: Tensor<1>,
    epsilon: f64,
) -> Result<Tensor<2>, Inputs> {
    let homes = [home(&x), home(&residual), home(&gamma), home(&beta)];
    let epsilon = epsilon as f32;
    if homes == [Some(Home::Plain); 4] {
        let [gamma, beta] = [gamma, beta].map(plain);
        let out = forward(plain(x), &plain(residual), &gamma, &beta, epsilon);
        return Ok(Tensor::from_primitive::<Flex>(out));
    }
    if homes != [Some(Home::Autodiff); 4] {
        return Err((x, residual, gamma, beta));
    }
    let (x, x_node) = tracked(x).into_parts();
    let (residual, residual_node) = tracked(residual).into_parts();
    let (gamma, gamma_node) = tracked(gamma).into_parts();
    let (beta, beta_node) = tracked(beta).into_parts();
    let [residual, gamma, beta] = [residual, gamma, beta].map(dense);
    let x = dense(x);
    let nodes = [x_node, residual_node, gamma_node, beta_node];
    let prepared = ResidualLayerNorm.prepare::<NoCheckpointing>(nodes);
    let out = match prepared.compute_bound().stateful() {
        OpsKind::UnTracked(prepared) => {
            prepared.finish(forward(x, &residual, &gamma, &beta, epsilon))
        }
        OpsKind::Tracked(prepared) => {
            let (out, h) = forward_keeping(x, &residual, &gamma, &beta, epsilon);
            prepared.finish(State { h, gamma, epsilon }, out)
        }
    };
    Ok(Tensor::from_primitive::<Autodiff<Flex>>(out))
}

/// The output, in place of x.
fn forward(
    mut x: Values,
    residual: &Values,
    gamma: &Values,
    beta: &Values,
    epsilon: f32,
) -> Values {
    let affine = [numbers(gamma), numbers(beta)];
    layer_norm::forward_in_place(numbers_mut(&mut x), numbers(residual), affine, epsilon);
    x
}

/// The output, and the residual sum in place of x.
fn forward_keeping(
    mut x: Values,
    residual: &Values,
    gamma: &Values,
    beta: &Values,
    epsilon: f32,
) -> (Values, Values) {
    let mut out = zeros(x.layout().shape().clone());
    let affine = [numbers(gamma), numbers(beta)];
    let (h, y) = (numbers_mut(&mut x), numbers_mut(&mut out));
    layer_norm::forward(h, numbers(residual), affine, epsilon, y);
    (out, x)
}

impl Backward<Flex, 4> for ResidualLayerNorm {
    type State = State;

    fn backward(self, ops: Ops<State, 4>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut grad = dense(grads.consume::<Flex>(&ops.node));
        let [x, residual, gamma, beta] = ops.parents;
        let State {
            h,
            gamma: scale,
            epsilon,
        } = ops.state;
        let [of_gamma, of_beta] = layer_norm::backward(
            numbers(&h),
            numbers(&scale),
            epsilon,
            numbers_mut(&mut grad),
        );
        let vector = |numbers: Vec<f32>| {
            let width = numbers.len();
            from_numbers(numbers, [width].into())
        };
        register!(grads, gamma, vector(of_gamma));
        register!(grads, beta, vector(of_beta));
        register!(grads, x, grad.clone());
        register!(grads, residual, grad);
    }
}
