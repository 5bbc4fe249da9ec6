//! Tensors of the flex backend as slices of f32, and back.

use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::{DType, Shape, Tensor, TensorData};

/// A tensor of the flex backend.
pub(crate) type Values = FloatTensor<Flex>;

/// A tensor of the flex backend with its node in the autodiff graph.
pub(crate) type Tracked = FloatTensor<Autodiff<Flex>>;

/// The backend of an operation's tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// Flex.
    Plain,
    /// Flex under autodiff, with or without gradients for the tensor.
    Autodiff,
}

/// The backend of this tensor; `None` if the kernels do not apply to it.
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

/// The values of a tensor on flex, wherever they lie.
///
/// # Panics
///
/// If the tensor is on another backend: check with [`home`] first.
pub(crate) fn view<const D: usize>(tensor: Tensor<D>) -> Values {
    let primitive = tensor.try_into_primitive::<Flex>();
    primitive.expect("a tensor on flex")
}

/// The values of a tensor on flex, in a dense buffer.
///
/// # Panics
///
/// As [`view`].
pub(crate) fn plain<const D: usize>(tensor: Tensor<D>) -> Values {
    dense(view(tensor))
}

/// The values of a tensor on flex without autodiff, in a dense buffer, to be read; `None` if the
/// kernels do not apply to it.
pub(crate) fn read<const D: usize>(tensor: &Tensor<D>) -> Option<Values> {
    if tensor.dtype() != DType::F32 {
        return None;
    }
    let values = tensor.clone().try_into_primitive::<Flex>().ok()?;
    (values.layout().num_elements() > 0).then(|| dense(values))
}

/// The primitive of a tensor on flex under autodiff.
///
/// # Panics
///
/// If the tensor is on another backend: check with [`home`] first.
pub(crate) fn tracked<const D: usize>(tensor: Tensor<D>) -> Tracked {
    let primitive = tensor.try_into_primitive::<Autodiff<Flex>>();
    primitive.expect("a tensor on flex under autodiff")
}

/// The same values in a dense buffer that contains nothing else.
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

/// The numbers of dense values, to be overwritten. Values with other owners are copied first.
pub(crate) fn numbers_mut(values: &mut Values) -> &mut [f32] {
    values.storage_mut::<f32>()
}

/// Values made of numbers.
pub(crate) fn from_numbers(numbers: Vec<f32>, shape: Shape) -> Values {
    Flex::float_from_data(TensorData::new(numbers, shape), &Default::default())
}

/// Zeros, to be overwritten.
pub(crate) fn zeros(shape: Shape) -> Values {
    from_numbers(vec![0.0; shape.num_elements()], shape)
}

/// Adds to the gradient of a node, if its tensor requires one.
macro_rules! register {
    ($grads:expr, $parent:expr, $grad:expr) => {
        if let Some(node) = $parent {
            $grads.register::<burn::backend::Flex>(node.id, $grad);
        }
    };
}
pub(crate) use register;
