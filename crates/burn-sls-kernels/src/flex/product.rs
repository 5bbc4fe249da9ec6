//! Products of matrices, one or many.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::{Autodiff, Flex};
use burn::tensor::Tensor;

use super::values::{Home, Values, dense, from_numbers, home, register, tracked, view};
use crate::slices::product::{Matrix, products};

type Inputs = (Tensor<4>, Tensor<4>);

#[derive(Debug)]
struct BatchMatmul;

/// `a·b` for every pair of matrices.
pub(crate) fn batch_matmul(a: Tensor<4>, b: Tensor<4>) -> Result<Tensor<4>, Inputs> {
    match (home(&a), home(&b)) {
        (Some(Home::Plain), Some(Home::Plain)) => {
            Ok(Tensor::from_primitive::<Flex>(product(view(a), view(b))))
        }
        (Some(Home::Autodiff), Some(Home::Autodiff)) => {
            let (a, b) = (tracked(a), tracked(b));
            let (a_tracked, b_tracked) = (a.is_tracked(), b.is_tracked());
            let ((a, a_node), (b, b_node)) = (a.into_parts(), b.into_parts());
            let prepared = BatchMatmul.prepare::<NoCheckpointing>([a_node, b_node]);
            let out = match prepared.compute_bound().stateful() {
                OpsKind::UnTracked(prepared) => prepared.finish(product(a, b)),
                OpsKind::Tracked(prepared) => {
                    let kept = (b_tracked.then(|| a.clone()), a_tracked.then(|| b.clone()));
                    prepared.finish(kept, product(a, b))
                }
            };
            Ok(Tensor::from_primitive::<Autodiff<Flex>>(out))
        }
        _ => Err((a, b)),
    }
}

impl Backward<Flex, 2> for BatchMatmul {
    /// Each matrix, if the other one gets a gradient.
    type State = (Option<Values>, Option<Values>);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let [a_node, b_node] = ops.parents;
        let (a, b) = ops.state;
        if let Some(b) = b {
            register!(grads, a_node, product(grad.clone(), transposed(b)));
        }
        if let Some(a) = a {
            register!(grads, b_node, product(transposed(a), grad));
        }
    }
}

/// The same matrices with rows for columns.
pub(super) fn transposed(values: Values) -> Values {
    let rank = values.layout().num_dims();
    Flex::float_swap_dims(values, rank - 2, rank - 1)
}

/// `a·b` for every pair of matrices: `[.., m, k]` and `[.., k, n]` to `[.., m, n]`. All dimensions
/// but the last two are the same.
pub(super) fn product(a: Values, b: Values) -> Values {
    let [a, b] = [a, b].map(forwards);
    let (a, b) = (Matrices::of(&a), Matrices::of(&b));
    let mut shape = a.values.layout().shape().clone();
    let rank = shape.num_dims();
    shape[rank - 1] = b.values.layout().shape()[rank - 1];
    let count = shape[..rank - 2].iter().product();
    from_numbers(products(count, |i| a.matrix(i), |i| b.matrix(i)), shape)
}

/// The same values at distances that are not negative.
fn forwards(values: Values) -> Values {
    match values.layout().strides().iter().any(|&stride| stride < 0) {
        true => dense(values),
        false => values,
    }
}

/// The matrices of a tensor of any rank, which need not lie side by side.
struct Matrices<'a> {
    values: &'a Values,
    strides: Vec<usize>,
}

impl<'a> Matrices<'a> {
    fn of(values: &'a Values) -> Self {
        let strides = values.layout().strides();
        Self {
            values,
            strides: strides.iter().map(|&stride| stride as usize).collect(),
        }
    }

    /// The matrix of this number.
    fn matrix(&self, number: usize) -> Matrix<'a> {
        let layout = self.values.layout();
        let shape = layout.shape();
        let matrices = shape.num_dims() - 2;
        let (mut start, mut rest) = (layout.start_offset(), number);
        for dimension in (0..matrices).rev() {
            start += rest % shape[dimension] * self.strides[dimension];
            rest /= shape[dimension];
        }
        Matrix::new(
            &self.values.storage::<f32>()[start..],
            [shape[matrices], shape[matrices + 1]],
            [self.strides[matrices], self.strides[matrices + 1]],
        )
    }
}
