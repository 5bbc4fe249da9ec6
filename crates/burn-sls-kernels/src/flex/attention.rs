//! Softmax of attention scores.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;

use super::values::{Home, Values, dense, home, numbers, numbers_mut, plain, register, tracked};
use crate::slices::softmax;

type Inputs = (Tensor<4>, Tensor<4>);

#[derive(Debug)]
struct AttentionWeights;

/// The values of the forward pass that the backward pass needs.
#[derive(Clone, Debug)]
struct State {
    weights: Values,
    scale: f32,
}

/// `softmax(scale·scores + bias)`.
pub(crate) fn attention_weights(
    scores: Tensor<4>,
    scale: f64,
    bias: Tensor<4>,
) -> Result<Tensor<4>, Inputs> {
    let scale = scale as f32;
    match (home(&scores), home(&bias)) {
        (Some(Home::Plain), Some(Home::Plain)) => {
            let weights = forward(plain(scores), scale, &plain(bias));
            Ok(Tensor::from_primitive::<Flex>(weights))
        }
        (Some(Home::Autodiff), Some(Home::Autodiff)) => {
            let (scores, node) = tracked(scores).into_parts();
            let bias = plain(bias.inner());
            let weights = forward(dense(scores), scale, &bias);
            let prepared = AttentionWeights.prepare::<NoCheckpointing>([node]);
            let weights = match prepared.compute_bound().stateful() {
                OpsKind::UnTracked(prepared) => prepared.finish(weights),
                OpsKind::Tracked(prepared) => {
                    let state = State {
                        weights: weights.clone(),
                        scale,
                    };
                    prepared.finish(state, weights)
                }
            };
            Ok(Tensor::from_primitive::<Autodiff<Flex>>(weights))
        }
        _ => Err((scores, bias)),
    }
}

/// The weights, in place of the scores.
fn forward(mut scores: Values, scale: f32, bias: &Values) -> Values {
    let shape = scores.layout().shape();
    let (rows, keys) = (shape[1] * shape[2], shape[3]);
    softmax::forward(numbers_mut(&mut scores), scale, numbers(bias), keys, rows);
    scores
}

impl Backward<Flex, 1> for AttentionWeights {
    type State = State;

    fn backward(self, ops: Ops<State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let mut grad = dense(grads.consume::<Flex>(&ops.node));
        let [scores] = ops.parents;
        let State { weights, scale } = ops.state;
        let keys = grad.layout().shape()[3];
        softmax::backward(numbers(&weights), numbers_mut(&mut grad), scale, keys);
        register!(grads, scores, grad);
    }
}
