//! Dropout whose masks are made twice and never kept.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Distribution, FloatDType, Shape, Tensor};

use super::values::{
    Home, Values, dense, home, numbers, numbers_mut, plain, register, tracked, zeros,
};
use crate::slices::dropout::Mask;

#[derive(Debug)]
struct Dropout;

/// `m·x`, with a mask from one draw of the device's generator.
pub(crate) fn dropout<const D: usize>(
    x: Tensor<D>,
    probability: f64,
) -> Result<Tensor<D>, Tensor<D>> {
    match home(&x) {
        Some(Home::Plain) => {
            let out = apply(draw(probability), plain(x));
            Ok(Tensor::from_primitive::<Flex>(out))
        }
        Some(Home::Autodiff) => {
            let (x, node) = tracked(x).into_parts();
            let mask = draw(probability);
            let out = apply(mask, dense(x));
            let prepared = Dropout.prepare::<NoCheckpointing>([node]);
            let out = match prepared.compute_bound().stateful() {
                OpsKind::UnTracked(prepared) => prepared.finish(out),
                OpsKind::Tracked(prepared) => prepared.finish(mask, out),
            };
            Ok(Tensor::from_primitive::<Autodiff<Flex>>(out))
        }
        None => Err(x),
    }
}

/// A mask whose key the generator of the device gives: 64 of the 72 bits of three numbers.
fn draw(probability: f64) -> Mask {
    let device = Default::default();
    let shape = Shape::from([3]);
    let uniform = Flex::float_random(shape, Distribution::Default, &device, FloatDType::F32);
    let bits = |place: usize| (numbers(&uniform)[place] * 2f32.powi(24)) as u32;
    let (a, b, c) = (bits(0), bits(1), bits(2));
    Mask::new([a << 8 | c & 0xff, b << 8 | c >> 8 & 0xff], probability)
}

/// `m·x`, in place of x if nobody else holds it.
fn apply(mask: Mask, mut x: Values) -> Values {
    if x.is_unique() {
        mask.apply(numbers_mut(&mut x));
        return x;
    }
    let mut out = zeros(x.layout().shape().clone());
    mask.applied(numbers(&x), numbers_mut(&mut out));
    out
}

impl Backward<Flex, 1> for Dropout {
    type State = Mask;

    fn backward(self, ops: Ops<Mask, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = dense(grads.consume::<Flex>(&ops.node));
        let [x] = ops.parents;
        register!(grads, x, apply(ops.state, grad));
    }
}
