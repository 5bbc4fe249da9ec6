//! Tensors of the flex backend as slices of f32, and back.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{DType, Shape, Tensor, TensorData};

/// A tensor of the flex backend.
pub(crate) type Values = FloatTensor<Flex>;

/// The same with its node in the graph of gradients.
pub(crate) type Tracked = FloatTensor<Autodiff<Flex>>;

/// Where the tensors of an operation live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// On flex.
    Plain,
    /// On flex under autodiff, whether gradients are asked for or not.
    Autodiff,
}

/// Where this tensor lives, if the kernels can take it there.
pub(crate) fn home<const D: usize>(tensor: &Tensor<D>) -> Option<Home> {
    if tensor.dtype() != DType::F32 || tensor.shape().num_elements() == 0 {
        return None;
    }
    if tensor.clone().try_into_primitive::<Flex>().is_ok() {
        return Some(Home::Plain);
    }
    let under_autodiff = tensor
        .clone()
        .try_into_primitive::<Autodiff<Flex>>()
        .is_ok();
    under_autodiff.then_some(Home::Autodiff)
}

/// The values of a tensor on flex, their numbers side by side.
///
/// # Panics
///
/// If it does not live there: ask [`home`] first.
pub(crate) fn plain<const D: usize>(tensor: Tensor<D>) -> Values {
    dense(
        tensor
            .try_into_primitive::<Flex>()
            .expect("a tensor on flex"),
    )
}

/// The primitive of a tensor on flex under autodiff.
///
/// # Panics
///
/// If it does not live there: ask [`home`] first.
pub(crate) fn tracked<const D: usize>(tensor: Tensor<D>) -> Tracked {
    let primitive = tensor.try_into_primitive::<Autodiff<Flex>>();
    primitive.expect("a tensor on flex under autodiff")
}

/// The same values with their numbers side by side in a buffer of their own length.
pub(crate) fn dense(values: Values) -> Values {
    let layout = values.layout();
    let whole = values.storage::<f32>().len() == layout.num_elements();
    match whole && layout.is_contiguous() && layout.start_offset() == 0 {
        true => values,
        false => {
            let device = values.device();
            Flex::float_from_data(values.into_data(), &device)
        }
    }
}

/// The numbers of dense values.
pub(crate) fn numbers(values: &Values) -> &[f32] {
    values.storage::<f32>()
}

/// The numbers of dense values to be written over; a copy of them, if someone else holds them too.
pub(crate) fn numbers_mut(values: &mut Values) -> &mut [f32] {
    values.storage_mut::<f32>()
}

/// Numbers as values.
pub(crate) fn from_numbers(numbers: Vec<f32>, shape: Shape) -> Values {
    Flex::float_from_data(TensorData::new(numbers, shape), &Default::default())
}

/// One number as a tensor of 64 bits.
pub(crate) fn scalar(number: f64) -> Tensor<1> {
    let values = Flex::float_from_data(TensorData::from([number]), &Default::default());
    Tensor::from_primitive::<Flex>(values)
}

/// Zeros to be written over.
pub(crate) fn zeros(shape: Shape) -> Values {
    from_numbers(vec![0.0; shape.num_elements()], shape)
}

/// Adds a gradient to what has been collected for a node, if its tensor asks for one.
macro_rules! register {
    ($grads:expr, $parent:expr, $grad:expr) => {
        if let Some(node) = $parent {
            $grads.register::<burn::backend::Flex>(node.id, $grad);
        }
    };
}
pub(crate) use register;
